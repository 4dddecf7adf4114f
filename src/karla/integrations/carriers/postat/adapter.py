"""The Österreichische Post as a carrier: which calls answer what is asked of it."""

from collections.abc import Mapping, Sequence

import msgspec

from karla.integrations.calling import Calling
from karla.integrations.carriers.contract import Answer, Carrier, Parcel, Raw
from karla.integrations.carriers.postat import mapping
from karla.integrations.carriers.postat.client import SAMPLE_NUMBER, Client
from karla.integrations.contract import Manifest, NotFound, Refused, Unreachable


class Adapter(Carrier):
    """One merchant's account."""

    def __init__(self, manifest: Manifest, credentials: Mapping[str, str], calling: Calling) -> None:
        self._client = Client(credentials["address"], credentials["username"], credentials["password"], calling)

    async def try_credentials(self) -> None:
        """One call about a number that nobody has."""
        await self._client.parcel_detail(SAMPLE_NUMBER)

    async def track(self, parcels: Sequence[Parcel]) -> list[Answer]:
        """One call a parcel."""
        return [await self._of(parcel) for parcel in parcels]

    async def _of(self, parcel: Parcel) -> Answer:
        try:
            body = await self._client.parcel_detail("".join(parcel.tracking_number.split()))
        except Refused as refused:
            return refused
        return Raw(body) if body and _known(body, parcel) else NotFound()


def _known(body: bytes, parcel: Parcel) -> bool:
    """Whether the parcel is in an answer: what the Post doesn't know is also answered by none."""
    try:
        return mapping.has(body, parcel)
    except msgspec.ValidationError:
        pass
    raise Unreachable("answered JSON of another form than documented")
