"""Integrations and connections as the API takes and answers them; tolerant as `answers`."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypedDict
from uuid import UUID

import msgspec

from karla.client.filters import Paging


class KindFilters(Paging, total=False):
    """Which integrations or connections; `kind` is one such as `carriers`."""

    kind: str


class ConnectionUpsert(TypedDict, total=False):
    """`credentials` by the names of the integration's fields; of a connection that is there secrets may be left out."""

    credentials: Mapping[str, str | None]
    name: str | None


class ConnectionChanges(TypedDict, total=False):
    """What to change."""

    paused: bool
    name: str


class IntegrationField(msgspec.Struct, frozen=True, kw_only=True):
    """A field of the form that connects an account; what is `sensitive` is never shown again."""

    name: str
    label: str
    help: str
    pattern: str
    sensitive: bool
    required: bool
    default: str | None


class IntegrationPace(msgspec.Struct, frozen=True, kw_only=True):
    """How fast Karla uses one account; None is no limit."""

    calls_per_second: float | None
    calls_per_day: int | None
    concurrency: int
    batch: int


class Integration(msgspec.Struct, frozen=True, kw_only=True):
    """A third party that shops can connect; `setup` tells how, in Markdown.

    `carriers` has, by reference in Karla's catalogue, what the provider calls each carrier that it tracks. `push_url`
    is where it tells by itself, with the shop's slug for `{slug}`.
    """

    kind: str
    integration: str
    name: str
    capabilities: list[str]
    languages: list[str]
    documentation: str
    fields: list[IntegrationField]
    pace: IntegrationPace
    carriers: dict[str, str]
    setup: str
    push_url: str | None = None


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """A shop's account with a third party; `status` is active, refused (see `refused_reason`) or paused.

    Of sensitive `credentials` at most the end is shown. `last_error` is None after a use that went well. `push_url` is
    to be entered at a third party that tells by itself.
    """

    uuid: UUID
    kind: str
    integration: str
    name: str
    status: str
    refused_reason: str | None
    credentials: dict[str, str]
    created_at: datetime
    updated_at: datetime
    last_used_at: datetime | None
    last_ok_at: datetime | None
    last_error: str | None
    push_url: str | None = None
    shop_slug: str


class ConnectionTest(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a test: `outcome` is ok, refused, busy or unreachable, `message` a sentence where it isn't ok."""

    outcome: str
    message: str | None
    connection: Connection
