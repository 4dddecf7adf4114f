"""PostNL's answers in the words of the catalogue: pure."""

import re
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from karla.integrations.carriers import zones
from karla.integrations.carriers.contract import Parcel, PickupPoint, Reading, Scan
from karla.integrations.carriers.postnl.answers import Address, Shipment, shipments_in
from karla.integrations.carriers.ways_back import on_the_way_back
from karla.integrations.carriers.zones import Moment, moments
from karla.integrations.statuses import StatusTable
from karla.vocabulary.events import CATALOGUE, Phase

TABLE = StatusTable(__package__)

# PostNL dates everything by the clocks of the Netherlands, wherever it happens.
_HOME = zones.Place("NL")
_RECEIVER, _SENDER, _PICKUP = "01", "02", "09"
# Older answers have the letter of an event's code at its end.
_TURNED = re.compile(r"^(\d\d)([A-Z])$")
# With dashes the day comes first, with slashes the month; some members are ISO 8601.
_WRITTEN = re.compile(r"(?P<first>\d\d)(?P<sign>[-/])(?P<second>\d\d)[-/](?P<year>\d{4})(?P<time>.*)")
_YEARS = (1990, 2200)
_ARRIVED = frozenset({Phase.COLLECT, Phase.DELIVERED, Phase.RETURNED})


class _Told(NamedTuple):
    """A scan as PostNL has it; `key` is its code in the table."""

    key: str
    text: str
    stamp: str


def read(raw: bytes, parcel: Parcel) -> Reading:
    """What a 200 of `/status/barcode` says of the parcel; a ValueError where it isn't one."""
    shipments = shipments_in(raw)
    if not shipments:
        return Reading()
    number = "".join(parcel.tracking_number.split()).upper()
    told = min(shipments, key=lambda shipment: shipment.barcode != number)
    point = _address(told, _PICKUP)
    scans, unknown = _scans(told, point)
    receiver = _country(_address(told, _RECEIVER)) or _country(point)
    expected_from, expected_to = _window(told, scans, receiver or parcel.destination_country)
    return Reading(
        scans=scans,
        expected_from=expected_from,
        expected_to=expected_to,
        service=told.product_description or told.product_code or None,
        pickup=_pickup(scans, point),
        origin_country=_country(_address(told, _SENDER)),
        destination_country=receiver,
        weight_grams=int(told.dimension.weight) if told.dimension.weight.isdecimal() else None,
        unknown=unknown,
    )


def has(raw: bytes) -> bool:
    """Whether PostNL knows the parcel; a ValueError where it isn't an answer of `/status/barcode`."""
    return bool(shipments_in(raw))


def _scans(shipment: Shipment, point: Address | None) -> tuple[tuple[Scan, ...], tuple[str, ...]]:
    found: dict[str, Scan] = {}
    unknown: dict[str, None] = {}
    returning = False
    for told, moment in _in_order(shipment):
        status = TABLE.by_code(told.key)
        if status is None:
            unknown[told.key or told.text] = None
        name = status.event if status else None
        returning = returning or (name is not None and CATALOGUE[name].phase is Phase.RETURNED)
        scan = _scan(told, moment, on_the_way_back(name) if returning else name, point)
        found.setdefault(scan.external_id, scan)
    return tuple(found.values()), tuple(unknown)


def _in_order(shipment: Shipment) -> list[tuple[_Told, Moment]]:
    """Scans from the oldest; where PostNL gives no events, what it sums them up to stands in for them."""
    told = [_Told(_TURNED.sub(r"\2\1", event.code), event.description, event.time_stamp) for event in shipment.event]
    if not told:
        told = [
            _Told(f"status:{status.status_code.lstrip('0')}", status.status_description, status.time_stamp)
            for status in (shipment.status, *shipment.old_status)
        ]
    dated = [(one, stamp) for one in reversed(told) if (stamp := time_of(one.stamp))]
    resolved = moments((stamp, _HOME) for _, stamp in dated)
    return sorted(zip((one for one, _ in dated), resolved, strict=True), key=lambda one: one[1].time)


def _scan(told: _Told, moment: Moment, name: str | None, point: Address | None) -> Scan:
    waits = name is not None and CATALOGUE[name].phase is Phase.COLLECT
    info = {"pickup_point": point.company_name, "pickup_point_address": _line(point)} if point and waits else {}
    return Scan(
        external_id=sha256(f"{told.stamp}|{told.key}".encode()).hexdigest()[:24],
        event_name=name,
        event_time=moment.time,
        timezone=moment.timezone,
        raw_code=told.key or None,
        raw_text=told.text,
        additional_info={key: value for key, value in info.items() if value},
    )


def _window(shipment: Shipment, scans: Sequence[Scan], country: str | None) -> tuple[datetime | None, datetime | None]:
    """The hours that PostNL names, else the day; nothing once the parcel is where it was to come to."""
    if any(scan.event_name and CATALOGUE[scan.event_name].phase in _ARRIVED for scan in scans):
        return None, None
    opens, closes = time_of(shipment.expectation.opens), time_of(shipment.expectation.closes)
    if opens and closes and opens < closes:
        first, last = moments([(opens, _HOME), (closes, _HOME)])
        return first.time, last.time
    day = opens or time_of(shipment.delivery_date)
    return zones.day_of(day.date(), zones.Place(country or "NL")) if day else (None, None)


def _pickup(scans: Sequence[Scan], point: Address | None) -> PickupPoint | None:
    """Where the parcel waits, as long as it does."""
    latest = next((scan.event_name for scan in reversed(scans) if scan.event_name), None)
    if latest is None or point is None or not point.company_name or CATALOGUE[latest].phase is not Phase.COLLECT:
        return None
    type_ = "locker" if latest.endswith("LOCKER") else "shop"
    return PickupPoint(name=point.company_name, type=type_, address=_line(point) or None)


def _address(shipment: Shipment, kind: str) -> Address | None:
    return next((address for address in shipment.address if address.address_type == kind), None)


def _line(address: Address) -> str:
    street = " ".join(part for part in (address.street, f"{address.house_number}{address.house_number_suffix}") if part)
    city = " ".join(part for part in (address.zipcode, address.city) if part)
    return ", ".join(part for part in (street, city) if part)


def _country(address: Address | None) -> str | None:
    code = address.country_code if address else ""
    return code.upper() if len(code) == len("NL") and code.isalpha() else None


def time_of(stamp: str) -> datetime | None:
    """A timestamp in any of PostNL's forms, without a zone unless it names one; None where it can't be read."""
    written = _WRITTEN.fullmatch(stamp)
    if written:
        day, month = ("first", "second") if written["sign"] == "-" else ("second", "first")
        stamp = f"{written['year']}-{written[month]}-{written[day]}{written['time']}"
    try:
        told = datetime.fromisoformat(stamp) if stamp else None
    except ValueError:
        return None
    return told if told and _YEARS[0] <= told.year < _YEARS[1] else None
