"""Whose fault it is when a name leads nowhere: the name servers' answer is the target's, their silence is ours."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from karla.infra.http import Egress, EgressError, EgressUnavailable, Unreachable
from karla.infra.http.route import Route
from tests.support.proxy import proxying


class Failing(AbstractResolver):
    """A name server that fails like this, or never answers."""

    def __init__(self, error: OSError | None) -> None:
        self._error = error

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if self._error:
            raise self._error
        await asyncio.Event().wait()
        raise AssertionError

    async def close(self) -> None:
        return


@pytest.fixture(params=["direct", "through a proxy"])
async def route(request: pytest.FixtureRequest) -> AsyncIterator[Route]:
    """The ways on which names are looked up here: a proxy gets addresses."""
    if request.param == "direct":
        yield Route()
        return
    async with proxying() as proxy:
        yield proxy.route()
        assert not proxy.journal


async def failure(route: Route, error: OSError | None, *, seconds: float = 5) -> EgressError:
    async with Egress(allow_private=False, route=route, resolver=Failing(error)) as egress:
        with pytest.raises(EgressError) as caught:
            await egress.post("https://hook.example.com/", b"{}", {}, timeout_seconds=seconds)
    return caught.value


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), id="temporary"),
        pytest.param(socket.gaierror(socket.EAI_FAIL, "Non-recoverable failure in name resolution"), id="refused"),
        pytest.param(OSError(errno.EMFILE, "Too many open files"), id="the system's own"),
    ],
)
async def test_name_servers_that_can_not_tell_are_our_own_fault(route: Route, error: OSError) -> None:
    told = await failure(route, error)
    assert (type(told), told.reason) == (EgressUnavailable, "dns_unavailable")


async def test_name_servers_that_never_answer_are_our_own_fault(route: Route) -> None:
    told = await failure(route, None, seconds=0.05)
    assert (type(told), told.reason) == (EgressUnavailable, "dns_unavailable")


@pytest.mark.parametrize("code", [socket.EAI_NONAME, socket.EAI_NODATA])
async def test_a_name_without_an_address_is_the_targets_fault(route: Route, code: int) -> None:
    told = await failure(route, socket.gaierror(code, "Name or service not known"))
    assert (type(told), told.reason) == (Unreachable, "dns")
