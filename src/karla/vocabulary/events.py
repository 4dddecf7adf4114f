"""The words of events: phases, groups, the catalogue of events and its texts (the CSV files beside this)."""

import csv
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType

import msgspec


class Phase(StrEnum):
    """Where a shipment is in its life; also the second segment of its events' refs."""

    ORDER_CREATED = "order_created"
    ORDER_PROCESSED = "order_processed"
    IN_TRANSIT = "in_transit"
    IN_DELIVERY = "in_delivery"
    COLLECT = "collect"
    DELIVERED = "delivered"
    DELIVERY_FAILED = "delivery_failed"
    RETURNED = "returned"
    RETURN_CREATED = "return_created"
    RETURN_TRANSIT = "return_transit"
    RETURN_RECEIVED = "return_received"
    RETURN_FAILED = "return_failed"


class State(StrEnum):
    """The coarse view of a phase; `archived` is set by age, never by an event."""

    PENDING = "pending"
    TRANSIT = "transit"
    COLLECT = "collect"
    DELIVERED = "delivered"
    ARCHIVED = "archived"
    RETURNED = "returned"


class Flag(StrEnum):
    """How well things go."""

    NORMAL = "normal"
    DELAY = "delay"
    ERROR = "error"


class Direction(StrEnum):
    """Which way the parcel travels; the same event belongs to another group on its way back."""

    MERCHANT_CUSTOMER = "merchant_customer"
    CUSTOMER_MERCHANT = "customer_merchant"


class Owner(StrEnum):
    """Who can solve the problem that an event reports; `none` exactly where the flag is normal."""

    NONE = "none"
    CARRIER = "carrier"
    MERCHANT = "merchant"
    CONSIGNEE = "consignee"
    CUSTOMS = "customs"
    WEATHER = "weather"
    OTHER = "other"


STATE_OF: Mapping[Phase, State] = MappingProxyType(
    {
        Phase.ORDER_CREATED: State.PENDING,
        Phase.ORDER_PROCESSED: State.PENDING,
        Phase.IN_TRANSIT: State.TRANSIT,
        Phase.IN_DELIVERY: State.TRANSIT,
        Phase.COLLECT: State.COLLECT,
        Phase.DELIVERED: State.DELIVERED,
        Phase.DELIVERY_FAILED: State.TRANSIT,
        Phase.RETURNED: State.RETURNED,
        Phase.RETURN_CREATED: State.PENDING,
        Phase.RETURN_TRANSIT: State.TRANSIT,
        Phase.RETURN_RECEIVED: State.RETURNED,
        Phase.RETURN_FAILED: State.TRANSIT,
    }
)
TERMINAL = frozenset({Phase.DELIVERED, Phase.RETURNED, Phase.RETURN_RECEIVED})
RETURN_PHASES = frozenset({Phase.RETURN_CREATED, Phase.RETURN_TRANSIT, Phase.RETURN_RECEIVED, Phase.RETURN_FAILED})

# No event's own group: a filter that matches every handover.
ALL_DELIVERED = "shipment_delivered_all_events"

FORWARD_GROUPS = (
    "shipment_pre_transit",
    "shipment_in_transit",
    "shipment_damaged",
    "shipment_carrier_delay",
    "shipment_out_for_delivery",
    "shipment_delivery_failed",
    "shipment_delivery_failed_forwarded_to_parcel_shop",
    "shipment_delivery_failed_address_issue",
    "shipment_delivery_second_attempt",
    "shipment_delivered",
    "shipment_delivered_to_neighbour",
    "shipment_delivered_to_letterbox",
    "shipment_delivered_to_parcel_shop",
    "shipment_delivered_to_parcel_locker",
    "shipment_picked_up",
    "shipment_failed_returned",
    "shipment_refused_then_returned",
    "shipment_not_picked_up_then_returned",
    "shipment_delayed_due_to_customer_request",
    ALL_DELIVERED,
    "shipment_internal_trigger",
    "shipment_carrier_changed",
    "shipment_order_cancelled",
)
RETURN_GROUPS = (
    "return_shipment_pre_transit",
    "return_shipment_in_transit",
    "return_shipment_out_for_delivery",
    "return_shipment_delivered",
    "return_shipment_delivery_failed",
)
CLAIM_ACTIONS = ("created", "updated")
CLAIM_GROUPS = tuple(f"claim_{action}" for action in CLAIM_ACTIONS)


class Notice(StrEnum):
    """What is told of a webhook itself; also the second segment of the event's ref."""

    FAILING = "failing"
    RECOVERED = "recovered"
    DISABLED = "disabled"
    TEST = "test"

    @property
    def ref(self) -> str:
        """What webhooks subscribe to."""
        return f"{WEBHOOKS}/{self}"

    @property
    def group(self) -> str:
        """Its notification bucket."""
        return f"webhook_{self}"


WEBHOOKS = "webhooks"
WEBHOOK_GROUPS = tuple(notice.group for notice in Notice)
GROUPS = frozenset({*FORWARD_GROUPS, *RETURN_GROUPS, *CLAIM_GROUPS, *WEBHOOK_GROUPS})

EVENT_NAME = re.compile(r"[A-Z][A-Z0-9_]*")


