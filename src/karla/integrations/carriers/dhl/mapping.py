"""DHL's answers in the words of the catalogue: pure."""

import re
from collections.abc import Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from karla.integrations.carriers.contract import Parcel, PickupPoint, Reading, Scan, last_known
from karla.integrations.carriers.dhl import places
from karla.integrations.carriers.dhl.answers import Event, Shipment, Signer, shipments_in
from karla.integrations.carriers.zones import Moment, moments
from karla.integrations.statuses import Status, StatusTable, folded
from karla.vocabulary.events import CATALOGUE, Phase

TABLE = StatusTable(__package__)

_CODE = re.compile(r"[A-Z][A-Z0-9]{1,3}")
_TEXT_LIMIT = 200
# Longer numbers are given once, whatever country DHL names; shorter ones are in use by several services.
_SHARED_LENGTH = 14
_GRAMS = MappingProxyType({"kg": 1000.0, "g": 1.0, "lb": 453.592, "lbs": 453.592})
_ON_THE_WAY = frozenset({Phase.ORDER_PROCESSED, Phase.IN_TRANSIT, Phase.IN_DELIVERY})


def read(raw: bytes, parcel: Parcel) -> Reading:
    """What a 200 of `/track/shipments` says of the parcel; a ValueError where it isn't one."""
    legs = chosen(shipments_in(raw).shipments, parcel)
    if not legs:
        return Reading()
    told = legs[0]
    scans, unknown = _scans(legs, parcel)
    expected_from, expected_to = places.window(told, parcel)
    weight, grams = told.details.weight, _GRAMS.get((told.details.weight.unit_text or "").lower())
    return Reading(
        scans=scans,
        expected_from=expected_from,
        expected_to=expected_to,
        service=told.details.product.product_name or told.service,
        pickup=_pickup(scans),
        reroute_url=_web_address(told.reroute_url),
        received_by=_signer(told.details.proof_of_delivery.signed),
        proof_of_delivery_url=_web_address(told.details.proof_of_delivery.document_url),
        origin_country=places.country_at(told.origin.address),
        destination_country=places.country_at(told.destination.address),
        weight_grams=round(weight.value * grams) if weight.value and grams else None,
        unknown=unknown,
    )


def chosen(shipments: Sequence[Shipment], parcel: Parcel) -> list[Shipment]:
    """The shipment that is the parcel, then the legs of its way back; nothing where none can be it.

    The same number may be in use by several services, and for several countries.
    """
    fitting = [shipment for shipment in shipments if _fits(shipment, parcel)]
    if not fitting:
        return []
    number = parcel.tracking_number
    first = min(fitting, key=lambda one: (number not in (one.id, *one.details.piece_ids), one.return_flag))
    return [first, *(leg for leg in fitting if leg is not first and leg.id == first.id and leg.return_flag)]


def _fits(shipment: Shipment, parcel: Parcel) -> bool:
    country = places.country_at(shipment.destination.address)
    same_country = not (country and parcel.destination_country) or country == parcel.destination_country
    return same_country or shipment.return_flag or len(parcel.tracking_number) > _SHARED_LENGTH


def has(raw: bytes, parcel: Parcel) -> bool:
    """Whether the parcel is in an answer; a ValueError where it isn't one."""
    return bool(chosen(shipments_in(raw).shipments, parcel))


def additional(raw: bytes) -> list[str]:
    """The services that may know of more shipments with this number, in DHL's order."""
    urls = shipments_in(raw).possible_additional_shipments_url
    queries = [dict(parse_qsl(urlsplit(url).query)) for url in urls]
    return [query["service"] for query in queries if query.get("service")]


def _scans(legs: Sequence[Shipment], parcel: Parcel) -> tuple[tuple[Scan, ...], tuple[str, ...]]:
    found: dict[str, Scan] = {}
    unknown: dict[str, None] = {}
    for number, leg in enumerate(legs):
        returning = number > 0
        for event, moment in _in_order(leg, parcel):
            status, code = _status(event, leg.service)
            if status is None:
                unknown[code] = None
            name = status.event if status else None
            returning = returning or (name is not None and CATALOGUE[name].phase is Phase.RETURNED)
            scan = _scan(event, moment, leg, _on_the_way_back(name, leg, returning=returning))
            found.setdefault(scan.external_id, scan)
    return tuple(sorted(found.values(), key=lambda scan: scan.event_time)), tuple(unknown)


