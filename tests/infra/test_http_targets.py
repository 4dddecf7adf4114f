"""Which URLs are targets, and what is wrong with those that are not; the corpus of forbidden ones is in tests/chaos."""

from ipaddress import ip_address

import pytest

from karla.infra.http import Egress, EgressError, Unreachable, target_problem
from karla.infra.http.targets import checked_target, is_public
from tests.support.listeners import hang_up, listening

MEANT_AS_LOOPBACK = """
127.0.0.1 127.1 127.0.1 127.0x1 2130706433 0x7f000001 0x7F000001 0x7f.0x0.0x0.0x1 0x7f.1 017700000001
0177.0.0.1 0177.0.0.01 00000177.0.0.1 0177.0x0.1 127.0.0.1. 127。0。0。1 ①②⑦.⓪.⓪.① １２７.0.0.1
"""


@pytest.mark.parametrize("host", MEANT_AS_LOOPBACK.split())
async def test_an_operator_who_allows_private_targets_reaches_the_address_that_is_meant(host: str) -> None:
    async with listening(hang_up) as listener, Egress(allow_private=True) as egress:
        with pytest.raises(Unreachable, match="reset"):
            await egress.post(f"http://{host}:{listener.port}/", b"{}", {})
        assert listener.connects == 1


@pytest.mark.parametrize("address", ["8.8.8.8", "100.128.0.1", "172.32.0.1", "192.0.1.1", "::ffff:8.8.8.8"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "https://hook.example.com",
        "HTTPS://Hook.Example.com:8443/a%2Fb?x=http://127.0.0.1&y=a@b",
        "https://hook.example.com./",
        "https://hook.example.com:/",
        "https://bücher.example/@me",
        "https://xn--bcher-kva.example/",
        "https://a_b.c-d.example.com/",
        "https://local.example.com/",
        "https://127.0.0.1.example.com/",
        "https://1.2.3.4a/",
        "https://8.8.8.8/",
        "https://134744072/",
        "https://[2a00:1450:4001:82b::200e]/",
        "https://[::ffff:8.8.8.8]/",
        "https://11.0.0.1/",
        "https://172.15.255.255/",
        "https://172.32.0.1/",
        "https://100.63.255.255/",
        "https://192.167.255.255/",
        "https://223.255.255.255/",
    ],
)
def test_public_targets_are_fine(url: str) -> None:
    assert target_problem(url, allow_private=False) is None
    assert target_problem(url, allow_private=True) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8080/",
        "http://127.0.0.1",
        "https://10.0.0.1",
        "http://[::1]:9/",
        "http://receiver/x",
    ],
)
def test_private_targets_and_plain_http_are_fine_if_the_operator_allows_them(url: str) -> None:
    assert target_problem(url, allow_private=True) is None


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("ftp://example.com", "the scheme must be https"),
        ("http://a:b@example.com", "the URL must not hold a user name or password"),
        ("http://example.com/#a", "the URL must not have a fragment"),
        ("http://example.com:0/", "the port must be between 1 and 65535"),
        ("http://example.com:65536/", "the URL is not valid"),
        ("http:///a", "the host is missing"),
        ("http://a..b/", "the host is not a valid name"),
        ("http://127.0.0.256/", "the host is not a valid name"),
        ("http://exam ple.com/", "the URL is not valid"),
        ("http://" + "a" * 64 + ".com/", "the host is not a valid name"),
        ("http://" + "a." * 130 + "com/", "the host is not a valid name"),
    ],
)
def test_some_targets_are_wrong_whatever_the_operator_allows(url: str, problem: str) -> None:
    assert target_problem(url, allow_private=True) == problem


def test_a_target_keeps_path_and_query_and_an_address_gets_its_usual_form() -> None:
    meant = checked_target("http://0177.1:8080/a%2Fb?c=%2B+%20&d=ü", allow_private=True)
    assert str(meant) == "http://127.0.0.1:8080/a%2Fb?c=%2B+%20&d=%C3%BC"
    assert str(checked_target("https://[::FFFF:8.8.8.8]:1/", allow_private=False)) == "https://[::ffff:808:808]:1/"


async def test_both_failures_are_one_family() -> None:
    async with Egress(allow_private=False) as egress:
        with pytest.raises(EgressError, match="the address is not public"):
            await egress.request("GET", "https://127.0.0.1/", {})
