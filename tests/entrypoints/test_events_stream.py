"""The journal as it grows, over a real connection."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import NamedTuple

import httpx
import msgspec
import pytest
import pytest_asyncio

from karla.domain.shipments.records import ShipmentEvent
from karla.domain.subscribers.queries.journal import JournalFilter
from karla.entrypoints.api.streams import PER_SHOP, Streams, messages
from karla.entrypoints.api.streams import Follower as Reader
from karla.infra.access import scope_of
from karla.infra.json_text import JsonText
from karla.infra.paging import Cursor
from karla.infra.settings import Settings
from karla.infra.work import Work
from tests.support.facts import happen, order_file, shipment_event
from tests.support.karla import Karla, ShopClient
from tests.support.serving import served


class Message(NamedTuple):
    """One message as it came; `data` is empty on one that only moves the cursor."""

    id: str
    event: str
    data: str

    @property
    def event_id(self) -> str:
        return str(msgspec.json.decode(self.data)["event_id"])


class Connection:
    """One open stream."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.opening = Message("", "", "")
        self._lines = response.aiter_lines()

    async def next(self) -> Message:
        """The next message; StopAsyncIteration at the end."""
        told: dict[str, str] = {}
        async with asyncio.timeout(20):
            while True:
                line = await anext(self._lines)
                if not line and told:
                    return Message(told.get("id", ""), told.get("event", ""), told.get("data", ""))
                name, _, value = line.partition(": ")
                told[name] = value

    async def news(self) -> Message:
        """The next message with an event."""
        while not (message := await self.next()).data:
            pass
        return message


class Follower:
    """Opens streams of one shop."""

    def __init__(self, http: httpx.AsyncClient, client: ShopClient) -> None:
        self._http = http
        self._client = client

    @contextlib.asynccontextmanager
    async def connected(self, after: str | None = None, **params: str) -> AsyncIterator[Connection]:
        """An open stream, its opening read."""
        headers = {**self._client.headers, **({"Last-Event-ID": after} if after else {})}
        path = f"/v1/shops/{self._client.slug}/events/stream"
        async with self._http.stream("GET", path, headers=headers, params=params) as response:
            made = Connection(response)
            if response.status_code == 200:
                made.opening = await made.next()
                assert made.opening.id
            yield made


@pytest.fixture(scope="module")
def address(settings: Settings, database_url: str) -> Iterator[str]:
    with served(settings, database_url) as url:
        yield url


@pytest_asyncio.fixture
async def shop(karla: Karla) -> ShopClient:
    return await karla.shop()


@pytest_asyncio.fixture
async def follower(address: str, shop: ShopClient) -> AsyncIterator[Follower]:
    async with httpx.AsyncClient(base_url=address) as http:
        yield Follower(http, shop)


async def happened(karla: Karla, shop: ShopClient, *names: str) -> list[str]:
    """Each in a transaction of its own."""
    events = [shipment_event(order_file(shop.shop.id), name) for name in names or ("OUT_FOR_DELIVERY",)]
    for event in events:
        await happen(karla.services.db, event)
    return [str(event.event_id) for event in events]


async def test_what_happens_comes_as_the_journal_has_it(karla: Karla, shop: ShopClient, follower: Follower) -> None:
    await happened(karla, shop, "SUCCESSFULLY_DELIVERED")
    async with follower.connected() as stream:
        assert stream.response.headers["content-type"].startswith("text/event-stream")
        assert stream.response.headers["cache-control"] == "no-store"
        (event_id,) = await happened(karla, shop)
        message = await stream.news()
    assert message.event == "shipments/in_delivery/OUT_FOR_DELIVERY"
    assert message.event_id == event_id
    assert msgspec.json.decode(message.data) == (await shop.get(f"/events/{event_id}")).json()


async def test_it_goes_on_after_the_last_event_seen(karla: Karla, shop: ShopClient, follower: Follower) -> None:
    async with follower.connected() as stream:
        (first,) = await happened(karla, shop)
        seen = await stream.news()
        assert seen.event_id == first
    missed = await happened(karla, shop, *["OUT_FOR_DELIVERY"] * 120)
    async with follower.connected(after=seen.id) as stream:
        assert [(await stream.news()).event_id for _ in missed] == missed
        (last,) = await happened(karla, shop)
        assert (await stream.news()).event_id == last


async def test_filters(karla: Karla, shop: ShopClient, follower: Follower) -> None:
    async with (
        follower.connected(ref="shipments/delivered") as by_ref,
        follower.connected(group="shipment_delivered_all_events") as by_group,
    ):
        _, delivered = await happened(karla, shop, "OUT_FOR_DELIVERY", "SUCCESSFULLY_DELIVERED")
        for stream in (by_ref, by_group):
            assert (await stream.news()).event_id == delivered


async def test_tests_come_on_demand(karla: Karla, shop: ShopClient, follower: Follower) -> None:
    webhook = (await shop.post("/webhooks", {"url": "https://hooks.shop.example/karla"})).json()
    async with follower.connected() as plain, follower.connected(include_test="true") as all_of_it:
        await shop.post(f"/webhooks/{webhook['uuid']}/test")
        assert (await all_of_it.news()).event == "webhooks/test"
        (real,) = await happened(karla, shop)
        assert (await plain.news()).event_id == real


