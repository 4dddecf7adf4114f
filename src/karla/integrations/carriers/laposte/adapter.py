"""La Poste as a carrier: which calls answer what is asked of it."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from karla.integrations.calling import Calling
from karla.integrations.carriers.contract import Answer, Carrier, Parcel, Raw
from karla.integrations.carriers.laposte.answers import item_in
from karla.integrations.carriers.laposte.client import SAMPLE_NUMBER, Client
from karla.integrations.contract import Manifest, NotFound, Refused, Unreachable

_NUMBER = re.compile(r"[0-9A-Z]{1,35}")
_LANGUAGES = MappingProxyType({"fr": "fr_FR", "en": "en_GB"})
_OTHERWISE = "en_GB"
# What La Poste writes into an item of which nothing is known, or nothing yet.
_NOTHING_KNOWN = frozenset({104, 105, 404})


class Adapter(Carrier):
    """One merchant's key."""

    def __init__(self, manifest: Manifest, credentials: Mapping[str, str], calling: Calling) -> None:
        self._client = Client(credentials["address"], credentials["api_key"], calling)

    async def try_credentials(self) -> None:
        """One call: there is none that needs the key and no number."""
        try:
            await self._client.shipments([SAMPLE_NUMBER], _LANGUAGES["fr"])
        except Refused:
            return  # the key comes first: whoever hears something about the number has a good one

    async def track(self, parcels: Sequence[Parcel]) -> list[Answer]:
        """One call a language; each parcel alone where La Poste refuses a whole call for one number's sake."""
        found: dict[int, Answer] = {}
        groups: dict[str, dict[int, str]] = {}
        for place, parcel in enumerate(parcels):
            number = "".join(parcel.tracking_number.split()).upper()
            if _NUMBER.fullmatch(number):
                groups.setdefault(_LANGUAGES.get(parcel.language, _OTHERWISE), {})[place] = number
            else:
                found[place] = Refused("400", "the number has other signs than letters and digits")
        for language, numbers in groups.items():
            found |= await self._of(numbers, language)
        return [found[place] for place in range(len(parcels))]

    async def _of(self, numbers: Mapping[int, str], language: str) -> dict[int, Answer]:
        try:
            items = await self._client.shipments([*dict.fromkeys(numbers.values())], language)
        except Refused as refused:
            if len(numbers) == 1:
                return dict.fromkeys(numbers, refused)
            alone = [await self._of({place: number}, language) for place, number in numbers.items()]
            return {place: answer for one in alone for place, answer in one.items()}
        known = dict(_read(item) for item in items)
        if len(items) == 1 == len(numbers):
            return dict.fromkeys(numbers, next(iter(known.values())))
        return {place: known.get(number, NotFound()) for place, number in numbers.items()}


def _read(item: bytes) -> tuple[str, Answer]:
    """Which number it is about, and what it says."""
    try:
        told = item_in(item)
    except ValueError:
        told = None
    if told is None:
        raise Unreachable("answered JSON of another form than documented")
    return told.number.upper(), _answer(told.return_code, Raw(item) if told.shipment else NotFound())


def _answer(code: int, good: Answer) -> Answer:
    if code in _NOTHING_KNOWN:
        return NotFound()
    if 200 <= code < 300:
        return good
    if 400 <= code < 500:
        return Refused(str(code), "La Poste doesn't take this number")
    return Unreachable(f"answered {code} for this number")
