"""Calls to an application in this process: whole answers, limits of time that hold, no caller forged."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

import httpx
import pytest

from karla.infra.in_process import Application, InProcess, on_behalf_of

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def answer(send: Send, body: bytes, status: int = 200, *headers: tuple[bytes, bytes]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [*headers]})
    half = len(body) // 2
    await send({"type": "http.response.body", "body": body[:half], "more_body": True})
    await send({"type": "http.response.body", "body": body[half:], "more_body": False})


async def echo(scope: Message, receive: Receive, send: Send) -> None:
    asked = await receive()
    told = (scope["method"], scope["path"], scope["query_string"].decode(), asked["body"].decode(), scope["client"][0])
    await answer(send, "|".join(told).encode(), 201, (b"x-kind", b"echo"))


def client(application: Application, timeout: float | None = 5.0) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=InProcess(application), base_url="http://karla.test", timeout=timeout)


async def test_the_application_gets_the_request_and_its_answer_comes_back_whole() -> None:
    async with client(echo) as http:
        response = await http.post("/a%2Fb/ü", params={"q": "1 2"}, content=b"body")
    assert (response.status_code, response.headers["x-kind"]) == (201, "echo")
    assert response.text == "POST|/a/b/ü|q=1+2|body|127.0.0.1"


async def test_a_head_has_no_body() -> None:
    async with client(echo) as http:
        response = await http.head("/")
    assert (response.status_code, response.content) == (201, b"")


async def test_a_call_is_made_for_whom_it_is_made() -> None:
    async with client(echo) as http:
        with on_behalf_of("203.0.113.9"):
            within = await http.get("/")
        after = await http.get("/")
    assert within.text.endswith("|203.0.113.9")
    assert after.text.endswith("|127.0.0.1")


async def test_no_header_says_who_calls() -> None:
    forged = {"X-Forwarded-For": "198.51.100.1", "Forwarded": "for=198.51.100.1", "X-Real-IP": "198.51.100.1"}
    async with client(echo) as http:
        with on_behalf_of("203.0.113.9"):
            response = await http.get("/", headers=forged)
    assert response.text.endswith("|203.0.113.9")


async def test_calls_at_once_keep_their_callers() -> None:
    async def called(http: httpx.AsyncClient, address: str) -> str:
        with on_behalf_of(address):
            await asyncio.sleep(0)
            return (await http.get("/")).text.rpartition("|")[2]

    addresses = [f"203.0.113.{number}" for number in range(20)]
    async with client(echo) as http:
        assert await asyncio.gather(*(called(http, address) for address in addresses)) == addresses


async def test_a_slow_application_is_cut_off_in_time() -> None:
    cancelled = asyncio.Event()

    async def slow(scope: Message, receive: Receive, send: Send) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async with client(slow, timeout=0.02) as http:
        with pytest.raises(httpx.ReadTimeout):
            await http.get("/")
        async with asyncio.timeout(5):
            await cancelled.wait()


async def test_one_that_clings_to_its_work_holds_nobody_up() -> None:
    let_go = asyncio.Event()

    async def clinging(scope: Message, receive: Receive, send: Send) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await let_go.wait()
            raise ValueError("too late to tell") from None

    http = client(clinging, timeout=0.02)
    async with asyncio.timeout(5):
        with pytest.raises(httpx.ReadTimeout):
            await http.get("/")
        closing = asyncio.create_task(http.aclose())
        await asyncio.sleep(0)
        assert not closing.done()
        let_go.set()
        await closing


async def test_who_gives_up_cancels_the_work() -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def endless(scope: Message, receive: Receive, send: Send) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with client(endless, timeout=None) as http, asyncio.timeout(5):
        call = asyncio.create_task(http.get("/"))
        await begun.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await cancelled.wait()


async def test_an_application_that_fails_or_says_nothing_is_an_error_of_the_server() -> None:
    async def failing(scope: Message, receive: Receive, send: Send) -> None:
        raise ValueError("broken")

    async def silent(scope: Message, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    for application in (failing, silent):
        async with client(application) as http:
            assert (await http.get("/")).status_code == 500


async def test_who_is_answered_is_gone_afterwards() -> None:
    heard: list[str] = []

    async def listening(scope: Message, receive: Receive, send: Send) -> None:
        heard.append((await receive())["type"])
        await answer(send, b"done")
        heard.append((await receive())["type"])

    async with client(listening) as http:
        assert (await http.get("/")).text == "done"
    assert heard == ["http.request", "http.disconnect"]


async def test_what_holds_around_the_caller_does_not_reach_in() -> None:
    mood: ContextVar[str] = ContextVar("mood", default="none")

    async def tell(scope: Message, receive: Receive, send: Send) -> None:
        await answer(send, mood.get().encode())

    mood.set("of the caller")
    async with client(tell) as http:
        assert (await http.get("/")).text == "none"
