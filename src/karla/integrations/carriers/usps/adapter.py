"""USPS as a carrier: which calls answer what is asked of it."""

import re
from collections.abc import Mapping, Sequence

from karla.integrations.calling import Calling
from karla.integrations.carriers.contract import Answer, Carrier, Parcel, Raw
from karla.integrations.carriers.usps.answers import Entry, entry_in
from karla.integrations.carriers.usps.client import SAMPLE_NUMBER, Client
from karla.integrations.contract import Busy, Manifest, NotFound, Refused, Unreachable

_NUMBER = re.compile(r"[0-9A-Z]{10,34}")
_NO_NUMBER = "This is no tracking number of USPS's: they have 10 to 34 letters and digits"


class Adapter(Carrier):
    """One merchant's app."""

    def __init__(self, manifest: Manifest, credentials: Mapping[str, str], calling: Calling) -> None:
        self._client = Client(
            credentials["address"], credentials["consumer_key"], credentials["consumer_secret"], calling
        )

    async def try_credentials(self) -> None:
        """A token is given to any app; whether Tracking is among its products a call of Tracking alone tells."""
        await self._client.tracking([SAMPLE_NUMBER])

    async def track(self, parcels: Sequence[Parcel]) -> list[Answer]:
        """One call for all; what can't be a number isn't sent, as it would have the others refused too."""
        numbers = [re.sub(r"[\s-]", "", parcel.tracking_number).upper() for parcel in parcels]
        asked = [*dict.fromkeys(number for number in numbers if _NUMBER.fullmatch(number))]
        told = _by_number(asked, await self._client.tracking(asked)) if asked else {}
        return [
            told.get(number, NotFound()) if _NUMBER.fullmatch(number) else Refused(None, _NO_NUMBER)
            for number in numbers
        ]


def _by_number(asked: Sequence[str], elements: Sequence[bytes]) -> dict[str, Answer]:
    """An element names its number, with or without the ZIP code that may precede it, or stands in its place."""
    found: dict[str, Answer] = {}
    for place, element in enumerate(elements):
        entry = _read(element)
        named = entry.tracking_number
        if named:
            numbers = [number for number in asked if number.endswith(named)]
        else:
            numbers = [asked[place]] if len(elements) == len(asked) else []
        found |= {number: _answer(entry, element) for number in numbers}
    return found


def _read(element: bytes) -> Entry:
    try:
        return entry_in(element)
    except ValueError:
        pass
    raise Unreachable("answered JSON of another form than documented")


def _answer(entry: Entry, element: bytes) -> Answer:
    status = entry.status_code
    if entry.error is not None and (status is None or status == 200):
        code = str(entry.error.code)
        status = int(code) if code.isdecimal() else 400
    if status is None or status == 200:
        return Raw(element)
    if status == 404:
        return NotFound()
    if status == 429:
        return Busy(None)
    if status >= 500:
        return Unreachable(f"answered {status}")
    return Refused(str(status), "USPS doesn't tell this app of this parcel")
