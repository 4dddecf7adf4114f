"""Reads of connections; credentials leave their seal here alone."""

from typing import Any

import asyncpg
import msgspec

from karla.domain.connections.records import Account, ShopConnection
from karla.domain.connections.rules import sealed_about
from karla.infra.errors import NotFound
from karla.infra.paging import Paged
from karla.infra.sealing import Seals, Unreadable
from karla.infra.work import Connection
from karla.vocabulary.scope import Scope

COLUMNS = ", ".join(ShopConnection.__struct_fields__)
_CREDENTIALS = msgspec.json.Decoder(dict[str, str])


async def connections(scope: Scope, connection: Connection, kind: str | None, paged: Paged) -> list[ShopConnection]:
    """Those of the scope's one shop, of one kind if it is given, by kind and integration."""
    rows = await connection.fetch(
        f"""
        select {COLUMNS} from connections
        where shop_id = $1 and ($2::text is null or kind = $2)
        order by kind, slug limit $3 offset $4
        """,  # noqa: S608 - what is put in is a constant
        scope.shop,
        kind,
        paged.per_page,
        paged.offset,
    )
    return [connection_from(row) for row in rows]


async def demand_connection(scope: Scope, connection: Connection, kind: str, slug: str) -> ShopConnection:
    """The one of the scope's one shop with this integration; NotFound."""
    row = await connection.fetchrow(
        f"select {COLUMNS} from connections where shop_id = $1 and kind = $2 and slug = $3",  # noqa: S608 - constant
        scope.shop,
        kind,
        slug,
    )
    if row is None:
        raise NotFound("connection_not_found", "The shop has no connection with this integration.")
    return connection_from(row)


async def account_of(scope: Scope, connection: Connection, seals: Seals, kind: str, slug: str) -> Account | None:
    """The account of the scope's one shop with this integration, whatever its status; None without one."""
    row = await connection.fetchrow(
        f"select {COLUMNS}, credentials from connections where shop_id = $1 and kind = $2 and slug = $3",  # noqa: S608
        scope.shop,
        kind,
        slug,
    )
    return _account(row, seals) if row else None


def connection_from(row: asyncpg.Record) -> ShopConnection:
    """The connection in a row that has at least its columns."""
    members: dict[str, Any] = {name: row[name] for name in ShopConnection.__struct_fields__}
    return msgspec.convert(members, ShopConnection)


def _account(row: asyncpg.Record, seals: Seals) -> Account:
    connection = connection_from(row)
    about = sealed_about(connection.shop_id, connection.kind, connection.slug)
    try:
        credentials = _CREDENTIALS.decode(seals.open(row["credentials"], about))
    except Unreadable:
        return Account(connection, None)
    return Account(connection, credentials)
