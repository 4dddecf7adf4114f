"""One transaction: all of it or nothing, done again after a lost race, and announced within itself."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from karla.infra import bell as bells
from karla.infra.access import NOWHERE
from karla.infra.bell import Bell
from karla.infra.db import Database, column
from karla.infra.work import Fact, Retry, Work
from tests.support.announcers import announcer
from tests.support.clocks import NOON, StandingClock


class Happened(msgspec.Struct, frozen=True):
    event_id: UUID
    shop_id: UUID


class Desk:
    """A database whose announcements are noted down with what their own transaction saw."""

    def __init__(self) -> None:
        self.clock = StandingClock()
        self.db: Database
        self.announced: list[tuple[Sequence[Fact], int]] = []
        self.fails = False

    async def announce(self, work: Work, facts: Sequence[Fact]) -> None:
        self.announced.append((list(facts), await count(work)))
        if self.fails:
            raise RuntimeError("the journal is full")


SLUG = f"desk-{uuid4()}"


@pytest_asyncio.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    made = Desk()
    made.db = await Database.open(database_url, announce=announcer(made.announce), clock=made.clock)
    yield made
    await made.db.write(
        NOWHERE, lambda work: work.connection.execute("delete from organisations where slug = $1", SLUG)
    )
    await made.db.close()


async def count(work: Work) -> int:
    return int(await work.connection.fetchval("select count(*) from organisations where slug = $1", SLUG))


async def stored(desk: Desk) -> int:
    return await desk.db.write(NOWHERE, count)


async def insert(work: Work) -> None:
    await work.connection.execute(
        "insert into organisations (id, slug, name, created_at) values ($1, $2, 'Desk', $3)", uuid4(), SLUG, work.now
    )


async def test_a_command_is_committed_and_its_facts_are_announced_within(desk: Desk) -> None:
    fact = Happened(uuid4(), uuid4())

    async def command(work: Work) -> str:
        await insert(work)
        work.emit(fact)
        return f"{work.now:%H}"

    assert await desk.db.write(NOWHERE, command) == "12"
    assert desk.announced == [([fact], 1)]
    assert await stored(desk) == 1


async def test_nothing_is_announced_where_nothing_happened(desk: Desk) -> None:
    await desk.db.write(NOWHERE, insert)
    assert desk.announced == []


async def test_a_command_that_fails_leaves_nothing(desk: Desk) -> None:
    async def command(work: Work) -> None:
        await insert(work)
        work.emit(Happened(uuid4(), uuid4()))
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        await desk.db.write(NOWHERE, command)
    assert (await stored(desk), desk.announced) == (0, [])


async def test_what_can_not_be_announced_did_not_happen(desk: Desk) -> None:
    desk.fails = True

    async def command(work: Work) -> None:
        await insert(work)
        work.emit(Happened(uuid4(), uuid4()))

    with pytest.raises(RuntimeError, match="journal"):
        await desk.db.write(NOWHERE, command)
    assert await stored(desk) == 0


@pytest.mark.parametrize("race", [Retry, asyncpg.DeadlockDetectedError, asyncpg.SerializationError])
async def test_a_lost_race_is_run_again_from_the_start(desk: Desk, race: type[Exception]) -> None:
    works: list[Work] = []

    async def command(work: Work) -> int:
        works.append(work)
        desk.clock.advance(timedelta(seconds=1))
        await insert(work)
        work.emit(Happened(uuid4(), uuid4()))
        if len(works) < 3:
            raise race
        return len(works)

    assert await desk.db.write(NOWHERE, command) == 3
    assert [work.now - NOON for work in works] == [timedelta(seconds=second) for second in range(3)]
    assert (await stored(desk), len(desk.announced)) == (1, 1)


async def test_a_race_that_is_always_lost_ends(desk: Desk) -> None:
    tries = 0

    async def command(_: Work) -> None:
        nonlocal tries
        tries += 1
        raise Retry

    with pytest.raises(Retry):
        await desk.db.write(NOWHERE, command)
    assert tries == 8


async def test_the_bell_rings_after_a_commit_with_news(desk: Desk, database_url: str) -> None:
    bell, rung = Bell(database_url), asyncio.Event()
    bell.on(bells.WORK, rung.set)
    await bell.start()
    rung.clear()

    async def command(work: Work) -> None:
        work.emit(Happened(uuid4(), uuid4()))

    await desk.db.write(NOWHERE, command)
    async with asyncio.timeout(10):
        await rung.wait()
    await bell.stop()


JSON: list[Any] = [{"a": [1, 2.5, None, "ü\u2028\U0001f98a"]}, [], [[1], [2, 3]], "text", 7, None, True, {"": {}}]


async def test_json_columns_hold_what_was_put_in_also_lists(desk: Desk) -> None:
    async with desk.db.read(NOWHERE) as connection:
        rows = await connection.fetch(
            "select v, v is null as nothing from unnest($1::jsonb[]) as u (v)", column(JSON, "jsonb")
        )
        (single,) = await connection.fetch("select $1::jsonb as v", {"deep": JSON})
    assert [row["v"] for row in rows] == JSON
    assert [row["nothing"] for row in rows] == [value is None for value in JSON]
    assert single["v"] == {"deep": JSON}
    assert column(iter(["a", None]), "text") == ["a", None]


async def test_a_session_is_in_utc_and_plans_once_whatever_the_database_has_set(own_database_url: str) -> None:
    """Times come out of the database within JSON; short statements are asked again and again."""
    owner = await asyncpg.connect(own_database_url)
    name = await owner.fetchval("select current_database()")
    await owner.execute(f"alter database \"{name}\" set timezone = 'America/New_York'")
    await owner.execute(f'alter database "{name}" set jit = on')
    await owner.close()
    db = await Database.open(own_database_url, announce=announcer(Desk().announce))
    try:
        async with db.read(NOWHERE) as connection:
            said = await connection.fetchval("select to_json($1::timestamptz)::text", NOON)
            shown = [await connection.fetchval(f"show {setting}") for setting in ("plan_cache_mode", "jit")]
    finally:
        await db.close()
    assert said.endswith('+00:00"')
    assert shown == ["force_generic_plan", "off"]
