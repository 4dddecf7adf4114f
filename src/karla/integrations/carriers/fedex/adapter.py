"""FedEx as a carrier: which calls answer what is asked of it."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from karla.integrations.calling import Calling
from karla.integrations.carriers.contract import Answer, Carrier, Parcel, Raw
from karla.integrations.carriers.fedex import mapping
from karla.integrations.carriers.fedex.client import SAMPLE_NUMBER, Client
from karla.integrations.contract import Manifest, NotFound, Refused, Unreachable

_LOCALES = MappingProxyType({"en": "en_US", "da": "da_DK"})
_UNKNOWN = "NOTFOUND"


class Adapter(Carrier):
    """One merchant's project."""

    def __init__(self, manifest: Manifest, credentials: Mapping[str, str], calling: Calling) -> None:
        self._manifest = manifest
        self._client = Client(credentials["address"], credentials["api_key"], credentials["secret_key"], calling)

    async def try_credentials(self) -> None:
        """A token, and a call with it: a project without the Track API gets the one and not the other."""
        await self._client.track({SAMPLE_NUMBER: ""}, self._locale("en"))

    async def track(self, parcels: Sequence[Parcel]) -> list[Answer]:
        """One call a language: FedEx words all that it tells in one call alike."""
        by_locale: dict[str, dict[str, str]] = {}
        for parcel in parcels:
            code = self._manifest.carriers.get(parcel.carrier_reference or "", "")
            by_locale.setdefault(self._locale(parcel.language), {})[_number(parcel)] = code
        found: dict[tuple[str, str], bytes] = {}
        for locale, numbers in by_locale.items():
            for item in await self._client.track(numbers, locale):
                found[locale, _read_number(item)] = item
        return [_answer(found.get((self._locale(parcel.language), _number(parcel))), parcel) for parcel in parcels]

    def _locale(self, language: str) -> str:
        known = language if language in self._manifest.languages else "en"
        return _LOCALES.get(known, f"{known}_{known.upper()}")


def _number(parcel: Parcel) -> str:
    return "".join(parcel.tracking_number.split()).upper()


def _read_number(item: bytes) -> str:
    try:
        return mapping.number_in(item).upper()
    except ValueError:
        pass
    raise Unreachable("answered JSON of another form than documented")


def _answer(item: bytes | None, parcel: Parcel) -> Answer:
    """FedEx says with status 200, in place of a shipment, what it has against a number."""
    if item is None:
        return NotFound()
    error = mapping.error_in(item)
    if error is None:
        return Raw(item) if mapping.has(item, parcel) else NotFound()
    return NotFound() if (error.code or "").endswith(_UNKNOWN) else Refused(error.code, error.message or "refused")
