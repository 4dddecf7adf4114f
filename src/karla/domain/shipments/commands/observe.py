"""Something was seen to happen to shipments: it goes on their timelines, and out."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from karla.domain.orders import queries as orders
from karla.domain.shipments.commands import writing
from karla.domain.shipments.queries.files import Key
from karla.domain.shipments.queries.observed import shipments_of, telling_events
from karla.domain.shipments.queries.rows import shipment_from
from karla.domain.shipments.records import Consignment, Observation, Observed, Shipment, ShipmentEvent, TimelineEvent
from karla.domain.shipments.rules.timelines import may_carry, standing, unknown_event, with_event, with_shipments
from karla.infra.errors import Conflict, Fault, Invalid, KarlaError, NotFound
from karla.infra.ids import new_id
from karla.infra.parts import in_parts
from karla.infra.recordset import Row
from karla.infra.work import Work
from karla.vocabulary.events import CATALOGUE

# As `orders.commands` locks, and in the same order: of an order that it had to wait for, this gives the columns as they
# are then. The shipments are read by statements of their own afterwards: here those are seen that were there before.
# The `limit` makes PostgreSQL look up each shipment by its key: for many at once it would rather read a whole table
# that it takes for a small one.
_LOCK = f"""
    select w.shipments, {orders.COLUMNS}
    from (
        select s.shop_id, s.order_id, array_agg(s.id) as shipments
        from unnest($1::uuid[], $2::uuid[]) as w (shop_id, id)
        cross join lateral (
            select shop_id, order_id, id from shipments
            where shop_id = w.shop_id and id = w.id and shop_id = any ($3::uuid[]) limit 1
        ) s
        group by s.shop_id, s.order_id
    ) w
    join orders o on o.shop_id = w.shop_id and o.id = w.order_id
    order by o.id for update of o
