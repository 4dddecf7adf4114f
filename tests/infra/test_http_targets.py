"""What outgoing HTTP never dials, however the address is written or found."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import cycle

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from karla.infra.http import Egress, EgressError, TargetForbidden, Unreachable, target_problem
from karla.infra.http.targets import checked_target


def words(text: str) -> list[str]:
    return text.split()


LOOPBACK = words("""
127.0.0.1 127.1 127.0.1 127.0x1 2130706433 0x7f000001 0x7F000001 0x7f.0x0.0x0.0x1 0x7f.1 017700000001
0177.0.0.1 0177.0.0.01 00000177.0.0.1 0177.0x0.1 127.0.0.1. 127。0。0。1 ①②⑦.⓪.⓪.① １２７.0.0.1
[::1] [0:0:0:0:0:0:0:1] [0000::0001] [::ffff:127.0.0.1] [::FFFF:7f00:1] [0:0:0:0:0:ffff:7f00:0001]
""")
NOT_PUBLIC = words("""
127.0.0.2 127.255.255.255 0 0x0 00000000 0.0.0.0 0.0.0.0. 0.1.2.3 [::] [::0] [0:0:0:0:0:0:0:0]
[::127.0.0.1] [::ffff:0:127.0.0.1] [64:ff9b::127.0.0.1] [64:ff9b::7f00:1] [64:ff9b:1::7f00:1]
[64:ff9b::8.8.8.8] [2002:7f00:1::] [2002:808:808::] [2001::7f00:1] [2001:0:1:2:3:4:80ff:fffe]
[fc00::1] [fd00:ec2::254] [fe80::1] [fec0::1] [ff02::1] [100::1] [2001:2::1] [2001:db8::1] [3fff::1] [5f00::1]
10.0.0.1 10.255.255.255 0xa.1 012.0.0.1 167772161 [::ffff:10.0.0.1] 172.16.0.1 172.31.255.255
192.168.0.1 192.168.1 3232235777 169.254.169.254 169.254.43518 2852039166 0xa9fea9fe 0xA9.0xFE.0xA9.0xFE
0251.0376.0251.0376 [::ffff:169.254.169.254] [::ffff:a9fe:a9fe] 100.64.0.1 100.100.100.200 100.127.255.255
168.63.129.16 192.0.0.192 192.0.2.1 192.88.99.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1
224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
""")
INTERNAL = words("""
localhost LOCALHOST localhost. ⓛocalhost a.localhost a.LocalHost. localhost.localdomain printer.local
metadata.google.internal metadata.google.internal. db.svc.cluster.local
""")
NO_HOST = words("""
127.0.0.1.. 127.0.0.256 4294967296 0x100000000 1.2.3.4.5 127.0.0.08 127.0.0.0x 0x 127..1 .127.0.0.1 a..b
.. . %31%32%37.0.0.1 127%2e0.0.1 127.0.0.1%00.example.com -a.example.com a!.example.com 256.1
[fe80::1%25eth0] [::1%25lo] [::1 ::1 [127.0.0.1] [::g] [] example.com:0 example.com:65536
example.com:-1 example.com:80:80 example.com:x 127.0.0.1:80@ exa<mple.com
""")
URLS = words("""
https://user@127.0.0.1 https://user:secret@127.0.0.1 https://127.0.0.1@hook.example.com https://@hook.example.com
https://:@hook.example.com https://hook.example.com%40@127.0.0.1 https://hook.example.com:443@127.0.0.1
https://hook.example.com#@127.0.0.1 https://hook.example.com/# https://hook.example.com\\@127.0.0.1
https://127.0.0.1\\.example.com https:\\\\127.0.0.1 http://hook.example.com http://127.0.0.1 ftp://127.0.0.1
file:///etc/passwd gopher://127.0.0.1/_x unix:///run/docker.sock ws://127.0.0.1 data:,x javascript:alert(1)
//127.0.0.1 127.0.0.1 hook.example.com https:127.0.0.1 https:/127.0.0.1 https:///127.0.0.1 https:// https: ://a
""")
SPLIT_BY_BLANKS = [
    "",
    " ",
    " https://127.0.0.1",
    "https://127.0.0.1 ",
    "https://127.0.0.1\t",
    "ht\ntps://127.0.0.1",
    "https://127.0.\r\n0.1",
    "https://hook.example.com\n@127.0.0.1",
    "https://hook.example.com /",
    "https://hook.example.com\0.127.0.0.1",
    "https://hook\u200b\u00a0.example.com",
]
CORPUS = [
    *(f"https://{host}:PORT/hook" for host in [*LOOPBACK, *NOT_PUBLIC, *INTERNAL]),
    *(f"https://{host}/hook" for host in NO_HOST),
    *URLS,
    *SPLIT_BY_BLANKS,
]
# What a name may lead to; the text form is what a resolver gives back.
ADDRESSES = [
    "127.0.0.1", "127.0.0.2", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",  # noqa: S104
    "100.64.0.1", "168.63.129.16", "192.0.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "fe80::1", "fe80::1%lo",
    "fd00::1", "ff02::1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::1", "2001::1",
]  # fmt: skip


class Names(AbstractResolver):
    """A name server that gives any name the next of its answers, again and again."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = cycle(answers)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in next(self.answers)
        ]

    async def close(self) -> None: ...


