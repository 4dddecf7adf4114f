"""What 17TRACK tells of a number in the words of the catalogue: pure."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from karla.integrations.carriers.coarse import Coarse
from karla.integrations.carriers.contract import Parcel, PickupPoint, Reading, Scan, last_known
from karla.integrations.carriers.seventeentrack import places
from karla.integrations.carriers.seventeentrack.answers import Event, Provider, TrackInfo, tracked_in
from karla.integrations.carriers.ways_back import ON_THE_WAY, on_the_way_back
from karla.integrations.carriers.zones import Moment, moments
from karla.integrations.statuses import Status, StatusTable
from karla.vocabulary.events import CATALOGUE, Phase

TABLE = StatusTable(__package__)

_TEXT_LIMIT = 200
_UNDER_WAY = frozenset(Phase) - {Phase.ORDER_CREATED, Phase.ORDER_PROCESSED}
_COARSE = Coarse(
    moving=frozenset({"intransit", "intransit_other"}),
    troubled=frozenset({"exception", "exception_other", "exception_security", "deliveryfailure_security"}),
    events=frozenset(
        [
            *("SUCCESSFULLY_DELIVERED", "READY_FOR_COLLECTION_AT_PARCEL_SHOP", "DELIVERY_FAILED", "DELAYED_BY_CARRIER"),
            *("DELIVERY_FAILED_RECIPIENT_ABSENT", "DELIVERY_FAILED_ADDRESS_INCORRECT"),
        ]
    ),
)
_PLACE_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "READY_FOR_COLLECTION_AT_PARCEL_LOCKER": "locker",
        "READY_FOR_COLLECTION_AT_PARCEL_SHOP": "shop",
        "READY_FOR_COLLECTION_AT_POST_OFFICE": "shop",
    }
)


def read(raw: bytes, parcel: Parcel) -> Reading:
    """What is told of one number, be it asked for or pushed; a ValueError where it is something else."""
    info = tracked_in(raw).track_info
    if info is None:
        return Reading()
    providers = info.tracking.providers
    scans, unknown = _scans(providers or (Provider(events=(info.latest_event,)),))
    to = places.destination(info, parcel)
    expected_from, expected_to = places.window(info, to)
    return Reading(
        scans=scans,
        expected_from=expected_from,
        expected_to=expected_to,
        service=info.misc_info.service_type or next((one.service_type for one in providers if one.service_type), None),
        pickup=_pickup(scans),
        origin_country=info.shipping_info.shipper_address.country,
        destination_country=info.shipping_info.recipient_address.country,
        weight_grams=_grams(info),
        unknown=unknown,
    )


def _scans(providers: Sequence[Provider]) -> tuple[tuple[Scan, ...], tuple[str, ...]]:
    found: dict[str, Scan] = {}
    unknown: dict[str, None] = {}
    moving = returning = False
    for event, moment in _in_order(providers):
        name, known = _event(event, moving=moving)
        if not known:
            unknown[_code(event) or (event.description or "")[:_TEXT_LIMIT]] = None
        if returning:
            name = "RETURN_TO_SENDER_IN_TRANSIT" if name == "RETURN_TO_SENDER_INITIATED" else on_the_way_back(name)
        if name is not None:
            moving = moving or CATALOGUE[name].phase in _UNDER_WAY
            returning = returning or CATALOGUE[name].phase is Phase.RETURNED
        scan = _scan(event, moment, name)
        found.setdefault(scan.external_id, scan)
    return tuple(found.values()), tuple(unknown)


def _in_order(providers: Sequence[Provider]) -> list[tuple[Event, Moment]]:
    """From the oldest, of all carriers together; what has no time is passed over."""
    told: list[tuple[Event, Moment]] = []
    for provider in providers:
        dated = [(one, time) for one in reversed(provider.events) if (time := places.time_of(one))]
        resolved = moments((time, places.zone_place(one.address)) for one, time in dated)
        told += zip((one for one, _ in dated), resolved, strict=True)
    return sorted(told, key=lambda one: one[1].time)


def _code(event: Event) -> str | None:
    return event.sub_status or (f"stage:{event.stage}" if event.stage else None)


def _event(event: Event, *, moving: bool) -> tuple[str | None, bool]:
    """A scan's event, and whether what it says is known.

    What merely moves has been accepted by its carrier: that is said once, as it says nothing new later on.
    """
    status = _status(event)
    if status is None:
        return None, False
    code = (_code(event) or "").casefold()
    name = _COARSE.refined(TABLE, status.event, code, event.description)
    if code in _COARSE.moving and name == status.event and moving:
        return None, True
    return name, True


def _status(event: Event) -> Status | None:
    """By sub-status and stage. Where there is neither, a wording tells of the way, but of no delivery or return."""
    if code := _code(event):
        return TABLE.by_code(code)
    told = TABLE.by_text(event.description)
    certain = told is None or told.event is None or CATALOGUE[told.event].phase in ON_THE_WAY
    return told if certain else None


def _scan(event: Event, moment: Moment, name: str | None) -> Scan:
    # The carrier's own writing of the time: 17TRACK's offset may be known better another day.
    stamp = f"{event.time_raw.date} {event.time_raw.time}" if event.time_raw.date else event.time_iso
    identity = f"{stamp}|{event.description}|{event.location}"
    info: dict[str, Any] = {"pickup_point": event.location if name in _PLACE_TYPES else None}
    return Scan(
        external_id=sha256(identity.encode()).hexdigest()[:24],
        event_name=name,
        event_time=moment.time,
        timezone=moment.timezone,
        raw_code=_code(event),
        raw_text=event.description or "",
        location=places.location(event),
        additional_info={key: value for key, value in info.items() if value},
    )


def _pickup(scans: Sequence[Scan]) -> PickupPoint | None:
    """Where the parcel waits, as long as it does."""
    latest = last_known(scans)
    if latest is None or "pickup_point" not in latest.additional_info:
        return None
    return PickupPoint(name=latest.additional_info["pickup_point"], type=_PLACE_TYPES.get(latest.event_name or ""))


def _grams(info: TrackInfo) -> int | None:
    told = (info.misc_info.weight_kg or "").strip()
    return round(float(told) * 1000) if told.replace(".", "", 1).isdecimal() else None
