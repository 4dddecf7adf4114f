"""UPS's answers in the words of the catalogue: pure."""

import re
from collections.abc import Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from karla.integrations.carriers.contract import Parcel, PickupPoint, Reading, Scan, last_known
from karla.integrations.carriers.ups import places
from karla.integrations.carriers.ups.answers import Activity, Package, packages_in
from karla.integrations.carriers.ups.answers import Status as Told
from karla.integrations.carriers.ways_back import on_the_way_back
from karla.integrations.carriers.zones import Moment, moments
from karla.integrations.statuses import Status, StatusTable, folded
from karla.vocabulary.events import CATALOGUE, Phase

TABLE = StatusTable(__package__)

_TEXT_LIMIT = 200
_AMOUNT = re.compile(r"\d+(\.\d+)?")
_GRAMS = MappingProxyType({"KGS": 1000.0, "LBS": 453.592})


def read(raw: bytes, parcel: Parcel) -> Reading:
    """What a 200 of `/api/track/v1/details/{number}` says of the parcel; a ValueError where it isn't one."""
    package = chosen(packages_in(raw), parcel)
    if package is None:
        return Reading()
    scans, unknown = _scans(package)
    expected_from, expected_to = places.window(package, parcel)
    origin, destination = (places.address_of(package, kind) for kind in ("ORIGIN", "DESTINATION"))
    return Reading(
        scans=scans,
        expected_from=expected_from,
        expected_to=expected_to,
        service=package.service.description,
        pickup=_pickup(scans, package, parcel),
        received_by=_taker(package),
        left_at=_place(package),
        origin_country=places.country_at(origin.address) if origin else None,
        destination_country=places.country_at(destination.address) if destination else None,
        weight_grams=_grams(package),
        unknown=unknown,
    )


def has(raw: bytes) -> bool:
    """Whether there is any parcel in an answer; a ValueError where it isn't one."""
    return bool(packages_in(raw))


def chosen(packages: Sequence[Package], parcel: Parcel) -> Package | None:
    """The parcel itself, else the first: an answer about the number of a shipment has all of its parcels."""
    number = "".join(parcel.tracking_number.split()).upper()
    return next((one for one in packages if one.tracking_number.upper() == number), next(iter(packages), None))


def _scans(package: Package) -> tuple[tuple[Scan, ...], tuple[str, ...]]:
    found: dict[str, Scan] = {}
    unknown: dict[str, None] = {}
    returning = False
    for activity, moment in _in_order(package):
        status = _status(activity.status)
        if status is None:
            unknown[_named(activity.status)] = None
        name = _left_at(status.event if status else None, package)
        returning = returning or (name is not None and CATALOGUE[name].phase is Phase.RETURNED)
        scan = _scan(activity, moment, package, on_the_way_back(name) if returning else name)
        found.setdefault(scan.external_id, scan)
    return tuple(sorted(found.values(), key=lambda scan: scan.event_time)), tuple(unknown)


def _in_order(package: Package) -> list[tuple[Activity, Moment]]:
    """Activities from the oldest: UPS lists the newest first."""
    dated = [(activity, time) for activity in package.activity if (time := places.time_of(activity))]
    dated.reverse()
    resolved = moments((time, places.zone_place(activity.location.address)) for activity, time in dated)
    return sorted(zip((activity for activity, _ in dated), resolved, strict=True), key=lambda one: one[1].time)


def _text(told: Told) -> str:
    return (told.description or "").strip()


def _code(told: Told) -> str | None:
    """`D:KB`: the same activity code means another thing in another family."""
    family, code = ((part or "").strip() for part in (told.type, told.code))
    return f"{family}:{code}" if family and code else (code or family or None)


def _named(told: Told) -> str:
    return _code(told) or (_text(told) or "nothing said")[:_TEXT_LIMIT]


def _status(told: Told) -> Status | None:
    """A sentence tells most, then the activity; UPS's summary is for activities that the table lacks.

    The bare word "delivered" stands with parcels that were brought to a shop, or collected there, as well.
    """
    return (
        TABLE.by_text(told.description)
        or TABLE.by_code(_code(told))
        or TABLE.by_code(told.status_code)
        or TABLE.by_code(f"said:{folded(_text(told))}")
        or TABLE.by_code(told.type)
    )


def _left_at(name: str | None, package: Package) -> str | None:
    """A delivery by where UPS says that the parcel was left; where that tells no more, a delivery."""
    if name != "SUCCESSFULLY_DELIVERED":
        return name
    place = package.delivery_information.location
    known = TABLE.by_code(f"left at:{place}") if place else None
    return known.event if known and known.event else name


def _place(package: Package) -> str | None:
    """`Receiver` is no place: it was handed over."""
    told = package.delivery_information.location
    return None if told is None or folded(told) == "receiver" else told


def _taker(package: Package) -> str | None:
    """Nobody where the driver just left the parcel."""
    told = package.delivery_information.received_by
    return None if told is None or folded(told) == "driver release" else told


def _scan(activity: Activity, moment: Moment, package: Package, name: str | None) -> Scan:
    told = activity.status
    identity = f"{activity.date}|{activity.time}|{_code(told) or _text(told)}"
    info: dict[str, Any] = {}
    if name and CATALOGUE[name].phase is Phase.COLLECT and (point := places.address_of(package, "ACCESS")):
        info = {"pickup_point": point.name, "pickup_point_address": places.line(point.address)}
    elif name and CATALOGUE[name].phase is Phase.DELIVERED:
        info = {"left_at": _place(package)}
    return Scan(
        external_id=sha256(identity.encode()).hexdigest()[:24],
        event_name=name,
        event_time=moment.time,
        timezone=moment.timezone,
        raw_code=_code(told),
        raw_text=_text(told),
        location=places.location(activity.location.address),
        additional_info={key: value for key, value in info.items() if value},
    )


def _pickup(scans: Sequence[Scan], package: Package, parcel: Parcel) -> PickupPoint | None:
    """Where the parcel waits, as long as it does."""
    latest = last_known(scans)
    if latest is None or CATALOGUE[str(latest.event_name)].phase is not Phase.COLLECT:
        return None
    point = places.address_of(package, "ACCESS")
    place = places.zone_place(point.address) if point else places.destination(package, parcel)
    depot = latest.event_name == "READY_FOR_COLLECTION_AT_DEPOT"
    return PickupPoint(
        name=(point.name if point else None) or ("UPS Customer Center" if depot else "UPS Access Point"),
        type=None if depot else "shop",
        address=places.line(point.address) if point else None,
        until=places.collect_until(package, place),
    )


def _grams(package: Package) -> int | None:
    told = package.weight
    unit, amount = _GRAMS.get((told.unit_of_measurement or "").upper()), (told.weight or "").strip()
    return round(float(amount) * unit) or None if unit and _AMOUNT.fullmatch(amount) else None
