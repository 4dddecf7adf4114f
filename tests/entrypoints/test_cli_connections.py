"""`karla connections` as it is typed, and the step "Connect" of the DHL guide as it stands there."""

import asyncio
import json
import os
import pty
import re
import shlex
import sys
import termios
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from karla.infra.settings import Settings
from tests.support.connections import DHL, Played, dhl_played
from tests.support.karla import Karla, ShopClient
from tests.support.serving import served
from tests.support.waiting import until

KARLA = (sys.executable, "-m", "karla", "connections")
ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs/guides/carriers/dhl.md").read_text(encoding="utf-8")
STEPS = "\n".join(re.findall(r"^```bash\n(.*?)\n^```$", GUIDE, re.DOTALL | re.MULTILINE)).splitlines()


@pytest.fixture(scope="module")
def address(settings: Settings, database_url: str) -> Iterator[str]:
    with served(settings, database_url) as url:
        yield url


@pytest_asyncio.fixture
async def dhl() -> AsyncIterator[Played]:
    async with dhl_played() as played:
        yield played


@pytest_asyncio.fixture
async def shop(karla: Karla) -> ShopClient:
    return await karla.shop()


@pytest.fixture
def environment(address: str, shop: ShopClient) -> dict[str, str]:
    told = {"KARLA_API_URL": address, "KARLA_SHOP": shop.slug, "KARLA_API_KEY": shop.key, "COLUMNS": "200"}
    return {**os.environ, **told}


