"""Every way known to us of having Karla call an address inside: none is dialled, direct or by a proxy."""

from collections.abc import AsyncIterator, Iterator

import pytest

from karla.infra.http import Egress, EgressError, Route, TargetForbidden, target_problem
from karla.infra.settings import Settings
from tests.chaos.ssrf_corpus import ADDRESSES, CORPUS, FORMS, ZONE, Dialled, Target, baiting, dialling
from tests.support.listeners import Listener, Names, Zone, listening, sending
from tests.support.proxy import StandInProxy, proxying, status

PUBLIC = "8.8.8.8"


@pytest.fixture
def dials() -> Iterator[Dialled]:
    with dialling() as dialled:
        yield dialled


@pytest.fixture
async def bait(dials: Dialled) -> AsyncIterator[Listener]:
    async with baiting(dials) as listener:
        yield listener


@pytest.fixture
async def proxy() -> AsyncIterator[StandInProxy]:
    async with proxying() as proxy:
        yield proxy


def test_the_corpus_is_wide() -> None:
    assert len({target.form for target in CORPUS}) == len(CORPUS) > 200
    kinds = ("octal", "hex", "dword", "mapped", "compatible", "NAT64", "6to4", "Teredo", "userinfo", "digits")
    more = ("trailing dot", "zone id", "port", "metadata", "alias", "scheme", "backslash", "control", "many addresses")
    assert not [kind for kind in kinds + more if not any(kind in target.why for target in CORPUS)]


@pytest.mark.parametrize("target", FORMS, ids=lambda target: ascii(target.form))
def test_a_form_says_what_is_wrong(target: Target) -> None:
    problem = target_problem(target.at(8443), allow_private=False)
    assert problem
    assert len(problem) < 60


# Direct


async def test_nothing_of_the_corpus_is_dialled(bait: Listener, dials: Dialled) -> None:
    async with Egress(allow_private=False, resolver=Zone(ZONE)) as egress:
        for target in CORPUS:
            with pytest.raises(TargetForbidden) as caught:
                await egress.post(target.at(bait.port) + "?token=hush", b"{}", {}, timeout_seconds=5)
            assert "hush" not in str(caught.value)
            assert caught.value.__context__ is None
    assert not dials


async def test_a_name_with_all_their_addresses_is_refused_through_the_race_of_families(
    bait: Listener, dials: Dialled
) -> None:
    async with Egress(allow_private=False, resolver=Names(ADDRESSES)) as egress:
        with pytest.raises(TargetForbidden, match="the address is not public"):
            await egress.post(f"https://hook.example.com:{bait.port}/", b"{}", {})
    assert not dials


async def test_a_name_is_judged_by_each_address_that_is_dialled(bait: Listener, dials: Dialled) -> None:
    """From a source on loopback nothing gets out to the public address: its dial is seen, and fails at once."""
    rebinding = Names([PUBLIC], ["127.0.0.1"], ["::1", PUBLIC, "127.0.0.1"], [PUBLIC, "::ffff:127.0.0.1"])
    route = Route.of(Settings(egress_source_address="127.0.0.1"))
    async with Egress(allow_private=False, route=route, resolver=rebinding) as egress:
        for number in range(12):  # another name each time, past the cache
            with pytest.raises(EgressError, match=r"^connect$|^the address is not public$"):
                await egress.post(f"https://hook{number}.example.com:{bait.port}/", b"{}", {})
        assert set(dials) == {(PUBLIC, bait.port)}
        dials.clear()


@pytest.mark.parametrize("code", [300, 301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(bait: Listener, dials: Dialled, code: int) -> None:
    head = f"HTTP/1.1 {code} Go\r\nLocation: http://127.0.0.1:{bait.port}/\r\nRefresh: 0\r\nContent-Length: 0\r\n\r\n"
    async with listening(sending(head.encode())) as receiver, Egress(allow_private=True) as egress:
        answer = await egress.post(f"http://127.0.0.1:{receiver.port}/", b"{}", {})
    assert answer.status == code
    assert dials == [("127.0.0.1", receiver.port)]


# Through a proxy


async def test_nothing_of_the_corpus_is_asked_of_a_proxy(bait: Listener, dials: Dialled, proxy: StandInProxy) -> None:
    for port in (bait.port, proxy.port):
        async with Egress(allow_private=False, route=proxy.route(), resolver=Zone(ZONE)) as egress:
            for target in CORPUS:
                with pytest.raises(TargetForbidden):
                    await egress.post(target.at(port), b"{}", {}, timeout_seconds=5)
    assert not dials
    assert not proxy.journal


async def test_a_proxy_is_asked_for_public_addresses_only_whatever_a_name_server_says_next(
    bait: Listener, dials: Dialled, proxy: StandInProxy
) -> None:
    rebinding = Names([PUBLIC], ["127.0.0.1"], ["::1", PUBLIC, "127.0.0.1"], ["::ffff:127.0.0.1", PUBLIC])
    proxy.answer = status(502)
    async with Egress(allow_private=False, route=proxy.route(), resolver=rebinding) as egress:
        for _ in range(8):
            with pytest.raises(EgressError, match=r"^gateway$|^the address is not public$"):
                await egress.post(f"https://hook.example.com:{bait.port}/", b"{}", {})
    assert [asked.target for asked in proxy.journal] == [f"{PUBLIC}:{bait.port}"] * 6
    assert set(dials) == {("127.0.0.1", proxy.port)}
