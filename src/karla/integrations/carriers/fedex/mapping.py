"""FedEx's answers in the words of the catalogue: pure."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from karla.integrations.carriers.contract import Parcel, PickupPoint, Reading, Scan, last_known
from karla.integrations.carriers.fedex import places
from karla.integrations.carriers.fedex.answers import Error, Numbered, Result, numbered_in
from karla.integrations.carriers.fedex.answers import Scan as Told
from karla.integrations.carriers.ways_back import on_the_way_back
from karla.integrations.carriers.zones import Moment, moments
from karla.integrations.statuses import Status, StatusTable
from karla.vocabulary.events import CATALOGUE, Phase

TABLE = StatusTable(__package__)

_AMOUNT = re.compile(r"\d+(\.\d+)?")
_GRAMS = MappingProxyType({"KG": 1000.0, "LB": 453.592})
_DELIVERIES = frozenset({"DL", "DO"})
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def read(raw: bytes, parcel: Parcel) -> Reading:
    """What one item of `completeTrackResults` says of the parcel; a ValueError where it isn't one."""
    result = chosen(numbered_in(raw), parcel)
    if result is None:
        return Reading()
    scans, unknown = _scans(result)
    expected_from, expected_to = places.window(result, parcel)
    return Reading(
        scans=scans,
        expected_from=expected_from,
        expected_to=expected_to,
        service=result.service_detail.description,
        pickup=_pickup(scans, result),
        received_by=_taker(result),
        left_at=result.delivery_details.location_description,
        origin_country=places.country_at(result.shipper_information.address),
        destination_country=places.country_at(result.recipient_information.address),
        weight_grams=_grams(result),
        unknown=unknown,
    )


def number_in(raw: bytes) -> str:
    """The number that it is about; a ValueError where it is no item of `completeTrackResults`."""
    return numbered_in(raw).tracking_number


def error_in(raw: bytes) -> Error | None:
    """Why FedEx tells nothing of the number; None where it tells something, or nothing at all."""
    results = numbered_in(raw).track_results
    return results[0].error if results and all(result.error for result in results) else None


def has(raw: bytes, parcel: Parcel) -> bool:
    """Whether the parcel is in it; a ValueError where it is no item of `completeTrackResults`."""
    return chosen(numbered_in(raw), parcel) is not None


def chosen(told: Numbered, parcel: Parcel) -> Result | None:
    """The shipment that is the parcel: FedEx uses numbers again, so the one that fits and was scanned last."""
    fitting = [result for result in told.track_results if result.error is None and _fits(result, parcel)]
    return max(fitting, key=_last_scan, default=None)


def _fits(result: Result, parcel: Parcel) -> bool:
    country = places.country_at(result.recipient_information.address)
    return not (country and parcel.destination_country) or country == parcel.destination_country


def _last_scan(result: Result) -> datetime:
    times = (places.time_of(scan.date) for scan in result.scan_events)
    return max((time if time.tzinfo else time.replace(tzinfo=UTC) for time in times if time), default=_LONG_AGO)


def _scans(result: Result) -> tuple[tuple[Scan, ...], tuple[str, ...]]:
    found: dict[str, Scan] = {}
    unknown: dict[str, None] = {}
    returning = False
    for told, moment in _in_order(result):
        status = _status(told)
        if status is None:
            unknown[_code(told) or _text(told) or "nothing said"] = None
        name = _left_at(status.event if status else None, result)
        returning = returning or (name is not None and CATALOGUE[name].phase is Phase.RETURNED)
        scan = _scan(told, moment, result, on_the_way_back(name) if returning else name)
        found.setdefault(scan.external_id, scan)
    return tuple(sorted(found.values(), key=lambda scan: scan.event_time)), tuple(unknown)


