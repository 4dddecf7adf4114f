"""How a shop's carriers are doing, over the API and at a terminal."""

import asyncio
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from karla.domain.tracking.commands.health import note_heard, note_questions
from karla.domain.tracking.records import Heard, Outcome, Question
from karla.infra.access import scope_of
from karla.infra.settings import Settings
from karla.infra.work import Work
from karla.vocabulary.scope import Role
from tests.support.documents import the_document
from tests.support.karla import Karla, ShopClient
from tests.support.serving import served

HEALTH = "/carriers/health"
GUIDE = Path(__file__).resolve().parents[2] / "docs/guides/carriers/health.md"


@pytest_asyncio.fixture
async def shop(karla: Karla) -> ShopClient:
    return await karla.shop()


async def asked(
    karla: Karla, shop: ShopClient, carrier: str = "dhl", call_ms: int | None = 80, **outcomes: int
) -> None:
    """So many parcels of each outcome, just now."""
    questions = [
        Question(carrier=carrier, outcome=Outcome(name), call_ms=call_ms)
        for name, times in outcomes.items()
        for _ in range(times)
    ]
    ages = [30, 5_000] if "told" in outcomes else []
    heard = Heard(shop_id=shop.shop.id, provider="dhl", carrier=carrier, scans=len(ages), ages=ages)

    async def note(work: Work) -> None:
        await note_questions(work, shop.shop.id, "dhl", questions)
        await note_heard(work, [heard])

    await karla.services.db.write(scope_of([shop.shop.id]), note)


async def test_a_carrier_that_answers_and_one_that_is_down(karla: Karla, shop: ShopClient) -> None:
    await asked(karla, shop, told=20, unchanged=70, not_found=6, busy=4)
    await asked(karla, shop, "dhl-express", call_ms=None, unreachable=40)
    well, down = (await shop.get(HEALTH)).json()
    assert (well["provider"], well["carrier"], well["state"]) == ("dhl", "dhl", "healthy")
    assert (well["asked"], well["success_rate"]) == (100, 0.96)
    assert well["outcomes"] == {
        "told": 20,
        "unchanged": 70,
        "not_found": 6,
        "refused": 0,
        "unauthorised": 0,
        "busy": 4,
        "unreachable": 0,
    }
    assert well["latency"] == {"p50_ms": 65, "p95_ms": 78, "slowest_ms": 80}
    assert well["freshness"] == {"scans": 2, "p50_seconds": 60, "p95_seconds": 4860, "oldest_seconds": 5000}
    assert well["parcels"] == {"followed": 0, "due": 0, "overdue": 0}
    assert well["last_asked_at"] == well["last_told_at"]
    assert (down["carrier"], down["state"], down["success_rate"]) == ("dhl-express", "down", 0)
    assert down["reason"].endswith("mostly it could not be reached.")
    assert down["latency"] == {"p50_ms": None, "p95_ms": None, "slowest_ms": None}
    assert (down["last_told_at"], down["last_asked_at"] is None) == (None, False)


async def test_a_shop_that_asked_nobody_has_an_empty_list(shop: ShopClient) -> None:
    assert (await shop.get(HEALTH)).json() == []
    assert (await shop.get(HEALTH, hours=720)).json() == []


async def test_each_shop_sees_its_own(karla: Karla, shop: ShopClient) -> None:
    other = await karla.shop()
    await asked(karla, shop, told=3)
    await asked(karla, other, "gls", told=5)
    assert [(one["carrier"], one["asked"]) for one in (await shop.get(HEALTH)).json()] == [("dhl", 3)]
    assert [(one["carrier"], one["asked"]) for one in (await other.get(HEALTH)).json()] == [("gls", 5)]


async def test_a_viewer_may_look(karla: Karla, shop: ShopClient) -> None:
    await asked(karla, shop, told=3)
    viewer = await karla.key_for(shop.shop, Role.VIEWER)
    assert (await viewer.get(HEALTH)).json() == (await shop.get(HEALTH)).json()


@pytest.mark.parametrize(
    ("query", "place", "fault"),
    [
        ({"hours": 0}, "query.hours", "too_small"),
        ({"hours": 721}, "query.hours", "too_large"),
        ({"hours": "many"}, "query.hours", "int_type"),
        ({"hour": 3}, "query.hour", "value"),
    ],
)
async def test_a_span_that_is_none_is_refused(
    shop: ShopClient, query: dict[str, object], place: str, fault: str
) -> None:
    answer = await shop.get(HEALTH, **query)
    assert answer.status_code == 422
    assert [(".".join(one["loc"]), one["type"]) for one in answer.json()["errors"]] == [(place, fault)]


def test_the_guide_shows_the_answer_of_the_documentation() -> None:
    (shown,) = re.findall(r"^```json\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    told = the_document()["paths"]["/v1/shops/{slug}/carriers/health"]["get"]["responses"]["200"]
    assert json.loads(shown) == told["content"]["application/json"]["example"]


async def test_a_carrier_named_health_would_still_be_found_in_the_catalogue(shop: ShopClient) -> None:
    answer = await shop.get("/v1/carriers/health")
    assert (answer.status_code, answer.json()["key"]) == (404, "carrier_not_found")


@pytest.fixture(scope="module")
def address(settings: Settings, database_url: str) -> Iterator[str]:
    with served(settings, database_url) as url:
        yield url


async def run(address: str, shop: ShopClient, *arguments: str) -> tuple[int, str]:
    """The exit code of `karla carriers health`, and what it prints."""
    told = {"KARLA_API_URL": address, "KARLA_SHOP": shop.slug, "KARLA_API_KEY": shop.key, "COLUMNS": "200"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "karla", "carriers", "health", *arguments),
        env={**os.environ, **told},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def test_it_is_shown_at_a_terminal(karla: Karla, shop: ShopClient, address: str) -> None:
    assert await run(address, shop) == (0, "The shop follows no parcels, and asked no carrier.\n")
    await asked(karla, shop, told=48, busy=2)
    await asked(karla, shop, "dhl-express", call_ms=None, unreachable=2)
    code, told = await run(address, shop, "--hours", "48")
    head, well, quiet = told.splitlines()
    assert (code, head.split()[:4]) == (0, ["provider", "carrier", "state", "answered"])
    assert well.split()[:8] == ["dhl", "dhl", "healthy", "96.0", "%", "of", "50", "78"]
    assert "48 of 50 questions answered in the last three hours." in well
    assert quiet.split()[:3] == ["dhl", "dhl-express", "quiet"]
    code, told = await run(address, shop, "--json")
    assert [one["state"] for one in json.loads(told)] == ["healthy", "quiet"]
    code, told = await run(address, shop, "--hours", "721")
    assert (code, "--hours" in told) == (2, True)
