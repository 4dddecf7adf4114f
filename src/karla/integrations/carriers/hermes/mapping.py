"""Hermes's answers in the words of the catalogue: pure."""

import re
from collections.abc import Sequence
from hashlib import sha256
from types import MappingProxyType

from karla.integrations.carriers import zones
from karla.integrations.carriers.contract import Parcel, PickupPoint, Reading, Scan, last_known
from karla.integrations.carriers.hermes import places
from karla.integrations.carriers.hermes.answers import Item, Status, item_in
from karla.integrations.carriers.zones import Moment, moments
from karla.integrations.statuses import Status as Meaning
from karla.integrations.statuses import StatusTable
from karla.vocabulary.events import CATALOGUE, Phase

TABLE = StatusTable(__package__)

_TEXT_LIMIT = 200
# Hermes has two families of codes: four digits, and three groups of what, why and where of up to three digits.
_GROUPED = re.compile(r"(\d{1,3})-(\d{1,3})-(\d{1,3})|(\d{3})(\d{3})(\d{3})")
# A scan by which Hermes takes back that a parcel goes back.
_TAKEN_BACK = frozenset({"4072", "100090", "060090"})
_ON_THE_WAY = frozenset({Phase.ORDER_PROCESSED, Phase.IN_TRANSIT, Phase.IN_DELIVERY})
_ARRIVED = frozenset({Phase.COLLECT, Phase.DELIVERED, Phase.RETURNED, Phase.RETURN_RECEIVED})
_WAYS_BACK = MappingProxyType(
    {"RETURN_IN_TRANSIT": "RETURN_TO_SENDER_IN_TRANSIT", "RETURN_RECEIVED_BY_MERCHANT": "RETURNED_TO_SENDER"}
)


def read(raw: bytes, parcel: Parcel) -> Reading:
    """What an item of `/shipmentinfo` says of the parcel; a ValueError where it isn't one."""
    item = item_in(raw)
    scans, unknown = _scans(item)
    country = places.country(item.receiver.country_code)
    arrived = any(scan.event_name and CATALOGUE[scan.event_name].phase in _ARRIVED for scan in scans)
    place = zones.Place(
        country or parcel.destination_country, None, item.receiver.zip_code or parcel.destination_postal_code
    )
    expected_from, expected_to = (None, None) if arrived else places.window(item.forecast, place)
    return Reading(
        scans=scans,
        expected_from=expected_from,
        expected_to=expected_to,
        pickup=_pickup(scans),
        destination_country=country,
        unknown=unknown,
    )


def _scans(item: Item) -> tuple[tuple[Scan, ...], tuple[str, ...]]:
    found: dict[str, Scan] = {}
    unknown: dict[str, None] = {}
    returning = False
    for status, moment in _in_order(item):
        keys = _keys(status.code)
        meaning = _meaning(keys, status.description)
        if meaning is None:
            unknown[status.code or status.description[:_TEXT_LIMIT]] = None
        name = meaning.event if meaning else None
        returning = not _TAKEN_BACK & {*keys} and (
            returning or (name is not None and CATALOGUE[name].phase is Phase.RETURNED)
        )
        scan = _scan(status, moment, _on_the_way_back(name) if returning else name)
        found.setdefault(scan.external_id, scan)
    return tuple(found.values()), tuple(unknown)


def _in_order(item: Item) -> list[tuple[Status, Moment]]:
    dated = [(status, stamp) for status in item.status if (stamp := places.time_of(status.timestamp))]
    if len(dated) > 1 and dated[0][1].replace(tzinfo=None) > dated[-1][1].replace(tzinfo=None):
        dated.reverse()
    resolved = moments((stamp, zones.Place(places.country(one.scanning_unit.country_code))) for one, stamp in dated)
    return sorted(zip((one for one, _ in dated), resolved, strict=True), key=lambda one: one[1].time)


def _keys(code: str) -> tuple[str, ...]:
    """Under what a code may stand in the table, from the most to the least that it says."""
    grouped = _GROUPED.fullmatch(code.strip())
    if grouped is None:
        return (code,) if code else ()
    what, why, where = (group.zfill(3) for group in grouped.groups() if group is not None)
    return what + why + where, what + why


def _meaning(keys: Sequence[str], text: str) -> Meaning | None:
    said = next((found for key in keys if (found := TABLE.by_text(f"{key} {text}"))), None)
    return said or next((found for key in keys if (found := TABLE.by_code(key))), None)


def _on_the_way_back(name: str | None) -> str | None:
    """Of a parcel that goes back, a hub is no progress and a delivery is one to the sender."""
    if name is None:
        return None
    phase = CATALOGUE[name].phase
    if phase is Phase.DELIVERED:
        return "RETURNED_TO_SENDER"
    return "RETURN_TO_SENDER_IN_TRANSIT" if phase in _ON_THE_WAY else _WAYS_BACK.get(name, name)


def _scan(status: Status, moment: Moment, name: str | None) -> Scan:
    waits = name is not None and CATALOGUE[name].phase is Phase.COLLECT
    shop = places.shop_in(status.description) if waits else None
    return Scan(
        external_id=sha256(f"{status.timestamp}|{status.code or status.description}".encode()).hexdigest()[:24],
        event_name=name,
        event_time=moment.time,
        timezone=moment.timezone,
        raw_code=status.code or None,
        raw_text=status.description,
        location=places.location(status.scanning_unit),
        additional_info={"pickup_point": shop} if shop else {},
    )


def _pickup(scans: Sequence[Scan]) -> PickupPoint | None:
    """Where the parcel waits, as long as it does."""
    latest = last_known(scans)
    if latest is None or "pickup_point" not in latest.additional_info:
        return None
    return PickupPoint(name=latest.additional_info["pickup_point"], type="shop")
