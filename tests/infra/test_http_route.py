"""How outgoing HTTP leaves the machine: the source address, the least TLS, and the settings for both."""

import socket
import ssl
from ipaddress import ip_address
from pathlib import Path

import pytest

from karla.infra.http import Egress, EgressUnavailable, Route, TargetForbidden, Unreachable
from karla.infra.http.route import Proxy
from karla.infra.settings import Settings, SettingsInvalid, settings_from, source_addresses
from tests.support import listeners
from tests.support.listeners import OK, Names, hang, listening, sending
from tests.support.proxy import proxying

ELSEWHERE = "203.0.113.7"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return listeners.write_certificate(tmp_path)


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    return listeners.server_tls(certificate)


# The source address


async def test_the_receiver_sees_the_source_address() -> None:
    route = Route.of(Settings(egress_source_address="127.0.0.2"))
    async with listening(sending(OK)) as receiver, Egress(allow_private=True, route=route) as egress:
        for _ in range(3):
            await egress.post(f"http://localhost:{receiver.port}/", b"{}", {})
    assert [host for host, _ in receiver.peers] == ["127.0.0.2"] * 3


async def test_the_proxy_sees_the_source_address() -> None:
    async with proxying() as proxy, listening(hang) as target:
        route = Route(sources={socket.AF_INET: "127.0.0.3"}, proxy=Proxy("127.0.0.1", proxy.port))
        proxy.lead("8.8.8.8:443", target.port)
        async with Egress(allow_private=False, route=route) as egress:
            with pytest.raises(Unreachable, match="timeout"):
                await egress.post("https://8.8.8.8/", b"{}", {}, timeout_seconds=0.3)
        assert [host for host, _ in proxy.peers] == ["127.0.0.3"]


async def test_a_target_of_the_other_family_is_not_reached_from_another_address() -> None:
    route = Route(sources={socket.AF_INET6: "::1"})
    async with listening(sending(OK)) as receiver, Egress(allow_private=True, route=route) as egress:
        with pytest.raises(Unreachable, match="connect"):
            await egress.post(f"http://127.0.0.1:{receiver.port}/", b"{}", {})
    assert not receiver.connects


async def test_of_two_families_the_one_with_a_source_is_taken() -> None:
    route = Route(sources={socket.AF_INET: "127.0.0.2"})
    async with (
        listening(sending(OK)) as receiver,
        Egress(allow_private=True, route=route, resolver=Names(["::1", "127.0.0.1"])) as egress,
    ):
        assert (await egress.post(f"http://hook.example.com:{receiver.port}/", b"{}", {})).status == 200


async def test_a_source_address_that_the_machine_has_lost_is_no_fault_of_the_target() -> None:
    async with proxying() as proxy, listening(sending(OK)) as receiver:
        direct = Route(sources={socket.AF_INET: ELSEWHERE})
        proxied = Route(sources={socket.AF_INET: ELSEWHERE}, proxy=Proxy("127.0.0.1", proxy.port))
        for route, url in (
            (direct, f"http://127.0.0.1:{receiver.port}/"),
            (proxied, f"http://127.0.0.1:{receiver.port}/"),
            (proxied, "https://127.0.0.1/"),
        ):
            async with Egress(allow_private=True, route=route) as egress:
                with pytest.raises(EgressUnavailable, match="source_address"):
                    await egress.post(url, b"{}", {})
        assert not (receiver.connects or proxy.peers)


async def test_the_guard_comes_before_the_source_address() -> None:
    route = Route(sources={socket.AF_INET: ELSEWHERE})
    async with Egress(allow_private=False, route=route, resolver=Names(["127.0.0.1"])) as egress:
        with pytest.raises(TargetForbidden):
            await egress.post("https://hook.example.com/", b"{}", {})


def test_a_source_address_of_another_machine_is_told_at_the_start() -> None:
    with pytest.raises(SettingsInvalid, match=r"KARLA_EGRESS_SOURCE_ADDRESS: .* does not have .*203\.0\.113\.7"):
        Route.of(Settings(egress_source_address=ELSEWHERE))


