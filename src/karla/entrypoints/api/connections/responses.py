"""What is answered about connections; no answer holds a secret."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from karla.domain.connections.records import ConnectionStatus, ShopConnection
from karla.entrypoints.api.integrations import push_url
from karla.entrypoints.api.times import Timestamp, stamp

Verdict = Literal["ok", "refused", "busy", "unreachable"]


class ConnectionDetail(msgspec.Struct, kw_only=True):
    """A shop's account with a third party.

    `refused`: the third party no longer takes the credentials, `refused_reason` has its words, and Karla doesn't use
    the account until it has others, or a test goes well. Of sensitive `credentials` at most the end is shown.
    `last_error` is null after a use that went well.
    """

    uuid: str
    kind: str
    integration: str
    name: str
    status: ConnectionStatus
    refused_reason: str | None
    credentials: dict[str, str]
    created_at: Timestamp
    updated_at: Timestamp
    last_used_at: Timestamp | None
    last_ok_at: Timestamp | None
    last_error: str | None
    push_url: Annotated[
        str | None,
        Meta(
            description="To be entered at the third party, so that it tells of the shop's parcels by itself; null "
            "where it doesn't."
        ),
    ]
    shop_slug: str


class ConnectionTested(msgspec.Struct, kw_only=True):
    """What came of a test, and the connection after it."""

    outcome: Annotated[
        Verdict,
        Meta(
            description="`refused`: the credentials are not taken. `busy`: there were too many calls, and "
            "`unreachable`: there was no usable answer; both say nothing of the credentials."
        ),
    ]
    message: Annotated[str | None, Meta(description="What went wrong, in a sentence; null if nothing did.")]
    connection: ConnectionDetail


def connection_detail(connection: ShopConnection, shop_slug: str, base_url: str) -> ConnectionDetail:
    """The record as the API at this address shows it."""
    return ConnectionDetail(
        uuid=str(connection.id),
        kind=connection.kind,
        integration=connection.slug,
        name=connection.name,
        status=connection.status,
        refused_reason=connection.refused_reason,
        credentials={**connection.settings, **connection.hints},
        created_at=stamp(connection.created_at),
        updated_at=stamp(connection.updated_at),
        last_used_at=stamp(connection.last_used_at),
        last_ok_at=stamp(connection.last_ok_at),
        last_error=connection.last_error,
        push_url=push_url(connection.kind, connection.slug, base_url, shop_slug),
        shop_slug=shop_slug,
    )
