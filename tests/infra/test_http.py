"""Outgoing HTTP against real servers on loopback: what comes back, and what goes wrong."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from karla.infra.http import Egress, Route, Unreachable
from tests.support import listeners
from tests.support.listeners import OK, Names, Play, abort, hang, listening, sending


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    async with Egress(allow_private=True) as opened:
        yield opened


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return listeners.write_certificate(tmp_path)


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    return listeners.server_tls(certificate)


# What comes back


async def test_the_body_arrives_byte_by_byte_and_the_answer_comes_back(egress: Egress) -> None:
    seen: list[tuple[str, dict[str, str], bytes]] = []

    async def receive(request: web.Request) -> web.Response:
        seen.append((request.path_qs, dict(request.headers), await request.read()))
        return web.Response(
            status=429, text="später", headers={"Retry-After": "7", "X-Other": "1", "Set-Cookie": "a=b"}
        )

    app = web.Application()
    app.router.add_post("/hook", receive)
    async with TestServer(app) as server:
        url = str(server.make_url("/hook?x=%C3%BC"))
        for _ in range(2):
            answer = await egress.post(url, b'{"a":1}\xff', {"Content-Type": "application/json", "X-Own": "ü"})

    assert answer.status == 429
    assert answer.headers == {"retry-after": "7", "content-type": "text/plain; charset=utf-8"}
    assert (answer.excerpt.decode(), answer.truncated) == ("später", False)
    assert 0 <= answer.duration_ms < 10_000
    for path, headers, body in seen:
        assert (path, body) == ("/hook?x=%C3%BC", b'{"a":1}\xff')
        assert headers["Content-Type"] == "application/json"
        assert headers["X-Own"] == "ü"
        assert headers["User-Agent"].startswith("Karla/")
        assert "Cookie" not in headers
    assert len(seen) == 2


async def test_a_connection_is_used_again(egress: Egress) -> None:
    peers = set()

    async def receive(request: web.Request) -> web.Response:
        assert request.transport
        peers.add(request.transport.get_extra_info("peername"))
        return web.Response(body=b"x" * 100)

    app = web.Application()
    app.router.add_route("*", "/", receive)
    async with TestServer(app) as server:
        for _ in range(3):
            await egress.post(str(server.make_url("/")), b"", {}, read_limit=100)
        exact = await egress.request("GET", str(server.make_url("/")), {}, read_limit=100)
        assert (len(exact.excerpt), exact.truncated) == (100, False)
        over = await egress.request("PUT", str(server.make_url("/")), {}, body=b"x", read_limit=99)
        assert (len(over.excerpt), over.truncated) == (99, True)
    assert len(peers) == 1


async def test_of_an_endless_body_only_an_excerpt_is_read(egress: Egress) -> None:
    hung_up = asyncio.Event()

    async def pour(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
        except ConnectionError:
            hung_up.set()

    async with listening(sending(b"HTTP/1.1 200 OK\r\n\r\n", then=pour)) as listener:
        answer = await egress.post(f"http://127.0.0.1:{listener.port}/", b"{}", {})
        assert (len(answer.excerpt), answer.truncated) == (16 * 1024, True)
        async with asyncio.timeout(5):
            await hung_up.wait()


async def test_a_compressed_body_is_not_unpacked(egress: Egress) -> None:
    bomb = gzip.compress(b"\0" * 10_000_000, mtime=0)

    async def receive(request: web.Request) -> web.Response:
        assert request.headers["Accept-Encoding"] == "identity"
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})

    app = web.Application()
    app.router.add_post("/", receive)
    async with TestServer(app) as server:
        answer = await egress.post(str(server.make_url("/")), b"", {}, read_limit=1000)
    assert answer.excerpt == bomb[:1000]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_not_followed(egress: Egress, status: int) -> None:
    head = f"HTTP/1.1 {status} Moved\r\nLocation: /else\xff\r\nContent-Length: 0\r\n\r\n"
    async with listening(sending(head.encode("latin-1"))) as listener:
        answer = await egress.post(f"http://127.0.0.1:{listener.port}/", b"{}", {})
        assert (answer.status, answer.headers) == (status, {"location": "/else\N{REPLACEMENT CHARACTER}"})
        assert listener.connects == 1


async def test_proxies_of_the_environment_are_not_asked(egress: Egress, monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(sending(OK)) as target, listening(sending(OK)) as proxy:
        for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
        answer = await egress.post(f"http://localhost:{target.port}/", b"{}", {})
        assert answer.excerpt == b"ok"
        assert (target.connects, proxy.connects) == (1, 0)


async def test_a_name_is_looked_up_once_and_what_was_found_is_dialled() -> None:
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    async with listening(sending(OK)) as listener, Egress(allow_private=True, resolver=names) as egress:
        for _ in range(3):
            answer = await egress.post(f"http://hook.example.com:{listener.port}/", b"", {})
            assert answer.status == 200
        assert (listener.connects, names.asked) == (3, 1)


# What goes wrong

CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"
MALFORMED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"


@pytest.mark.parametrize(
    ("play", "reason"),
    [
        pytest.param(hang, "timeout", id="no answer"),
        pytest.param(sending(CUT, then=hang), "timeout", id="half an answer"),
        pytest.param(sending(then=abort), "reset", id="reset"),
        pytest.param(sending(), "reset", id="closed without an answer"),
        pytest.param(sending(CUT), "protocol", id="closed within the body"),
        pytest.param(sending(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "protocol", id="not HTTP"),
        pytest.param(sending(MALFORMED), "protocol", id="malformed chunk"),
        pytest.param(sending(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 99_999 + b"\r\n\r\n"), "protocol", id="huge header"),
    ],
)
async def test_a_failure_has_one_stable_word_and_tells_no_secret(egress: Egress, play: Play, reason: str) -> None:
    async with listening(play) as listener:
        with pytest.raises(Unreachable) as caught:
            await egress.post(
                f"http://127.0.0.1:{listener.port}/path?token=hush",
                b"{}",
                {},
                timeout_seconds=0.2 if reason == "timeout" else 5,
            )
    error = caught.value
    assert (error.reason, str(error)) == (reason, reason)
    assert 0 <= error.duration_ms < 5000
    assert error.__cause__ is None
    assert error.__context__ is None


async def test_nobody_listens(egress: Egress) -> None:
    async with listening(hang) as listener:
        port = listener.port
    with pytest.raises(Unreachable, match="connect"):
        await egress.post(f"http://127.0.0.1:{port}/", b"", {})


async def test_a_name_without_an_address() -> None:
    async with Egress(allow_private=False, resolver=Names([])) as egress:
        with pytest.raises(Unreachable, match="dns"):
            await egress.post("https://hook.example.com/", b"", {})


async def test_a_server_of_unknown_authority_is_refused(egress: Egress, server_tls: ssl.SSLContext) -> None:
    async with listening(sending(OK), server_tls) as listener:
        with pytest.raises(Unreachable, match="tls"):
            await egress.post(f"https://localhost:{listener.port}/", b"", {})
        assert listener.connects == 0  # the handshake never ended


async def test_a_trusted_server_is_reached_by_its_own_name_only(certificate: Path, server_tls: ssl.SSLContext) -> None:
    names = Names(["127.0.0.1"])
    async with (
        listening(sending(OK), server_tls) as listener,
        Egress(allow_private=True, resolver=names, route=Route(ca_file=certificate)) as egress,
    ):
        answer = await egress.post(f"https://localhost:{listener.port}/", b"", {})
        assert answer.excerpt == b"ok"
        with pytest.raises(Unreachable, match="tls"):
            await egress.post(f"https://other.example.com:{listener.port}/", b"", {})


async def test_tls_before_1_2_is_refused(certificate: Path, server_tls: ssl.SSLContext) -> None:
    server_tls.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.deprecated_call():
        server_tls.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.deprecated_call():
        server_tls.maximum_version = ssl.TLSVersion.TLSv1_1
    async with (
        listening(sending(OK), server_tls) as listener,
        Egress(allow_private=True, route=Route(ca_file=certificate)) as egress,
    ):
        with pytest.raises(Unreachable, match="tls"):
            await egress.post(f"https://127.0.0.1:{listener.port}/", b"", {})


async def test_a_server_without_tls_and_one_that_hangs_in_the_handshake(egress: Egress) -> None:
    async def answer_in_plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)

    async with listening(answer_in_plain) as listener:
        with pytest.raises(Unreachable, match="tls"):
            await egress.post(f"https://127.0.0.1:{listener.port}/", b"", {})
    async with listening(hang) as listener:
        with pytest.raises(Unreachable, match="timeout"):
            await egress.post(f"https://127.0.0.1:{listener.port}/", b"", {}, timeout_seconds=0.1)