# TLS


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("least", ["1.2", "1.3"])
async def test_the_least_tls_is_the_operators(
    certificate: Path, server_tls: ssl.SSLContext, newest: ssl.TLSVersion, least: str
) -> None:
    server_tls.maximum_version = newest
    settings = settings_from({"KARLA_EGRESS_TLS_MINIMUM": least, "KARLA_EGRESS_CA_FILE": str(certificate)})
    async with (
        listening(sending(OK), server_tls) as receiver,
        Egress(allow_private=True, route=Route.of(settings)) as egress,
    ):
        url = f"https://localhost:{receiver.port}/"
        if (least, newest) == ("1.3", ssl.TLSVersion.TLSv1_2):
            with pytest.raises(Unreachable, match="tls"):
                await egress.post(url, b"", {})
        else:
            assert (await egress.post(url, b"", {})).status == 200


# Settings


def test_without_settings_the_way_is_direct() -> None:
    assert Route.of(settings_from({})) == Route()
    assert Route().tls_minimum is ssl.TLSVersion.TLSv1_2


def test_the_settings_make_the_route(certificate: Path) -> None:
    environ = {
        "KARLA_EGRESS_SOURCE_ADDRESS": " 127.0.0.2 ",
        "KARLA_EGRESS_PROXY_URL": "http://karla:p%40ss@[fd00::1]:3128",
        "KARLA_EGRESS_TLS_MINIMUM": "1.3",
        "KARLA_EGRESS_CA_FILE": str(certificate),
    }
    route = Route.of(settings_from(environ))
    assert route.sources == {socket.AF_INET: "127.0.0.2"}
    assert route.proxy == Proxy("fd00::1", 3128, "Basic a2FybGE6cEBzcw==")
    assert str(route.proxy.url) == "http://[fd00::1]:3128"
    assert (route.tls_minimum, route.ca_file) == (ssl.TLSVersion.TLSv1_3, certificate)


def test_there_may_be_a_source_address_of_each_family() -> None:
    assert source_addresses("127.0.0.2, ::1") == (ip_address("127.0.0.2"), ip_address("::1"))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SOURCE_ADDRESS", "eth0"),
        ("SOURCE_ADDRESS", "127.0.0.1,"),
        ("SOURCE_ADDRESS", "127.0.0.1 127.0.0.2"),
        ("SOURCE_ADDRESS", "127.0.0.1,127.0.0.2"),
        ("SOURCE_ADDRESS", "0.0.0.0"),  # noqa: S104
        ("SOURCE_ADDRESS", "::"),
        ("SOURCE_ADDRESS", "224.0.0.1"),
        ("PROXY_URL", "proxy.internal:3128"),
        ("PROXY_URL", "https://proxy.internal:3128"),
        ("PROXY_URL", "socks5://proxy.internal:3128"),
        ("PROXY_URL", "http://"),
        ("PROXY_URL", "http://hush:hush@"),
        ("PROXY_URL", "http://hush:hush@proxy.internal:0"),
        ("PROXY_URL", "http://hush:hush@proxy.internal:99999"),
        ("PROXY_URL", "http://hush:hush@proxy.internal/path"),
        ("PROXY_URL", "http://hush:hush@proxy.internal?x=1"),
        ("PROXY_URL", "http://hush:hush@proxy.internal#x"),
        ("PROXY_URL", "http://hush%3Ahush:hush@proxy.internal"),
        ("TLS_MINIMUM", "1.1"),
        ("TLS_MINIMUM", "1.0"),
        ("TLS_MINIMUM", "SSLv3"),
        ("CA_FILE", "/nowhere/ca.pem"),
        ("CA_FILE", __file__),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_and_no_secret_told(variable: str, value: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        settings_from({f"KARLA_EGRESS_{variable}": value})
    assert str(caught.value).startswith(f"KARLA_EGRESS_{variable}: ")
    assert "hush" not in str(caught.value)


def test_every_fault_is_named() -> None:
    environ = {f"KARLA_EGRESS_{name}": "?" for name in ("SOURCE_ADDRESS", "PROXY_URL", "TLS_MINIMUM", "CA_FILE")} | {
        "KARLA_PORT": "0"
    }
    with pytest.raises(SettingsInvalid) as caught:
        settings_from(environ)
    assert {fault.partition(":")[0] for fault in str(caught.value).split("; ")} == environ.keys()
