"""Royal Mail's HTTP interface: Tracking 2."""

from urllib.parse import quote

import msgspec

from karla.integrations.calling import Calling, Dialect, Request, Words, words_at
from karla.integrations.contract import Refused

# A number that Royal Mail shows in its documentation, for a call that says nothing but whether the app is good.
SAMPLE_NUMBER = "FQ087430672GB"
# Not recognised; no update yet; no tracking at the moment; no update available; not found.
_NOTHING_KNOWN = frozenset({"E1142", "E1284", "E1307", "E1308", "E2001"})
_OWN = words_at("errors.0.errorCode", "errors.0.errorDescription")
_GATEWAYS = words_at("httpCode", "moreInformation")


def _words(body: bytes) -> Words:
    """Tracking names its errors; the gateway before it, which looks at the credentials, has a body of its own."""
    own = _OWN(body)
    return own if any(own) else _GATEWAYS(body)


_DIALECT = Dialect(meaningful=frozenset({404}), words=_words)


class _Answer(msgspec.Struct, frozen=True, rename="camel"):
    mail_pieces: dict[str, msgspec.Raw]


class Client:
    """One app of developer.royalmail.net."""

    def __init__(self, address: str, client_id: str, client_secret: str, calling: Calling) -> None:
        self._url = f"{address}/mailpieces/v2"
        self._headers = {
            "X-IBM-Client-Id": client_id,
            "X-IBM-Client-Secret": client_secret,
            "X-Accept-RMG-Terms": "yes",
        }
        self._calling = calling

    async def events(self, number: str) -> bytes | None:
        """GET /mailpieces/v2/{number}/events: the body as it came, None where nothing is known of the parcel."""
        request = Request(url=f"{self._url}/{quote(number, safe='')}/events", headers=self._headers)
        try:
            response = await self._calling.call(request, _DIALECT)
        except Refused as refused:
            if refused.code not in _NOTHING_KNOWN:
                raise
            return None
        if response.status == 404:
            response.json(dict[str, msgspec.Raw])
            code, _ = _OWN(response.body)
            if code in _NOTHING_KNOWN:
                return None
            raise Refused(code or "404", "Royal Mail doesn't track this number for this app")
        response.json(_Answer)
        return response.body
