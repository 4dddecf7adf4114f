"""Writes of connections. Whoever calls has tried the credentials; no command asks a third party."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from karla.domain.audit.commands import record
from karla.domain.audit.records import Action
from karla.domain.connections import rules
from karla.domain.connections.queries import COLUMNS, connection_from, demand_connection
from karla.domain.connections.records import Connected, Resealed, ShopConnection, Use, Wish
from karla.infra.errors import NotFound
from karla.infra.ids import new_id
from karla.infra.sealing import Seals, Unreadable
from karla.infra.work import Retry, Work

_encode = msgspec.json.Encoder(order="deterministic").encode


async def connect(work: Work, seals: Seals, wish: Wish) -> Connected:
    """Make the connection, or change the one that the shop has with this integration.

    The same wish twice changes nothing but when the account was used. NotFound when the shop went meanwhile.
    """
    content = _encode(wish.credentials)
    about = rules.sealed_about(work.scope.shop, wish.kind, wish.slug)
    row = await _locked(work, wish.kind, wish.slug)
    if row is None:
        connection = rules.made(wish, work.scope.shop, new_id(), work.now)
        sealed = seals.seal(content, about)
        await _insert(work, connection, sealed)
        await record(work, Action.CONNECTION_CREATED, connection.id, after=rules.said_of(connection, sealed))
        return Connected(connection, created=True)
    before, old = connection_from(row), row["credentials"]
    same = _opens_as(seals, old, about, content)
    sealed = old if same else seals.seal(content, about)
    after = rules.rewished(before, wish, work.now, same_credentials=same)
    await _save(work, after, sealed)
    await _tell(work, Action.CONNECTION_UPDATED, (before, old), (after, sealed))
    return Connected(after, created=False)


async def change(
    work: Work, kind: str, slug: str, *, name: str | None = None, paused: bool | None = None
) -> ShopConnection:
    """Give the connection another name, pause it, or use it again; NotFound."""
    row = await _demand_locked(work, kind, slug)
    before = connection_from(row)
    after = rules.changed(before, name, paused, work.now)
    return await _decided(work, Action.CONNECTION_UPDATED, row, before, after)


async def disconnect(work: Work, kind: str, slug: str) -> None:
    """Forget the connection and its credentials; NotFound."""
    row = await _demand_locked(work, kind, slug)
    connection = connection_from(row)
    await record(work, Action.CONNECTION_DELETED, connection.id, before=rules.said_of(connection, row["credentials"]))
    await work.connection.execute(
        "delete from connections where shop_id = $1 and id = $2", connection.shop_id, connection.id
    )


async def refuse(work: Work, connection_id: UUID, known: datetime, reason: str) -> ShopConnection | None:
    """The third party doesn't take the credentials: use them no more, and say why.

    `known` is the `updated_at` of the connection that was used. None when it is another's by now, or gone: what was
    refused are not the credentials that it has.
    """
    row = await _locked_by_id(work, connection_id, known)
    if row is None:
        return None
    before = connection_from(row)
    after = rules.refused(before, reason, work.now)
    return await _decided(work, Action.CONNECTION_REFUSED, row, before, after)


async def accept(work: Work, connection_id: UUID, known: datetime) -> ShopConnection | None:
    """The third party takes the credentials: one that was refused is used again. `known` and None as for `refuse`."""
    row = await _locked_by_id(work, connection_id, known)
    if row is None:
        return None
    before = connection_from(row)
    after = rules.accepted(before, work.now)
    return await _decided(work, Action.CONNECTION_UPDATED, row, before, after)


async def note_trial(
    work: Work, tried: ShopConnection, *, taken: bool, refused: str | None, error: str | None
) -> ShopConnection:
    """What became of trying the credentials of `tried`: taken, refused with this reason, or neither for an `error`.

    The connection as it is then; NotFound when it went meanwhile. What people changed meanwhile stays as it is.
    """
    use = Use(shop_id=tried.shop_id, connection_id=tried.id, used_at=work.now, error=error)
    await note_uses(work, [use])
    if taken:
        await accept(work, tried.id, tried.updated_at)
    elif refused is not None:
        await refuse(work, tried.id, tried.updated_at, refused)
    return await demand_connection(work.scope, work.connection, tried.kind, tried.slug)


async def note_uses(work: Work, uses: Sequence[Use]) -> None:
    """Write down when accounts were last used and what came of it; of one account at most one use at once.

    A use that is older than what is known changes nothing, and neither does one of a connection that is gone.
    """
    # Two who write at once lock in the same order.
    ordered = sorted(uses, key=lambda use: (use.shop_id, use.connection_id))
    await work.connection.execute(
        """
        with used as (
            select c.shop_id, c.id, u.used_at, u.error
            from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[])
                with ordinality as u (shop_id, connection_id, used_at, error, place)
            join connections c on c.shop_id = u.shop_id and c.id = u.connection_id
            where c.last_used_at is null or c.last_used_at <= u.used_at
            order by u.place for update of c
        )
        update connections c
        set last_used_at = used.used_at, last_error = used.error,
            last_ok_at = case when used.error is null then used.used_at else c.last_ok_at end
        from used where c.shop_id = used.shop_id and c.id = used.id
        """,
        [use.shop_id for use in ordered],
        [use.connection_id for use in ordered],
        [use.used_at for use in ordered],
        [use.error for use in ordered],
    )


async def reseal(work: Work, seals: Seals) -> Resealed:
    """Seal all credentials within the scope by the newest key; those that it has sealed stay as they are."""
    rows = await work.connection.fetch(
        "select shop_id, id, kind, slug, credentials from connections order by shop_id, id for update"
    )
    left = [row for row in rows if not seals.is_newest(row["credentials"])]
    sealed: list[tuple[UUID, UUID, bytes]] = []
    for row in left:
        about = rules.sealed_about(row["shop_id"], row["kind"], row["slug"])
        try:
            content = seals.open(row["credentials"], about)
        except Unreadable:
            continue
        sealed.append((row["shop_id"], row["id"], seals.seal(content, about)))
    await work.connection.execute(
        """
        update connections c set credentials = s.credentials
        from unnest($1::uuid[], $2::uuid[], $3::bytea[]) as s (shop_id, id, credentials)
        where c.shop_id = s.shop_id and c.id = s.id
        """,
        [shop_id for shop_id, _, _ in sealed],
        [connection_id for _, connection_id, _ in sealed],
        [credentials for _, _, credentials in sealed],
    )
    return Resealed(done=len(sealed), unreadable=len(left) - len(sealed))


async def _locked(work: Work, kind: str, slug: str) -> asyncpg.Record | None:
    return await work.connection.fetchrow(
        f"select {COLUMNS}, credentials from connections where shop_id = $1 and kind = $2 and slug = $3 for update",  # noqa: S608
        work.scope.shop,
        kind,
        slug,
    )


async def _demand_locked(work: Work, kind: str, slug: str) -> asyncpg.Record:
    row = await _locked(work, kind, slug)
    if row is None:
        raise NotFound("connection_not_found", "The shop has no connection with this integration.")
    return row


async def _locked_by_id(work: Work, connection_id: UUID, known: datetime) -> asyncpg.Record | None:
    return await work.connection.fetchrow(
        f"""
        select {COLUMNS}, credentials from connections
        where shop_id = $1 and id = $2 and updated_at = $3 for update
        """,  # noqa: S608 - what is put in is a constant
        work.scope.shop,
        connection_id,
        known,
    )


async def _insert(work: Work, connection: ShopConnection, sealed: bytes) -> None:
    try:
        made = await work.connection.fetchval(
            f"""
            insert into connections ({COLUMNS}, credentials)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
            on conflict (shop_id, kind, slug) do nothing returning true
            """,  # noqa: S608 - what is put in is a constant
            *msgspec.structs.astuple(connection),
            sealed,
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise NotFound("shop_not_found", "The requested shop does not exist.") from error
    if not made:
        raise Retry  # another call has connected the two meanwhile


async def _save(work: Work, after: ShopConnection, sealed: bytes) -> None:
    await work.connection.execute(
        """
        update connections
        set name = $3, settings = $4, hints = $5, status = $6, refused_reason = $7, updated_at = $8,
            last_used_at = $9, last_ok_at = $10, last_error = $11, credentials = $12
        where shop_id = $1 and id = $2
        """,
        after.shop_id,
        after.id,
        after.name,
        after.settings,
        after.hints,
        after.status,
        after.refused_reason,
        after.updated_at,
        after.last_used_at,
        after.last_ok_at,
        after.last_error,
        sealed,
    )


async def _decided(
    work: Work, action: Action, row: asyncpg.Record, before: ShopConnection, after: ShopConnection
) -> ShopConnection:
    if after is not before:
        sealed = row["credentials"]
        await _save(work, after, sealed)
        await _tell(work, action, (before, sealed), (after, sealed))
    return after


async def _tell(
    work: Work, action: Action, before: tuple[ShopConnection, bytes], after: tuple[ShopConnection, bytes]
) -> None:
    old, new = rules.said_of(*before), rules.said_of(*after)
    if old != new:
        await record(work, action, after[0].id, before=old, after=new)


def _opens_as(seals: Seals, sealed: bytes, about: bytes, content: bytes) -> bool:
    try:
        return seals.open(sealed, about) == content
    except Unreadable:
        return False
