"""Outgoing HTTP through a proxy: what it is asked, and whose failure a failure is."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from ipaddress import ip_address
from pathlib import Path

import msgspec
import pytest
from aiohttp import encode_basic_auth
from yarl import URL

from karla.infra.http import Egress, EgressUnavailable, Route, TargetForbidden, Unreachable
from karla.infra.http.names import ProxyOnly
from karla.infra.http.route import Proxy
from tests.support import listeners
from tests.support.listeners import OK, Names, Play, abort, hang, hang_up, listening, sending
from tests.support.proxy import StandInProxy, proxying, status

PUBLIC = "8.8.8.8"
CREDENTIALS = encode_basic_auth("karla", "hush: é%")


@pytest.fixture
async def proxy() -> AsyncIterator[StandInProxy]:
    async with proxying() as proxy:
        yield proxy


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return listeners.write_certificate(tmp_path)


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    return listeners.server_tls(certificate)


def through(
    proxy: StandInProxy, names: Names, certificate: Path | None = None, *, authorization: str | None = None
) -> Egress:
    """As in production: private targets are forbidden, and the proxy stands on loopback."""
    route = msgspec.structs.replace(proxy.route(authorization), ca_file=certificate)
    return Egress(allow_private=False, route=route, resolver=names)


def answering(count: int) -> Play:
    """A receiver that keeps its connection for so many requests."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(count):
            head = await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(head), head))
            await writer.drain()

    return play


# What comes through


async def test_the_proxy_is_asked_for_a_checked_address_and_the_target_sees_its_own_name(
    proxy: StandInProxy, certificate: Path, server_tls: ssl.SSLContext
) -> None:
    async with (
        listening(answering(2), server_tls) as target,
        through(proxy, Names([PUBLIC]), certificate, authorization=CREDENTIALS) as egress,
    ):
        proxy.lead(f"{PUBLIC}:443", target.port)
        proxy.authorization = CREDENTIALS
        for _ in range(2):
            answer = await egress.post("https://hook.example.com/a?b=c", b"", {"X-Own": "1"})

    (asked,) = proxy.journal  # and the tunnel was used again
    assert (asked.method, asked.target) == ("CONNECT", f"{PUBLIC}:443")
    assert asked.headers.keys() == {"host", "user-agent", "proxy-authorization"}
    assert asked.headers["host"] == f"{PUBLIC}:443"
    line, *headers = answer.excerpt.decode().strip().split("\r\n")
    assert line == "POST /a?b=c HTTP/1.1"
    assert "Host: hook.example.com" in headers
    assert "X-Own: 1" in headers
    assert not [header for header in headers if header.lower().startswith("proxy-")]


async def test_targets_at_one_address_share_no_tunnel(
    proxy: StandInProxy, certificate: Path, server_tls: ssl.SSLContext
) -> None:
    async with (
        listening(answering(2), server_tls) as target,
        through(proxy, Names([PUBLIC]), certificate) as egress,
    ):
        proxy.lead(f"{PUBLIC}:443", target.port)
        await egress.post("https://hook.example.com/", b"", {})
        with pytest.raises(Unreachable, match="tls"):  # the certificate is not one of this name
            await egress.post("https://other.example.com/", b"", {})
    assert [asked.target for asked in proxy.journal] == [f"{PUBLIC}:443"] * 2


async def test_an_address_that_the_proxy_does_not_reach_is_followed_by_the_next(
    proxy: StandInProxy, certificate: Path, server_tls: ssl.SSLContext
) -> None:
    names = Names(["2a00:1450:4001:82b::200e", "10.0.0.1", PUBLIC])
    proxy.refused = {"[2a00:1450:4001:82b::200e]:8443": 503}
    async with listening(sending(OK), server_tls) as target, through(proxy, names, certificate) as egress:
        proxy.lead(f"{PUBLIC}:8443", target.port)
        answer = await egress.post("https://hook.example.com:8443/", b"", {})
    assert answer.excerpt == b"ok"
    assert [asked.target for asked in proxy.journal] == ["[2a00:1450:4001:82b::200e]:8443", f"{PUBLIC}:8443"]


async def test_plain_http_is_asked_for_by_its_whole_url_where_it_is_allowed(proxy: StandInProxy) -> None:
    proxy.authorization = CREDENTIALS
    async with (
        listening(sending(OK)) as target,
        Egress(allow_private=True, route=proxy.route(CREDENTIALS)) as egress,
    ):
        answer = await egress.post(f"http://127.0.0.1:{target.port}/a?b=c", b"", {})
    assert answer.excerpt == b"ok"
    (asked,) = proxy.journal
    assert (asked.method, asked.target) == ("POST", f"http://127.0.0.1:{target.port}/a?b=c")


