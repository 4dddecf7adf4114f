"""Writes of order tokens, and look-ups, of which those that find nothing are counted."""

import secrets
from collections.abc import Mapping, Sequence
from uuid import UUID

from karla.domain.audit.commands import record
from karla.domain.audit.records import Action
from karla.domain.orders.commands import locked_by_references
from karla.domain.orders.queries import orders_by_references
from karla.domain.orders.records import Order, Reference, ReferenceKind
from karla.domain.shoppers.queries import candidates, failures_in, holder_by, token_of_order
from karla.domain.shoppers.records import Guess, Holder, Knock, OrderToken, Refusal, TrackpageToken
from karla.domain.shoppers.rules import attempts
from karla.domain.shoppers.rules.attempts import Bucket, Fill
from karla.domain.shoppers.rules.finding import found
from karla.domain.shoppers.rules.keys import ShopperKeys
from karla.domain.shoppers.rules.numbers import spellings
from karla.domain.shoppers.rules.tokens import token_text
from karla.infra.errors import Conflict, NotFound
from karla.infra.work import Work

_MARK = 0.0
"""The level of what is no bucket, but a mark of an opening: a bucket has had a guess at least."""


async def issue_token(work: Work, keys: ShopperKeys, reference: Reference) -> TrackpageToken:
    """The token of an order: the one that it has, as long as that is good and its key is known, else a new one.

    However many ask at once, it is one. NotFound, Conflict when several orders have that name.
    """
    order = _only(await orders_by_references(work.scope, work.connection, [reference]))
    token = await _token_of(work, keys, order)
    if token is None:
        _only(await locked_by_references(work, [(order.shop_id, Reference(ReferenceKind.UUID, str(order.id)))]))
        # Another may have made one while this waited for the lock.
        token = await _token_of(work, keys, order) or await _new_token(work, keys, order)
    return TrackpageToken(token_text(keys.tokens, token), order.order_number)


async def revoke_tokens(work: Work, order_id: UUID) -> int:
    """Refuse all tokens of an order from now on, and with them the sessions that they opened. Tells how many."""
    rows = await work.connection.fetch(
        """
        update order_tokens set revoked_at = $3
        where shop_id = $1 and order_id = $2 and revoked_at is null
        returning id
        """,
        work.scope.shop,
        order_id,
        work.now,
    )
    if rows:
        states = {"valid_tokens": len(rows)}, {"valid_tokens": 0}
        await record(work, Action.ORDER_TOKENS_REVOKED, order_id, before=states[0], after=states[1])
    return len(rows)


async def let_in_by_token(work: Work, keys: ShopperKeys, knock: Knock) -> Holder | Refusal:
    """What the token opens. Wrong ones are counted by address alone: nobody's guesses make a good one wait."""
    holder = await holder_by(work.scope, work.connection, keys, knock, work.now)
    if holder is not None:
        return holder
    buckets = attempts.buckets_of_tokens(keys.attempts, work.scope.shop, knock.address)
    levels = await _held(work, buckets)
    seconds = attempts.wait(buckets, levels, work.now)
    if seconds is None:
        await _count(work, buckets, levels)
    return Refusal(seconds)


async def let_in_by_zip_code(work: Work, keys: ShopperKeys, guess: Guess) -> UUID | Refusal:
    """The order that has this number and goes to this ZIP code.

    A wrong number and a wrong ZIP code are the same statements, the same work and the same refusal. An address from
    which it was opened before isn't kept out by the guesses of others.
    """
    mark = attempts.mark_of_number(keys.attempts, work.scope.shop, guess.address, guess.order_number)
    buckets = attempts.buckets_of_number(keys.attempts, work.scope.shop, guess.address, guess.order_number)
    levels = await _held(work, buckets, mark)
    seconds = attempts.wait(attempts.judging(buckets, levels.get(mark), work.now), levels, work.now)
    if seconds is not None:
        return Refusal(seconds)
    named = await candidates(work.scope, work.connection, spellings(guess.order_number))
    meant = found(named, guess.zip_code)
    if meant is not None:
        if attempts.is_to_be_marked(levels.get(mark), work.now):
            await _keep(work, [(mark, _MARK)])
        return meant.order_id
    await _count(work, buckets, levels)
    return Refusal()


async def forget_failures(work: Work, limit: int = 10_000) -> int:
    """Forget buckets of all shops that have drained, and old marks of openings; tells how many they were.

    Up to `limit` of each, the oldest first.
    """
    drained = await work.connection.execute(
        """
        delete from lookup_failures where (shop_id, bucket) in (
            select shop_id, bucket from lookup_failures
            where level > 0 and updated_at <= $1 order by updated_at limit $2 for update skip locked
        )
        """,
        work.now - attempts.WINDOW,
        limit,
    )
    marks = await work.connection.execute(
        """
        delete from lookup_failures where (shop_id, bucket) in (
            select shop_id, bucket from lookup_failures
            where level = 0 and updated_at <= $1 order by updated_at limit $2 for update skip locked
        )
        """,
        work.now - attempts.KNOWN,
        limit,
    )
    return sum(int(done.split()[-1]) for done in (drained, marks))


def _only(orders: Sequence[Order]) -> Order:
    if not orders:
        raise NotFound("order_not_found", "The requested order does not exist.")
    if len(orders) > 1:
        raise Conflict("order_ambiguous", "Several orders have this name; use the order number or external id.")
    return orders[0]


async def _token_of(work: Work, keys: ShopperKeys, order: Order) -> OrderToken | None:
    return await token_of_order(work.scope, work.connection, order.id, keys.tokens.names, work.now)


async def _new_token(work: Work, keys: ShopperKeys, order: Order) -> OrderToken:
    token = OrderToken(
        shop_id=order.shop_id,
        id=UUID(bytes=secrets.token_bytes(16)),
        order_id=order.id,
        key_name=keys.tokens.newest,
        created_at=work.now,
    )
    await work.connection.execute(
        "insert into order_tokens (shop_id, id, order_id, key_name, created_at) values ($1, $2, $3, $4, $5)",
        token.shop_id,
        token.id,
        token.order_id,
        token.key_name,
        token.created_at,
    )
    return token


async def _held(work: Work, buckets: Sequence[Bucket], *marks: bytes) -> dict[bytes, Fill]:
    """How full they are; until the transaction ends nobody else looks into them, so that none overflows."""
    places = sorted(int.from_bytes(bucket.name[:8], "big", signed=True) for bucket in buckets)
    await work.connection.execute("select pg_advisory_xact_lock(place) from unnest($1::bigint[]) as p (place)", places)
    return await failures_in(work.scope, work.connection, [*(bucket.name for bucket in buckets), *marks])


async def _count(work: Work, buckets: Sequence[Bucket], levels: Mapping[bytes, Fill]) -> None:
    await _keep(work, attempts.filled(buckets, levels, work.now))


async def _keep(work: Work, full: Sequence[tuple[bytes, float]]) -> None:
    await work.connection.execute(
        """
        insert into lookup_failures (shop_id, bucket, level, updated_at)
        select $1, b.name, b.level, $4 from unnest($2::bytea[], $3::double precision[]) as b (name, level)
        on conflict (shop_id, bucket) do update set level = excluded.level, updated_at = excluded.updated_at
        """,
        work.scope.shop,
        [name for name, _ in full],
        [level for _, level in full],
        work.now,
    )
