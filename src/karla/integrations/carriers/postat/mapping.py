"""The Post's answers in the words of the catalogue: pure."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time
from hashlib import sha256
from typing import Any

from karla.integrations.carriers import zones
from karla.integrations.carriers.contract import Parcel, PickupPoint, Reading, Scan, last_known
from karla.integrations.carriers.postat.answers import Event, Item, Shipment, shipment_in
from karla.integrations.carriers.zones import Moment, moments
from karla.integrations.statuses import Status, StatusTable, folded
from karla.vocabulary.events import CATALOGUE, Phase

TABLE = StatusTable(__package__)

_TEXT_LIMIT = 200
_YEARS = (1990, 2200)
# Abroad, what stands for a postal code is often the name of a hub.
_POSTAL_CODE = re.compile(r"(?:[A-Z]{1,2}-)?\d[\d -]{2,8}")
_ON_THE_WAY = frozenset({Phase.ORDER_PROCESSED, Phase.IN_TRANSIT, Phase.IN_DELIVERY})
_OVER = frozenset({Phase.DELIVERED, Phase.RETURNED})


def read(raw: bytes, parcel: Parcel) -> Reading:
    """What an answer of `GetParcelDetail` says of the parcel; a ValueError where it isn't one."""
    told = shipment_in(raw)
    item = chosen(told.parcels, parcel)
    if item is None:
        return Reading()
    scans, unknown = _scans(item, parcel)
    latest = last_known(scans)
    over = latest is not None and CATALOGUE[str(latest.event_name)].phase in _OVER
    opens, closes = (None, None) if over else _window(told, parcel)
    return Reading(
        scans=scans,
        expected_from=opens,
        expected_to=closes,
        service=told.product_name,
        pickup=_pickup(latest),
        weight_grams=round(item.weight * 1000) if item.weight and item.weight > 0 else None,
        unknown=unknown,
    )


def has(raw: bytes, parcel: Parcel) -> bool:
    """Whether the parcel is in an answer; a ValueError where it isn't one."""
    return chosen(shipment_in(raw).parcels, parcel) is not None


def chosen(items: Sequence[Item], parcel: Parcel) -> Item | None:
    """The item with this number, be it the Post's, its partner's or the sender's; a lone one is it anyway."""
    number = "".join(parcel.tracking_number.split()).upper()
    for item in items:
        numbers = (item.ident_code, item.reference_ident_code, item.referenced_parcel_ident_code, item.colli_ref_nr)
        if number in (one.upper() for one in numbers if one):
            return item
    return items[0] if len(items) == 1 else None


def _scans(item: Item, parcel: Parcel) -> tuple[tuple[Scan, ...], tuple[str, ...]]:
    found: dict[str, Scan] = {}
    unknown: dict[str, None] = {}
    returning = False
    for event, moment in _in_order(item.parcel_events, parcel):
        status, code = _status(event)
        if status is None:
            unknown[code or _text(event)[:_TEXT_LIMIT]] = None
        name = status.event if status else None
        returning = returning or (name is not None and CATALOGUE[name].phase is Phase.RETURNED)
        scan = _scan(event, moment, code, _on_the_way_back(name) if name and returning else name)
        found.setdefault(scan.external_id, scan)
    return tuple(sorted(found.values(), key=lambda scan: scan.event_time)), tuple(unknown)


def _in_order(events: Sequence[Event], parcel: Parcel) -> list[tuple[Event, Moment]]:
    """Events from the oldest, whichever way round they are listed."""
    dated = [(event, told) for event in events if (told := _time_of(event.event_timestamp))]
    if dated and dated[0][1].replace(tzinfo=None) > dated[-1][1].replace(tzinfo=None):
        dated.reverse()
    resolved = moments((told, _zone_place(event, parcel)) for event, told in dated)
    return sorted(zip((event for event, _ in dated), resolved, strict=True), key=lambda one: one[1].time)


def _time_of(stamp: str | None) -> datetime | None:
    """A timestamp, aware only where the Post names a zone; None where it can't be read, or is of no year of parcels."""
    try:
        told = datetime.fromisoformat(stamp) if stamp else None
    except ValueError:
        return None
    return told if told and _YEARS[0] <= told.year < _YEARS[1] else None