async def test_the_proxy_may_have_a_name(proxy: StandInProxy, certificate: Path, server_tls: ssl.SSLContext) -> None:
    route = Route(proxy=Proxy("proxy.internal", proxy.port), ca_file=certificate)
    zone = listeners.Zone({"proxy.internal": ["127.0.0.1"], "hook.example.com": [PUBLIC]})
    async with (
        listening(sending(OK), server_tls) as target,
        Egress(allow_private=False, route=route, resolver=zone) as egress,
    ):
        proxy.lead(f"{PUBLIC}:443", target.port)
        assert (await egress.post("https://hook.example.com/", b"", {})).status == 200


# What the proxy spoils is not the receiver's


@pytest.mark.parametrize(
    ("code", "reason"), [(407, "proxy_auth"), (403, "proxy_refused"), (429, "proxy_refused"), (302, "proxy_refused")]
)
async def test_a_proxy_that_refuses(proxy: StandInProxy, code: int, reason: str) -> None:
    proxy.answer = status(code)
    async with through(proxy, Names([PUBLIC, "9.9.9.9"]), authorization=CREDENTIALS) as egress:
        with pytest.raises(EgressUnavailable) as caught:
            await egress.post("https://hook.example.com/?token=hush", b"{}", {})
    assert (str(caught.value), caught.value.reason) == (reason, reason)
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert len(proxy.journal) == 1


@pytest.mark.parametrize(
    ("play", "reason"),
    [
        pytest.param(abort, "proxy_reset", id="reset"),
        pytest.param(hang_up, "proxy_reset", id="closed without an answer"),
        pytest.param(hang, "proxy_timeout", id="no answer"),
    ],
)
async def test_a_proxy_that_fails(proxy: StandInProxy, play: Play, reason: str) -> None:
    proxy.play = play
    async with through(proxy, Names([PUBLIC])) as egress:
        with pytest.raises(EgressUnavailable) as caught:
            await egress.post("https://hook.example.com/", b"{}", {}, timeout_seconds=0.3)
    assert caught.value.reason == reason
    assert caught.value.duration_ms < 5000


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20_000,
        b"HTTP/1.1 200 OK\r\n\r\nand what the target never said",
    ],
)
async def test_a_proxy_that_does_not_speak_http(proxy: StandInProxy, said: bytes) -> None:
    proxy.answer = said
    async with through(proxy, Names([PUBLIC])) as egress:
        with pytest.raises(EgressUnavailable, match="proxy_protocol"):
            await egress.post("https://hook.example.com/", b"{}", {})


@pytest.mark.parametrize("url", ["https://hook.example.com/", "http://127.0.0.1:9/"])
async def test_a_proxy_that_is_away(url: str) -> None:
    async with listening(hang) as gone:
        port = gone.port
    for host in ("127.0.0.1", "proxy.internal", "no.such.name"):
        zone = listeners.Zone({"proxy.internal": ["127.0.0.1"], "hook.example.com": [PUBLIC]})
        async with Egress(url.startswith("http:"), route=Route(proxy=Proxy(host, port)), resolver=zone) as egress:
            with pytest.raises(EgressUnavailable, match="proxy_connect"):
                await egress.post(url, b"{}", {})


async def test_a_proxy_that_wants_credentials_for_plain_http(proxy: StandInProxy) -> None:
    proxy.authorization = CREDENTIALS
    async with Egress(allow_private=True, route=proxy.route("Basic d3Jvbmc=")) as egress:
        with pytest.raises(EgressUnavailable, match="proxy_auth"):
            await egress.post("http://127.0.0.1:9/", b"{}", {})


# What the receiver spoils stays its own


@pytest.mark.parametrize("code", [500, 502, 503, 504])
async def test_a_target_that_the_proxy_does_not_get_through_to(proxy: StandInProxy, code: int) -> None:
    proxy.answer = status(code)
    async with through(proxy, Names([PUBLIC, "9.9.9.9"])) as egress:
        with pytest.raises(Unreachable, match="gateway"):
            await egress.post("https://hook.example.com/", b"{}", {})
    assert [asked.target for asked in proxy.journal] == [f"{PUBLIC}:443", "9.9.9.9:443"]


