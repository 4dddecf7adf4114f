"""GLS as a carrier: which calls answer what is asked of it."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from karla.integrations.calling import Calling
from karla.integrations.carriers.contract import Answer, Carrier, Parcel, Raw
from karla.integrations.carriers.gls.answers import Told, parcel_in
from karla.integrations.carriers.gls.client import Client
from karla.integrations.contract import Manifest, NotFound, Refused, Unreachable

# What is of another form would spoil the whole request, for its neighbours too.
_NUMBER = re.compile(r"[0-9A-Za-z]{1,35}")
_UNKNOWN = "E_404"
_FAULT = "E_5"


class Adapter(Carrier):
    """One merchant's app."""

    def __init__(self, manifest: Manifest, credentials: Mapping[str, str], calling: Calling) -> None:
        self._languages = manifest.languages
        self._client = Client(credentials["address"], credentials["api_key"], credentials["api_secret"], calling)

    async def try_credentials(self) -> None:
        """A token, and one request with it: an app may be good and not have been granted Track And Trace."""
        await self._client.event_codes()

    async def track(self, parcels: Sequence[Parcel]) -> list[Answer]:
        """One request a language, as GLS words all parcels of a request alike."""
        asked: dict[str, list[str]] = defaultdict(list)
        for parcel in parcels:
            if _NUMBER.fullmatch(_number(parcel)):
                asked[self._language(parcel)].append(_number(parcel))
        found: dict[tuple[str, str], Answer] = {}
        for language, numbers in asked.items():
            told = _read(await self._client.parcels([*dict.fromkeys(numbers)], language))
            found |= {(language, number): _answer(told, number) for number in numbers}
        return [found.get((self._language(parcel), _number(parcel))) or _miswritten() for parcel in parcels]

    def _language(self, parcel: Parcel) -> str:
        return parcel.language if parcel.language in self._languages else self._languages[0]


def _number(parcel: Parcel) -> str:
    return "".join(parcel.tracking_number.split())


def _miswritten() -> Refused:
    return Refused(None, "A number of GLS has letters and digits only")


def _read(parcels: Sequence[bytes]) -> list[tuple[Told, bytes]]:
    try:
        return [(parcel_in(raw), raw) for raw in parcels]
    except msgspec.ValidationError:
        pass
    raise Unreachable("answered JSON of another form than documented")


def _answer(told: Sequence[tuple[Told, bytes]], number: str) -> Answer:
    """What is told of a number: of several parcels the one that has it for its own, as numbers come round again."""
    fitting = [one for one in told if number.casefold() in _names(one[0])]
    known = [one for one in fitting if not one[0].error_code]
    if known:
        return Raw(min(known, key=lambda one: (one[0].unitno or "").casefold() != number.casefold())[1])
    code = next((parcel.error_code for parcel, _ in fitting if parcel.error_code), _UNKNOWN)
    if code.startswith(_UNKNOWN):
        return NotFound()
    if code.startswith(_FAULT):
        return Unreachable(f"answered {code} for this parcel")
    return Refused(code, "GLS doesn't take this number")


def _names(parcel: Told) -> set[str]:
    return {name.casefold() for name in (parcel.requested, parcel.unitno) if name}
