"""Something was seen to happen to shipments: it goes on their timelines, and out."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from karla.domain.shipments.commands import writing
from karla.domain.shipments.queries.files import Key, documents_of, file_from
from karla.domain.shipments.records import Observation, Observed, OrderFile, Shipment, ShipmentEvent, TimelineEvent
from karla.domain.shipments.rules.timelines import may_carry, standing, unknown_event, with_event
from karla.infra.errors import Conflict, Fault, Invalid, KarlaError, NotFound
from karla.infra.ids import new_id
from karla.infra.work import Work
from karla.vocabulary.events import CATALOGUE

# As `orders.commands` locks, and in the same order. What the rows hold is read by a statement of its own afterwards:
# this one sees what was there before it had to wait.
_LOCK = """
    select o.shop_id, o.id, w.shipments
    from (
        select s.shop_id, s.order_id, array_agg(s.id) as shipments from shipments s
        join unnest($1::uuid[], $2::uuid[]) as w (shop_id, id) on s.shop_id = w.shop_id and s.id = w.id
        where s.shop_id = any ($3::uuid[])
        group by s.shop_id, s.order_id
    ) w
    join orders o on o.shop_id = w.shop_id and o.id = w.order_id
    order by o.id for update of o
"""


async def observe(work: Work, observations: Sequence[Observation]) -> list[Observed | KarlaError]:
    """Append each observation to its shipment's timeline; one that is there already changes and tells nothing.

    A bad one fails alone, as an error in its place. Every event is kept, also one that comes late:
    the phase follows from the whole timeline, in whatever order it was learnt.
    """
    files = await _locked_files(work, observations)
    changed: dict[UUID, Shipment] = {}
    appended: list[tuple[TimelineEvent, Observation]] = []
    outcomes: list[Observed | KarlaError] = []
    for observation in observations:
        try:
            outcome = _observed(work, observation, files.of(observation))
        except KarlaError as error:
            outcomes.append(error)
            continue
        outcomes.append(outcome)
        if not outcome.known:
            files.put(outcome.file)
            changed[observation.shipment_id] = _announced(work, outcome)
            appended.append((outcome.event, observation))
    timeline = [(observation.shop_id, event) for event, observation in appended]
    await writing.move(work, list(changed.values()), timeline)
    await writing.keep_sightings(work, appended)
    return outcomes


def _announced(work: Work, new: Observed) -> Shipment:
    """The shipment after the event, which is announced."""
    shipment = next(s for s in new.file.shipments if s.id == new.event.shipment_id)
    work.emit(
        ShipmentEvent(
            event_id=new.event.id,
            shop_id=shipment.shop_id,
            kind=CATALOGUE[new.event.event_name],
            shipment=shipment,
            file=new.file,
            occurred_at=new.event.event_time,
        )
    )
    return shipment


def _observed(work: Work, observation: Observation, file: OrderFile | None) -> Observed:
    """The order's file with the observation in it."""
    if file is None:
        raise NotFound("shipment_not_found", "The requested shipment does not exist.")
    if faults := unknown_event(observation.event_name):
        raise Invalid("event_name_invalid", "The event name is not known.", faults)
    kind = CATALOGUE[observation.event_name]
    shipment = next(s for s in file.shipments if s.id == observation.shipment_id)
    for event in file.events_of(shipment.id):
        if (event.origin, event.external_id) == (observation.origin, observation.external_id):
            if event.event_name != observation.event_name:
                raise Conflict("shipment_event_exists", "Another event has this external id.")
            return Observed(event, file, known=True)
    if not may_carry(shipment, kind):
        fault = Fault(("body", "event_name"), "Needs a tracking number on the shipment", "event_name_invalid")
        raise Invalid("shipment_is_draft", "A shipment without a tracking number can't have this event.", [fault])
    event = TimelineEvent(
        shipment_id=shipment.id,
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
    timeline = with_event(file.timeline, event)
    after = standing(shipment, timeline, work.now)
    shipments = tuple(after if s.id == after.id else s for s in file.shipments)
    now = OrderFile(file.order, shipments, timeline)
    return Observed(event, now, known=False)


class _Files:
    """The files of orders as they stand; each is read when it is wanted, and then still in the cache."""

    def __init__(self, order_of: Mapping[Key, Key], documents: Mapping[Key, str]) -> None:
        self._order_of = order_of
        self._documents = documents
        self._read: dict[Key, OrderFile] = {}

    def of(self, observation: Observation) -> OrderFile | None:
        """The file with the shipment that was observed, if there is one."""
        order = self._order_of.get((observation.shop_id, observation.shipment_id))
        if order is None:
            return None
        if order not in self._read:
            self._read[order] = file_from(self._documents[order])
        return self._read[order]

    def put(self, file: OrderFile) -> None:
        """The order stands so now."""
        self._read[file.order.shop_id, file.order.id] = file


async def _locked_files(work: Work, observations: Sequence[Observation]) -> _Files:
    """The files of the orders that these shipments belong to, locked by order."""
    locked = await work.connection.fetch(
        _LOCK,
        [observation.shop_id for observation in observations],
        [observation.shipment_id for observation in observations],
        list(work.scope.shops),
    )
    order_of = {(shop, shipment): (shop, order) for shop, order, shipments in locked for shipment in shipments}
    return _Files(order_of, await documents_of(work.scope, work.connection, set(order_of.values())))