@pytest.mark.parametrize(
    ("play", "reason"),
    [
        pytest.param(hang, "timeout", id="no answer"),
        pytest.param(sending(then=abort), "reset", id="reset"),
        pytest.param(sending(), "reset", id="closed without an answer"),
        pytest.param(sending(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "protocol", id="not HTTP"),
    ],
)
async def test_a_receiver_that_fails_behind_the_proxy(
    proxy: StandInProxy, certificate: Path, server_tls: ssl.SSLContext, play: Play, reason: str
) -> None:
    async with listening(play, server_tls) as target, through(proxy, Names([PUBLIC]), certificate) as egress:
        proxy.lead(f"{PUBLIC}:443", target.port)
        with pytest.raises(Unreachable) as caught:
            await egress.post("https://hook.example.com/", b"{}", {}, timeout_seconds=0.5 if reason == "timeout" else 5)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("play", "reason"),
    [
        pytest.param(hang, "timeout", id="hangs in the handshake"),
        pytest.param(hang_up, "tls", id="hangs up in the handshake"),
        pytest.param(abort, "tls", id="cut in the handshake"),
        pytest.param(sending(OK), "timeout", id="waits for plain HTTP"),
    ],
)
async def test_a_receiver_without_tls_behind_the_proxy(proxy: StandInProxy, play: Play, reason: str) -> None:
    async with listening(play) as target, through(proxy, Names([PUBLIC])) as egress:
        proxy.lead(f"{PUBLIC}:443", target.port)
        with pytest.raises(Unreachable) as caught:
            await egress.post("https://hook.example.com/", b"{}", {}, timeout_seconds=0.5 if reason == "timeout" else 5)
    assert caught.value.reason == reason


async def test_a_receiver_of_unknown_authority_behind_the_proxy(
    proxy: StandInProxy, server_tls: ssl.SSLContext
) -> None:
    async with listening(sending(OK), server_tls) as target, through(proxy, Names([PUBLIC])) as egress:
        proxy.lead(f"{PUBLIC}:443", target.port)
        with pytest.raises(Unreachable, match="tls"):
            await egress.post("https://hook.example.com/", b"{}", {})


@pytest.mark.parametrize("code", [403, 407, 502])
async def test_a_receiver_that_answers_like_a_proxy(
    proxy: StandInProxy, certificate: Path, server_tls: ssl.SSLContext, code: int
) -> None:
    async with (
        listening(sending(status(code)), server_tls) as target,
        through(proxy, Names([PUBLIC]), certificate) as egress,
    ):
        proxy.lead(f"{PUBLIC}:443", target.port)
        assert (await egress.post("https://hook.example.com/", b"{}", {})).status == code


async def test_a_name_without_an_address_is_the_receivers_too(proxy: StandInProxy) -> None:
    async with through(proxy, Names([])) as egress:
        with pytest.raises(Unreachable, match="dns"):
            await egress.post("https://hook.example.com/", b"{}", {})
    assert not proxy.journal


# The proxy is the one private address that is dialled, and only as the proxy


async def test_the_proxy_is_no_target(proxy: StandInProxy) -> None:
    for url in (f"https://127.0.0.1:{proxy.port}/", f"https://hook.example.com:{proxy.port}/"):
        async with through(proxy, Names(["127.0.0.1"])) as egress:
            with pytest.raises(TargetForbidden, match="the address is not public"):
                await egress.post(url, b"{}", {})
    assert not proxy.journal


async def test_behind_a_proxy_the_guard_admits_the_proxy_alone_with_each_address_that_it_had() -> None:
    names = ProxyOnly(Proxy("proxy.internal", 3128), Names(["10.0.0.1"], ["10.0.0.2"]))
    first, second = ip_address("10.0.0.1"), ip_address("10.0.0.2")
    assert not names.admits(first, 3128)
    for _ in range(2):
        await names.resolve("proxy.internal", 3128)
    assert names.admits(first, 3128)
    assert names.admits(second, 3128)
    assert not names.admits(first, 443)
    assert not names.admits(ip_address(PUBLIC), 3128)
    with pytest.raises(OSError, match="only the proxy"):
        await names.resolve("hook.example.com", 3128)


def test_a_proxy_never_shows_its_credentials() -> None:
    proxy = Proxy.at(URL("http://karla:hush%3A%20%C3%A9%25@10.0.0.1:3128"))
    assert proxy.authorization == CREDENTIALS
    assert (str(proxy.url), repr(Route(proxy=proxy)).count(CREDENTIALS)) == ("http://10.0.0.1:3128", 0)
