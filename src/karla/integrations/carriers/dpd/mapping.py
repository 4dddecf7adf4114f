"""DPD's answers in the words of the catalogue: pure."""

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from karla.integrations import statuses
from karla.integrations.carriers import zones
from karla.integrations.carriers.contract import Parcel, PickupPoint, Reading, Scan, last_known
from karla.integrations.carriers.dpd import times
from karla.integrations.carriers.dpd.answers import Item, Status, Tracking, tracking_in
from karla.integrations.carriers.ways_back import on_the_way_back
from karla.integrations.statuses import StatusTable, folded
from karla.vocabulary.events import CATALOGUE, Phase

TABLE = StatusTable(__package__)

_TEXT_LIMIT = 200
_HOME = "DE"
# What a stage alone says for certain, in the table without this; the last stage alone says too little of what
# happened there, once there are words that the table doesn't know.
_WORDLESS = "wordless:"
_PLACE = re.compile(r"(?P<city>.*?)\s*\((?P<country>[A-Z]{2})\)")
_SHOP = re.compile(r"paket ?shop|parcel ?shop|pick ?up|abholstation|paketstation|locker")
_STATION = re.compile(r"station|locker|automat")
_TAKEN_BY = "zustellung an"
_PROOF = re.compile(r"ablieferbeleg|abliefernachweis|zustellnachweis|proof of delivery|\bpod\b")


def read(raw: bytes, parcel: Parcel) -> Reading:
    """What an answer of getTrackingData says of the parcel; a ValueError where it isn't one."""
    told = tracking_in(raw)
    scans, unknown = _scans(told)
    destination = zones.Place(parcel.destination_country or _HOME, None, parcel.destination_postal_code)
    expected_from, expected_to = times.window(told.predict, destination)
    return Reading(
        scans=scans,
        expected_from=expected_from,
        expected_to=expected_to,
        service=told.service or None,
        pickup=_pickup(told, scans),
        received_by=_taker(told),
        proof_of_delivery_url=next((item.link for item in told.items if _leads(item, _PROOF)), None),
        unknown=unknown,
    )


def has(raw: bytes) -> bool:
    """Whether DPD knows of the parcel at all; a ValueError where it isn't an answer."""
    return bool(tracking_in(raw).statuses)


def _scans(told: Tracking) -> tuple[tuple[Scan, ...], tuple[str, ...]]:
    found: dict[str, Scan] = {}
    unknown: dict[str, None] = {}
    returning = False
    for status, moment in _in_order(told.statuses):
        known = _known(status)
        if known is None:
            unknown[(_text(status) or status.status)[:_TEXT_LIMIT]] = None
        name = known.event if known else None
        returning = returning or (name is not None and CATALOGUE[name].phase is Phase.RETURNED)
        scan = _scan(status, moment, on_the_way_back(name) if returning else name)
        found.setdefault(scan.external_id, scan)
    return tuple(found.values()), tuple(unknown)


def _in_order(told: Sequence[Status]) -> list[tuple[Status, zones.Moment]]:
    """The stages that were reached, from the first; those to come have no date, or one that is planned."""
    dated = [(status, time) for status in told if status.reached and (time := times.time_of(status.date))]
    resolved = zones.moments((time, zones.Place(_place(status).get("country", _HOME))) for status, time in dated)
    return sorted(zip((status for status, _ in dated), resolved, strict=True), key=lambda one: one[1].time)


def _text(status: Status) -> str:
    """The description, and the problem that explains it."""
    return " ".join(part for part in (status.description, *_problems(status)) if part)


def _problems(status: Status) -> list[str]:
    return [item.text for item in status.problems if not item.link and not _SHOP.search(folded(item.label))]


def _known(status: Status) -> statuses.Status | None:
    by_words = (TABLE.by_text(text) for text in (*_problems(status), status.description))
    if known := next((found for found in by_words if found), None):
        return known
    return TABLE.by_code(status.status) or (None if _text(status) else TABLE.by_code(f"{_WORDLESS}{status.status}"))


def _place(status: Status) -> dict[str, str]:
    """A location such as `Aschaffenburg (DE)`."""
    named = _PLACE.fullmatch(status.location)
    told = named.groupdict() if named else {"city": status.location}
    return {key: value for key, value in told.items() if value}


def _scan(status: Status, moment: zones.Moment, name: str | None) -> Scan:
    # A stage says several things after one another, so its words belong to a scan's identity.
    identity = "|".join((status.date, status.status, status.location, folded(status.description)))
    shop = _shop((*status.problems, *status.items)) if name and CATALOGUE[name].phase is Phase.COLLECT else None
    info: dict[str, Any] = {}
    if shop:
        told = {"pickup_point": shop.name, "pickup_point_url": shop.url, "pickup_point_address": shop.address}
        info = {key: value for key, value in told.items() if value}
    return Scan(
        external_id=sha256(identity.encode()).hexdigest()[:24],
        event_name=name,
        event_time=moment.time,
        timezone=moment.timezone,
        raw_code=status.status or None,
        raw_text=_text(status),
        location=_place(status),
        additional_info=info,
    )


def _pickup(told: Tracking, scans: Sequence[Scan]) -> PickupPoint | None:
    """Where the parcel waits, as long as it does."""
    latest = last_known(scans)
    if latest is None or CATALOGUE[str(latest.event_name)].phase is not Phase.COLLECT:
        return None
    return _shop(told.items)


def _shop(items: Sequence[Item]) -> PickupPoint | None:
    """The first line of a block about a shop is its name, the others are its address."""
    for item in items:
        label = folded(item.label)
        if item.lines and _SHOP.search(label):
            name, *address = item.lines
            link = item.link if item.link.startswith("https://") else None
            kind = "locker" if _STATION.search(label) else "shop"
            return PickupPoint(name=name, type=kind, address=", ".join(address) or None, url=link)
    return None


def _taker(told: Tracking) -> str | None:
    """Who the last stage was handed to; the label is known in German alone."""
    last = next((status for status in reversed(told.statuses) if status.reached), None)
    return next((item.text for item in (last.items if last else ()) if folded(item.label) == _TAKEN_BY), None)


def _leads(item: Item, about: re.Pattern[str]) -> bool:
    return item.link.startswith("https://") and bool(about.search(folded(f"{item.label} {item.text}")))