class EventKind(msgspec.Struct, frozen=True):
    """One row of the catalogue.

    `group` and `return_group` are None where the event has no bucket of its own in that direction.
    `draft`: a shipment without a tracking number may carry it. `handover`: on its way to the customer the
    filter `shipment_delivered_all_events` matches it too. `position` is the row's place, the tie-break
    between equal times.
    """

    name: str
    phase: Phase
    group: str | None
    return_group: str | None
    flag: Flag
    owner: Owner
    draft: bool
    handover: bool
    position: int

    @property
    def ref(self) -> str:
        """What webhooks subscribe to."""
        return f"shipments/{self.phase}/{self.name}"

    def group_for(self, direction: Direction) -> str | None:
        """The notification bucket of this event on a shipment that travels in `direction`; None notifies nobody.

        A return may be told of on the parcel that went out: its group is the one of the way back then.
        """
        if direction == Direction.CUSTOMER_MERCHANT:
            return self.return_group
        return self.group or (self.return_group if self.phase in RETURN_PHASES else None)


class EventTexts(msgspec.Struct, frozen=True):
    """What a shopper reads about an event in one language; only `subtitle` may be empty."""

    status: str
    headline: str
    title: str
    subtitle: str


CATALOGUE_FIELDS = ("name", "phase", "group", "return_group", "flag", "owner", "draft", "handover")
TEXT_FIELDS = ("name", "status", "headline", "title", "subtitle")
_HERE = files("karla.vocabulary")
_ALIASES = {"dk": "da"}


def rows(file: Traversable, fields: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """The rows of a CSV file with exactly these fields; ValueError names the first that is no such row."""
    lines = csv.reader(file.read_text(encoding="utf-8").splitlines(), strict=True)
    if tuple(next(lines, ())) != fields:
        raise ValueError(f"{file.name}: the header must be {','.join(fields)}")
    for cells in lines:
        if len(cells) != len(fields):
            raise ValueError(f"{file.name}, line {lines.line_num}: {len(fields)} cells are needed")
        yield dict(zip(fields, cells, strict=True))


def read_catalogue(file: Traversable) -> Mapping[str, EventKind]:
    """The events of a CSV file by name, in its order; ValueError names the first bad row."""
    kinds: dict[str, EventKind] = {}
    for position, row in enumerate(rows(file, CATALOGUE_FIELDS)):
        try:
            kind = _kind(row, position)
        except ValueError as error:
            raise ValueError(f"{file.name}, event {row['name']!r}: {error}") from error
        if kind.name in kinds:
            raise ValueError(f"{file.name}, event {kind.name!r}: it is there twice")
        kinds[kind.name] = kind
    return MappingProxyType(kinds)


def _kind(row: Mapping[str, str], position: int) -> EventKind:
    kind = EventKind(
        name=row["name"],
        phase=Phase(row["phase"]),
        group=row["group"] or None,
        return_group=row["return_group"] or None,
        flag=Flag(row["flag"]),
        owner=Owner(row["owner"]),
        draft=_yes(row["draft"]),
        handover=_yes(row["handover"]),
        position=position,
    )
    if not EVENT_NAME.fullmatch(kind.name):
        raise ValueError("a name is in UPPER_SNAKE_CASE")
    if kind.group not in {None, *FORWARD_GROUPS} or kind.return_group not in {None, *RETURN_GROUPS}:
        raise ValueError("a group is not known")
    if (kind.owner is Owner.NONE) != (kind.flag is Flag.NORMAL):
        raise ValueError("the owner is none exactly where the flag is normal")
    return kind


def _yes(cell: str) -> bool:
    if cell not in {"yes", "no"}:
        raise ValueError(f"{cell!r} is neither yes nor no")
    return cell == "yes"


CATALOGUE = read_catalogue(_HERE / "event_catalogue.csv")


def read_texts(file: Traversable) -> Mapping[str, EventTexts]:
    """One language's texts by event name; ValueError for an unknown event or an empty text."""
    found: dict[str, EventTexts] = {}
    for row in rows(file, TEXT_FIELDS):
        name = row.pop("name")
        if name not in CATALOGUE or name in found:
            raise ValueError(f"{file.name}, event {name!r}: not in the catalogue, or there twice")
        if not (row["status"] and row["headline"] and row["title"]):
            raise ValueError(f"{file.name}, event {name!r}: a text is empty")
        found[name] = EventTexts(**row)
    return MappingProxyType(found)


LANGUAGES = frozenset(
    file.name.removesuffix(".csv") for file in (_HERE / "event_texts").iterdir() if file.name.endswith(".csv")
)


@cache
def _texts_in(language: str) -> Mapping[str, EventTexts]:
    return read_texts(_HERE / "event_texts" / f"{language}.csv")


def language_code(language: str) -> str:
    """The code that texts are kept under: without a region, and Danish is `da`."""
    code = re.split("[-_]", language.lower(), maxsplit=1)[0]
    return _ALIASES.get(code, code)


@lru_cache(maxsize=10_000)
def texts(name: str, language: str) -> EventTexts:
    """The texts of an event of the catalogue (else KeyError), in English where `language` lacks them.

    `language` may carry a region (`de-AT`); `dk` is read as `da`.
    """
    code = language_code(language)
    found = _texts_in(code).get(name) if code in LANGUAGES else None
    return found or _texts_in("en")[name]
