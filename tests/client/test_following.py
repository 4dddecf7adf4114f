"""Events as they happen: over connections that end, with what one stream brought not brought by the next."""

import json
from typing import Any

import pytest

from karla.client import ConnectionFailed, Forbidden, NotFound, Unreadable
from karla.client.streams import Message, Messages
from tests.client.conftest import Caller, Open
from tests.client.scripted import RESET, HeldTime, Reply, answer, error, scripted

STREAM = {"Content-Type": "text/event-stream; charset=utf-8"}


def envelope(number: int, note: str = "") -> dict[str, Any]:
    return {
        "event_id": f"6a3f0a52-2f1e-4c55-8d17-{number:012}",
        "source": "shipments",
        "ref": "shipments/delivered/SUCCESSFULLY_DELIVERED",
        "version": 1,
        "triggered_at": "2026-03-16T12:00:00+00:00",
        "event_group": None,
        "event_data": {"note": note},
        "context": {},
        "shop_slug": "shop",
        "shop_id": "4a1f9c6c-5a5e-4f1c-8c43-2f2c7f0ec8aa",
    }


def sent(*numbers: int, cut: bool = False) -> Reply:
    events = [f"id: c{number}\ndata: {json.dumps(envelope(number))}\n\n" for number in numbers]
    return Reply(200, "".join([": heartbeat\n\n", *events]).encode(), STREAM, cut=cut)


def opened(open_client: Open, url: str, time: HeldTime) -> Caller:
    return open_client(url, shop="shop", retries=time.retries())


async def test_a_lost_connection_goes_on_after_the_last_event(open_client: Open) -> None:
    time = HeldTime()
    with scripted(sent(1, 2), RESET, error(503, "busy", Retry_After="3"), sent(3), sent(4)) as api:
        events = await opened(open_client, api.url, time).list(lambda c: c.events.follow(ref="shipments"), at_most=4)
    assert [event.cursor for event in events] == ["c1", "c2", "c3", "c4"]
    assert str(events[3].event_id).endswith("4")
    assert [seen.headers.get("last-event-id") for seen in api.seen] == [None, "c2", "c2", "c2", "c3"]
    assert {seen.path for seen in api.seen} == {"/v1/shops/shop/events/stream?ref=shipments"}
    assert {seen.headers["accept"] for seen in api.seen} == {"text/event-stream"}
    assert time.waits == [0.5, 1.0, 5.0, 0.5]


async def test_it_begins_where_it_is_told_to(open_client: Open) -> None:
    with scripted(sent(8)) as api:
        await opened(open_client, api.url, HeldTime()).list(lambda c: c.events.follow(after="c7", group="g"), at_most=1)
    assert (api.seen[0].headers["last-event-id"], api.seen[0].path.rpartition("?")[2]) == ("c7", "group=g")


async def test_an_id_without_an_event_moves_the_place(open_client: Open) -> None:
    with scripted(Reply(200, b"id: start\n\n: heartbeat\n\n", STREAM), sent(1)) as api:
        await opened(open_client, api.url, HeldTime()).list(lambda c: c.events.follow(), at_most=1)
    assert api.seen[1].headers["last-event-id"] == "start"


async def test_what_came_before_does_not_come_again(open_client: Open) -> None:
    with scripted(sent(1, 2), sent(1, 2, 3)) as api:
        events = await opened(open_client, api.url, HeldTime()).list(lambda c: c.events.follow(), at_most=3)
    assert [event.cursor for event in events] == ["c1", "c2", "c3"]


async def test_what_came_long_before_is_forgotten(open_client: Open) -> None:
    many = range(1, 10_002)  # one more than is remembered
    with scripted(sent(*many), sent(2, 1)) as api:
        events = await opened(open_client, api.url, HeldTime()).list(lambda c: c.events.follow(), at_most=len(many) + 1)
    assert [event.cursor for event in events] == [*(f"c{number}" for number in many), "c1"]


@pytest.mark.parametrize(("asked", "query"), [(None, ""), (True, "include_test=true"), (False, "include_test=false")])
async def test_tests_of_webhooks_come_if_they_are_asked_for(open_client: Open, asked: bool | None, query: str) -> None:
    with scripted(sent(1)) as api:
        client = opened(open_client, api.url, HeldTime())
        await client.list(lambda c: c.events.follow(include_test=asked), at_most=1)
    assert api.seen[0].path.partition("?")[2] == query


async def test_the_server_says_how_long_to_wait_at_least(open_client: Open) -> None:
    time = HeldTime()
    with scripted(Reply(200, b"retry: 2000\nid: start\n\n", STREAM), sent(1)) as api:
        await opened(open_client, api.url, time).list(lambda c: c.events.follow(), at_most=1)
    assert time.waits == [2.5]


async def test_half_an_event_comes_whole_from_the_next_connection(open_client: Open) -> None:
    half = Reply(200, b"id: c1\ndata: " + json.dumps(envelope(1)).encode()[:40], STREAM)
    with scripted(half, sent(1)) as api:
        (event,) = await opened(open_client, api.url, HeldTime()).list(lambda c: c.events.follow(after="c0"), at_most=1)
    assert event.cursor == "c1"
    assert api.seen[1].headers["last-event-id"] == "c0"


@pytest.mark.parametrize(("status", "kind"), [(403, Forbidden), (404, NotFound)])
async def test_what_does_not_pass_ends_it(open_client: Open, status: int, kind: type[Exception]) -> None:
    with scripted(error(status, "no")) as api, pytest.raises(kind):
        await opened(open_client, api.url, HeldTime()).list(lambda c: c.events.follow())
    assert len(api.seen) == 1


async def test_patience_ends_where_nothing_is_heard(open_client: Open) -> None:
    time = HeldTime()
    with scripted(RESET) as api, pytest.raises(ConnectionFailed, match="v1EventsStream: no answer from"):
        await opened(open_client, api.url, time).list(lambda c: c.events.follow(patience=60.0))
    assert 60.0 <= sum(time.waits) < 81.0
    with scripted(Reply(200, b"", STREAM)) as api, pytest.raises(ConnectionFailed, match="ends again and again"):
        await opened(open_client, api.url, time).list(lambda c: c.events.follow(patience=60.0))


async def test_what_is_no_stream_is_none(open_client: Open) -> None:
    with scripted(answer([])) as api, pytest.raises(Unreadable, match="application/json is no stream"):
        await opened(open_client, api.url, HeldTime()).list(lambda c: c.events.follow())
    with scripted(Reply(200, b"id: 1\ndata: {}\n\n", STREAM)) as api, pytest.raises(Unreadable, match="No event"):
        await opened(open_client, api.url, HeldTime()).list(lambda c: c.events.follow())


TEXT = (
    "id: 1\r\ndata: eins\u2028zwei\r\n\r\nretry: 5\nid: 2\ndata: a\ndata:b\n\n: beat\n\nid: 3\n\ndata: ü\n\n".encode()
)
MESSAGES = [Message("1", "eins\u2028zwei".encode()), Message("2", b"a\nb"), Message("3", "ü".encode())]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_messages_are_whole_however_the_bytes_come(size: int) -> None:
    messages = Messages()
    found = [one for at in range(0, len(TEXT), size) for one in messages.feed(TEXT[at : at + size])]
    assert found == MESSAGES
    assert messages.last_id == "3"
