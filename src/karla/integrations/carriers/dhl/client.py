"""DHL's HTTP interface: Shipment Tracking - Unified 1.5."""

from collections.abc import Mapping

import msgspec

from karla.integrations.calling import Calling, Dialect, Request, words_at

# A number that DHL shows in its documentation, for a call that says nothing but whether the key is good.
SAMPLE_NUMBER = "00340434292135100148"
_DIALECT = Dialect(meaningful=frozenset({404}), words=words_at("title", "detail"))


class Client:
    """One app of developer.dhl.com."""

    def __init__(self, address: str, api_key: str, calling: Calling) -> None:
        self._url = f"{address}/track/shipments"
        self._headers = {"DHL-API-Key": api_key}
        self._calling = calling

    async def shipments(self, query: Mapping[str, str]) -> bytes | None:
        """GET /track/shipments: the body as it came, None for "no result found"; a Failure."""
        response = await self._calling.call(Request(url=self._url, query=query, headers=self._headers), _DIALECT)
        response.json(dict[str, msgspec.Raw])
        return None if response.status == 404 else response.body
