"""What callers ask of the journal, and the shape of its events."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from karla.entrypoints.api.times import Timestamp
from karla.infra.paging import PerPage

Ref = Annotated[str, Meta(max_length=200, description="A ref, or its beginning in whole segments; `*` is any.")]
Group = Annotated[
    str, Meta(max_length=200, description="An event group; `shipment_delivered_all_events` is every handover.")
]
WithTests = Annotated[bool, Meta(description="Also what was made up to test a webhook.")]


class Sort(StrEnum):
    """Which events come first."""

    ASCENDING = "asc"
    DESCENDING = "desc"


class EventSearch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events; all that are given must hold."""

    ref: Ref | None = None
    group: Group | None = None
    order: Annotated[str, Meta(max_length=255, description="Any reference of an order.")] | None = None
    shipment: Annotated[str, Meta(max_length=255, description="Any reference of a shipment.")] | None = None
    since: Annotated[datetime, Meta(description="Triggered at this time or later.")] | None = None
    until: Annotated[datetime, Meta(description="Triggered before this time.")] | None = None
    include_test: WithTests = False
    sort: Annotated[Sort, Meta(description="`desc`, the newest first, or `asc`, the oldest first.")] = Sort.DESCENDING
    cursor: Annotated[str, Meta(max_length=500, description="`Karla-Next-Cursor` of the page before.")] | None = None
    per_page: PerPage = 30


class EventStream(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events; all that are given must hold."""

    ref: Ref | None = None
    group: Group | None = None
    include_test: WithTests = False


class EventEntry(msgspec.Struct, kw_only=True):
    """One event: its id, and the members of its webhook payload."""

    event_id: UUID
    source: str
    ref: str
    version: int
    triggered_at: Timestamp
    event_group: str | None
    event_data: dict[str, Any]
    context: dict[str, Any]
    shop_slug: str
    shop_id: UUID
