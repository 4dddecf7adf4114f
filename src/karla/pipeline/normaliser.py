"""What providers told is read by their pure mappings, and what it says goes on the parcels' timelines."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

import msgspec
import structlog

from karla.domain.shipments.commands.complete import complete
from karla.domain.shipments.commands.observe import observe
from karla.domain.shipments.records import Observation, Observed, Shipment
from karla.domain.tracking.commands.answers import mark_read
from karla.domain.tracking.commands.clocks import standing_clock
from karla.domain.tracking.commands.parcels import replan
from karla.domain.tracking.commands.transits import learn
from karla.domain.tracking.queries.answers import shops_with_unread, unread
from karla.domain.tracking.queries.transits import ON_ITS_WAY
from karla.domain.tracking.records import Answer, Ask, Heard, Planned, Situation
from karla.domain.tracking.rules.answers import DELAYED, moved_out, passed
from karla.domain.tracking.rules.asking import next_ask
from karla.domain.tracking.rules.clocks import real_time, shown
from karla.domain.tracking.rules.health import ages_of
from karla.infra.access import EVERYWHERE, scope_of
from karla.infra.db import Database
from karla.infra.errors import KarlaError
from karla.infra.work import Work
from karla.integrations import tracking
from karla.integrations.carriers.contract import Parcel, Reading, Scan
from karla.integrations.carriers.zones import hour_at
from karla.pipeline.forecasts import UPDATED, foretold, sample_of
from karla.pipeline.handovers import Sighting, completions, with_handover
from karla.pipeline.health import Health
from karla.pipeline.shop_time import NEVER, providers_by_test_clock
from karla.vocabulary.events import TERMINAL

log = structlog.get_logger()

BATCH: Final = 200
_SHOPS: Final = 50
_WORDS: Final = 200
_AHEAD: Final = timedelta(days=1)
_CORRECTION: Final = "correction"
_OF_ANOTHER: Final = "It is of the parcel that it was under another carrier or number."

Read = Callable[[str, bytes, Parcel], Reading]


class Normaliser:
    """Turns of a loop. The answers may be of every shop; one that can't be read is kept, with the reason."""

    def __init__(self, db: Database, read: Read = tracking.read) -> None:
        self._db = db
        self._read = read
        self._health = Health(db)

    async def turn(self) -> bool:
        """Read a batch of what was told; whether there may be more."""
        async with self._db.read(EVERYWHERE) as connection:
            shops = await shops_with_unread(EVERYWHERE, connection, _SHOPS)
        if not shops:
            return False
        read, heard = await self._db.write(scope_of(shops), self._batch)
        await self._health.heard(heard)
        return read == BATCH

    async def _batch(self, work: Work) -> tuple[int, Sequence[Heard]]:
        answers = await unread(work.scope, work.connection, BATCH)
        unreadable: dict[UUID, str] = {}
        read: list[tuple[Answer, Reading]] = []
        for answer in answers:
            if not answer.current:
                unreadable[answer.id] = _OF_ANOTHER
                continue
            try:
                told = self._read(answer.provider, answer.body, parcel_of(answer))
                read.append((answer, with_handover(told)))
            except Exception as error:  # noqa: BLE001 - a mapping's fault with one answer holds up no other
                unreadable[answer.id] = f"{type(error).__name__}: {error}".replace("\0", "")[:_WORDS]
        scans = [(answer, scan) for answer, reading in read for scan in scans_of(answer, reading)]
        outcomes = await observe(work, [scan for _, scan in scans])
        heard = _heard(scans, outcomes)
        after = {told.shipment.id: told.shipment for told in outcomes if isinstance(told, Observed)}
        newest = {answer.shipment_id: (answer, reading) for answer, reading in read if not answer.again}
        asked = [(answer, reading, after.get(answer.shipment_id)) for answer, reading in newest.values()]
        expected = [promise for one in asked for promise in _promised(*one)]
        expected += await foretold(work.scope, work.connection, asked)
        outcomes += await observe(work, expected)
        await complete(work, completions(_sightings(scans, outcomes)))
        await learn(work, [sample for one in read if (sample := sample_of(*one)) is not None])
        await mark_read(work, answers, unreadable)
        seen = {
            answer.shipment_id
            for (answer, _), outcome in zip(scans, outcomes, strict=False)  # promises follow the scans
            if isinstance(outcome, Observed) and not outcome.known
        }
        await _replan(work, answers, outcomes, seen)
        refused = sum(isinstance(outcome, KarlaError) for outcome in outcomes)
        if refused or unreadable:
            log.warning("carriers' words not taken", scans=refused, answers=len(unreadable))
        return len(answers), heard


def _sightings(
    scans: Sequence[tuple[Answer, Observation]], outcomes: Sequence[Observed | KarlaError]
) -> Sequence[Sighting]:
    """The scans with what became of them; the outcomes of promises follow."""
    told = zip(scans, outcomes, strict=False)
    return [Sighting(observation, outcome, answer.again) for (answer, observation), outcome in told]


