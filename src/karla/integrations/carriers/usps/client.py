"""USPS's HTTP interface: OAuth 3, and Tracking 3.2, which its addresses call `v3r2`."""

from collections.abc import Sequence

import msgspec

from karla.integrations.calling import Calling, Dialect, Request, Response, words_at
from karla.integrations.contract import Refused, Unauthorised
from karla.integrations.tokens import Granted, Token

# A number of the form that USPS shows to the public, for a call that says nothing but whether the app is good.
SAMPLE_NUMBER = "9400100000000000000000"
_JSON = "application/json"
_TOKENS = Dialect(words=words_at("error", "error_description"))
_TRACKING = Dialect(meaningful=frozenset({404}), words=words_at("error.code", "error.message"))
_WRONG_PAIR = frozenset({"invalid_client", "unauthorized_client"})


class _Grant(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: float


class Client:
    """One app of developers.usps.com."""

    def __init__(self, address: str, consumer_key: str, consumer_secret: str, calling: Calling) -> None:
        self._address = address
        self._pair = {"client_id": consumer_key, "client_secret": consumer_secret}
        self._calling = calling
        self._token = Token(self._granted, calling)

    async def tracking(self, numbers: Sequence[str]) -> list[bytes]:
        """POST /tracking/v3r2/tracking: the elements as they came, about some or all of at most 35 numbers."""
        body = msgspec.json.encode([{"trackingNumber": number} for number in numbers])

        async def call(token: str) -> Response:
            headers = {"Authorization": f"Bearer {token}", "Content-Type": _JSON}
            url = f"{self._address}/tracking/v3r2/tracking"
            return await self._calling.call(Request(url=url, method="POST", headers=headers, body=body), _TRACKING)

        response = await self._token.used(call)
        if response.status == 404:  # nothing is known of any of them; the body is an error, or a list of errors
            response.json(msgspec.Raw)
            return []
        return [bytes(element) for element in response.json(list[msgspec.Raw])]

    async def _granted(self) -> Granted:
        """POST /oauth2/v3/token: good for eight hours, as a rule."""
        request = Request(
            url=f"{self._address}/oauth2/v3/token",
            method="POST",
            headers={"Content-Type": _JSON},
            body=msgspec.json.encode({**self._pair, "grant_type": "client_credentials"}),
        )
        try:
            told = (await self._calling.call(request, _TOKENS)).json(_Grant)
        except Refused as refused:
            # RFC 6749 lets a server answer a wrong pair by 400.
            if refused.code not in _WRONG_PAIR:
                raise
            wrong = Unauthorised(refused.message)
        else:
            return Granted(told.access_token, told.expires_in)
        raise wrong
