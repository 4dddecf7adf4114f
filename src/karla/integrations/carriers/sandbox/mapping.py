"""The sandbox's answers in the words of the catalogue: pure."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

import msgspec

from karla.integrations.carriers.contract import Parcel, PickupPoint, Reading, Scan
from karla.integrations.statuses import StatusTable
from karla.vocabulary.events import CATALOGUE, Phase

TABLE = StatusTable(__package__)

_Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]


class _Window(msgspec.Struct, frozen=True):
    opens: _Moment = msgspec.field(name="from")
    closes: _Moment = msgspec.field(name="to")


class _Pickup(msgspec.Struct, frozen=True):
    type: str
    name: str
    address: str
    opening_hours: str
    until: _Moment


class _Place(msgspec.Struct, frozen=True):
    country: str
    city: str = ""
    postal_code: str = ""
    region: str = ""


class _Scan(msgspec.Struct, frozen=True):
    id: str
    code: str
    time: _Moment
    text: str
    location: _Place
    timezone: str | None = None
    correction: bool = False
    expected_delivery: _Window | None = None
    pickup: _Pickup | None = None


class _Parcel(msgspec.Struct, frozen=True):
    number: str
    service: str
    weight_grams: int
    origin: _Place
    destination: _Place
    scans: tuple[_Scan, ...]
    expected_delivery: _Window | None = None
    reroute_url: str | None = None
    proof_of_delivery_url: str | None = None
    received_by: str | None = None
    neighbour: str | None = None
    left_at: str | None = None


def read(raw: bytes, parcel: Parcel) -> Reading:
    """What an answer says of the parcel; a ValueError where it isn't one."""
    told = msgspec.json.decode(raw, type=_Parcel)
    once = {scan.id: scan for scan in reversed(told.scans)}.values()
    scans = sorted(once, key=lambda scan: (scan.time, scan.id))
    window = told.expected_delivery
    return Reading(
        scans=tuple(_scan(scan) for scan in scans),
        expected_from=window.opens.astimezone(UTC) if window else None,
        expected_to=window.closes.astimezone(UTC) if window else None,
        service=told.service,
        pickup=_pickup(scans),
        reroute_url=told.reroute_url,
        received_by=told.received_by,
        neighbour=told.neighbour,
        left_at=told.left_at,
        proof_of_delivery_url=told.proof_of_delivery_url,
        origin_country=told.origin.country,
        destination_country=told.destination.country,
        weight_grams=told.weight_grams,
        unknown=tuple(dict.fromkeys(scan.code for scan in scans if TABLE.by_code(scan.code) is None)),
    )


def _scan(scan: _Scan) -> Scan:
    return Scan(
        external_id=scan.id,
        event_name=_event(scan),
        event_time=scan.time.astimezone(UTC),
        timezone=scan.timezone,
        raw_code=scan.code,
        raw_text=scan.text,
        location={name: value for name, value in msgspec.structs.asdict(scan.location).items() if value},
        additional_info=_info(scan),
    )


def _event(scan: _Scan) -> str | None:
    status = TABLE.by_code(scan.code)
    return status.event if status else None


def _info(scan: _Scan) -> dict[str, Any]:
    info: dict[str, Any] = {"correction": True} if scan.correction else {}
    if window := scan.expected_delivery:
        info["expected_delivery"] = {"from": window.opens.isoformat(), "to": window.closes.isoformat()}
    if pickup := scan.pickup:
        info["pickup_point"] = pickup.name
        info["pickup_point_address"] = pickup.address
        info["pickup_opening_hours"] = pickup.opening_hours
        info["pickup_time"] = pickup.until.isoformat()
    return info


def _pickup(scans: Sequence[_Scan]) -> PickupPoint | None:
    """Where the parcel waits, as long as it does."""
    waiting = None
    for scan in scans:
        event = _event(scan)
        if event and CATALOGUE[event].phase is not Phase.COLLECT:
            waiting = None
        waiting = scan.pickup or waiting
    if waiting is None:
        return None
    return PickupPoint(
        name=waiting.name,
        type=waiting.type if waiting.type in ("shop", "locker") else None,
        address=waiting.address,
        opening_hours=waiting.opening_hours,
        until=waiting.until.astimezone(UTC),
    )
