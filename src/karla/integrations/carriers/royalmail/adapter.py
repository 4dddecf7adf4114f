"""Royal Mail as a carrier: which calls answer what is asked of it."""

import re
from collections.abc import Mapping, Sequence

from karla.integrations.calling import Calling
from karla.integrations.carriers.contract import Answer, Carrier, Parcel, Raw
from karla.integrations.carriers.royalmail.client import SAMPLE_NUMBER, Client
from karla.integrations.contract import Manifest, NotFound, Refused

_NO_PART = re.compile(r"[^0-9A-Za-z]")


class Adapter(Carrier):
    """One merchant's app."""

    def __init__(self, manifest: Manifest, credentials: Mapping[str, str], calling: Calling) -> None:
        self._client = Client(credentials["address"], credentials["client_id"], credentials["client_secret"], calling)

    async def try_credentials(self) -> None:
        """One call about a number that need not be known."""
        await self._client.events(SAMPLE_NUMBER)

    async def track(self, parcels: Sequence[Parcel]) -> list[Answer]:
        """One call a parcel: Royal Mail tells of many at once by their newest event alone."""
        return [await self._of(parcel) for parcel in parcels]

    async def _of(self, parcel: Parcel) -> Answer:
        number = _NO_PART.sub("", parcel.tracking_number).upper()
        if not number:
            return Refused(None, "This is no tracking number of Royal Mail's: it has neither letter nor digit")
        try:
            body = await self._client.events(number)
        except Refused as refused:
            return refused
        return NotFound() if body is None else Raw(body)
