"""`karla simulate`, as a developer types it at a Karla that is somewhere else."""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from karla.infra.settings import Settings
from karla.vocabulary.scope import Role
from tests.entrypoints.test_simulate_mixes import OWN
from tests.support.karla import Karla, ShopClient, running_karla
from tests.support.serving import served

KARLA = (sys.executable, "-m", "karla", "simulate")
MONDAY = "2026-03-02T06:00:00+00:00"
ONLY_DELIVERED = OWN.replace("CUSTOMS = 1", "").replace("stories = { DELIVERED = 0 }", "").replace("LOCKER = 1", "")


class Terminal:
    """Where the developer of one shop types."""

    def __init__(self, address: str, client: ShopClient) -> None:
        self._environment = {
            **os.environ,
            "KARLA_API_URL": address,
            "KARLA_SHOP": client.slug,
            "KARLA_API_KEY": client.key,
            "COLUMNS": "200",
            "PYTHONUNBUFFERED": "1",
        }

    @asynccontextmanager
    async def started(self, *arguments: str, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """The command while it runs."""
        process = await asyncio.create_subprocess_exec(
            *KARLA,
            *arguments,
            env={**self._environment, **environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def ended(self, *arguments: str, **environment: str) -> tuple[int | None, str, str]:
        """How the command ends, what it prints, and what it complains of."""
        async with self.started(*arguments, **environment) as process, asyncio.timeout(90):
            output, errors = await process.communicate()
        assert b"Traceback" not in errors
        return process.returncode, output.decode(), errors.decode()

    async def summary(self, *arguments: str) -> dict[str, Any]:
        """What a command that ends well tells programs."""
        code, output, errors = await self.ended(*arguments, "--json")
        assert code == 0, errors
        told: dict[str, Any] = json.loads(output)
        return told


@pytest.fixture(scope="module")
def address(settings: Settings, database_url: str) -> Iterator[str]:
    with served(settings, database_url) as url:
        yield url


@pytest_asyncio.fixture
async def shop(karla: Karla) -> ShopClient:
    return await karla.shop()


@pytest_asyncio.fixture
async def terminal(address: str, shop: ShopClient) -> Terminal:
    return Terminal(address, shop)


@pytest_asyncio.fixture
async def working(settings: Settings, own_database_url: str) -> AsyncIterator[tuple[ShopClient, Terminal]]:
    """A shop of a Karla with a worker."""
    async with running_karla(settings, own_database_url) as karla:
        shop = await karla.shop()
        stop = asyncio.Event()
        work = asyncio.create_task(karla.belt.run(stop))
        try:
            with served(settings, own_database_url) as url:
                yield shop, Terminal(url, shop)
        finally:
            stop.set()
            await work


async def all_of(shop: ShopClient, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while page := (await shop.get(path, per_page=100, page=len(found) // 100 + 1)).json():
        found += page
        if len(page) < 100:
            break
    return found


class TestLife:
    async def test_a_shop_is_filled_and_every_story_told(
        self, working: tuple[ShopClient, Terminal], tmp_path: Path
    ) -> None:
        shop, terminal = working
        mix = tmp_path / "plain.toml"
        mix.write_text(ONLY_DELIVERED)
        arguments = ("--orders", "12", "--mix", str(mix), "--start", MONDAY, "--days", "2", "--speed", "0")
        told = await terminal.summary(*arguments)
        assert (told["orders"], told["parcels"], told["refused"]) == (12, 12, [])
        assert told["phases"] == {"delivered": 12}
        assert told["ended"] == 12
        shipments = await all_of(shop, "/shipments")
        assert Counter(one["carrier_reference"] for one in shipments) == told["carriers"]
        assert {one["phase"] for one in shipments} == {"delivered"}
        for one in shipments:
            assert one["tracking_number"].startswith("SBX-DELIVERED-PLAIN-1-")
            times = [event["time"] for event in reversed(one["events"])]
            assert times == sorted(times)
            assert MONDAY < times[0] < times[-1] < told["clock"].replace("Z", "+00:00")
        clock = (await shop.get("/clock")).json()
        assert (clock["running"], clock["now"]) == (False, told["clock"].replace("Z", "+00:00"))
        # All of it again makes nothing anew: the events of before are known.
        events = len(await all_of(shop, "/events"))
        assert {**(await terminal.summary(*arguments)), "seconds": 0} == {**told, "seconds": 0}
        assert len(await all_of(shop, "/orders")) == len(await all_of(shop, "/shipments")) == 12
        assert len(await all_of(shop, "/events")) == events


class TestRunningClock:
    async def test_orders_and_parcels_come_at_their_times(self, shop: ShopClient, terminal: Terminal) -> None:
        told = await terminal.summary("--orders", "25", "--days", "1", "--start", MONDAY, "--speed", "200000")
        orders = await all_of(shop, "/orders")
        assert (told["mix"], told["seed"], told["orders"], told["parcels"]) == (
            "europe",
            1,
            25,
            sum(order["expected_number_of_shipments"] for order in orders),
        )
        assert {order["order_number"] for order in orders} == {f"SIM-EUROPE-1-{number:05}" for number in range(1, 26)}
        assert Counter(order["address"]["country_code"] for order in orders) == told["countries"]
        assert all(MONDAY <= order["order_placed_at"] < "2026-03-03T06" for order in orders)
        for order in orders:
            for parcel in order["trackings"]:
                assert parcel["tracking_placed_at"] >= order["order_placed_at"]
                assert parcel["carrier_reference"] in told["carriers"]
                assert not parcel["draft"]
        clock = (await shop.get("/clock")).json()
        assert (clock["running"], clock["factor"]) == (True, 200_000)
        assert (await shop.get("/connections/carriers/sandbox")).json()["status"] == "active"

    async def test_a_second_run_with_the_same_seed_makes_none_twice(self, shop: ShopClient, terminal: Terminal) -> None:
        arguments = ("--orders", "8", "--days", "1", "--mix", "germany", "--speed", "400000", "--seed", "42")
        first = await terminal.summary(*arguments, "--start", MONDAY)
        numbers = {one["tracking_number"] for one in await all_of(shop, "/shipments")}
        second = await terminal.summary(*arguments, "--start", "2026-03-09T06:00:00+00:00")
        assert (first["orders"], first["carriers"]) == (second["orders"], second["carriers"])
        assert len(await all_of(shop, "/orders")) == 8
        assert {one["tracking_number"] for one in await all_of(shop, "/shipments")} == numbers

    async def test_for_people_in_lines(self, terminal: Terminal) -> None:
        code, output, errors = await terminal.ended(
            *("--orders", "10", "--days", "1", "--start", MONDAY, "--speed", "200000", "--mix", "worldwide")
        )
        assert (code, errors) == (0, "")
        lines = output.splitlines()
        assert lines[0].startswith("The sandbox is connected with shop-")
        assert lines[1].startswith("Mon 2026-03-02  ")
        assert "10 of 10 orders" in output
        assert "10 orders with " in output
        assert any(line.split()[:2] == ["story", "parcels"] for line in lines)
        assert "runs, 200,000 seconds a second" in lines[-1]
        assert "\x1b" not in output

    async def test_at_a_terminal_one_line_changes(self, terminal: Terminal) -> None:
        arguments = ("--orders", "5", "--days", "1", "--start", MONDAY, "--speed", "400000")
        code, output, _ = await terminal.ended(*arguments, FORCE_COLOR="1", TERM="xterm-256color")
        assert code == 0
        assert "\x1b[2K" in output, "it is written over"
        assert "5 orders with " in output

    async def test_what_karla_does_not_take_is_told(self, shop: ShopClient, terminal: Terminal) -> None:
        taken = "SIM-EUROPE-1-00002"
        for number, external_id in (("7", taken), (taken, "8")):
            other = {"order_number": number, "external_id": external_id, "address": {"zip_code": "10119"}}
            assert (await shop.post("/orders", other)).status_code == 201
        arguments = ("--orders", "3", "--days", "1", "--start", MONDAY, "--speed", "400000")
        code, output, _ = await terminal.ended(*arguments, "--json")
        told = json.loads(output)
        assert (code, told["orders"]) == (1, 2)
        assert {one["order"] for one in told["refused"]} == {taken}
        code, output, _ = await terminal.ended(*arguments)
        assert code == 1
        assert f"{taken} was refused: {told['refused'][0]['key']}: " in output

    async def test_ctrl_c_says_what_was_sent(self, shop: ShopClient, terminal: Terminal) -> None:
        async with terminal.started("--orders", "200", "--start", MONDAY, "--speed", "36000") as process:
            assert process.stdout is not None
            async with asyncio.timeout(30):
                while not (line := await process.stdout.readline()).startswith(b"Tue 2026-03-03"):
                    assert line
                process.send_signal(signal.SIGINT)
                rest = (await process.stdout.read()).decode()
                assert await process.wait() == 0
        sent = int(rest.partition("Stopped with ")[2].partition(" of 200 orders")[0])
        assert 0 < sent == len(await all_of(shop, "/orders"))
        assert "The same command again sends the rest." in rest


class TestMisuse:
    async def test_a_mix_that_there_is_not(self, terminal: Terminal) -> None:
        code, _, errors = await terminal.ended("--mix", "mars")
        assert code == 2
        assert "there are europe, germany, worldwide" in errors

    async def test_a_mix_with_faults(self, terminal: Terminal, shop: ShopClient, tmp_path: Path) -> None:
        mix = tmp_path / "own.toml"
        mix.write_text(OWN.replace("lines = [1]", "lines = [0]").replace("dhl = 1", "dlh = 1"))
        code, _, errors = await terminal.ended("--mix", str(mix))
        assert code == 2
        assert "orders.lines: all weights are 0" in errors
        assert "lanes[1].carriers.dlh: there is no such carrier" in errors
        assert (await shop.get("/clock")).json()["set_at"] is None

    @pytest.mark.parametrize(
        "arguments",
        [
            ("--orders", "0"),
            ("--days", "0"),
            ("--speed", "-1"),
            ("--seed", "-1"),
            ("--start", "yesterday"),
            ("--start", "9998-01-01"),
        ],
    )
    async def test_values_out_of_range(self, terminal: Terminal, arguments: tuple[str, str]) -> None:
        code, _, errors = await terminal.ended(*arguments)
        assert code == 2
        assert arguments[0] in errors

    async def test_a_key_that_may_not(self, karla: Karla, shop: ShopClient, address: str) -> None:
        viewer = await karla.key_for(shop.shop, Role.VIEWER)
        code, _, errors = await Terminal(address, viewer).ended("--orders", "1")
        assert code == 1
        assert "403" in errors

    async def test_a_paused_sandbox(self, shop: ShopClient, terminal: Terminal) -> None:
        await shop.put("/connections/carriers/sandbox", {"credentials": {}})
        await shop.patch("/connections/carriers/sandbox", {"paused": True})
        code, _, errors = await terminal.ended("--orders", "1")
        assert code == 1
        assert "karla connections resume sandbox" in errors
        assert await all_of(shop, "/orders") == []

    async def test_it_begins_weeks_ago_unless_told(self, terminal: Terminal) -> None:
        told = await terminal.summary("--orders", "1", "--days", "7", "--speed", "1000000")
        start = datetime.fromisoformat(told["start"])
        assert (start.weekday(), start.hour, start.tzinfo) == (0, 6, UTC)
