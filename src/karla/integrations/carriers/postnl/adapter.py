"""PostNL as a carrier: which calls answer what is asked of it."""

from collections.abc import Mapping, Sequence

import msgspec

from karla.integrations.calling import Calling
from karla.integrations.carriers.contract import Answer, Carrier, Parcel, Raw
from karla.integrations.carriers.postnl import mapping
from karla.integrations.carriers.postnl.client import SAMPLE_NUMBER, Client
from karla.integrations.contract import Manifest, NotFound, Refused, Unreachable

_OTHERWISE = "EN"


class Adapter(Carrier):
    """One merchant's key."""

    def __init__(self, manifest: Manifest, credentials: Mapping[str, str], calling: Calling) -> None:
        self._languages = {language: language.upper() for language in manifest.languages}
        self._client = Client(credentials["address"], credentials["api_key"], calling)

    async def try_credentials(self) -> None:
        """One call: there is none that needs the key and no barcode."""
        try:
            await self._client.status(SAMPLE_NUMBER, _OTHERWISE)
        except Refused:
            return  # the key comes first: whoever hears something about the barcode has a good one

    async def track(self, parcels: Sequence[Parcel]) -> list[Answer]:
        """One call a parcel: PostNL has none for several."""
        return [await self._of(parcel) for parcel in parcels]

    async def _of(self, parcel: Parcel) -> Answer:
        barcode = "".join(parcel.tracking_number.split()).upper()
        try:
            body = await self._client.status(barcode, self._languages.get(parcel.language, _OTHERWISE))
        except Refused as refused:
            return refused
        return Raw(body) if body and _known(body) else NotFound()


def _known(body: bytes) -> bool:
    try:
        return mapping.has(body)
    except msgspec.ValidationError:
        pass
    raise Unreachable("answered JSON of another form than documented")