def _in_order(result: Result) -> list[tuple[Told, Moment]]:
    """Scans from the oldest: FedEx lists the newest first."""
    dated = [(scan, time) for scan in result.scan_events if (time := places.time_of(scan.date))]
    dated.reverse()
    resolved = moments((time, places.zone_place(scan.scan_location)) for scan, time in dated)
    return sorted(zip((scan for scan, _ in dated), resolved, strict=True), key=lambda one: one[1].time)


def _text(told: Told) -> str:
    parts = (told.event_description or "").strip(), (told.exception_description or "").strip()
    return ": ".join(part for part in dict.fromkeys(parts) if part)


def _code(told: Told) -> str | None:
    """`DE:08`: what happened, and why."""
    kind, why = (told.event_type or "").strip(), (told.exception_code or "").strip()
    return f"{kind}:{why}" if kind and why else (kind or why or None)


def _status(told: Told) -> Status | None:
    """Why it happened tells most, then where it did; FedEx's summary is for events that the table lacks."""
    kind = told.event_type
    return (
        _said(told.exception_description, kind)
        or (TABLE.by_code(_code(told)) if told.exception_code else None)
        or _said(told.event_description, kind)
        or TABLE.by_code(f"{kind}+{told.delay_detail.type}")
        or TABLE.by_code(f"{kind}@{told.location_type}")
        or TABLE.by_code(kind)
        or TABLE.by_code(f"derived:{told.derived_status_code}")
    )


def _said(text: str | None, kind: str | None) -> Status | None:
    """By the wording; of a delivery only how it was made: one that was damaged is one, too."""
    status = TABLE.by_text(text)
    if status is None or kind not in _DELIVERIES:
        return status
    return status if status.event and CATALOGUE[status.event].phase is Phase.DELIVERED else None


def _left_at(name: str | None, result: Result) -> str | None:
    """A delivery by where FedEx says that the parcel was left; where that tells no more, a delivery."""
    if name != "SUCCESSFULLY_DELIVERED":
        return name
    place = result.delivery_details.location_description
    known = TABLE.by_code(f"left at:{place}") if place else None
    return known.event if known and known.event else name


def _taker(result: Result) -> str | None:
    """Nobody where FedEx writes why there is no signature, such as `Signature not required`."""
    told = result.delivery_details.received_by_name
    return None if told is None or told.casefold().startswith("signature") else told


def _scan(told: Told, moment: Moment, result: Result, name: str | None) -> Scan:
    identity = f"{told.date}|{_code(told) or _text(told)}"
    info: dict[str, Any] = {}
    if name and CATALOGUE[name].phase is Phase.COLLECT and (place := result.hold_at_location):
        address = places.line(place.location_contact_and_address.address)
        info = {"pickup_point": places.name_of(place), "pickup_point_address": address}
    elif name and CATALOGUE[name].phase is Phase.DELIVERED:
        info = {"left_at": result.delivery_details.location_description}
    return Scan(
        external_id=sha256(identity.encode()).hexdigest()[:24],
        event_name=name,
        event_time=moment.time,
        timezone=moment.timezone,
        raw_code=_code(told),
        raw_text=_text(told),
        location=places.location(told.scan_location),
        additional_info={key: value for key, value in info.items() if value},
    )


def _pickup(scans: Sequence[Scan], result: Result) -> PickupPoint | None:
    """Where the parcel waits, as long as it does."""
    latest = last_known(scans)
    if latest is None or CATALOGUE[str(latest.event_name)].phase is not Phase.COLLECT:
        return None
    place = result.hold_at_location
    if place is None:
        return PickupPoint(name="FedEx location", type="shop")
    address = places.line(place.location_contact_and_address.address)
    return PickupPoint(name=places.name_of(place), type="shop", address=address)


def _grams(result: Result) -> int | None:
    for told in result.package_details.weight_and_dimensions.weight:
        unit, amount = _GRAMS.get((told.unit or "").upper()), (told.value or "").strip()
        if unit and _AMOUNT.fullmatch(amount) and float(amount):
            return round(float(amount) * unit)
    return None
