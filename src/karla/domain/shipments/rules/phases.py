"""The phase machine: which of a shipment's scans says where the shipment stands."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType

import msgspec

from karla.vocabulary.events import CATALOGUE, STATE_OF, Flag, Phase, State

_STAGE_OF: Mapping[Phase, int] = MappingProxyType(
    {
        Phase.ORDER_CREATED: 0,
        Phase.ORDER_PROCESSED: 1,
        Phase.IN_TRANSIT: 2,
        Phase.IN_DELIVERY: 2,
        Phase.COLLECT: 2,
        Phase.DELIVERY_FAILED: 2,
        Phase.DELIVERED: 3,
        Phase.RETURNED: 3,
        Phase.RETURN_CREATED: 3,
        Phase.RETURN_TRANSIT: 3,
        Phase.RETURN_FAILED: 3,
        Phase.RETURN_RECEIVED: 4,
    }
)


MOVES_NOTHING = frozenset({"CARRIER_CHANGED", "ESTIMATED_DELIVERY_UPDATED", "NO_SCAN_FOR_EXTENDED_PERIOD"})
"""Told of what is known, promised or missed of a parcel: nothing has happened to it."""


class Scan(msgspec.Struct, frozen=True):
    """One event of a timeline.

    `correction`: its author takes back what was reported until then, so it may move a shipment backwards.
    """

    name: str
    time: datetime
    correction: bool = False


class Standing(msgspec.Struct, frozen=True):
    """Where a shipment stands, and by which event; no event where nothing that counts was reported."""

    phase: Phase
    state: State
    flag: Flag
    event_name: str | None
    event_time: datetime | None


def settle(scans: Iterable[Scan]) -> Standing:
    """Where the whole timeline leaves a shipment.

    Carriers skip scans, repeat them and send them late, so there are no steps from one phase to the next
    that a scan could violate. The standing event is the greatest of a total order: the order of arrival
    and repetitions can't matter. A stage comes first, which is why a late depot scan never undoes a
    delivery; within a stage (depot, van, failed attempt, van again; delivered, then sent back) the newest
    decides. Names outside the catalogue are passed over: they say nothing about a phase.
    """
    standing = max(_counting(scans), key=_rank, default=None)
    if standing is None:
        phase, flag = Phase.ORDER_CREATED, Flag.NORMAL
        return Standing(phase, STATE_OF[phase], flag, event_name=None, event_time=None)
    kind = CATALOGUE[standing.name]
    return Standing(kind.phase, STATE_OF[kind.phase], kind.flag, kind.name, standing.time)


def _counting(scans: Iterable[Scan]) -> list[Scan]:
    """The scans that the latest correction leaves standing: itself, and what was reported for later."""
    known = [scan for scan in scans if scan.name in CATALOGUE and scan.name not in MOVES_NOTHING]
    corrections = [scan.time for scan in known if scan.correction]
    if not corrections:
        return known
    corrected = max(corrections)
    return [scan for scan in known if scan.time > corrected or (scan.correction and scan.time == corrected)]


def _rank(scan: Scan) -> tuple[int, datetime, int, str]:
    kind = CATALOGUE[scan.name]
    return _STAGE_OF[kind.phase], scan.time, kind.position, kind.name