async def run(environment: dict[str, str], *arguments: str, typed: str = "") -> tuple[int, str]:
    """The exit code, and all that is printed; standard input is no terminal."""
    process = await asyncio.create_subprocess_exec(
        *arguments,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        output, _ = await process.communicate(typed.encode())
    assert process.returncode is not None
    return process.returncode, output.decode()


async def test_an_account_from_connecting_to_forgetting(
    environment: dict[str, str], shop: ShopClient, dhl: Played
) -> None:
    fields = [word for name, value in dhl.credentials.items() for word in ("--field", f"{name}={value}")]
    code, told = await run(environment, *KARLA, "connect", "dhl", *fields, "--name", "Ours")
    assert (code, told) == (0, "Ours is connected; its credentials were taken. Status: active.\n")
    code, told = await run(environment, *KARLA, "connect", "dhl", "--field", "calls_per_day=5000")
    assert code == 0, told
    stored = (await shop.get(DHL)).json()["credentials"]
    assert stored == {"address": dhl.server.url, "calls_per_day": "5000", "api_key": "••••"}
    await run(environment, *KARLA, "connect", "dhl", "--field", "calls_per_day=")
    assert "calls_per_day" not in (await shop.get(DHL)).json()["credentials"]
    assert await run(environment, *KARLA, "pause", "dhl") == (0, "Ours is paused.\n")
    code, told = await run(environment, *KARLA, "list", "--json")
    assert [one["status"] for one in json.loads(told)] == ["paused"]
    assert await run(environment, *KARLA, "resume", "dhl") == (0, "Ours is active.\n")
    dhl.server.be_busy()
    code, told = await run(environment, *KARLA, "test", "dhl")
    assert (code, told) == (1, "DHL Shipment Tracking – Unified takes no more calls right now.\n")
    assert "takes no more calls" in (await run(environment, *KARLA, "list"))[1]
    assert (await run(environment, *KARLA, "disconnect", "dhl", typed="n\n"))[0] == 1
    assert (await run(environment, *KARLA, "disconnect", "dhl", "--yes"))[0] == 0
    assert (await run(environment, *KARLA, "list"))[1] == "The shop has no connections.\n"


async def test_a_key_comes_from_the_environment_and_is_never_printed(environment: dict[str, str], dhl: Played) -> None:
    told = {"KARLA_DHL_API_KEY": dhl.credentials["api_key"], "KARLA_DHL_ADDRESS": dhl.server.url}
    code, output = await run({**environment, **told}, *KARLA, "connect", "dhl")
    assert code == 0, output
    wrong = {**told, "KARLA_DHL_API_KEY": dhl.wrong_credentials["api_key"]}
    code, output = await run({**environment, **wrong}, *KARLA, "connect", "dhl")
    assert code == 1
    assert "credentials_refused" in output
    assert "Traceback" not in output
    assert dhl.wrong_credentials["api_key"] not in output


async def test_a_key_is_asked_for_at_a_terminal_and_not_shown(
    environment: dict[str, str], shop: ShopClient, dhl: Played
) -> None:
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *KARLA,
        "connect",
        "dhl",
        "--field",
        f"address={dhl.server.url}",
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    # What is typed before the terminal stops showing it is thrown away.
    await asyncio.to_thread(until, lambda: not termios.tcgetattr(ours)[3] & termios.ECHO, "the prompt for the key")
    shown = await asyncio.to_thread(os.read, ours, 1000)
    assert b"API key" in shown
    os.write(ours, b"demo-key\n")
    async with asyncio.timeout(60):
        assert await process.wait() == 0
    while b"connected" not in shown:
        shown += await asyncio.to_thread(os.read, ours, 1000)
    os.close(ours)
    assert b"demo-key" not in shown
    assert (await shop.get(DHL)).json()["status"] == "active"


async def test_what_cannot_be_meant_is_said_and_no_secret_repeated(environment: dict[str, str]) -> None:
    for arguments, words in (
        (("connect", "nobody"), "There is no 'nobody' among carriers; there is dhl"),
        (("connect", "dhl", "--field", "my-secret-key"), "Number 1 is not NAME=VALUE with a NAME of api_key"),
        (("connect", "dhl", "--field", "apikey=my-secret-key"), "Number 1 is not NAME=VALUE"),
        (("connect", "dhl"), "body.credentials.api_key: API key is needed"),
        (("test", "dhl"), "connection_not_found"),
    ):
        code, told = await run(environment, *KARLA, *arguments)
        assert code in (1, 2)
        assert words in told
        assert "my-secret-key" not in told


async def test_the_operator_seals_anew_with_another_secret_key(
    karla: Karla, shop: ShopClient, dhl: Played, settings: Settings, database_url: str
) -> None:
    await dhl.connected(shop)
    known = {**os.environ, "KARLA_DATABASE_URL": database_url, "KARLA_PREVIOUS_SECRET_KEYS": str(settings.secret_key)}
    new = "n" * 40
    _, told = await run({**known, "KARLA_SECRET_KEY": new}, *KARLA, "reseal")
    assert "encrypted anew" in told
    assert (await shop.post(f"{DHL}/test")).json()["key"] == "credentials_unreadable"
    back = {**known, "KARLA_SECRET_KEY": str(settings.secret_key), "KARLA_PREVIOUS_SECRET_KEYS": new}
    _, told = await run(back, *KARLA, "reseal")
    assert "encrypted anew" in told
    assert (await shop.post(f"{DHL}/test")).json()["outcome"] == "ok"


def test_the_guide_has_steps() -> None:
    assert len([step for step in STEPS if step.startswith("karla connections")]) >= 5
    assert len([step for step in STEPS if step.startswith("curl")]) >= 4


async def test_the_guides_step_connect_works_as_it_stands_there(
    environment: dict[str, str], shop: ShopClient, dhl: Played, tmp_path: Path
) -> None:
    karla = tmp_path / "karla"
    karla.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m karla "$@"\n')
    karla.chmod(0o755)
    curl = tmp_path / "curl"
    curl.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m tests.client.curl "$@"\n')
    curl.chmod(0o755)
    there = {**environment, "PATH": f"{tmp_path}:{environment['PATH']}", "PYTHONPATH": str(ROOT)}
    for step in STEPS:
        code, told = await run(there, "sh", "-c", step.replace("http://127.0.0.1:9100", dhl.server.url))
        assert code == 0, (step, told)
        if step.startswith("karla connections connect dhl --field api_key"):
            assert told in GUIDE
        if step.startswith("curl"):
            assert "key" not in json.loads(told), (step, told)
    assert (await shop.get(DHL)).json()["status"] == "paused"
