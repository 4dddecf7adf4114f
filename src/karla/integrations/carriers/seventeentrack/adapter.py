"""17TRACK as one who tracks any carrier: which calls answer what is asked of it."""

import hmac
from collections.abc import Mapping, Sequence

import msgspec

from karla.integrations.calling import Calling
from karla.integrations.carriers.contract import Answer, Carrier, Parcel, Pushed, Pusher, Raw, Registrar
from karla.integrations.carriers.seventeentrack import signing
from karla.integrations.carriers.seventeentrack.answers import Tracked, tracked_in
from karla.integrations.carriers.seventeentrack.client import (
    ALREADY_REGISTERED,
    NOT_REGISTERED,
    NOTHING_KNOWN,
    Client,
    Outcome,
    failure_of,
)
from karla.integrations.contract import Failure, Manifest, NotFound, Unreachable
from karla.vocabulary.carriers import CARRIERS

_SILENT = frozenset({NOT_REGISTERED, NOTHING_KNOWN})


class _Push(msgspec.Struct, frozen=True):
    """Both of 17TRACK's events: an update has the number's whole story, the end of tracking only the number."""

    event: str
    data: msgspec.Raw


class Adapter(Carrier, Registrar, Pusher):
    """One account's access key, which signs its pushes too."""

    def __init__(self, _manifest: Manifest, credentials: Mapping[str, str], calling: Calling) -> None:
        self._key = credentials["api_key"]
        self._client = Client(credentials["address"], self._key, calling)

    async def try_credentials(self) -> None:
        """The quota is asked for, which costs nothing of it."""
        await self._client.quota()

    async def track(self, parcels: Sequence[Parcel]) -> list[Answer]:
        """One call for all of them."""
        outcome = await self._client.track_info(_asked(parcels))
        told = _told(outcome)
        return [_answer(parcel, told, outcome) for parcel in parcels]

    async def register(self, parcels: Sequence[Parcel]) -> list[Failure | None]:
        """One call for all of them."""
        outcome = await self._client.register(_asked(parcels))
        told = _told(outcome)
        return [_registered(parcel, told, outcome) for parcel in parcels]

    def verify_push(self, headers: Mapping[str, str], body: bytes) -> bool:
        """By the access key."""
        told = headers.get(signing.HEADER, "").strip().casefold()
        return hmac.compare_digest(told.encode(), signing.signature(self._key, body).encode())

    def read_push(self, body: bytes) -> list[Pushed]:
        """None where 17TRACK tells that it follows a number no more: it brings no news of the parcel."""
        raw = bytes(msgspec.json.decode(body, type=_Push).data)
        tracked = tracked_in(raw)
        carrier = str(tracked.carrier) if tracked.carrier else None
        return [Pushed(tracked.number, carrier, Raw(raw))] if tracked.track_info else []

    def carrier_name(self, reference: str) -> str | None:
        """The number that the catalogue has."""
        return str(_key(reference) or "") or None


def _number(parcel: Parcel) -> str:
    return "".join(parcel.tracking_number.split())


def _key(reference: str | None) -> int | None:
    carrier = CARRIERS.get(reference or "")
    return int(carrier.seventeentrack_key) if carrier and carrier.seventeentrack_key else None


def _asked(parcels: Sequence[Parcel]) -> list[dict[str, str | int]]:
    """Each number once a carrier; where Karla's catalogue doesn't know 17TRACK's carrier, it finds that out."""
    wanted = dict.fromkeys((_number(parcel), _key(parcel.carrier_reference)) for parcel in parcels)
    return [{"number": number, "carrier": key} if key else {"number": number} for number, key in wanted]


def _told(outcome: Outcome) -> list[tuple[Tracked, bytes]]:
    try:
        return [(tracked_in(raw), bytes(raw)) for raw in outcome.accepted]
    except msgspec.ValidationError:
        pass
    raise Unreachable("answered JSON of another form than documented")


def _is(parcel: Parcel, number: str, carrier: int | None) -> bool:
    key = _key(parcel.carrier_reference)
    return number.upper() == _number(parcel).upper() and (key is None or not carrier or carrier == key)


def _rejected(parcel: Parcel, outcome: Outcome) -> int | None:
    return next((one.error.code for one in outcome.rejected if _is(parcel, one.number, one.carrier)), None)


def _answer(parcel: Parcel, told: Sequence[tuple[Tracked, bytes]], outcome: Outcome) -> Answer:
    for tracked, raw in told:
        if _is(parcel, tracked.number, tracked.carrier):
            return Raw(raw) if tracked.known else NotFound()
    code = _rejected(parcel, outcome)
    return NotFound() if code is None or code in _SILENT else failure_of(code)


def _registered(parcel: Parcel, told: Sequence[tuple[Tracked, bytes]], outcome: Outcome) -> Failure | None:
    if any(_is(parcel, tracked.number, tracked.carrier) for tracked, _ in told):
        return None
    code = _rejected(parcel, outcome)
    if code is None:
        return Unreachable("left a number unanswered")
    return None if code == ALREADY_REGISTERED else failure_of(code)
