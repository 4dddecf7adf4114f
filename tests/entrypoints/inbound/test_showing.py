"""How a merchant sets pushes up and tries them: the address, the guide's calls, the stand-in at the terminal."""

import asyncio
import itertools
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from karla.infra.settings import Settings
from tests.entrypoints.inbound.accounts import PROVIDERS, Account, connected
from tests.support.karla import Karla
from tests.support.serving import served

GUIDE = (Path(__file__).resolve().parents[3] / "docs/guides/carriers/pushes.md").read_text(encoding="utf-8")
CALLS = [call for call in re.findall(r"^```sh\n(.*?)\n```", GUIDE, re.DOTALL | re.MULTILINE) if "/inbound/" in call]


async def test_the_address_to_enter_at_the_provider_is_shown_and_is_the_right_one(account: Account) -> None:
    told = (await account.shop.get(f"/connections/carriers/{account.slug}")).json()
    assert told["push_url"] == f"http://karla.test{account.path}"
    about = (await account.shop.get(f"/v1/integrations/carriers/{account.slug}")).json()
    assert about["push_url"].replace("{slug}", account.shop.slug) == told["push_url"]
    assert f"/inbound/carriers/{account.slug}/" in about["setup"]
    headers, body = account.news()
    assert (await account.karla.http.post(told["push_url"], content=body, headers=headers)).status_code == 202
    assert (await account.shop.get("/v1/integrations/carriers/dhl")).json()["push_url"] is None


async def test_the_calls_of_the_guide_are_taken(karla: Karla) -> None:
    assert len(CALLS) == len(PROVIDERS)
    for slug, number, call in zip(PROVIDERS, ("KRLAS000000099", "KRLST000000099"), CALLS, strict=True):
        async with connected(karla, slug) as account:
            await account.ship(number)
            await account.follow()
            words = shlex.split(
                call.replace("$KARLA_API_URL", "http://karla.test").replace("$KARLA_SHOP", account.shop.slug)
            )
            (url,) = (word for word in words if word.startswith("http"))
            headers = dict(value.split(": ", 1) for option, value in itertools.pairwise(words) if option == "-H")
            answer = await karla.http.post(url, content=words[words.index("-d") + 1].encode(), headers=headers)
            assert (answer.status_code, answer.json()) == (202, {"received": 1, "taken": 1, "unknown": 0})
            assert "OUT_FOR_DELIVERY" in await account.events()


@pytest.fixture(scope="module")
def address(settings: Settings, database_url: str) -> Iterator[str]:
    with served(settings, database_url) as url:
        yield url


async def typed(*arguments: str) -> tuple[int, str]:
    """The exit code of `karla standin`, and all that is printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "karla", "standin", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    return process.returncode or 0, printed.decode()


async def test_the_stand_in_pushes_at_the_terminal(aftership: Account, address: str) -> None:
    number = "KRLAS000000003"
    await aftership.ship(number)
    await aftership.follow()
    code, printed = await typed("aftership", "--push-to", address + aftership.path, "--number", number)
    assert (code, printed) == (0, '202 {"received":1,"taken":1,"unknown":0}\n')
    assert "OUT_FOR_DELIVERY" in await aftership.events()
    code, printed = await typed("aftership", "--push-to", f"{address}/inbound/carriers/x/y", "--number", number)
    assert code == 1
    assert printed.startswith("404 ")
    code, printed = await typed("aftership", "--push-to", "http://127.0.0.1:9/x", "--number", number)
    assert (code, printed) == (1, "Nothing was pushed: connect\n")
    assert (await typed("aftership", "--push-to", address))[0] == 2
