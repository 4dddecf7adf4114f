"""Hermes Germany as a carrier: which calls answer what is asked of it."""

from collections.abc import Mapping, Sequence

from karla.integrations.calling import Calling
from karla.integrations.carriers.contract import Answer, Carrier, Parcel, Raw
from karla.integrations.carriers.hermes.answers import item_in
from karla.integrations.carriers.hermes.client import SAMPLE_NUMBER, Client
from karla.integrations.contract import Manifest, NotFound, Refused, Unreachable

_NOTHING_KNOWN = "e001"
_OTHERWISE = "EN"


class Adapter(Carrier):
    """One merchant's account with Hermes Germany."""

    def __init__(self, manifest: Manifest, credentials: Mapping[str, str], calling: Calling) -> None:
        self._languages = {language: language.upper() for language in manifest.languages}
        form = {
            "client_id": credentials["client_id"],
            "client_secret": credentials["client_secret"],
            "username": credentials["username"],
            "password": credentials["password"],
        }
        self._client = Client(credentials["address"], credentials["token_address"], form, calling)

    async def try_credentials(self) -> None:
        """A token, and one call with it: an account may sign in and yet lack the right to ask."""
        await self._client.shipment(SAMPLE_NUMBER, _OTHERWISE)

    async def track(self, parcels: Sequence[Parcel]) -> list[Answer]:
        """One call a parcel."""
        return [await self._of(parcel) for parcel in parcels]

    async def _of(self, parcel: Parcel) -> Answer:
        number = "".join(parcel.tracking_number.split()).upper()
        try:
            items = await self._client.shipment(number, self._languages.get(parcel.language, _OTHERWISE))
        except Refused as refused:
            return refused
        return _read(items[0]) if items else NotFound()


def _read(item: bytes) -> Answer:
    try:
        told = item_in(item)
    except ValueError:
        told = None
    if told is None:
        raise Unreachable("answered JSON of another form than documented")
    if told.result.code == _NOTHING_KNOWN:
        return NotFound()
    if told.result.code.startswith("e"):
        return Unreachable(f"answered {told.result.code} for this number")
    return Raw(item)
