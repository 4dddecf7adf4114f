"""Swiss Post's answers in the words of the catalogue: pure."""

import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import msgspec

from karla.integrations.carriers.contract import Parcel, PickupPoint, Reading, Scan
from karla.integrations.carriers.swisspost import places
from karla.integrations.carriers.swisspost.answers import Consignment, Detail, Event, consignment_in
from karla.integrations.carriers.zones import Moment, moments
from karla.integrations.statuses import Status, StatusTable, folded
from karla.vocabulary.events import CATALOGUE, Phase

TABLE = StatusTable(__package__)

_TEXT_LIMIT = 200
_KIND, _PRODUCT, _EVENT, _MORE = 0, 2, 3, 4
_WEIGHT = re.compile(r"(?P<value>\d+(?:[.,]\d+)?)\s*(?P<unit>kg|g)", re.IGNORECASE)
_LOCKER = "my post 24"
_AT_SHOP, _AT_LOCKER = "READY_FOR_COLLECTION_AT_PARCEL_SHOP", "READY_FOR_COLLECTION_AT_PARCEL_LOCKER"
_OVER = frozenset({"DELIVERED", "RETURNED"})
_ON_THE_WAY = frozenset({Phase.ORDER_PROCESSED, Phase.IN_TRANSIT, Phase.IN_DELIVERY})


def read(raw: bytes, parcel: Parcel) -> Reading:
    """What the two answers say of the parcel; a ValueError where they aren't Swiss Post's."""
    told = consignment_in(raw)
    detail = told.detail
    pickup = _pickup(detail, told.events.events)
    scans, unknown = _scans(told, parcel, pickup)
    opens, closes = (None, None) if detail.status.status in _OVER else places.window(detail, parcel)
    return Reading(
        scans=scans,
        expected_from=opens,
        expected_to=closes,
        service=detail.product_name,
        pickup=pickup,
        origin_country=detail.sender_country,
        destination_country=places.destination_country(detail),
        weight_grams=_grams(detail.physical_dimensions.weight),
        unknown=unknown,
    )


def _scans(told: Consignment, parcel: Parcel, pickup: PickupPoint | None) -> tuple[tuple[Scan, ...], tuple[str, ...]]:
    found: dict[str, Scan] = {}
    unknown: dict[str, None] = {}
    returning = False
    for event, moment in _in_order(told, parcel):
        status = _status(event)
        if status is None:
            unknown[event.code or _text(event)[:_TEXT_LIMIT]] = None
        name = _exact(status.event, event) if status and status.event else None
        returning = returning or (name is not None and CATALOGUE[name].phase is Phase.RETURNED)
        scan = _scan(event, moment, _on_the_way_back(name) if name and returning else name)
        found.setdefault(scan.external_id, scan)
    scans = sorted(found.values(), key=lambda scan: scan.event_time)
    if pickup and scans and _waits(scans[-1].event_name):
        scans[-1] = msgspec.structs.replace(scans[-1], additional_info=_told_of(pickup, scans[-1].additional_info))
    return tuple(scans), tuple(unknown)


def _in_order(told: Consignment, parcel: Parcel) -> list[tuple[Event, Moment]]:
    """Events from the oldest, whichever way round they are listed."""
    dated = [(event, time) for event in told.events.events if (time := places.time_of(event.timestamp))]
    if dated and _comparable(dated[0][1]) > _comparable(dated[-1][1]):
        dated.reverse()
    dated.sort(key=lambda one: _comparable(one[1]))
    resolved = moments((time, places.zone_place(event, told.detail, parcel)) for event, time in dated)
    return list(zip((event for event, _ in dated), resolved, strict=True))


def _comparable(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _status(event: Event) -> Status | None:
    """By what happened and why, then by what happened; where there is no code, by its words.

    Kind and event decide. The product in between (`PARCEL.*.2.1201`) changes nothing, and a reason that the table
    lacks leaves the event as certain as it was.
    """
    if not event.code:
        return TABLE.by_text(event.title) or TABLE.by_text(event.subtitle)
    parts = event.code.split(".")
    if len(parts) <= _EVENT:
        return TABLE.by_code(event.code)
    base = f"{parts[_KIND]}.{parts[_EVENT]}"
    reasons = [TABLE.by_code(f"{base}.{more}") for more in parts[_MORE:] if more != "*"]
    return next((status for status in reasons if status), None) or TABLE.by_code(base)


def _exact(name: str, event: Event) -> str:
    """A PickPost is a shop or one of the lockers called My Post 24; where the place is named, it is told apart."""
    named = folded(f"{event.subtitle or ''} {places.place_of(event).name or ''}")
    return _AT_LOCKER if name == _AT_SHOP and _LOCKER in named else name


def _on_the_way_back(name: str) -> str:
    """Of a consignment that goes back, a hub is no progress and a delivery is one to the sender."""
    if CATALOGUE[name].phase is Phase.DELIVERED:
        return "RETURNED_TO_SENDER"
    return "RETURN_TO_SENDER_IN_TRANSIT" if CATALOGUE[name].phase in _ON_THE_WAY else name


def _text(event: Event) -> str:
    return event.title or event.subtitle or ""


def _scan(event: Event, moment: Moment, name: str | None) -> Scan:
    identity = f"{event.timestamp}|{event.code or folded(_text(event))}"
    info: dict[str, Any] = {"remark": event.subtitle if event.title else None}
    if name and (until := places.deadline(event.subtitle)):
        info["pickup_time"] = until.isoformat()
    return Scan(
        external_id=sha256(identity.encode()).hexdigest()[:24],
        event_name=name,
        event_time=moment.time,
        timezone=moment.timezone,
        raw_code=event.code,
        raw_text=_text(event),
        location=places.location(event),
        additional_info={key: value for key, value in info.items() if value},
    )


def _waits(name: str | None) -> bool:
    """Whether the parcel waits to be collected, or will as soon as the note that was left says."""
    return name is not None and CATALOGUE[name].phase in (Phase.COLLECT, Phase.DELIVERY_FAILED)


def _pickup(detail: Detail, events: tuple[Event, ...]) -> PickupPoint | None:
    """Where the parcel waits, as long as it does."""
    to = detail.delivery_address
    if detail.status.status != "WAITING_FOR_PICKUP" or not to.pickup_office:
        return None
    named = [until for event in events if (until := places.deadline(event.subtitle))]
    locker = _LOCKER in folded(to.pickup_office)
    return PickupPoint(
        name=to.pickup_office, type="locker" if locker else "shop", address=to.address, until=max(named, default=None)
    )


def _told_of(pickup: PickupPoint, info: Any) -> dict[str, Any]:
    told = {"pickup_point": pickup.name, "pickup_point_address": pickup.address}
    return {**info, **{key: value for key, value in told.items() if value}}


def _grams(text: str | None) -> int | None:
    told = _WEIGHT.fullmatch(text.strip()) if text else None
    if told is None:
        return None
    return round(float(told["value"].replace(",", ".")) * (1000 if told["unit"].lower() == "kg" else 1))