def _zone_place(event: Event, parcel: Parcel) -> zones.Place:
    """A scan's own country; without one, Austria where the parcel stays in it."""
    country = _alpha_2(event.event_country)
    if country is None and parcel.destination_country in (None, "AT") and parcel.origin_country in (None, "AT"):
        country = "AT"
    return zones.Place(country, None, _postal_code(event))


def _status(event: Event) -> tuple[Status | None, str | None]:
    """By type and reason together: one type has reasons of every kind, so the type alone decides nothing."""
    kind, reason = event.parcel_event_type_code, event.parcel_event_reason_code
    if not kind and not reason:
        return TABLE.by_text(_text(event)), None
    code = f"{kind or ''}-{reason or ''}"
    return TABLE.by_code(code), code


def _on_the_way_back(name: str) -> str:
    """Of a parcel that goes back, a hub is no progress and a delivery is one to the sender."""
    if CATALOGUE[name].phase is Phase.DELIVERED:
        return "RETURNED_TO_SENDER"
    return "RETURN_TO_SENDER_IN_TRANSIT" if CATALOGUE[name].phase in _ON_THE_WAY else name


def _text(event: Event) -> str:
    return event.words or event.remark or ""


def _scan(event: Event, moment: Moment, code: str | None, name: str | None) -> Scan:
    identity = f"{event.event_timestamp}|{code or folded(_text(event))}"
    info: dict[str, Any] = {"remark": event.remark if event.words else None}
    if name and CATALOGUE[name].phase is Phase.COLLECT:
        until = _end_of(event.end_of_storage_date)
        info["pickup_point"] = event.depository or event.event_location
        info["pickup_point_url"] = _web_address(event.pickup_link)
        info["pickup_time"] = until.isoformat() if until else None
    location = {
        "city": event.event_location,
        "postal_code": _postal_code(event),
        "country": _alpha_2(event.event_country),
    }
    return Scan(
        external_id=sha256(identity.encode()).hexdigest()[:24],
        event_name=name,
        event_time=moment.time,
        timezone=moment.timezone,
        raw_code=code,
        raw_text=_text(event),
        location={key: value for key, value in location.items() if value},
        additional_info={key: value for key, value in info.items() if value},
    )


def _pickup(latest: Scan | None) -> PickupPoint | None:
    """Where the parcel waits, as long as it does."""
    if latest is None or "pickup_point" not in latest.additional_info:
        return None
    told = latest.additional_info
    until = told.get("pickup_time")
    return PickupPoint(
        name=told["pickup_point"],
        type="locker" if str(latest.event_name).endswith("LOCKER") else "shop",
        url=told.get("pickup_point_url"),
        until=datetime.fromisoformat(until) if until else None,
    )


def _window(told: Shipment, parcel: Parcel) -> tuple[datetime | None, datetime | None]:
    """When the Post means to deliver: the time frame on the day, else the whole day at the destination."""
    stated = _time_of(told.delivery_day)
    if stated is None:
        return None, None
    country = parcel.destination_country or "AT"
    place = zones.Place(country, None, parcel.destination_postal_code)
    day = stated.date()
    opens, closes = _on(day, told.delivery_time_frame_from), _on(day, told.delivery_time_frame_to)
    if opens is None or closes is None:
        return zones.day_of(day, place)
    first, last = sorted(moment.time for moment in moments([(opens, place), (closes, place)]))
    return first, last


def _on(day: date, told: str | None) -> datetime | None:
    """A time of that day, such as `13:00`."""
    try:
        return datetime.combine(day, time.fromisoformat(told)) if told else None
    except ValueError:
        return None


def _end_of(stamp: str | None) -> datetime | None:
    """The end of the last day of storage, in Austria."""
    stated = _time_of(stamp)
    return zones.day_of(stated.date(), zones.Place("AT"))[1] if stated else None


def _postal_code(event: Event) -> str | None:
    told = event.event_postal_code
    return told if told and _POSTAL_CODE.fullmatch(told) else None


def _alpha_2(country: str | None) -> str | None:
    return country.upper() if country and len(country) == 2 and country.isalpha() else None


def _web_address(text: str | None) -> str | None:
    return text if text and text.startswith("https://") else None
