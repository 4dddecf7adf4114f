"""AfterShip's trackings in the words of the catalogue: pure."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from karla.integrations.carriers.aftership import places
from karla.integrations.carriers.aftership.answers import Checkpoint, Proof, Tracking, tracking_in
from karla.integrations.carriers.coarse import Coarse
from karla.integrations.carriers.contract import Parcel, PickupPoint, Reading, Scan, last_known
from karla.integrations.carriers.ways_back import on_the_way_back
from karla.integrations.carriers.zones import Moment, moments
from karla.integrations.statuses import StatusTable
from karla.vocabulary.events import CATALOGUE, Phase

TABLE = StatusTable(__package__)

_GRAMS = MappingProxyType({"kg": 1000.0, "g": 1.0, "lb": 453.592, "oz": 28.3495})
_UNDER_WAY = frozenset(Phase) - {Phase.ORDER_CREATED, Phase.ORDER_PROCESSED}
_COARSE = Coarse(
    moving=frozenset({"intransit", "intransit_001", "intransit_008"}),
    troubled=frozenset({"exception", "exception_001"}),
    events=frozenset(
        [
            *("SUCCESSFULLY_DELIVERED", "DELIVERED_WITH_SIGNATURE", "READY_FOR_COLLECTION_AT_PARCEL_SHOP"),
            *("DELIVERY_FAILED", "DELAYED_BY_CARRIER"),
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
    """What one tracking says, be it of a list or of a push; a ValueError where it isn't one."""
    told = tracking_in(raw)
    scans, unknown = _scans(told.checkpoints)
    to = places.destination(told, parcel)
    expected_from, expected_to = places.window(told, to)
    grams = _GRAMS.get((told.shipment_weight.unit or "").casefold())
    return Reading(
        scans=scans,
        expected_from=expected_from,
        expected_to=expected_to,
        service=told.shipment_type,
        pickup=_pickup(told, scans),
        reroute_url=_web_address(told.courier_redirect_link),
        received_by=told.signed_by,
        photo_url=next((url for proof in told.proof_of_delivery if (url := _photo(proof))), None),
        proof_of_delivery_url=next((url for proof in told.proof_of_delivery if (url := _web_address(proof.url))), None),
        origin_country=places.alpha2(told.origin_country_region),
        destination_country=places.alpha2(told.destination_country_region) or to.country,
        weight_grams=round(told.shipment_weight.value * grams) if told.shipment_weight.value and grams else None,
        unknown=unknown,
    )


def _scans(checkpoints: Sequence[Checkpoint]) -> tuple[tuple[Scan, ...], tuple[str, ...]]:
    found: dict[str, Scan] = {}
    unknown: dict[str, None] = {}
    moving = returning = False
    for checkpoint, moment in _in_order(checkpoints):
        name, known = _event(checkpoint, moving=moving)
        if not known:
            unknown[_code(checkpoint)] = None
        if returning:
            name = "RETURN_TO_SENDER_IN_TRANSIT" if name == "RETURN_TO_SENDER_INITIATED" else on_the_way_back(name)
        if name is not None:
            moving = moving or CATALOGUE[name].phase in _UNDER_WAY
            returning = returning or CATALOGUE[name].phase is Phase.RETURNED
        scan = _scan(checkpoint, moment, name)
        found.setdefault(scan.external_id, scan)
    return tuple(found.values()), tuple(unknown)


def _in_order(checkpoints: Sequence[Checkpoint]) -> list[tuple[Checkpoint, Moment]]:
    """From the oldest, as AfterShip lists them; what has no time is passed over."""
    dated = [(one, time) for one in checkpoints if (time := places.time_of(one.checkpoint_time))]
    resolved = moments((time, places.zone_place(one)) for one, time in dated)
    return sorted(zip((one for one, _ in dated), resolved, strict=True), key=lambda one: one[1].time)


def _code(checkpoint: Checkpoint) -> str:
    return checkpoint.subtag or checkpoint.tag or checkpoint.message or ""


def _event(checkpoint: Checkpoint, *, moving: bool) -> tuple[str | None, bool]:
    """A checkpoint's event, and whether what it says is known.

    AfterShip's events say more than its subtag does, and a tag counts only where there is no subtag. What merely
    moves has been accepted by its carrier: that is said once, as it says nothing new later on.
    """
    for event in checkpoint.events:
        status = TABLE.by_code(f"event:{event.code}")
        if status and status.event:
            return _COARSE.refined(TABLE, status.event, "", checkpoint.message), True
    code = _code(checkpoint)
    status = TABLE.by_code(code) or TABLE.by_text(checkpoint.subtag_message)
    if status is None:
        return None, False
    name = _COARSE.refined(TABLE, status.event, code.strip().casefold(), checkpoint.message)
    if code.strip().casefold() in _COARSE.moving and name == status.event and moving:
        return None, True
    return name, True


def _scan(checkpoint: Checkpoint, moment: Moment, name: str | None) -> Scan:
    told = (checkpoint.checkpoint_time, checkpoint.slug, checkpoint.raw_tag, checkpoint.message, checkpoint.location)
    identity = "|".join(part or "" for part in told)
    info: dict[str, Any] = {
        "carrier_code": checkpoint.raw_tag,
        "reason": next((event.reason.code for event in checkpoint.events if event.reason.code), None),
        "remark": checkpoint.subtag_message,
    }
    if name in _PLACE_TYPES:
        info["pickup_point"] = checkpoint.location
    return Scan(
        external_id=(checkpoint.hash or sha256(identity.encode()).hexdigest())[:40],
        event_name=name,
        event_time=moment.time,
        timezone=moment.timezone,
        raw_code=checkpoint.subtag or checkpoint.tag,
        raw_text=checkpoint.message or checkpoint.subtag_message or "",
        location=places.location(checkpoint),
        additional_info={key: value for key, value in info.items() if value},
    )


def _pickup(told: Tracking, scans: Sequence[Scan]) -> PickupPoint | None:
    """Where the parcel waits, as long as it does."""
    latest = last_known(scans)
    if latest is None or latest.event_name is None or CATALOGUE[latest.event_name].phase is not Phase.COLLECT:
        return None
    name = told.pickup_location or latest.additional_info.get("pickup_point")
    if not name:
        return None
    return PickupPoint(name=name, type=_PLACE_TYPES.get(latest.event_name), opening_hours=told.pickup_note)


def _photo(proof: Proof) -> str | None:
    return _web_address(proof.url) if (proof.type or "").casefold() == "image" else None


def _web_address(text: str | None) -> str | None:
    return text if text and text.startswith("https://") else None