"""  # noqa: S608 - no value is interpolated


async def observe(work: Work, observations: Sequence[Observation]) -> list[Observed | KarlaError]:
    """Append each observation to its shipment's timeline; one that is there already changes and tells nothing.

    (One that was withdrawn counts again, and is told again under its id.)

    A bad one fails alone, as an error in its place. Every event is kept, also one that comes late:
    the phase follows from the whole timeline, in whatever order it was learnt.
    """
    batch = await _locked(work, observations)
    done = await in_parts(observations, partial(_outcome, work, batch), partial(_write, work))
    return [outcome.result for outcome in done]


class _Told(NamedTuple):
    """What is to be written of an observation that was announced; no event where it was on the timeline before."""

    standing: Row
    event: Row | None


class _Outcome(msgspec.Struct, frozen=True):
    """What became of an observation; `told` is None where it was not announced."""

    observation: Observation
    result: Observed | KarlaError
    told: _Told | None = None


async def _write(work: Work, outcomes: Sequence[_Outcome]) -> None:
    told = [
        (outcome.observation, outcome.result, outcome.told)
        for outcome in outcomes
        if isinstance(outcome.result, Observed) and outcome.told
    ]
    moved = {result.shipment.id: written.standing for _, result, written in told}
    new = [(result.event, observation) for observation, result, _ in told if not result.known]
    again = [(observation.shop_id, result.event) for observation, result, _ in told if result.known]
    await writing.move(
        work, list(moved.values()), [written.event for _, _, written in told if written.event is not None]
    )
    await writing.mark(work, again)
    await writing.keep_sightings(work, new)
    await work.tell(len(told))


def _outcome(work: Work, batch: "_Batch", observation: Observation) -> _Outcome:
    """What becomes of it, announced: put into words at once, the order is still in the cache."""
    try:
        return _observed(work, batch, observation)
    except KarlaError as error:
        return _Outcome(observation, error)


def _observed(work: Work, batch: "_Batch", observation: Observation) -> _Outcome:
    consignment = batch.consignment(observation)
    if consignment is None:
        raise NotFound("shipment_not_found", "The requested shipment does not exist.")
    if faults := unknown_event(observation.event_name):
        raise Invalid("event_name_invalid", "The event name is not known.", faults)
    kind = CATALOGUE[observation.event_name]
    shipment = next(s for s in consignment.shipments if s.id == observation.shipment_id)
    timeline = batch.timeline(observation)
    for event in timeline:
        if (event.origin, event.external_id) == (observation.origin, observation.external_id):
            if event.event_name != observation.event_name:
                raise Conflict("shipment_event_exists", "Another event has this external id.")
            if event.withdrawn_at is None:
                return _Outcome(observation, Observed(event, shipment, known=True))
            # Told again of the parcel as it is now, so it was its own after all.
            own = msgspec.structs.replace(event, withdrawn_at=None)
            timeline = tuple(own if other.id == own.id else other for other in timeline)
            shipment = _announced(work, batch, consignment, shipment, timeline, own)
            told = _Told(writing.standing_row(shipment), None)
            return _Outcome(observation, Observed(own, shipment, known=True), told)
    if not may_carry(shipment, kind):
        fault = Fault(("body", "event_name"), "Needs a tracking number on the shipment", "event_name_invalid")
        raise Invalid("shipment_is_draft", "A shipment without a tracking number can't have this event.", [fault])
    event = _event(work, observation)
    shipment = _announced(work, batch, consignment, shipment, with_event(timeline, event), event)
    told = _Told(writing.standing_row(shipment), writing.event_row(shipment.shop_id, event))
    return _Outcome(observation, Observed(event, shipment, known=False), told)


def _announced(
    work: Work,
    batch: "_Batch",
    consignment: Consignment,
    shipment: Shipment,
    timeline: tuple[TimelineEvent, ...],
    event: TimelineEvent,
) -> Shipment:
    """The shipment as it stands by the timeline now, with the event announced."""
    shipment = standing(shipment, timeline, work.now)
    batch.put(shipment, timeline)
    work.emit(
        ShipmentEvent(
            event_id=event.id,
            shop_id=shipment.shop_id,
            kind=CATALOGUE[event.event_name],
            shipment=shipment,
            consignment=with_shipments(consignment, {shipment.id: shipment}),
            occurred_at=event.event_time,
        )
    )
    return shipment


def _event(work: Work, observation: Observation) -> TimelineEvent:
    return TimelineEvent(
        shipment_id=observation.shipment_id,
        id=new_id(),
        origin=observation.origin,
        external_id=observation.external_id,
        event_name=observation.event_name,
        event_time=observation.event_time,
        correction=observation.correction,
        timezone=observation.timezone,
        location=observation.location,
        additional_info=observation.additional_info,
        created_at=work.now,
    )


class _Found(NamedTuple):
    """The rows of an order and its shipments: records are made of them one after the other, as each is worked on.

    All at once they would lie in no cache by then.
    """

    order: Iterable[Any]
    shipments: Sequence[Iterable[Any]]

    def consignment(self) -> Consignment:
        """The records."""
        return Consignment(orders.order_from(self.order), tuple([shipment_from(row) for row in self.shipments]))


class _Batch:
    """The observed shipments as the batch goes on."""

    def __init__(self, found: Mapping[Key, _Found], timelines: dict[Key, tuple[TimelineEvent, ...]]) -> None:
        self._found = found
        self._timelines = timelines
        self._moved: dict[UUID, Shipment] = {}

    def consignment(self, observation: Observation) -> Consignment | None:
        """The order with the shipment that was observed, as it stands now; None if there is no such shipment."""
        found = self._found.get((observation.shop_id, observation.shipment_id))
        return with_shipments(found.consignment(), self._moved) if found else None

    def timeline(self, observation: Observation) -> tuple[TimelineEvent, ...]:
        """What of the shipment's timeline matters, see `telling_events`, and what the batch has brought so far."""
        return self._timelines.get((observation.shop_id, observation.shipment_id), ())

    def put(self, shipment: Shipment, timeline: tuple[TimelineEvent, ...]) -> None:
        """It stands so now."""
        self._moved[shipment.id] = shipment
        self._timelines[shipment.shop_id, shipment.id] = timeline


async def _locked(work: Work, observations: Sequence[Observation]) -> _Batch:
    """The observed shipments with the orders that they belong to, locked by order."""
    locked = await work.connection.fetch(
        _LOCK,
        [observation.shop_id for observation in observations],
        [observation.shipment_id for observation in observations],
        list(work.scope.shops),
    )
    keys = [(row["shop_id"], row["id"]) for row in locked]
    shipments = await shipments_of(work.scope, work.connection, keys)
    found: dict[Key, _Found] = {}
    for key, (observed, *order) in zip(keys, locked, strict=True):
        rows = _Found(order, shipments[key])
        found.update({(key[0], shipment_id): rows for shipment_id in observed})
    parcels = itertools.chain.from_iterable(shipments.values())
    return _Batch(found, await telling_events(work.scope, work.connection, observations, parcels))
