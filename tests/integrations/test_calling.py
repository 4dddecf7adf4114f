"""One call to a third party: what is a good answer, and which failure everything else is."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from karla.infra.http import Egress
from karla.infra.http.standin import Reply, Server
from karla.integrations.calling import (
    READ_LIMIT,
    Called,
    Calling,
    Dialect,
    Request,
    epoch_in,
    words_at,
)
from karla.integrations.contract import Busy, Failure, Refused, Unauthorised, Unreachable
from karla.integrations.tokens import Granted, Token
from tests.support.clocks import NOON, StandingClock

SECRET = "s3cret/key+of=ours"
DIALECT = Dialect(meaningful=frozenset({404}), words=words_at("error.code", "error.reasons.0"))


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    opened = Server(lambda _: Reply.json({"ok": True}))
    await opened.up()
    yield opened
    await opened.close()


@pytest.fixture
async def calls() -> list[Called]:
    return []


@pytest.fixture
async def calling(calls: list[Called]) -> AsyncIterator[Calling]:
    async with Egress(allow_private=True) as egress:
        yield Calling(egress, StandingClock(), secrets=[SECRET], watch=calls.append)


async def failure(calling: Calling, server: Server, reply: Reply, dialect: Dialect = DIALECT) -> Failure:
    server.answer(reply)
    with pytest.raises(Failure) as caught:
        await calling.call(Request(url=f"{server.url}/parcels"), dialect)
    return caught.value


# Good answers


async def test_a_request_goes_out_as_it_was_said(calling: Calling, server: Server) -> None:
    request = Request(
        url=f"{server.url}/parcels",
        method="POST",
        query={"number": "1 2&3", "language": "de"},
        headers={"Authorization": f"Bearer {SECRET}"},
        body=b'{"a":1}',
        accept="application/xml",
    )
    await calling.call(request)
    asked = server.journal[0].asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/parcels", b'{"a":1}')
    assert asked.query == {"number": "1 2&3", "language": "de"}
    assert asked.headers["authorization"] == f"Bearer {SECRET}"
    assert asked.headers["accept"] == "application/xml"


async def test_a_good_answer_comes_with_the_headers_that_were_asked_for(calling: Calling, server: Server) -> None:
    server.answer(Reply(headers={"X-Left": "3", "X-Other": "4"}, body=b'{"a": 1}'))
    response = await calling.call(Request(url=server.url), Dialect(headers=("x-left",)))
    assert (response.status, response.body) == (200, b'{"a": 1}')
    assert response.headers["x-left"] == "3"
    assert "x-other" not in response.headers
    assert response.json(dict[str, int]) == {"a": 1}


async def test_a_meaningful_status_is_an_answer(calling: Calling, server: Server) -> None:
    server.answer(Reply.json({"title": "No result found"}, 404))
    assert (await calling.call(Request(url=server.url), DIALECT)).status == 404


# Failures


@pytest.mark.parametrize(("status", "kind"), [(401, Unauthorised), (403, Unauthorised), (400, Refused), (422, Refused)])
async def test_a_refusal_speaks_in_the_providers_words(
    calling: Calling, server: Server, status: int, kind: type[Failure]
) -> None:
    body = {"error": {"code": "E17", "reasons": ["The number\n is not one"]}, "receiver": "Erika Mustermann"}
    found = await failure(calling, server, Reply.json(body, status))
    assert isinstance(found, kind)
    assert "The number is not one" in str(found)
    assert "Erika" not in str(found)
    if isinstance(found, Refused):
        assert (found.code, found.message) == ("E17", "The number is not one")


async def test_an_undeclared_404_is_a_refusal(calling: Calling, server: Server) -> None:
    found = await failure(calling, server, Reply(status=404, body=b"nothing here"), Dialect())
    assert isinstance(found, Refused)
    assert (found.code, found.message) == ("404", "answered 404")


@pytest.mark.parametrize("form", [SECRET, "s3cret%2Fkey%2Bof%3Dours"])
async def test_a_secret_is_taken_out_of_what_a_provider_says(calling: Calling, server: Server, form: str) -> None:
    found = await failure(calling, server, Reply.json({"error": {"code": form, "reasons": [f"bad key {form}!"]}}, 400))
    assert isinstance(found, Refused)
    assert (found.code, found.message) == ("***", "bad key ***!")


async def test_what_a_provider_says_is_cut_to_a_line(calling: Calling, server: Server) -> None:
    found = await failure(calling, server, Reply.json({"error": {"code": 7, "reasons": ["ä" * 1000]}}, 400))
    assert isinstance(found, Refused)
    assert (found.code, len(found.message)) == ("7", 200)


@pytest.mark.parametrize(
    ("value", "after"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("Mon, 16 Mar 2026 12:05:00 GMT", 300.0),
        ("Mon, 16 Mar 2026 11:00:00 GMT", 0.0),
        ("999999999", 86400.0),
        ("soon", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_in_both_its_forms(
    calling: Calling, server: Server, status: int, value: str, after: float | None
) -> None:
    found = await failure(calling, server, Reply(status=status, headers={"Retry-After": value}))
    assert isinstance(found, Busy)
    assert found.after == after


async def test_a_503_without_a_word_of_return_is_an_outage(calling: Calling, server: Server) -> None:
    assert isinstance(await failure(calling, server, Reply(status=503)), Unreachable)


@pytest.mark.parametrize(
    ("dialect", "headers", "after"),
    [
        (Dialect(headers=("x-reset",), pause=epoch_in("x-reset")), {"X-Reset": str(NOON.timestamp() + 40)}, 40.0),
        (Dialect(headers=("x-reset",), pause=epoch_in("x-reset")), {"Retry-After": "9"}, 9.0),
        (Dialect(headers=("x-reset",), pause=epoch_in("x-reset")), {"X-Reset": "tomorrow"}, None),
    ],
)
async def test_a_providers_own_header_says_when_to_return(
    calling: Calling, server: Server, dialect: Dialect, headers: dict[str, str], after: float | None
) -> None:
    found = await failure(calling, server, Reply(status=429, headers=headers), dialect)
    assert isinstance(found, Busy)
    assert found.after == after


async def test_a_provider_may_be_busy_in_its_own_way(calling: Calling, server: Server) -> None:
    assert isinstance(await failure(calling, server, Reply(status=420), Dialect(busy=frozenset({420}))), Busy)


@pytest.mark.parametrize("status", [301, 408, 500, 502, 504, 599])
async def test_other_answers_are_no_answers(calling: Calling, server: Server, status: int) -> None:
    found = await failure(calling, server, Reply(status=status, body=SECRET.encode()))
    assert isinstance(found, Unreachable)
    assert found.reason == f"answered {status}"


async def test_a_timeout_a_cut_and_nobody_there_are_unreachable(calling: Calling, server: Server) -> None:
    server.hang(times=None)
    with pytest.raises(Unreachable, match="timeout"):
        await calling.call(Request(url=server.url, timeout_seconds=0.05))
    server.cut(times=None)
    with pytest.raises(Unreachable, match="reset"):
        await calling.call(Request(url=server.url))
    await server.down()
    with pytest.raises(Unreachable, match="connect"):
        await calling.call(Request(url=server.url))


async def test_an_address_that_may_not_be_reached_is_unreachable(server: Server) -> None:
    async with Egress(allow_private=False) as egress:
        with pytest.raises(Unreachable, match="scheme must be https"):
            await Calling(egress, StandingClock()).call(Request(url=server.url))
    assert server.journal == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>", "answered what isn't JSON"),
        (b"", "answered what isn't JSON"),
        (b'{"\xff": []}', "answered what isn't JSON"),
        (b'{"a": "Erika"}', "answered JSON of another form than documented"),
    ],
)
async def test_what_is_not_the_json_awaited_is_unreachable(
    calling: Calling, server: Server, body: bytes, reason: str
) -> None:
    server.answer(Reply(body=body))
    response = await calling.call(Request(url=server.url))
    with pytest.raises(Unreachable) as caught:
        response.json(dict[str, list[int]])
    assert caught.value.reason == reason
    assert caught.value.__context__ is None


async def test_an_endless_answer_is_not_read(calling: Calling, server: Server) -> None:
    server.answer(Reply(body=b" " * (READ_LIMIT + 1)))
    with pytest.raises(Unreachable, match="more than 2 MiB"):
        await calling.call(Request(url=server.url))
    server.answer(Reply(body=b" " * READ_LIMIT))
    assert len((await calling.call(Request(url=server.url))).body) == READ_LIMIT


async def test_every_call_is_told_of(calling: Calling, server: Server, calls: list[Called]) -> None:
    await calling.call(Request(url=server.url))
    await failure(calling, server, Reply(status=429))
    server.cut(times=None)
    with pytest.raises(Unreachable):
        await calling.call(Request(url=server.url))
    assert [(call.status, call.failure) for call in calls] == [(200, None), (429, "Busy"), (None, "Unreachable")]


# Tokens


class Granting:
    """Gives numbered tokens; the ones in `withdrawn` are taken no more."""

    def __init__(self, calling: Calling) -> None:
        self.given = 0
        self.withdrawn: set[str] = set()
        self.token = Token(self._grant, calling)

    async def _grant(self) -> Granted:
        await asyncio.sleep(0)
        self.given += 1
        return Granted(f"token {self.given}", 3600)

    async def call(self, token: str) -> str:
        if token in self.withdrawn:
            raise Unauthorised("expired")
        return token


async def test_calls_at_once_share_one_token_until_it_ends(calling: Calling) -> None:
    granting = Granting(calling)
    assert isinstance(calling.clock, StandingClock)
    assert await asyncio.gather(*(granting.token.used(granting.call) for _ in range(5))) == ["token 1"] * 5
    calling.clock.advance(timedelta(seconds=3539))
    assert await granting.token.used(granting.call) == "token 1"
    calling.clock.advance(timedelta(seconds=2))
    assert await granting.token.used(granting.call) == "token 2"


async def test_a_token_withdrawn_early_is_asked_for_anew_once(calling: Calling) -> None:
    granting = Granting(calling)
    await granting.token.used(granting.call)
    granting.withdrawn = {"token 1"}
    assert await granting.token.used(granting.call) == "token 2"
    granting.withdrawn = {"token 2", "token 3"}
    with pytest.raises(Unauthorised):
        await granting.token.used(granting.call)
    assert granting.given == 3


async def test_a_token_is_a_secret_too(calling: Calling, server: Server) -> None:
    await Granting(calling).token.used(Granting(calling).call)
    found = await failure(calling, server, Reply.json({"error": {"code": "E1", "reasons": ["token 1 is old"]}}, 400))
    assert isinstance(found, Refused)
    assert found.message == "*** is old"
