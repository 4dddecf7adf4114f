"""Order tokens: one for each order, the same each time, until it is revoked or its key is gone."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
import pytest_asyncio

from karla.domain.audit.queries import shop_entries
from karla.domain.audit.records import AuditFilter
from karla.domain.orders.records import Reference, ReferenceKind
from karla.domain.shoppers.commands import issue_token, let_in_by_token, revoke_tokens
from karla.domain.shoppers.records import Holder, Knock, Refusal, TrackpageToken
from karla.domain.shoppers.rules.keys import ShopperKeys
from karla.infra.errors import Conflict, NotFound
from karla.infra.work import Work
from tests.support.karla import Karla
from tests.support.order_rooms import OrderRooms, order_rooms

OLD, NEW = "old secret of thirty-two letters", "new secret of thirty-two letters"
KEYS = ShopperKeys.of([NEW, OLD])


@pytest_asyncio.fixture
async def rooms(karla: Karla, database_url: str) -> AsyncIterator[OrderRooms]:
    client = await karla.shop()
    async with order_rooms(client.shop.id, database_url) as made:
        yield made


async def issued(
    rooms: OrderRooms, value: str = "1", kind: ReferenceKind = ReferenceKind.ORDER_NUMBER, keys: ShopperKeys = KEYS
) -> TrackpageToken:
    return await rooms.db.write(rooms.scope, lambda work: issue_token(work, keys, Reference(kind, value)))


async def opened(rooms: OrderRooms, text: str, number: str | None = None, keys: ShopperKeys = KEYS) -> UUID | None:
    knock = Knock(token=text, address="198.51.100.7", order_number=number)
    found = await rooms.db.write(rooms.scope, lambda work: let_in_by_token(work, keys, knock))
    return found.order_id if isinstance(found, Holder) else None


async def order(rooms: OrderRooms, number: str = "1", name: str | None = None) -> UUID:
    command = rooms.command(number, order_name=name, external_id=f"erp-{number}", address={"zip_code": "10119"})
    return (await rooms.one(command)).order.id


async def test_an_order_has_one_token_whatever_it_is_asked_by(rooms: OrderRooms) -> None:
    order_id = await order(rooms, name="NL1")
    first = await issued(rooms)
    for kind, value in (
        (ReferenceKind.UUID, str(order_id)),
        (ReferenceKind.EXTERNAL_ID, "erp-1"),
        (ReferenceKind.ORDER_NAME, "NL1"),
        (ReferenceKind.ORDER_NUMBER, "1"),
    ):
        rooms.clock.advance(timedelta(days=400))
        assert await issued(rooms, value, kind) == first
    assert await rooms.count("order_tokens") == 1
    assert first.order_number == "1"
    assert await opened(rooms, first.text) == order_id


async def test_there_is_no_token_of_no_order_and_of_several(rooms: OrderRooms) -> None:
    await order(rooms, "1", "twice")
    await order(rooms, "2", "twice")
    with pytest.raises(NotFound) as missing:
        await issued(rooms, "3")
    assert missing.value.key == "order_not_found"
    with pytest.raises(Conflict) as ambiguous:
        await issued(rooms, "twice", ReferenceKind.ORDER_NAME)
    assert ambiguous.value.key == "order_ambiguous"
    assert await rooms.count("order_tokens") == 0


async def test_many_who_ask_at_once_get_one_token(rooms: OrderRooms) -> None:
    await order(rooms)
    tokens = await asyncio.gather(*(issued(rooms) for _ in range(20)))
    assert len({token.text for token in tokens}) == 1
    assert await rooms.count("order_tokens") == 1


async def test_the_database_alone_writes_no_token(rooms: OrderRooms) -> None:
    await order(rooms)
    token = await issued(rooms)
    async with rooms.db.read(rooms.scope) as connection:
        (row,) = await connection.fetch("select t::text from order_tokens t where shop_id = $1", rooms.shop_id)
    assert token.text not in row[0]
    assert token.text.removeprefix("kt1_")[-32:] not in row[0]


async def test_a_token_stays_the_same_when_the_secret_key_changes_as_long_as_the_old_one_is_known(
    rooms: OrderRooms,
) -> None:
    order_id = await order(rooms)
    before, after, later = ShopperKeys.of([OLD]), ShopperKeys.of([NEW, OLD]), ShopperKeys.of([NEW])
    first = await issued(rooms, keys=before)
    assert await issued(rooms, keys=after) == first
    assert await opened(rooms, first.text, keys=after) == order_id
    assert await opened(rooms, first.text, keys=later) is None
    second = await issued(rooms, keys=later)
    assert second != first
    assert await opened(rooms, second.text, keys=later) == order_id
    assert await opened(rooms, first.text, keys=after) == order_id, "the newer one is beside it, not in its place"


async def test_a_revoked_token_opens_nothing_and_the_next_is_another(rooms: OrderRooms) -> None:
    order_id = await order(rooms)
    first = await issued(rooms)
    assert await rooms.db.write(rooms.scope, lambda work: revoke_tokens(work, order_id)) == 1
    assert await opened(rooms, first.text) is None
    second = await issued(rooms)
    assert second != first
    assert await opened(rooms, second.text) == order_id
    assert await opened(rooms, first.text) is None


async def test_a_revocation_is_in_the_trail_and_one_of_nothing_is_not(rooms: OrderRooms) -> None:
    order_id = await order(rooms)
    assert await rooms.db.write(rooms.scope, lambda work: revoke_tokens(work, order_id)) == 0
    token = await issued(rooms)
    await rooms.db.write(rooms.scope, lambda work: revoke_tokens(work, order_id))
    async with rooms.db.read(rooms.scope) as connection:
        page = await shop_entries(rooms.scope, connection, AuditFilter(object_id=str(order_id)))
    (entry,) = page.entries
    assert (entry.action, entry.before, entry.after) == (
        "order.tokens_revoked",
        {"valid_tokens": 1},
        {"valid_tokens": 0},
    )
    assert token.text not in str(entry)


async def test_a_token_that_is_over_opens_nothing_and_is_replaced(rooms: OrderRooms) -> None:
    order_id = await order(rooms)
    first = await issued(rooms)
    end = rooms.clock.now() + timedelta(days=1)

    async def ends(work: Work) -> None:
        await work.connection.execute(
            "update order_tokens set expires_at = $2 where shop_id = $1", work.scope.shop, end
        )

    await rooms.db.write(rooms.scope, ends)
    assert await opened(rooms, first.text) == order_id
    rooms.clock.advance(timedelta(days=1))
    assert await opened(rooms, first.text) is None
    assert await issued(rooms) != first


async def test_a_token_is_its_own_orders_and_its_own_shops(rooms: OrderRooms, karla: Karla, database_url: str) -> None:
    one, other = await order(rooms, "1", "NL1"), await order(rooms, "2")
    first, second = await issued(rooms, "1"), await issued(rooms, "2")
    assert (await opened(rooms, first.text), await opened(rooms, second.text)) == (one, other)
    for typed, found in (("1", one), (" #1 ", one), ("nl1", one), ("2", None), ("", None), ("10", None)):
        assert await opened(rooms, first.text, typed) == found, typed
    stranger = await karla.shop()
    async with order_rooms(stranger.shop.id, database_url) as theirs:
        await order(theirs, "1")
        assert await opened(theirs, first.text) is None


async def test_a_deleted_order_takes_its_token_along(rooms: OrderRooms) -> None:
    order_id = await order(rooms)
    token = await issued(rooms)

    async def deleted(work: Work) -> None:
        await work.connection.execute("delete from orders where shop_id = $1 and id = $2", work.scope.shop, order_id)

    await rooms.db.write(rooms.scope, deleted)
    assert await rooms.count("order_tokens") == 0
    assert await opened(rooms, token.text) is None


async def test_wrong_tokens_make_their_sender_wait_and_never_a_right_one(rooms: OrderRooms) -> None:
    order_id = await order(rooms)
    token = await issued(rooms)
    wrong = Knock(token="kt1_" + "a" * 64, address="198.51.100.7")

    async def tried(work: Work) -> Holder | Refusal:
        return await let_in_by_token(work, KEYS, wrong)

    refusals = [await rooms.db.write(rooms.scope, tried) for _ in range(22)]
    assert refusals == [Refusal()] * 20 + [Refusal(30)] * 2
    assert await opened(rooms, token.text) == order_id, "a right one is let in from the very same address"
    rooms.clock.advance(timedelta(seconds=30))
    assert await rooms.db.write(rooms.scope, tried) == Refusal()
