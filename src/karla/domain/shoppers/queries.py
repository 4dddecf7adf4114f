"""Reads of order tokens, of wrong guesses, and of orders as shoppers look for them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from karla.domain.shoppers.records import Candidate, Holder, Knock, OrderToken
from karla.domain.shoppers.rules.attempts import Fill
from karla.domain.shoppers.rules.keys import ShopperKeys
from karla.domain.shoppers.rules.numbers import spellings
from karla.domain.shoppers.rules.tokens import token_id
from karla.infra.work import Connection
from karla.vocabulary.scope import Scope

# Names of orders need not be unique; nobody has more of one name that a shopper could mean.
_CANDIDATES_AT_MOST = 20


async def holder_of(scope: Scope, connection: Connection, token_id: UUID, now: datetime) -> Holder | None:
    """What a token opens; None where it is unknown, revoked or over."""
    row = await connection.fetchrow(
        """
        select id, order_id, expires_at from order_tokens
        where shop_id = $1 and id = $2 and revoked_at is null and (expires_at is null or expires_at > $3)
        """,
        scope.shop,
        token_id,
        now,
    )
    return Holder(row["id"], row["order_id"], row["expires_at"]) if row else None


async def holder_by(
    scope: Scope, connection: Connection, keys: ShopperKeys, knock: Knock, now: datetime
) -> Holder | None:
    """What the token of a knock opens; None also where its order isn't called by the number beside it."""
    wanted = token_id(keys.tokens, scope.shop, knock.token)
    holder = await holder_of(scope, connection, wanted, now) if wanted else None
    if holder is None or knock.order_number is None:
        return holder
    names = await names_of(scope, connection, holder.order_id)
    return holder if set(names) & set(spellings(knock.order_number)) else None


async def token_of_order(
    scope: Scope, connection: Connection, order_id: UUID, key_names: Sequence[str], now: datetime
) -> OrderToken | None:
    """The token of an order that is still good and signed by one of these keys; of several the oldest."""
    row = await connection.fetchrow(
        """
        select * from order_tokens
        where shop_id = $1 and order_id = $2 and key_name = any($3) and revoked_at is null
          and (expires_at is null or expires_at > $4)
        order by created_at, id limit 1
        """,
        scope.shop,
        order_id,
        key_names,
        now,
    )
    return OrderToken(**dict(row)) if row else None


async def candidates(scope: Scope, connection: Connection, numbers: Sequence[str]) -> list[Candidate]:
    """The orders whose number or name is one of these: the latest first."""
    rows = await connection.fetch(
        """
        with named as (
            select o.id from orders o where o.shop_id = $1 and o.order_number = any($2)
            union
            select o.id from orders o where o.shop_id = $1 and o.order_name = any($2)
        )
        select o.id, o.zip_code, o.address ->> 'country_code' as country_code
        from named join orders o on o.shop_id = $1 and o.id = named.id
        order by o.order_placed_at desc, o.id limit $3
        """,
        scope.shop,
        numbers,
        _CANDIDATES_AT_MOST,
    )
    return [Candidate(row["id"], row["zip_code"], row["country_code"]) for row in rows]


async def names_of(scope: Scope, connection: Connection, order_id: UUID) -> list[str]:
    """What an order is called: its number, and its name if it has one; nothing when it is gone."""
    row = await connection.fetchrow(
        "select order_number, order_name from orders where shop_id = $1 and id = $2", scope.shop, order_id
    )
    return [name for name in row if name is not None] if row else []


async def failures_in(scope: Scope, connection: Connection, names: Sequence[bytes]) -> dict[bytes, Fill]:
    """How full those buckets were that ever held something; a mark of an opening holds nothing and is there."""
    rows = await connection.fetch(
        "select bucket, level, updated_at from lookup_failures where shop_id = $1 and bucket = any($2)",
        scope.shop,
        names,
    )
    return {row["bucket"]: Fill(row["level"], row["updated_at"]) for row in rows}