def _in_order(leg: Shipment, parcel: Parcel) -> list[tuple[Event, Moment]]:
    """Events from the oldest: DHL lists the newest first. The status stands in for a list that is left out."""
    newest = leg.status
    events = [
        _with_more_said(event, newest) if event.timestamp == newest.timestamp else event
        for event in leg.events or (newest,)
    ]
    dated = [(event, time) for event in events if (time := places.time_of(event.timestamp))]
    dated.reverse()
    resolved = moments((time, places.zone_place(event, leg, parcel)) for event, time in dated)
    return sorted(zip((event for event, _ in dated), resolved, strict=True), key=lambda one: one[1].time)


def _with_more_said(event: Event, status: Event) -> Event:
    """The newest event with what only the status says."""
    if _words(event) != _words(status):
        return event
    return msgspec.structs.replace(
        event, remark=event.remark or status.remark, next_steps=event.next_steps or status.next_steps
    )


def _text(event: Event) -> str:
    return event.description or ("" if event.status is None or _CODE.fullmatch(event.status) else event.status)


def _words(event: Event) -> str:
    return folded(_text(event))


def _code(event: Event) -> str | None:
    """The service's own code: newer answers have it where older ones repeat the text."""
    return next((word for word in (event.status_detailed, event.status) if word and _CODE.fullmatch(word)), None)


def _status(event: Event, service: str | None) -> tuple[Status | None, str]:
    """What an event stands for, and what to call it where that is unknown.

    A text tells more than a code does, and the status code alone tells little.
    """
    code = _code(event)
    status = (
        TABLE.by_text(event.description)
        or TABLE.by_text(event.status_detailed)
        or TABLE.by_text(event.status)
        or (TABLE.by_code(f"{service}:{code}") if code else None)
        or TABLE.by_code(event.status_code)
    )
    return status, f"{service}:{code}" if code else (_text(event) or str(event.status_code))[:_TEXT_LIMIT]


def _on_the_way_back(name: str | None, leg: Shipment, *, returning: bool) -> str | None:
    """A scan's event; of a parcel that goes back, a hub is no progress and a delivery is one to the sender."""
    if name is None or not (returning or leg.return_flag):
        return name
    if CATALOGUE[name].phase is Phase.DELIVERED:
        return "RETURNED_TO_SENDER"
    return "RETURN_TO_SENDER_IN_TRANSIT" if returning and CATALOGUE[name].phase in _ON_THE_WAY else name


def _scan(event: Event, moment: Moment, leg: Shipment, name: str | None) -> Scan:
    code = _code(event)
    identity = f"{event.timestamp}|{code or _words(event) or event.status_code}"
    info: dict[str, Any] = {"remark": event.remark, "next_steps": event.next_steps}
    if name and CATALOGUE[name].phase in (Phase.COLLECT, Phase.IN_DELIVERY):
        info |= places.pickup_info(event)
    return Scan(
        external_id=sha256(identity.encode()).hexdigest()[:24],
        event_name=name,
        event_time=moment.time,
        timezone=moment.timezone,
        raw_code=f"{leg.service}:{code}" if code else event.status_code,
        raw_text=_text(event),
        location=places.location(event.location),
        additional_info={key: value for key, value in info.items() if value},
    )


def _pickup(scans: Sequence[Scan]) -> PickupPoint | None:
    """Where the parcel waits, as long as it does."""
    latest = last_known(scans)
    if latest is None or "pickup_point" not in latest.additional_info:
        return None
    told = latest.additional_info
    return PickupPoint(
        name=told["pickup_point"],
        type="locker" if str(latest.event_name).endswith("LOCKER") else "shop",
        address=told.get("pickup_point_address"),
        url=told.get("pickup_point_url"),
    )


def _signer(told: Signer) -> str | None:
    return told.name or " ".join(part for part in (told.given_name, told.family_name) if part) or None


def _web_address(text: str | None) -> str | None:
    return text if text and text.startswith("https://") else None
