"""AfterShip's HTTP interface: Tracking 2026-07."""

from collections.abc import Mapping, Sequence

import msgspec

from karla.integrations.calling import Calling, Dialect, Request, epoch_in, words_at

VERSION = "2026-07"
NUMBERS_A_CALL = 50
_MOST_TRACKINGS = 200
_DIALECT = Dialect(
    headers=("x-ratelimit-reset",), pause=epoch_in("x-ratelimit-reset"), words=words_at("meta.code", "meta.message")
)


class _Data(msgspec.Struct, frozen=True):
    trackings: tuple[msgspec.Raw, ...]


class _Trackings(msgspec.Struct, frozen=True):
    data: _Data


class Client:
    """One organisation."""

    def __init__(self, address: str, api_key: str, calling: Calling) -> None:
        self._url = f"{address}/tracking/{VERSION}/trackings"
        self._headers = {"as-api-key": api_key, "Content-Type": "application/json"}
        self._calling = calling

    async def trackings(self, numbers: Sequence[str]) -> list[bytes]:
        """The trackings of up to 50 numbers, each byte by byte; of some numbers none, of others several. A Failure."""
        return await self._listed({"tracking_numbers": ",".join(numbers), "limit": str(_MOST_TRACKINGS)})

    async def any_tracking(self) -> None:
        """The shortest answer that needs the key; a Failure."""
        await self._listed({"limit": "1", "fields": "tag"})

    async def create(self, tracking: Mapping[str, str]) -> None:
        """Have a parcel followed; a Failure, Refused with AfterShip's own code where it is followed already."""
        body = msgspec.json.encode(tracking)
        await self._calling.call(Request(method="POST", url=self._url, headers=self._headers, body=body), _DIALECT)

    async def _listed(self, query: Mapping[str, str]) -> list[bytes]:
        response = await self._calling.call(Request(url=self._url, query=query, headers=self._headers), _DIALECT)
        return [bytes(tracking) for tracking in response.json(_Trackings).data.trackings]
