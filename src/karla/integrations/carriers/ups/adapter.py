"""UPS as a carrier: which calls answer what is asked of it."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from karla.integrations.calling import Calling
from karla.integrations.carriers.contract import Answer, Carrier, Parcel, Raw
from karla.integrations.carriers.ups import mapping
from karla.integrations.carriers.ups.client import SAMPLE_NUMBER, Client
from karla.integrations.contract import Manifest, NotFound, Refused, Unreachable

_LOCALES = MappingProxyType({"en": "en_US", "da": "da_DK"})


class Adapter(Carrier):
    """One merchant's app."""

    def __init__(self, manifest: Manifest, credentials: Mapping[str, str], calling: Calling) -> None:
        self._languages = manifest.languages
        self._client = Client(credentials["address"], credentials["client_id"], credentials["client_secret"], calling)

    async def try_credentials(self) -> None:
        """A token, and a call with it: an app without the product Tracking gets the one and not the other."""
        told = await self._client.details(SAMPLE_NUMBER, self._locale("en"))
        if isinstance(told, Refused):
            raise told

    async def track(self, parcels: Sequence[Parcel]) -> list[Answer]:
        """One call a parcel: UPS has no batch."""
        return [await self._of(parcel) for parcel in parcels]

    async def _of(self, parcel: Parcel) -> Answer:
        number = "".join(parcel.tracking_number.split())
        told = await self._client.details(number, self._locale(parcel.language))
        if isinstance(told, Refused):
            return told
        return Raw(told) if told is not None and _known(told) else NotFound()

    def _locale(self, language: str) -> str:
        known = language if language in self._languages else "en"
        return _LOCALES.get(known, f"{known}_{known.upper()}")


def _known(body: bytes) -> bool:
    """UPS says with status 200, by a warning in place of parcels, that it knows nothing of a number."""
    try:
        return mapping.has(body)
    except ValueError:
        pass
    raise Unreachable("answered JSON of another form than documented")
