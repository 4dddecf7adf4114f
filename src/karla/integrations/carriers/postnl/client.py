"""PostNL's HTTP interface: Shippingstatus, version 2."""

from urllib.parse import quote

import msgspec

from karla.integrations.calling import Calling, Dialect, Request, Words, words_at

# A barcode that PostNL shows in its documentation, for a call that says nothing but whether the key is good.
SAMPLE_NUMBER = "3SDEVC172649258"
_of_service = words_at("fault.detail.errorcode", "fault.faultstring")
_of_gateway = words_at("code", "message")


def _words(body: bytes) -> Words:
    """The service words its errors otherwise than the gateway before it does."""
    code, message = _of_service(body)
    return (code, message) if message else _of_gateway(body)


_DIALECT = Dialect(meaningful=frozenset({404}), words=_words)


class Client:
    """One key of a customer of PostNL's."""

    def __init__(self, address: str, api_key: str, calling: Calling) -> None:
        self._url = f"{address}/shipment/v2/status/barcode/"
        self._headers = {"apikey": api_key}
        self._calling = calling

    async def status(self, barcode: str, language: str) -> bytes | None:
        """GET /status/barcode/{barcode}, with all that happened: the body as it came, None for a 404; a Failure.

        `language` is one of NL, EN, DE, FR.
        """
        response = await self._calling.call(
            Request(
                url=self._url + quote(barcode, safe=""),
                query={"detail": "true", "language": language},
                headers=self._headers,
            ),
            _DIALECT,
        )
        if response.status == 404:
            return None
        response.json(dict[str, msgspec.Raw])
        return response.body