class Bait:
    """Counts who connects to its port, on both loopback addresses where the machine has two."""

    port = 0
    connects = 0

    async def meet(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connects += 1
        writer.close()

    async def assert_untouched(self) -> None:
        """Connections are met in order, so an own one that is met first was the first."""
        async with Egress(allow_private=True) as allowed:
            with pytest.raises(Unreachable):
                await allowed.post(f"http://127.0.0.1:{self.port}/", b"", {})
        assert self.connects == 1


@pytest.fixture
async def bait() -> AsyncIterator[Bait]:
    bait = Bait()
    async with listening(bait, "127.0.0.1"):
        try:
            async with listening(bait, "::1"):
                yield bait
        except OSError:
            yield bait


@asynccontextmanager
async def listening(bait: Bait, host: str) -> AsyncIterator[None]:
    async with await asyncio.start_server(bait.meet, host, bait.port) as server:
        bait.port = server.sockets[0].getsockname()[1]
        yield


def test_the_corpus_is_wide() -> None:
    assert len(set(CORPUS)) == len(CORPUS) > 150


@pytest.mark.parametrize("url", CORPUS)
def test_a_form_says_what_is_wrong(url: str) -> None:
    problem = target_problem(url.replace("PORT", "8443"), allow_private=False)
    assert problem
    assert len(problem) < 60


async def test_nothing_of_the_corpus_is_dialled(bait: Bait) -> None:
    async with Egress(allow_private=False, resolver=Names(["127.0.0.1"], ["::1"])) as egress:
        for url in CORPUS:
            with pytest.raises(TargetForbidden):
                await egress.post(url.replace("PORT", str(bait.port)), b"{}", {}, timeout_seconds=5)
    await bait.assert_untouched()


@pytest.mark.parametrize("address", ADDRESSES)
async def test_a_name_that_leads_inside_is_not_dialled_and_the_error_does_not_tell_where(
    bait: Bait, address: str
) -> None:
    async with Egress(allow_private=False, resolver=Names([address])) as egress:
        with pytest.raises(TargetForbidden) as caught:
            await egress.post(f"https://hook.example.com:{bait.port}/?token=hush", b"{}", {})
    assert str(caught.value) == "the address is not public"
    assert caught.value.__context__ is None
    await bait.assert_untouched()


async def test_a_name_with_many_addresses_is_refused_for_each_through_the_race_of_families(
    bait: Bait,
) -> None:
    async with Egress(allow_private=False, resolver=Names(ADDRESSES)) as egress:
        with pytest.raises(TargetForbidden):
            await egress.post(f"https://hook.example.com:{bait.port}/", b"{}", {})
    await bait.assert_untouched()


async def test_a_name_that_changes_its_address_is_judged_by_the_one_dialled(bait: Bait) -> None:
    rebinding = Names(["203.0.113.7"], ["127.0.0.1"], ["::1"], ["::ffff:127.0.0.1", "127.0.0.1"])
    async with Egress(allow_private=False, resolver=rebinding) as egress:
        for number in range(12):  # another name each time, past the cache
            with pytest.raises(TargetForbidden):
                await egress.post(f"https://hook{number}.example.com:{bait.port}/", b"{}", {})
    await bait.assert_untouched()


@pytest.mark.parametrize("host", [host for host in LOOPBACK if ":" not in host])
async def test_an_operator_who_allows_private_targets_reaches_the_address_that_is_meant(bait: Bait, host: str) -> None:
    async with Egress(allow_private=True) as egress:
        with pytest.raises(Unreachable, match="reset"):
            await egress.post(f"http://{host}:{bait.port}/", b"{}", {})
    assert bait.connects == 1


async def test_the_guard_lets_public_addresses_through() -> None:
    async with Egress(allow_private=False) as egress:
        for address in ("8.8.8.8", "100.128.0.1", "172.32.0.1", "192.0.1.1"):
            info = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, 443))
            egress._open_socket(info).close()


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