async def test_other_shops_events_are_not_in_it(karla: Karla, shop: ShopClient, follower: Follower) -> None:
    other = await karla.shop()
    async with follower.connected() as stream:
        await happened(karla, other)
        (own,) = await happened(karla, shop)
        assert (await stream.news()).event_id == own


async def test_what_is_committed_late_is_not_missed(karla: Karla, shop: ShopClient, follower: Follower) -> None:
    """An event of an earlier time may become visible after one of a later time."""
    go_on, announced = asyncio.Event(), asyncio.Event()
    slow = shipment_event(order_file(shop.shop.id))
    async with follower.connected() as stream:
        committing = asyncio.create_task(held_back(karla, slow, announced, go_on))
        await announced.wait()
        (quick,) = await happened(karla, shop)
        assert (await stream.news()).event_id == quick
        go_on.set()
        await committing
        assert (await stream.news()).event_id == str(slow.event_id)
        (last,) = await happened(karla, shop)
        assert (await stream.news()).event_id == last
    journal = [entry["event_id"] for entry in (await shop.get("/events", sort="asc")).json()]
    assert journal == [str(slow.event_id), quick, last]


async def held_back(karla: Karla, event: ShipmentEvent, announced: asyncio.Event, go_on: asyncio.Event) -> None:
    """A transaction that has its time already and is committed when it is let."""

    async def command(work: Work) -> None:
        work.emit(event)
        announced.set()
        await go_on.wait()

    await karla.services.db.write(scope_of([event.shop_id]), command)


async def test_a_slow_reader_gets_everything(karla: Karla, shop: ShopClient, follower: Follower) -> None:
    events = [shipment_event(order_file(shop.shop.id)) for _ in range(300)]
    heavy = []
    for event in events:
        order = msgspec.structs.replace(event.consignment.order, products=JsonText.of([{"title": "x" * 20_000}]))
        heavy.append(
            msgspec.structs.replace(event, consignment=msgspec.structs.replace(event.consignment, order=order))
        )
    async with follower.connected() as stream:
        await happen(karla.services.db, *heavy)
        await happened(karla, await karla.shop())
        assert [(await stream.news()).event_id for _ in heavy] == [str(event.event_id) for event in events]


async def test_a_shop_has_only_so_many(follower: Follower) -> None:
    streams = [follower.connected() for _ in range(PER_SHOP)]
    for stream in streams:
        await stream.__aenter__()
    async with follower.connected() as refused:
        await refused.response.aread()
        assert (refused.response.status_code, refused.response.json()["key"]) == (429, "streams_exhausted")
        assert int(refused.response.headers["retry-after"]) > 0
    for stream in streams:
        await stream.__aexit__(None, None, None)
    async with asyncio.timeout(20):
        while True:
            async with follower.connected() as again:
                if again.response.status_code == 200:
                    return


async def test_it_ends_when_the_server_stops(settings: Settings, database_url: str, shop: ShopClient) -> None:
    serving = served(settings, database_url)
    async with httpx.AsyncClient(base_url=serving.__enter__()) as http, Follower(http, shop).connected() as stream:
        stopping = asyncio.create_task(asyncio.to_thread(serving.__exit__, None, None, None))
        with pytest.raises(StopAsyncIteration):
            await stream.news()
        async with asyncio.timeout(5):
            await stopping


@pytest.mark.parametrize("after", ["nonsense", "WzEsMl0"])
async def test_a_cursor_that_is_none(follower: Follower, after: str) -> None:
    async with follower.connected(after=after) as refused:
        await refused.response.aread()
        assert refused.response.status_code == 422
        assert [fault["loc"] for fault in refused.response.json()["errors"]] == [["header", "Last-Event-ID"]]


async def test_who_is_cut_off_before_the_first_event_misses_none(
    karla: Karla, shop: ShopClient, follower: Follower
) -> None:
    async with follower.connected() as stream:
        opening = stream.opening
    (missed,) = await happened(karla, shop)
    async with follower.connected(after=opening.id) as stream:
        assert (await stream.news()).event_id == missed


class TestQuiet:
    """With heartbeats that come sooner than those of a server."""

    async def messages(self, karla: Karla, shop: ShopClient, *, allowed: bool) -> AsyncGenerator[bytes, None]:
        scope = scope_of([shop.shop.id])
        reader = Reader(karla.services.db, karla.services.clock, scope, JournalFilter())
        await reader.start(None)

        async def may_go_on() -> bool:
            return allowed

        async for message in messages(reader, Streams(heartbeat_seconds=0.1), shop.shop.id, may_go_on):
            yield message

    async def test_silence_has_heartbeats_that_move_the_cursor(self, karla: Karla, shop: ShopClient) -> None:
        told = self.messages(karla, shop, allowed=True)
        async with asyncio.timeout(20), contextlib.aclosing(told):
            opening, first, second = [await anext(told) for _ in range(3)]
        assert opening.startswith(b"retry: ")
        ids = [cursor_of(message) for message in (opening, first, second)]
        assert first.startswith(b": ")
        assert [one.time for one in ids] == sorted({one.time for one in ids})

    async def test_it_ends_for_who_may_no_longer_look(self, karla: Karla, shop: ShopClient) -> None:
        async with asyncio.timeout(20):
            told = [message async for message in self.messages(karla, shop, allowed=False)]
        assert not [message for message in told if b"data:" in message]


def cursor_of(message: bytes) -> Cursor:
    (line,) = [line for line in message.decode().splitlines() if line.startswith("id: ")]
    return Cursor.read(line.removeprefix("id: "))
