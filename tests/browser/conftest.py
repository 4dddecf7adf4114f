"""A Karla on a port of its own, shops whose parcels are in known states, and a browser to look at their pages with."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import AsyncExitStack

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from karla.infra.ports import free_port
from karla.infra.settings import Settings
from tests.browser.shop import TrackedShop, a_shop
from tests.support.browser import PHONE, Look, Visit, chromium_running, visiting
from tests.support.chromium import REQUIRED, NoBrowser, required
from tests.support.karla import Karla
from tests.support.serving import served

Open = Callable[..., Awaitable[Visit]]

_FAILED = pytest.StashKey[bool]()
expect.set_options(timeout=10_000)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Lets fixtures know whether their test failed."""
    report = yield
    if call.when == "call":
        item.stash[_FAILED] = report.failed
    return report


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium; tests that need it are left out where there is none, unless it is required."""
    async with AsyncExitStack() as stack:
        try:
            running = await stack.enter_async_context(chromium_running())
        except NoBrowser as reason:
            if required():
                pytest.fail(f"{REQUIRED} is `required`. {reason}")
            pytest.skip(f"The tests in tests/browser did not run. {reason}")
        yield running


@pytest.fixture(scope="session")
def address(settings: Settings, database_url: str) -> Iterator[str]:
    """Where Karla answers, which is also where its links lead."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with served(msgspec.structs.replace(settings, public_url=url, port=port), database_url, port):
        yield url


@pytest_asyncio.fixture(scope="session")
async def shop(karla: Karla, address: str) -> AsyncIterator[TrackedShop]:
    """A shop with its page switched on; tests have orders of their own in it."""
    async with a_shop(karla, address) as made:
        yield made


@pytest_asyncio.fixture
async def visit(request: pytest.FixtureRequest, browser: Browser, address: str) -> AsyncIterator[Open]:
    """Opens a page, through any look, `path` below Karla's address or whole.

    Whatever the test is about: no page may have an error in its console, or ask anyone else for anything.
    """
    visits: list[Visit] = []
    async with AsyncExitStack() as stack:

        async def opened(path: str, look: Look = PHONE) -> Visit:
            made = await stack.enter_async_context(visiting(browser, look))
            visits.append(made)
            await made.page.goto(path if path.startswith("http") else address + path)
            return made

        yield opened
        if request.node.stash.get(_FAILED, False):
            for number, one in enumerate(visits):
                name = re.sub(r"[^\w-]+", "-", request.node.name)
                await one.keep(f"failed/{name}-{number}")
    assert [complaint for one in visits for complaint in one.complaints] == []
    host = address.removeprefix("http://")
    assert [url for one in visits for url in one.elsewhere(host)] == []
