"""Orders by number and ZIP code: who knows both finds theirs, who guesses learns nothing and is soon stopped."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from karla.domain.shoppers.commands import forget_failures, let_in_by_zip_code
from karla.domain.shoppers.records import Guess, Refusal
from karla.domain.shoppers.rules.attempts import KNOWN, WINDOW
from karla.domain.shoppers.rules.keys import ShopperKeys
from karla.infra.access import EVERYWHERE
from karla.infra.work import Work
from tests.support.karla import Karla
from tests.support.order_rooms import OrderRooms, order_rooms

KEYS = ShopperKeys.of(["a secret of thirty-two characters"])
HOME = "198.51.100.7"


@pytest_asyncio.fixture
async def rooms(karla: Karla, database_url: str) -> AsyncIterator[OrderRooms]:
    client = await karla.shop()
    async with order_rooms(client.shop.id, database_url) as made:
        yield made


async def order(rooms: OrderRooms, number: str = "10001", zip_code: str | None = "10119", **members: Any) -> UUID:
    address = {"zip_code": zip_code, "country_code": "DE"} if zip_code else {"country_code": "DE"}
    return (await rooms.one(rooms.command(number, address=address, **members))).order.id


async def tried(
    rooms: OrderRooms, number: str = "10001", zip_code: str = "10119", address: str = HOME, statements: Any = None
) -> UUID | Refusal:
    guess = Guess(order_number=number, zip_code=zip_code, address=address)

    async def command(work: Work) -> UUID | Refusal:
        if statements is None:
            return await let_in_by_zip_code(work, KEYS, guess)
        with work.connection.query_logger(statements):
            return await let_in_by_zip_code(work, KEYS, guess)

    return await rooms.db.write(rooms.scope, command)


@pytest.mark.parametrize(
    ("stored", "typed", "zip_code"),
    [
        ("10001", " #10001 ", "D-10119"),
        ("RE-2024-17", "re-2024-17", " 101 19"),
        ("#10001", "10001", "10119 Berlin"),
        ("re 17", "# RE 17", "１０１１９"),
    ],
)
async def test_a_shopper_finds_the_order_as_they_type_it(
    rooms: OrderRooms, stored: str, typed: str, zip_code: str
) -> None:
    assert await tried(rooms, typed, zip_code) == Refusal()
    order_id = await order(rooms, stored)
    assert await tried(rooms, typed, zip_code) == order_id


async def test_an_order_is_found_by_its_name_and_of_several_the_one_that_goes_there(rooms: OrderRooms) -> None:
    first = await order(rooms, "1", "10119", order_name="#77")
    second = await order(rooms, "2", "20095", order_name="#77")
    third = await order(rooms, "77", "80331")
    assert [await tried(rooms, "77", code) for code in ("10119", "20095", "80331")] == [first, second, third]
    assert await tried(rooms, "77", "50667") == Refusal()


@pytest.mark.parametrize("stored", [None, "-", "00000", "n/a"])
async def test_an_order_without_a_zip_code_is_not_opened_so(rooms: OrderRooms, stored: str | None) -> None:
    await order(rooms, zip_code=stored)
    for typed in ("", "-", "0", "00000", "n/a"):
        assert await tried(rooms, zip_code=typed, address=typed) == Refusal()


async def test_another_shops_order_is_not_there(rooms: OrderRooms, karla: Karla, database_url: str) -> None:
    await order(rooms)
    stranger = await karla.shop()
    async with order_rooms(stranger.shop.id, database_url) as theirs:
        assert await tried(theirs) == Refusal()


async def test_a_wrong_number_and_a_wrong_zip_code_run_the_same_statements(rooms: OrderRooms) -> None:
    await order(rooms)
    await order(rooms, "10002", zip_code=None)
    # The driver asks for the types of a statement when it sends it for the first time.
    await tried(rooms, "before", "the others", address="203.0.113.1")
    told: list[list[str]] = []
    for number, zip_code in (("10009", "10119"), ("10001", "10118"), ("10002", "10119"), ("nobody's", "nowhere")):
        told.append([])
        statements = told[-1]
        outcome = await tried(
            rooms, number, zip_code, statements=lambda record, into=statements: into.append(record.query)
        )
        assert outcome == Refusal()
    assert len(told[0]) == 4
    assert all(statements == told[0] for statements in told)


async def test_only_wrong_guesses_count(rooms: OrderRooms) -> None:
    order_id = await order(rooms)
    for _ in range(40):
        assert await tried(rooms) == order_id
    assert await rooms.count("lookup_failures") == 1, "that it was opened from there"


async def test_five_wrong_guesses_at_a_number_and_its_guesser_waits_two_minutes(rooms: OrderRooms) -> None:
    order_id = await order(rooms)
    wrong = [await tried(rooms, zip_code=f"1000{place}") for place in range(7)]
    assert wrong == [Refusal()] * 5 + [Refusal(120)] * 2
    assert await tried(rooms) == Refusal(120), "whoever is right has to wait as well, or guessing would go on"
    assert await tried(rooms, address="203.0.113.1") == order_id, "somebody elsewhere does not wait"
    rooms.clock.advance(timedelta(minutes=2))
    assert await tried(rooms) == order_id


async def test_a_number_that_nobody_has_is_limited_alike(rooms: OrderRooms) -> None:
    await order(rooms)
    there = [await tried(rooms, "10001", "99999") for _ in range(7)]
    nowhere = [await tried(rooms, "10009", "99999", "203.0.113.9") for _ in range(7)]
    assert there == nowhere


async def test_an_address_has_twenty_wrong_guesses_over_all_numbers(rooms: OrderRooms) -> None:
    order_id = await order(rooms)
    wrong = [await tried(rooms, f"2000{place}") for place in range(21)]
    assert wrong == [Refusal()] * 20 + [Refusal(30)]
    assert await tried(rooms) == Refusal(30)
    assert await tried(rooms, address="2001:db8::1") == order_id


async def test_a_whole_network_of_ipv6_counts_as_one(rooms: OrderRooms) -> None:
    await order(rooms)
    wrong = [await tried(rooms, zip_code="99999", address=f"2001:db8:0:1::{place:x}") for place in range(6)]
    assert wrong == [Refusal()] * 5 + [Refusal(120)]


async def test_a_number_has_thirty_wrong_guesses_from_everywhere_and_is_open_again_soon(rooms: OrderRooms) -> None:
    order_id = await order(rooms)
    wrong = [await tried(rooms, zip_code="99999", address=f"203.0.113.{place}") for place in range(32)]
    assert wrong == [Refusal()] * 30 + [Refusal(20)] * 2
    assert await tried(rooms) == Refusal(20)
    rooms.clock.advance(timedelta(seconds=20))
    assert await tried(rooms) == order_id


async def test_the_guesses_of_others_keep_nobody_out_who_was_in_before(rooms: OrderRooms) -> None:
    order_id = await order(rooms)
    assert await tried(rooms, " #100 01", address="2001:db8:1:2::7") == order_id
    rooms.clock.advance(KNOWN - timedelta(hours=1))
    await rooms.db.write(EVERYWHERE, forget_failures)
    for place in range(30):
        await tried(rooms, zip_code="99999", address=f"203.0.113.{place}")
    assert await tried(rooms) == Refusal(20), "who wasn't has to wait"
    assert await tried(rooms, address="2001:db8:1:2::8") == order_id
    # What is wrong from there is counted as from anywhere, and doesn't make the others wait longer.
    wrong = [await tried(rooms, zip_code="99999", address="2001:db8:1:2::8") for _ in range(6)]
    assert wrong == [Refusal()] * 5 + [Refusal(120)]
    assert await tried(rooms, address="2001:db8:1:2::8") == Refusal(120)
    assert await tried(rooms) == Refusal(20)


async def test_another_order_or_another_time_is_not_what_was_opened(rooms: OrderRooms) -> None:
    await order(rooms)
    await order(rooms, "10002")
    await tried(rooms, "10002")
    await tried(rooms, address="203.0.113.250")
    rooms.clock.advance(KNOWN)
    for place in range(30):
        await tried(rooms, zip_code="99999", address=f"203.0.113.{place}")
    assert await tried(rooms) == await tried(rooms, address="203.0.113.250") == Refusal(20)
    await rooms.db.write(EVERYWHERE, forget_failures)
    rooms.clock.advance(WINDOW)
    await rooms.db.write(EVERYWHERE, forget_failures)
    assert await rooms.count("lookup_failures") == 0


async def test_guesses_at_once_are_no_way_round(rooms: OrderRooms) -> None:
    await order(rooms)
    outcomes = await asyncio.gather(*(tried(rooms, zip_code=f"1{place:04}") for place in range(30)))
    assert sorted(outcome.retry_after or 0 for outcome in outcomes if isinstance(outcome, Refusal)) == [
        *[0] * 5,
        *[120] * 25,
    ]


async def test_no_address_and_no_number_is_kept(rooms: OrderRooms) -> None:
    await tried(rooms, "nobody-has-this")
    async with rooms.db.read(rooms.scope) as connection:
        rows = await connection.fetch("select bucket, f::text from lookup_failures f where shop_id = $1", rooms.shop_id)
    assert len(rows) == 3
    for row in rows:
        assert len(row["bucket"]) == 16
        assert HOME not in row[1]
        assert "nobody" not in row[1]


async def test_what_has_drained_is_forgotten(rooms: OrderRooms) -> None:
    await tried(rooms)
    rooms.clock.advance(WINDOW / 2)
    await tried(rooms, "another")
    rooms.clock.advance(WINDOW / 2)
    await rooms.db.write(EVERYWHERE, forget_failures)
    assert await rooms.count("lookup_failures") == 3, "of the second: its address, its number, and both"
    rooms.clock.advance(WINDOW / 2)
    await rooms.db.write(EVERYWHERE, forget_failures)
    assert await rooms.count("lookup_failures") == 0
