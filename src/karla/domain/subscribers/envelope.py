"""What subscribers are sent: a fact as JSON, member by member as the reference shows it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, TypeAlias
from uuid import UUID

import msgspec
from msgspec import Meta

from karla.domain.orders.records import Order
from karla.domain.orders.rules import customer_name
from karla.domain.shipments.records import Consignment, Shipment, ShipmentEvent
from karla.domain.subscribers.records.lanes import WebhookNotice
from karla.infra.iso8601 import iso8601
from karla.infra.json_text import encode
from karla.infra.work import Fact
from karla.vocabulary.events import CATALOGUE, WEBHOOKS, Direction, Flag, Notice, Phase, State
from karla.vocabulary.locale import wire_code

VERSION = 1

_ADDRESS = dict.fromkeys(
    (
        "name",
        "address_line_1",
        "address_line_2",
        "city",
        "zip_code",
        "country",
        "country_code",
        "province",
        "province_code",
        "phone",
    )
)
# What tells the lines of an order apart; the rest of each stands in the order beside it.
_LINE = ("sku", "title", "product_id", "variant_id", "quantity")

# As they are stored.
Objects: TypeAlias = Annotated[msgspec.Raw, Meta(extra_json_schema={"type": "array", "items": {"type": "object"}})]

# All members are there, so that whoever looks for one finds null rather than nothing.
_NO_CONTEXT = msgspec.Raw(b'{"order":null,"customer":null,"shipments":[],"claims":[]}')


class ShipmentData(msgspec.Struct, frozen=True, kw_only=True):
    """`event_data` of a shipment's event."""

    shipment_id: UUID
    event_id: UUID
    event_name: str
    event_group: str | None
    phase: Phase
    direction: Direction
    carrier_reference: str | None
    tracking_number: str | None
    tracking_url: str | None
    external_shipment_id: str | None
    event_time: str
    updated_at: str


class NoticeData(msgspec.Struct, frozen=True, kw_only=True):
    """`event_data` of what is told of a webhook: how the endpoint has been doing up to then.

    `failures` counts the failed attempts in a row, the first of which was at `failing_since`. `last_status_code`
    and `last_error` are of the attempt that failed last: without a status there was no answer.
    """

    webhook_id: UUID
    url: str
    event_id: UUID
    event_name: Notice
    event_group: str
    failing_since: str | None
    failures: int
    last_status_code: int | None
    last_error: str | None
    updated_at: str


class OrderContext(msgspec.Struct, frozen=True, kw_only=True):
    """`context.order`; prices and the weight, in grams, are numbers always, 0 where none was told."""

    uuid: UUID
    order_number: str
    order_name: str | None
    external_id: str | None
    external_customer_id: str | None
    order_placed_at: str
    currency: str
    total_order_price: Decimal
    sub_total_price: Decimal
    shipping_price: Decimal
    discount_price: Decimal
    email_id: str | None
    segments: Sequence[str]
    address: dict[str, Any]
    products: Objects
    discounts: Objects
    weight: Decimal


class CustomerContext(msgspec.Struct, frozen=True, kw_only=True):
    """`context.customer`; a guest has no external id."""

    external_id: str | None
    email: str | None
    first_name: str | None
    last_name: str | None


class ArrivalContext(msgspec.Struct, frozen=True):
    """When a shipment is expected: a day, or the first and the last one, as in `2026-03-16 – 2026-03-18`."""

    time_prediction: str
    language: str


class ShipmentContext(msgspec.Struct, frozen=True, kw_only=True):
    """One of `context.shipments`."""

    id: UUID
    order_id: UUID
    order_number: str
    tracking_number: str | None
    external_shipment_id: str | None
    carrier_reference: str | None
    tracking_url: str | None
    phase: Phase
    state: State
    flag: Flag
    direction: Direction
    estimated_arrival: ArrivalContext | None
    pickup: dict[str, Any] | None
    products: list[dict[str, Any]]
    updated_at: str


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """The whole entities around an event, as they stand right after it; what is told of a webhook has none."""

    order: OrderContext | None
    customer: CustomerContext | None
    shipments: list[ShipmentContext]
    claims: list[dict[str, Any]]


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """One event as every subscriber gets it.

    `shop_slug` and `shop_id` follow: the journal appends them, in the statement that knows the slug.
    """

    source: str
    ref: str
    version: int
    triggered_at: str
    event_group: str | None
    event_data: ShipmentData | NoticeData
    context: msgspec.Raw


