"""The server that plays a third party: it answers as its player does, and otherwise as it is told."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from karla.infra.http import Egress, Unreachable
from karla.infra.http.standin import Asked, Entry, Reply, Server


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    opened = Server(lambda asked: Reply.json({"path": asked.path}), busy=Reply(status=429, headers={"X-Reset": "7"}))
    await opened.up()
    yield opened
    await opened.close()


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    async with Egress(allow_private=True) as opened:
        yield opened


async def test_a_request_is_answered_by_the_player_and_kept(server: Server, egress: Egress) -> None:
    answer = await egress.post(f"{server.url}/a/b?x=1&y=%C3%BC", b"body", {"X-Own": "1"})
    assert answer.excerpt == b'{"path":"/a/b"}'
    (entry,) = server.journal
    asked = entry.asked
    assert (asked.method, asked.path, asked.body, entry.status) == ("POST", "/a/b", b"body", 200)
    assert asked.query == {"x": "1", "y": "ü"}
    assert asked.headers["x-own"] == "1"


async def test_it_is_busy_in_its_own_way_as_often_as_told(server: Server, egress: Egress) -> None:
    server.be_busy(times=2)
    answers = [await egress.request("GET", server.url, {}, kept_headers=("x-reset",)) for _ in range(3)]
    assert [(answer.status, dict(answer.headers)) for answer in answers] == [
        (429, {"x-reset": "7"}),
        (429, {"x-reset": "7"}),
        (200, {}),
    ]


async def test_it_says_the_same_until_it_is_good_again(server: Server, egress: Egress) -> None:
    server.answer(Reply(status=500, body=b"no"), times=None)
    assert [(await egress.post(server.url, b"", {})).status for _ in range(3)] == [500, 500, 500]
    server.be_good()
    assert (await egress.post(server.url, b"", {})).status == 200


async def test_it_hangs_until_it_is_good_again(server: Server, egress: Egress) -> None:
    server.hang()
    waiting = asyncio.create_task(egress.post(server.url, b"", {}))
    await server.until(1)
    assert server.journal == []
    server.be_good()
    assert (await waiting).status == 200


async def test_it_hangs_up(server: Server, egress: Egress) -> None:
    server.cut()
    with pytest.raises(Unreachable, match="reset"):
        await egress.post(server.url, b"", {})
    assert [entry.status for entry in server.journal] == [None]


async def test_it_counts_how_many_were_with_it_at_once(server: Server, egress: Egress) -> None:
    server.hang(times=3)
    waiting = [asyncio.create_task(egress.post(server.url, b"", {})) for _ in range(3)]
    await server.until(3)
    server.be_good()
    await asyncio.gather(*waiting)
    assert server.most_at_once == 3


async def test_it_goes_and_comes_back_at_the_same_place(server: Server, egress: Egress) -> None:
    await server.down()
    with pytest.raises(Unreachable, match="connect"):
        await egress.post(server.url, b"", {})
    await server.up()
    assert (await egress.post(server.url, b"", {})).status == 200


async def test_it_takes_orders_at_its_control_address(egress: Egress) -> None:
    played: list[object] = []
    heard: list[Entry] = []
    server = Server(lambda _: Reply(), controls={"play": played.append}, heard=heard.append)
    await server.up()

    async def order(verb: str, body: bytes) -> tuple[int, bytes]:
        answer = await egress.post(f"{server.url}/_standin/{verb}", body, {})
        return answer.status, answer.excerpt

    assert await order("play", b'{"number": "1"}') == (200, b'{"ok":true}')
    assert played == [{"number": "1"}]
    assert (await order("answer", b'{"status": 418, "body": "tea", "headers": {"X-Tea": "1"}}'))[0] == 200
    assert (await order("slow", b'{"seconds": 0.001}'))[0] == 200
    told = [await egress.request("GET", server.url, {}) for _ in range(2)]
    assert [(answer.status, answer.excerpt) for answer in told] == [(418, b"tea"), (200, b"")]
    assert [entry.status for entry in heard] == [418, 200]
    for verb, body in (("answer", b"{}"), ("slow", b'{"seconds": "long"}'), ("hang", b"[]"), ("play", b"{")):
        status, said = await order(verb, body)
        assert (status, b"error" in said) == (400, True)
    assert (await order("dance", b"{}"))[0] == 404
    await server.close()


def test_a_player_needs_no_server() -> None:
    asked = Asked(method="GET", path="/", query={}, headers={}, body=b"")
    assert Reply.json({"a": asked.path}, 201, {"X": "1"}) == Reply(
        status=201, headers={"Content-Type": "application/json", "X": "1"}, body=b'{"a":"/"}'
    )