def _heard(scans: Sequence[tuple[Answer, Observation]], outcomes: Sequence[Observed | KarlaError]) -> Sequence[Heard]:
    """What was new, and how old it was when it was told; what is read again is neither."""
    new: defaultdict[UUID, list[datetime]] = defaultdict(list)
    about: dict[UUID, Answer] = {}
    for (answer, scan), outcome in zip(scans, outcomes, strict=True):
        if isinstance(outcome, Observed) and not outcome.known and not answer.again:
            about[answer.id] = answer
            new[answer.id].append(scan.event_time)
    return [
        Heard(
            shop_id=answer.shop_id,
            provider=answer.provider,
            carrier=answer.carrier,
            scans=len(new[answer.id]),
            ages=ages_of(new[answer.id], answer.placed_at, answer.as_of),
        )
        for answer in about.values()
    ]


async def _replan(
    work: Work, answers: Sequence[Answer], outcomes: Sequence[Observed | KarlaError], seen: Collection[UUID]
) -> None:
    """Have each parcel to which something happened asked about in its time: its carrier was asked just now.

    Those that were `seen` have a new scan.
    """
    about = {answer.shipment_id: answer for answer in answers}
    after = {
        outcome.shipment.id: outcome.shipment
        for outcome in outcomes
        if isinstance(outcome, Observed) and not outcome.known
    }
    by_clock = {answer.shop_id for answer in answers if answer.provider in providers_by_test_clock()}
    clocks = {shop_id: await standing_clock(work, shop_id) for shop_id in sorted(by_clock)}
    plans = []
    for shipment in after.values():
        answer = about[shipment.id]
        clock = clocks.get(shipment.shop_id) if answer.provider in providers_by_test_clock() else None
        now = shown(clock, work.now)
        situation = Situation(
            phase=shipment.phase,
            event_time=shipment.event_time,
            expected_from=shipment.expected_from,
            changed_at=now,
        )
        plan = next_ask(situation, now, hour_at(answer.country, answer.postal_code, now))
        if plan.at is not None:
            plan = Ask(real_time(clock, plan.at, work.now) or NEVER, plan.urgency)
        seen_at = now if shipment.id in seen else None
        plans.append(Planned(shop_id=shipment.shop_id, shipment_id=shipment.id, next=plan, seen_at=seen_at))
    await replan(work, plans)


def scans_of(answer: Answer, reading: Reading) -> Sequence[Observation]:
    """The scans of an answer whose meaning is known, and that have happened: a carrier's clock is off by hours."""
    latest = answer.as_of + _AHEAD
    return [
        _observation(answer, scan, scan.event_name)
        for scan in reading.scans
        if scan.event_name is not None and scan.event_time <= latest
    ]


def _observation(answer: Answer, scan: Scan, event_name: str) -> Observation:
    said = {"carrier_code": scan.raw_code, "carrier_text": scan.raw_text or None}
    told = {name: value for name, value in scan.additional_info.items() if name != _CORRECTION}
    info = _storable({name: value for name, value in said.items() if value is not None} | told)
    return Observation(
        shop_id=answer.shop_id,
        shipment_id=answer.shipment_id,
        origin=answer.provider,
        external_id=scan.external_id,
        event_name=event_name,
        event_time=scan.event_time,
        correction=scan.additional_info.get(_CORRECTION) is True,
        timezone=scan.timezone,
        location=_storable(dict(scan.location)) or None,
        additional_info=info or None,
    )


def _storable(told: dict[str, Any]) -> dict[str, Any]:
    """Without the one sign that PostgreSQL can't store in a text."""
    return cast("dict[str, Any]", msgspec.json.decode(msgspec.json.encode(told).replace(b"\\u0000", b"")))


def _promised(answer: Answer, reading: Reading, after: Shipment | None) -> Sequence[Observation]:
    """That the carrier promises another window; a later one of a parcel on its way is a delay besides.

    `after` is the parcel as the answer's scans left it, None where there were none. What stands may be a forecast:
    a promise replaces it and is no delay, but one that has passed already is worth less.
    """
    window = reading.expected_from, reading.expected_to
    phase = after.phase if after else answer.phase
    if window == (None, None) or phase in TERMINAL:
        return []
    forecast = answer.expected_confidence is not None
    if forecast and passed(reading.expected_to, answer.as_of):
        return []
    if not forecast and window == (answer.expected_from, answer.expected_to):
        return []
    bounds = {"from": reading.expected_from, "to": reading.expected_to}
    info = {"expected_delivery": {name: time.isoformat() for name, time in bounds.items() if time is not None}}
    names = [UPDATED]
    if phase in ON_ITS_WAY and not forecast and moved_out(answer.expected_to, reading.expected_to):
        names.append(DELAYED)
    return [
        Observation(
            shop_id=answer.shop_id,
            shipment_id=answer.shipment_id,
            origin=answer.provider,
            external_id=f"{name}:{answer.id}",
            event_name=name,
            event_time=answer.as_of,
            additional_info=info,
        )
        for name in names
    ]


def parcel_of(answer: Answer) -> Parcel:
    """What has to be known of a parcel to read what was told of it."""
    return Parcel(
        tracking_number=answer.tracking_number,
        carrier_reference=answer.carrier,
        destination_country=answer.country,
        destination_postal_code=answer.postal_code,
        placed_at=answer.placed_at,
    )
