"""An account has its turn: calls at once, no second budget, and nothing lost when it ends early."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio

from tests.pipeline.test_following import NUMBER, Followed, followed_by
from tests.support.karla import Karla
from tests.support.order_rooms import order_rooms

ANNOUNCED = "00340434161094000010"


@pytest_asyncio.fixture
async def dhl(karla: Karla, database_url: str) -> AsyncIterator[Followed]:
    async with order_rooms((await karla.shop()).shop.id, database_url) as rooms, followed_by(rooms) as made:
        await made.connect()
        yield made
        await made.disconnect()


@pytest_asyncio.fixture
async def ups(karla: Karla, database_url: str) -> AsyncIterator[Followed]:
    async with order_rooms((await karla.shop()).shop.id, database_url) as rooms, followed_by(rooms, "ups") as made:
        await made.connect()
        yield made
        await made.disconnect()


async def test_an_account_makes_as_many_calls_at_once_as_it_may(ups: Followed) -> None:
    for number in range(12):
        await ups.parcel(f"1Z12345E02052716{number:02}", "ups", order=f"order {number}")
    ups.server.slow(0.05, times=None)
    await ups.following.drain()
    assert 1 < ups.server.most_at_once <= 4
    assert all(pause <= 1 / 5 + 0.001 for pause in ups.pauses), "and begins five of them a second"


async def test_an_access_token_is_asked_for_once_and_not_at_each_turn(ups: Followed) -> None:
    for number in range(3):
        await ups.parcel(f"1Z12345E020527164{number}", "ups", order=f"order {number}")
        await ups.later(seconds=30)
    tokens = [entry for entry in ups.server.journal if "token" in entry.asked.path]
    assert (len(tokens), len(ups.server.journal)) == (1, 4)


async def test_connecting_anew_gives_no_second_budget(dhl: Followed) -> None:
    await dhl.following.drain()
    async with dhl.rooms.db.read(dhl.rooms.scope) as connection:
        await connection.execute("update trackers set calls = 250 where shop_id = $1", dhl.rooms.shop_id)
    await dhl.parcel()
    await dhl.disconnect()
    await dhl.connect()
    await dhl.later(minutes=1)
    assert dhl.asked() == 0
    await dhl.later(hours=12)
    assert dhl.asked(NUMBER) == 1, "the next day has a budget of its own"


async def test_a_worker_that_stops_lets_calls_end_and_gives_the_turn_back(dhl: Followed) -> None:
    shipment = await dhl.parcel()
    await dhl.parcel(ANNOUNCED, order="2")
    dhl.server.slow(0.2, times=None)
    stop = asyncio.Event()
    running = asyncio.create_task(dhl.following.run(stop))
    await dhl.server.until(1)
    stop.set()
    dhl.following.wake()
    await running
    assert dhl.asked() == 1, "the second call was not begun"
    async with dhl.rooms.db.read(dhl.rooms.scope) as connection:
        turn = await connection.fetchrow(
            "select leased_until, calls from trackers where shop_id = $1", dhl.rooms.shop_id
        )
    assert turn is not None
    assert (turn["leased_until"], turn["calls"]) == (None, 1)
    async with followed_by(dhl.rooms) as other:
        await other.later(seconds=10)
    assert (await dhl.file(shipment)).shipments[0].event_name is not None, "what was told is not lost"
