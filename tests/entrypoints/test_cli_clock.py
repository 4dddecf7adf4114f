"""`karla clock` as it is typed."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator

import pytest

from karla.infra.settings import Settings
from tests.support.karla import Karla
from tests.support.serving import served

KARLA = (sys.executable, "-m", "karla", "clock")


@pytest.fixture(scope="module")
def address(settings: Settings, database_url: str) -> Iterator[str]:
    with served(settings, database_url) as url:
        yield url


@pytest.fixture
async def environment(address: str, karla: Karla) -> dict[str, str]:
    shop = await karla.shop()
    told = {"KARLA_API_URL": address, "KARLA_SHOP": shop.slug, "KARLA_API_KEY": shop.key, "COLUMNS": "200"}
    return {**os.environ, **told}


async def run(environment: dict[str, str], *words: str) -> tuple[int | None, str]:
    """The exit code, and all that is printed."""
    process = await asyncio.create_subprocess_exec(
        *KARLA, *words, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(60):
        output, _ = await process.communicate()
    return process.returncode, output.decode()


async def test_the_clock_is_stopped_moved_sped_up_and_released(environment: dict[str, str]) -> None:
    code, told = await run(environment, "show")
    assert code == 0
    assert told.endswith("+00:00, the real time: the shop has no test clock.\n")
    assert await run(environment, "freeze", "--at", "2026-03-16T09:00:00+00:00") == (
        0,
        "2026-03-16 09:00:00+00:00 by the test clock, which stands still.\n",
    )
    _, told = await run(environment, "advance", "1.5d")
    assert told == "2026-03-17 21:00:00+00:00 by the test clock, which stands still.\n"
    _, told = await run(environment, "speed", "3600")
    assert told.endswith(" by the test clock, which runs, 3,600 seconds a second.\n")
    code, told = await run(environment, "release", "--json")
    assert (code, json.loads(told)["set_at"]) == (0, None)


async def test_what_is_no_span_of_time_is_told_before_anything_is_sent(environment: dict[str, str]) -> None:
    code, told = await run(environment, "advance", "tomorrow")
    assert code == 2
    assert "is no span of time. Give one such as 90s, 30m, 6h or 2d" in told
    code, told = await run(environment, "advance", "500d")
    assert code == 1
    assert "by_seconds" in told
    assert "Traceback" not in told
