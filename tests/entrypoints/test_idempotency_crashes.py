"""A POST whose process dies: whenever that is, a second one makes nothing twice, and is told how things stand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import Context
from datetime import timedelta
from typing import TypeVar
from uuid import uuid4

import asyncpg
import httpx
import pytest

from karla.infra import idempotency as store
from karla.infra.access import NOWHERE
from karla.infra.db import Database
from karla.infra.errors import Unavailable
from karla.infra.idempotency import KeyedRequest
from karla.infra.work import Silence, Work
from karla.vocabulary.scope import Scope
from tests.support.clocks import NOON, StandingClock
from tests.support.karla import Karla, ShopClient
from tests.support.neighbours import Neighbour, neighbour

Result = TypeVar("Result")

CLAIM, CHANGE, ANSWER = 1, 2, 3
"""The transactions of a POST with a key, by their place."""


def failing_from(place: int) -> type[Database]:
    """A database that is out of reach from the transaction at that place on: as if the process had died there."""

    class Failing(Database):
        written = 0

        async def write(self, scope: Scope, command: Callable[[Work], Awaitable[Result]]) -> Result:
            self.written += 1
            if self.written >= place:
                raise Unavailable
            return await super().write(scope, command)

    return Failing


def lost_after_its_change() -> type[Database]:
    """A database that carries out the change and then can't be reached: nobody knows whether it did."""

    class Lost(failing_from(ANSWER)):  # type: ignore[misc]
        async def write(self, scope: Scope, command: Callable[[Work], Awaitable[Result]]) -> Result:
            result: Result = await super().write(scope, command)
            if self.written == CHANGE:
                raise Unavailable
            return result

    return Lost


class Sender:
    """An admin who makes a key, once."""

    def __init__(self, admin: ShopClient, clock: StandingClock) -> None:
        self.admin = admin
        self.clock = clock
        self.path = f"/v1/orgs/{admin.shop.organisation}/keys"

    async def post(self, process: Neighbour) -> httpx.Response:
        body = {"shops": [{"shop_slug": "*", "role": "viewer"}]}
        headers = {"Idempotency-Key": "once"}
        return await process.client(self.admin).call("POST", self.path, json=body, headers=headers)

    async def made(self) -> int:
        return len((await self.admin.get(self.path)).json()) - 1


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
async def sender(karla: Karla, clock: StandingClock) -> Sender:
    return Sender(await karla.shop(whole_organisation=True), clock)


@pytest.fixture
async def process(karla: Karla, database_url: str, clock: StandingClock) -> AsyncIterator[Neighbour]:
    async with neighbour(karla, database_url, clock) as one:
        yield one


@asynccontextmanager
async def dying(karla: Karla, url: str, sender: Sender, database: type[Database]) -> AsyncIterator[Neighbour]:
    async with neighbour(karla, url, sender.clock, database=database) as one:
        yield one


async def test_who_dies_before_the_change_is_followed_after_the_lease(
    karla: Karla, database_url: str, sender: Sender, process: Neighbour
) -> None:
    async with dying(karla, database_url, sender, failing_from(CHANGE)) as doomed:
        assert (await sender.post(doomed)).status_code == 503
    assert await sender.made() == 0
    sender.clock.advance(store.LEASE)
    answer = await sender.post(process)
    assert answer.status_code == 201
    assert "idempotent-replayed" not in answer.headers
    assert (await sender.post(process)).headers["idempotent-replayed"] == "true"
    assert await sender.made() == 1


async def test_who_dies_after_the_change_is_not_followed(
    karla: Karla, database_url: str, sender: Sender, process: Neighbour
) -> None:
    for database, status in ((failing_from(ANSWER), 201), (lost_after_its_change(), 503)):
        made = await sender.made()
        async with dying(karla, database_url, sender, database) as doomed:
            assert (await sender.post(doomed)).status_code == status
        assert await sender.made() == made + 1
        sender.clock.advance(store.LEASE)
        for _ in range(2):
            answer = await sender.post(process)
            assert (answer.status_code, answer.json()["key"]) == (409, "idempotency_answer_lost")
        assert await sender.made() == made + 1
        sender.clock.advance(store.KEPT)


async def test_who_fails_and_lives_gives_the_request_back_at_once(
    karla: Karla, database_url: str, sender: Sender, process: Neighbour
) -> None:
    class Hiccup(Database):
        written = 0

        async def write(self, scope: Scope, command: Callable[[Work], Awaitable[Result]]) -> Result:
            self.written += 1
            if self.written == CHANGE:
                raise Unavailable
            return await super().write(scope, command)

    async with dying(karla, database_url, sender, Hiccup) as hiccup:
        assert (await sender.post(hiccup)).status_code == 503
    assert (await sender.post(process)).status_code == 201
    assert await sender.made() == 1


async def test_who_was_given_up_too_early_can_not_commit_any_more(
    karla: Karla, database_url: str, sender: Sender, process: Neighbour
) -> None:
    second: list[httpx.Response] = []

    class Slow(Database):
        written = 0

        async def write(self, scope: Scope, command: Callable[[Work], Awaitable[Result]]) -> Result:
            self.written += 1
            if self.written == CHANGE:
                sender.clock.advance(store.LEASE)
                # In a context of its own, as another process would be.
                second.append(await asyncio.create_task(sender.post(process), context=Context()))
            return await super().write(scope, command)

    async with dying(karla, database_url, sender, Slow) as slow:
        first = await sender.post(slow)
    assert (first.status_code, first.json()["key"]) == (409, "idempotency_in_progress")
    assert second[0].status_code == 201
    assert (await sender.post(process)).content == second[0].content
    assert await sender.made() == 1


async def test_after_a_day_the_key_is_as_new(sender: Sender, process: Neighbour) -> None:
    first = await sender.post(process)
    sender.clock.advance(store.KEPT - timedelta(seconds=1))
    assert (await sender.post(process)).content == first.content
    sender.clock.advance(timedelta(seconds=1))
    assert (await sender.post(process)).json()["uuid"] != first.json()["uuid"]
    assert await sender.made() == 2


async def test_a_purge_takes_what_is_a_day_old_and_nothing_else(database_url: str) -> None:
    clock = StandingClock(NOON - timedelta(days=9000))  # so long ago that no other test's requests are as old

    db = await Database.open(database_url, announce=Silence, clock=clock, pool_size=1)
    connection = await asyncpg.connect(database_url)
    organisation, key_id = uuid4(), uuid4()
    await connection.execute(
        "insert into organisations (id, slug, name, created_at) values ($1, $2, $2, $3)",
        organisation,
        f"org-{organisation.hex[:12]}",
        clock.now(),
    )

    async def claim(name: bytes) -> None:
        request = KeyedRequest(organisation, key_id, name, b"")
        await db.write(NOWHERE, lambda work: store.claim(work, request, uuid4()))

    for name in (b"1", b"2", b"3"):
        await claim(name)
    clock.advance(store.KEPT - timedelta(seconds=1))
    await claim(b"4")
    assert await db.write(NOWHERE, store.purge) == 0
    clock.advance(timedelta(seconds=1))
    assert await db.write(NOWHERE, lambda work: store.purge(work, 2)) == 2
    assert await db.write(NOWHERE, store.purge) == 1
    left = await connection.fetch("select digest from idempotency_keys where organisation_id = $1", organisation)
    assert [row["digest"] for row in left] == [b"4"]
    await connection.close()
    await db.close()
