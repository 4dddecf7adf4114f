"""La Poste's answers in the words of the catalogue: pure."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from types import MappingProxyType

from karla.integrations.carriers import zones
from karla.integrations.carriers.contract import Parcel, PickupPoint, Reading, Scan
from karla.integrations.carriers.laposte.answers import Event, RemovalPoint, Shipment, item_in
from karla.integrations.carriers.zones import Moment, moments
from karla.integrations.statuses import Status, StatusTable
from karla.vocabulary.events import CATALOGUE, Phase

TABLE = StatusTable(__package__)

_TEXT_LIMIT = 200
_YEARS = (1990, 2200)
# On which side of a border a code is given; any other may be of either side, or of a country between.
_SIDES = MappingProxyType(
    {
        **dict.fromkeys(("DR1", "DR2", "PC1", "PC2", "ET2"), "origin"),
        **dict.fromkeys(("ET3", "EP1", "MD2", "ND1", "AG1", "DI0", "DI1"), "arrival"),
    }
)
_LOCKERS = frozenset({"PCS"})
_ON_THE_WAY = frozenset({Phase.ORDER_PROCESSED, Phase.IN_TRANSIT, Phase.IN_DELIVERY})


def read(raw: bytes, parcel: Parcel) -> Reading:
    """What one item of `/idships` says of the parcel; a ValueError where it isn't one."""
    shipment = item_in(raw).shipment
    if shipment is None:
        return Reading()
    scans, unknown = _scans(shipment, parcel)
    expected_from, expected_to = _window(shipment, parcel)
    return Reading(
        scans=scans,
        expected_from=expected_from,
        expected_to=expected_to,
        service=shipment.product,
        pickup=_pickup(scans, shipment.context_data.removal_point),
        origin_country=_country(shipment.context_data.origin_country),
        destination_country=_country(shipment.context_data.arrival_country),
        unknown=unknown,
    )


def _scans(shipment: Shipment, parcel: Parcel) -> tuple[tuple[Scan, ...], tuple[str, ...]]:
    found: dict[str, Scan] = {}
    unknown: dict[str, None] = {}
    before: str | None = None
    returning = False
    for event, place, moment in _in_order(shipment, parcel):
        status = _status(event, shipment.context_data.removal_point)
        if status is None:
            unknown[event.code or event.label[:_TEXT_LIMIT]] = None
        name = status.event if status else None
        returning = returning or (name is not None and CATALOGUE[name].phase is Phase.RETURNED)
        name = _after(name, before, returning=returning)
        before = name or before
        scan = _scan(event, place, moment, name, shipment.context_data.removal_point)
        found.setdefault(scan.external_id, scan)
    return tuple(found.values()), tuple(unknown)


def _in_order(shipment: Shipment, parcel: Parcel) -> list[tuple[Event, zones.Place, Moment]]:
    """Events from the oldest: La Poste lists the newest first."""
    dated = [
        (event, _place(event, shipment, parcel), time)
        for event in reversed(shipment.event)
        if (time := _time(event.date))
    ]
    resolved = moments((time, place) for _, place, time in dated)
    told = [(event, place, moment) for (event, place, _), moment in zip(dated, resolved, strict=True)]
    return sorted(told, key=lambda one: one[2].time)


def _status(event: Event, point: RemovalPoint) -> Status | None:
    """What an event stands for: by its code with its wording, else with the kind of point, else by its code."""
    if not event.code:
        return TABLE.by_text(event.label)
    return (
        TABLE.by_text(f"{event.code} {event.label}")
        or TABLE.by_code(f"{event.code}:{point.type}")
        or TABLE.by_code(event.code)
    )


def _after(name: str | None, before: str | None, *, returning: bool) -> str | None:
    """A scan's event by what came before: what goes back makes no progress, what waited is collected."""
    if name is None:
        return None
    phase = CATALOGUE[name].phase
    if returning and phase is Phase.DELIVERED:
        return "RETURNED_TO_SENDER"
    if returning and phase in _ON_THE_WAY:
        return "RETURN_TO_SENDER_IN_TRANSIT"
    if name == "SUCCESSFULLY_DELIVERED" and before and CATALOGUE[before].phase is Phase.COLLECT:
        return "PICKED_UP_FROM_PARCEL_LOCKER" if before.endswith("LOCKER") else "PICKED_UP_BY_CUSTOMER"
    return name


def _scan(event: Event, place: zones.Place, moment: Moment, name: str | None, point: RemovalPoint) -> Scan:
    waits = name is not None and CATALOGUE[name].phase is Phase.COLLECT and point.name
    return Scan(
        external_id=sha256(f"{event.date}|{event.code or event.label}".encode()).hexdigest()[:24],
        event_name=name,
        event_time=moment.time,
        timezone=moment.timezone,
        raw_code=event.code,
        raw_text=event.label,
        location={"country": place.country} if place.country else {},
        additional_info={"pickup_point": point.name} if waits else {},
    )


def _place(event: Event, shipment: Shipment, parcel: Parcel) -> zones.Place:
    """La Poste names no places of scans, but a code is often of one side of the way."""
    origin = _country(shipment.context_data.origin_country)
    arrival = _country(shipment.context_data.arrival_country)
    side = _SIDES.get(event.code or "")
    if side == "arrival":
        return zones.Place(arrival, None, parcel.destination_postal_code if arrival else None)
    return zones.Place(origin if side == "origin" or origin == arrival else None)


def _window(shipment: Shipment, parcel: Parcel) -> tuple[datetime | None, datetime | None]:
    """The day that La Poste means to deliver on, or the hours where it names them; nothing once all is told.

    The hours count only as far as they are of that day: La Poste also fills them with the moment of its answer.
    """
    day = None if shipment.is_final else _time(shipment.estim_date)
    if day is None:
        return None, None
    opens, closes = _time(shipment.estim_hour_min), _time(shipment.estim_hour_max)
    place = zones.Place(
        _country(shipment.context_data.arrival_country) or parcel.destination_country,
        None,
        parcel.destination_postal_code,
    )
    if opens and closes and opens.date() == closes.date() == day.date() and opens.time() < closes.time():
        first, last = moments([(opens, place), (closes, place)])
        return first.time, last.time
    return zones.day_of(day.date(), place)


def _pickup(scans: Sequence[Scan], point: RemovalPoint) -> PickupPoint | None:
    """Where the parcel waits, as long as it does."""
    latest = next((scan.event_name for scan in reversed(scans) if scan.event_name), None)
    if latest is None or not point.name or CATALOGUE[latest].phase is not Phase.COLLECT:
        return None
    locker = latest.endswith("LOCKER") or point.type in _LOCKERS
    return PickupPoint(name=point.name, type="locker" if locker else "shop")


def _time(stamp: str | None) -> datetime | None:
    """A timestamp; None where it can't be read, or is of no year of parcels."""
    try:
        told = datetime.fromisoformat(stamp) if stamp else None
    except ValueError:
        return None
    return told if told and _YEARS[0] <= told.year < _YEARS[1] else None


def _country(code: str | None) -> str | None:
    return code.upper() if code and len(code) == 2 and code.isalpha() else None