class EntryKind(msgspec.Struct, frozen=True, kw_only=True):
    """What entries have in common whose facts are of one kind."""

    source: str
    ref: str
    event_name: str
    event_group: str | None
    test: bool = False


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A fact ready for the journal; `head` is its envelope up to and without the shop.

    `subject_id` is the one thing that it is about: a shipment, or a webhook, which is not told of itself.
    """

    id: UUID
    shop_id: UUID
    kind: EntryKind
    triggered_at: datetime
    order_id: UUID | None
    shipment_id: UUID | None
    subject_id: UUID
    head: bytes


_AFTER = timedelta(microseconds=1)


class Entries:
    """The facts of one transaction as the journal keeps them.

    Each is triggered a microsecond after the one before, so that the journal keeps their order.
    """

    def __init__(self, now: datetime) -> None:
        self._made: list[Entry] = []
        self._next = now
        self._told: Consignment | None = None
        self._context = _NO_CONTEXT

    def add(self, fact: Fact) -> None:
        """Make its entry; TypeError for a fact that has no envelope."""
        triggered_at, self._next = self._next, self._next + _AFTER
        match fact:
            case ShipmentEvent():
                self._made.append(_shipment_entry(fact, triggered_at, self._context_of(fact.consignment)))
            case WebhookNotice():
                self._made.append(_notice_entry(fact, triggered_at))
            case _:
                raise TypeError(f"a {type(fact).__name__} has no envelope")

    def taken(self, count: int) -> list[Entry]:
        """The first so many that were made and not taken yet."""
        taken, self._made = self._made[:count], self._made[count:]
        return taken

    def _context_of(self, consignment: Consignment) -> msgspec.Raw:
        # The events of an order that come one after another share its record, and so its encoded form.
        if consignment is not self._told:
            self._told, self._context = consignment, msgspec.Raw(encode(_context(consignment)))
        return self._context


def entry_of(fact: Fact, now: datetime) -> Entry:
    """The entry of a fact that is told by itself."""
    entries = Entries(now)
    entries.add(fact)
    (entry,) = entries.taken(1)
    return entry


@cache
def _kind(event_name: str, direction: Direction) -> EntryKind:
    kind = CATALOGUE[event_name]
    group = kind.group_for(direction)
    return EntryKind(source="shipments", ref=kind.ref, event_name=kind.name, event_group=group)


def _shipment_entry(fact: ShipmentEvent, triggered_at: datetime, context: msgspec.Raw) -> Entry:
    kind = _kind(fact.kind.name, fact.shipment.direction)
    envelope = Envelope(
        source=kind.source,
        ref=kind.ref,
        version=VERSION,
        triggered_at=iso8601(triggered_at),
        event_group=kind.event_group,
        event_data=_shipment_data(fact),
        context=context,
    )
    return Entry(
        id=fact.event_id,
        shop_id=fact.shop_id,
        kind=kind,
        triggered_at=triggered_at,
        order_id=fact.shipment.order_id,
        shipment_id=fact.shipment.id,
        subject_id=fact.shipment.id,
        head=encode(envelope)[:-1],
    )


def _notice_entry(fact: WebhookNotice, triggered_at: datetime) -> Entry:
    kind = EntryKind(
        source=WEBHOOKS,
        ref=fact.notice.ref,
        event_name=fact.notice,
        event_group=fact.notice.group,
        test=fact.notice is Notice.TEST,
    )
    envelope = Envelope(
        source=kind.source,
        ref=kind.ref,
        version=VERSION,
        triggered_at=iso8601(triggered_at),
        event_group=kind.event_group,
        event_data=_notice_data(fact),
        context=_NO_CONTEXT,
    )
    return Entry(
        id=fact.event_id,
        shop_id=fact.shop_id,
        kind=kind,
        triggered_at=triggered_at,
        order_id=None,
        shipment_id=None,
        subject_id=fact.webhook_id,
        head=encode(envelope)[:-1],
    )


def _notice_data(fact: WebhookNotice) -> NoticeData:
    failure = fact.lane.last_failure
    return NoticeData(
        webhook_id=fact.webhook_id,
        url=fact.url,
        event_id=fact.event_id,
        event_name=fact.notice,
        event_group=fact.notice.group,
        failing_since=iso8601(fact.lane.failing_since) if fact.lane.failing_since else None,
        failures=fact.lane.failures,
        last_status_code=failure.status_code if failure else None,
        last_error=failure.error if failure else None,
        updated_at=iso8601(fact.occurred_at),
    )


def _shipment_data(fact: ShipmentEvent) -> ShipmentData:
    shipment = fact.shipment
    return ShipmentData(
        shipment_id=shipment.id,
        event_id=fact.event_id,
        event_name=fact.kind.name,
        event_group=fact.group,
        phase=fact.kind.phase,
        direction=shipment.direction,
        carrier_reference=shipment.carrier_reference,
        tracking_number=shipment.tracking_number,
        tracking_url=shipment.tracking_url,
        external_shipment_id=shipment.external_shipment_id,
        event_time=iso8601(fact.occurred_at),
        updated_at=iso8601(shipment.updated_at),
    )


def _context(consignment: Consignment) -> Context:
    order = consignment.order
    first_name, last_name = customer_name(order)
    return Context(
        order=_order(order),
        customer=CustomerContext(
            external_id=order.external_customer_id,
            email=order.email_id,
            first_name=first_name,
            last_name=last_name,
        ),
        shipments=[_shipment(shipment, order) for shipment in consignment.shipments],
        claims=[],
    )


def _order(order: Order) -> OrderContext:
    return OrderContext(
        uuid=order.id,
        order_number=order.order_number,
        order_name=order.order_name,
        external_id=order.external_id,
        external_customer_id=order.external_customer_id,
        order_placed_at=iso8601(order.order_placed_at),
        currency=order.currency,
        total_order_price=order.total_order_price or Decimal(0),
        sub_total_price=order.sub_total_price or Decimal(0),
        shipping_price=order.shipping_price or Decimal(0),
        discount_price=order.discount_price or Decimal(0),
        email_id=order.email_id,
        segments=order.segments,
        address=_ADDRESS | order.address,
        products=order.products.text,
        discounts=order.discounts.text,
        weight=order.weight or Decimal(0),
    )


def _shipment(shipment: Shipment, order: Order) -> ShipmentContext:
    lines = shipment.products or ()  # not said: none, which means the whole order
    return ShipmentContext(
        id=shipment.id,
        order_id=shipment.order_id,
        order_number=order.order_number,
        tracking_number=shipment.tracking_number,
        external_shipment_id=shipment.external_shipment_id,
        carrier_reference=shipment.carrier_reference,
        tracking_url=shipment.tracking_url,
        phase=shipment.phase,
        state=shipment.state,
        flag=shipment.flag,
        direction=shipment.direction,
        estimated_arrival=_arrival(shipment),
        pickup=shipment.pickup,
        updated_at=iso8601(shipment.updated_at),
        products=[{name: line[name] for name in _LINE if name in line} for line in lines],
    )


def _arrival(shipment: Shipment) -> ArrivalContext | None:
    days = [moment.date().isoformat() for moment in (shipment.expected_from, shipment.expected_to) if moment]
    # Days in figures: they read the same in every language.
    return ArrivalContext(" – ".join(dict.fromkeys(days)), wire_code("en")) if days else None
