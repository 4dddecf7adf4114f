"""How a parcel was handed over, laid over the scan that delivers it: pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from karla.domain.shipments.records import Completion, Observation, Observed, TimelineEvent
from karla.infra.errors import KarlaError
from karla.integrations.carriers.contract import Reading, Scan
from karla.vocabulary.events import CATALOGUE, Phase

_CORRECTION: Final = "correction"
_MEMBERS: Final = ("signed_by", "neighbour", "left_at", "photo_url", "proof_of_delivery_url")
_TAKEN_BACK: Final = frozenset({Phase.RETURNED, Phase.DELIVERY_FAILED})
_NOBODY_TAKES_IT: Final = frozenset(
    {
        "DELIVERED_TO_LETTERBOX",
        "DELIVERED_TO_SAFE_PLACE",
        "DELIVERED_TO_PRIVATE_PARCEL_BOX",
        "PICKED_UP_FROM_PARCEL_LOCKER",
    }
)
_LONGEST: Final = 200


def with_handover(reading: Reading) -> Reading:
    """The reading with what it tells of the handover in the scan that delivers; as it is where nothing delivers."""
    scan = _delivering(reading.scans)
    told = _told(reading, str(scan.event_name)) if scan else {}
    if scan is None or not told:
        return reading
    whole = msgspec.structs.replace(scan, additional_info={**scan.additional_info, **told})
    return msgspec.structs.replace(reading, scans=tuple(whole if one is scan else one for one in reading.scans))


def _delivering(scans: Sequence[Scan]) -> Scan | None:
    """The newest delivery, unless something that is newer says that the parcel wasn't delivered after all."""
    for scan in reversed(scans):
        if scan.event_name is None:
            continue
        if _delivers(scan.event_name):
            return scan
        if scan.additional_info.get(_CORRECTION) is True or CATALOGUE[scan.event_name].phase in _TAKEN_BACK:
            return None
    return None


def _delivers(event_name: str) -> bool:
    kind = CATALOGUE[event_name]
    return kind.phase is Phase.DELIVERED and kind.handover


def _told(reading: Reading, event_name: str) -> dict[str, str]:
    """A neighbour who took the parcel is a neighbour; what lies in a box or at a door was signed for by nobody."""
    taker = None if event_name in _NOBODY_TAKES_IT else reading.received_by
    to_neighbour = event_name == "DELIVERED_TO_NEIGHBOUR"
    told = {
        "signed_by": None if to_neighbour else taker,
        "neighbour": reading.neighbour or (taker if to_neighbour else None),
        "left_at": reading.left_at,
        "photo_url": _web_address(reading.photo_url),
        "proof_of_delivery_url": _web_address(reading.proof_of_delivery_url),
    }
    return {name: text for name, value in told.items() if value and (text := _line(name, value))}


def _line(name: str, value: str) -> str:
    """Addresses are whole; what people wrote is cut."""
    return value if name.endswith("_url") else " ".join(value.split())[:_LONGEST]


def _web_address(text: str | None) -> str | None:
    return text if text and text.startswith("https://") else None


class Sighting(msgspec.Struct, frozen=True):
    """What was seen, what became of it, and whether it was only read `again`: then it is not the newest word."""

    observation: Observation
    outcome: Observed | KarlaError
    again: bool


def completions(sightings: Sequence[Sighting]) -> list[Completion]:
    """What is to be added to deliveries that are on a timeline already, oldest word first; nothing that is there."""
    had: dict[UUID, Mapping[str, Any]] = {}
    more: dict[UUID, Completion] = {}
    for observation, event, again in _known(sightings):
        before = had.get(event.id, event.additional_info or {})
        told = {name: value for name, value in (observation.additional_info or {}).items() if name in _MEMBERS}
        new = {name: value for name, value in told.items() if before.get(name) != value}
        if again:
            new = {name: value for name, value in new.items() if name not in before}
        if not new:
            continue
        had[event.id] = {**before, **new}
        earlier = more[event.id].info if event.id in more else {}
        more[event.id] = Completion(observation.shop_id, event.shipment_id, event.id, {**earlier, **new})
    return [*more.values()]


def _known(sightings: Sequence[Sighting]) -> Iterator[tuple[Observation, TimelineEvent, bool]]:
    for one in sightings:
        if isinstance(one.outcome, Observed) and one.outcome.known and _delivers(one.outcome.event.event_name):
            yield one.observation, one.outcome.event, one.again
