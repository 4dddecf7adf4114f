"""The sandbox's answers: the JSON that a story comes to at a moment, pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from karla.integrations.carriers.contract import Parcel
from karla.integrations.carriers.sandbox.grammar import Story
from karla.integrations.carriers.sandbox.route import Route, Stop, drawn, point_of, route_of
from karla.integrations.carriers.sandbox.stories import CODES, HANDOVERS, code_of
from karla.integrations.carriers.sandbox.timeline import Life, Told, Window, expected, life_of

WAITS_FOR = timedelta(days=7)
"""How long a parcel waits to be collected, where its story doesn't say otherwise."""

_SERVICE = "Sandbox Parcel"
_LANGUAGE = "en"
_TELLS_OF_THE_WINDOW = ("E", "EW", "EU")
_WAITING_ENDS = ("WX", "RW")
_PROOF = "DV"
_PROVED = frozenset(code for code in CODES if code.startswith("D"))
_PLACE = "https://sandbox.example/parcels/"
_GRAMS = (120, 9000)


def answer(story: Story, parcel: Parcel, start: datetime, now: datetime) -> bytes | None:
    """What is told by `now` of a story that began at `start`, both aware; None where nothing is."""
    route = route_of(story, parcel)
    zone = route.door.zone or route.depot.zone
    life = life_of(story, start, zone)
    told = life.told_by(now)
    if not told:
        return None
    made = {
        "number": story.number,
        "story": story.ready.name if story.ready else None,
        "service": story.ready.service if story.ready else _SERVICE,
        "weight_grams": _GRAMS[0] + drawn(story.number, "weight", _GRAMS[1]),
        "origin": msgspec.to_builtins(route.sender),
        "destination": msgspec.to_builtins(route.door),
        "expected_delivery": _window(expected(life, told, zone), zone),
        **_links(story, life, told, _language(parcel)),
        "scans": _Scans(story, route, life, zone, _language(parcel)).tell(told),
    }
    return msgspec.json.encode(_without_nothing(made))


class _Scans:
    """The scans of one story as they are told."""

    def __init__(self, story: Story, route: Route, life: Life, zone: str | None, language: str) -> None:
        self._story, self._route, self._life = story, route, life
        self._zone, self._language = zone, language
        self._stops = _stops(route, life)

    def tell(self, told: Sequence[Told]) -> list[dict[str, Any]]:
        return [self._one(place, scan) for place, scan in enumerate(told)]

    def _one(self, place: int, scan: Told) -> dict[str, Any]:
        stop = self._stops[scan.position]
        made: dict[str, Any] = {
            "id": f"{scan.position:02d}-{scan.code}",
            "code": scan.code,
            "time": _written(scan.time, stop.zone),
            "timezone": stop.zone,
            "text": code_of(scan.code).words[self._language],
            "location": msgspec.to_builtins(stop),
        }
        if scan.correction:
            made["correction"] = True
        if scan.code in _TELLS_OF_THE_WINDOW:
            until_then = self._life.scans[: place + 1]
            made["expected_delivery"] = _window(expected(self._life, until_then, self._zone), self._zone)
        if kind := _point_kind(scan.code):
            made["pickup"] = self._pickup(scan, kind)
        return _without_nothing(made)

    def _pickup(self, scan: Told, kind: str) -> dict[str, Any]:
        point = point_of(self._story, kind, self._route.depot)
        later = (one.time for one in self._life.scans if one.code in _WAITING_ENDS and one.time > scan.time)
        until = min(later, default=scan.time + WAITS_FOR)
        return {
            "type": "shop" if kind == "post" else kind,
            "name": point.name,
            "address": point.address,
            "opening_hours": point.opening_hours,
            "until": _written(until, self._zone),
        }


def _stops(route: Route, life: Life) -> Mapping[int, Stop]:
    """Where each scan is made, by its position, in the order of what happened.

    Scans at hubs are spread over the way. Where a story crosses the border they are before it or behind it.
    """
    scans = sorted({scan.position: scan for scan in life.scans}.values(), key=lambda one: (one.time, one.position))
    places = [code_of(scan.code).place for scan in scans]
    border = places.index("import") if "import" in places else None
    found: dict[int, Stop] = {}
    stop, passed = route.sender, 0
    for order, (scan, place) in enumerate(zip(scans, places, strict=True)):
        if place == "hub" and border is not None:
            stop = route.hubs[0] if order < border else route.arrival
        elif place == "hub":
            stop, passed = route.hubs[passed * len(route.hubs) // places.count("hub")], passed + 1
        elif place != "here":
            stop = route.stop(place)
        found[scan.position] = stop
    return found


def _point_kind(code: str) -> str | None:
    part, _, kind = code_of(code).place.partition(":")
    return kind if part == "point" else None


def _links(story: Story, life: Life, told: Sequence[Told], language: str) -> dict[str, str]:
    """A page to redirect the parcel until it is out; once it is delivered a proof, and who took it or where it lies.

    Both pages lead nowhere. In a story that has a scan about its proof, the proof and the rest come with that.
    """
    delivered = next((scan for scan in reversed(told) if scan.kind == "handover" and scan.code in _PROVED), None)
    if delivered is not None:
        if _PROOF in _codes(life.scans) and _PROOF not in _codes(told):
            return {}
        proof = {"proof_of_delivery_url": f"{_PLACE}{story.number}/proof.pdf"}
        return proof | _handover(story, delivered.code, language)
    on_the_way = all(scan.kind in ("way", "note") for scan in told)
    return {"reroute_url": f"{_PLACE}{story.number}/reroute"} if on_the_way else {}


def _handover(story: Story, code: str, language: str) -> dict[str, str]:
    choices = HANDOVERS.get(code, ())
    if not choices:
        return {}
    chosen = choices[drawn(story.number, "handover", len(choices))]
    return {chosen.member: chosen.words[language]}


def _codes(scans: Sequence[Told]) -> set[str]:
    return {scan.code for scan in scans}


def _language(parcel: Parcel) -> str:
    return parcel.language if parcel.language in code_of("A").words else _LANGUAGE


def _without_nothing(made: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in made.items() if value is not None}


def _window(window: Window | None, zone: str | None) -> dict[str, str] | None:
    return {"from": _written(window.opens, zone), "to": _written(window.closes, zone)} if window else None


def _written(moment: datetime, zone: str | None) -> str:
    return moment.astimezone(ZoneInfo(zone or "UTC")).isoformat(timespec="seconds")
