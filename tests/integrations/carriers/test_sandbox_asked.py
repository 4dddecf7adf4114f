"""The sandbox as it is asked: by a shop's account, by its stand-in at the terminal, and by its guide."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from karla.infra.http import Egress
from karla.integrations import registry, tracking
from karla.integrations.carriers.contract import Answer, Carrier, Parcel, Raw
from karla.integrations.carriers.sandbox import grammar
from karla.integrations.carriers.sandbox.grammar import Verb
from karla.integrations.carriers.sandbox.stories import STORIES
from karla.integrations.contract import Kind, NotFound, Refused
from tests.integrations.carriers.playing import Playing, playing
from tests.integrations.carriers.sandbox_parcels import ROOT, START, STATUSES, events, parcel
from tests.support.clocks import StandingClock

GUIDE = (ROOT / "docs/guides/sandbox.md").read_text(encoding="utf-8")


# By the account


@pytest.fixture
async def account() -> AsyncIterator[tuple[Carrier, StandingClock]]:
    clock = StandingClock(START - timedelta(minutes=1))
    async with Egress(allow_private=False) as egress:
        yield registry.carrier("sandbox", {}, egress, clock), clock


async def asked(account: Carrier, *parcels: Parcel) -> list[Answer]:
    return await account.track(parcels)


async def test_a_week_passes_with_the_clock(account: tuple[Carrier, StandingClock]) -> None:
    carrier, clock = account
    about = parcel("SBX-LOCKERRETURN-1")
    assert await asked(carrier, about) == [NotFound()]
    seen: list[str | None] = []
    for _ in range(24 * 14):
        clock.advance(timedelta(hours=1))
        (answer,) = await asked(carrier, about)
        assert isinstance(answer, Raw)
        told = events(tracking.read("sandbox", answer.body, about))
        assert told[: len(seen)] == seen
        seen = told
    assert seen[0] == "SHIPMENT_DATA_RECEIVED_BY_CARRIER"
    assert seen[-1] == "RETURNED_TO_SENDER"


async def test_a_wrong_number_is_refused_and_fails_no_other(account: tuple[Carrier, StandingClock]) -> None:
    carrier, clock = account
    clock.advance(timedelta(hours=1))
    wrong, nobodys, good, bare = await asked(
        carrier,
        parcel("SBX-A.Q.D.3D-1"),
        parcel("00340434161094000010"),
        parcel("sbx-a-1"),
        parcel("SBX-A-1", placed_at=None),
    )
    assert isinstance(wrong, Refused)
    assert wrong.code == "tracking_number_invalid"
    assert wrong.message == "The tracking number is wrong: step 2 (Q) is none; step 4 (3D) is a wait for nothing."
    assert nobodys == NotFound()
    assert isinstance(good, Raw)
    assert isinstance(bare, Refused)
    assert bare.code == "placed_at_missing"


# `karla standin sandbox`, and the guide


@pytest.fixture
async def shown() -> AsyncIterator[Playing]:
    async with playing("sandbox") as played:
        yield played


async def show(shown: Playing, path: str) -> tuple[int, dict[str, Any]]:
    answer = await shown.egress.request("GET", f"{shown.server.url}/{path}", {}, read_limit=100_000, timeout_seconds=10)
    return answer.status, msgspec.json.decode(answer.excerpt)


async def test_the_stand_in_shows_a_story_as_a_whole_or_until_a_moment(shown: Playing) -> None:
    status, whole = await show(shown, "SBX-DELIVERED?country=AT&postal_code=1010&language=de")
    assert status == 200
    assert [scan["code"] for scan in whole["scans"]] == ["A", "P", "TO", "TA", "TD", "TV", "O", "D"]
    assert whole["scans"][-1]["text"] == "Die Sendung wurde zugestellt"
    assert whole["scans"][-1]["location"] == {"country": "AT", "postal_code": "1010"}
    _, early = await show(shown, "SBX-DELIVERED?country=AT&placed_at=2026-05-01T06:00:00Z&now=2026-05-01T09:00:00Z")
    assert [scan["code"] for scan in early["scans"]] == ["A", "P"]
    assert early["scans"][0]["time"] == "2026-05-01T08:00:00+02:00"


@pytest.mark.parametrize(
    ("path", "status", "faults"),
    [
        ("SBX-A.4H.Q.D.3D-1", 400, ["step 3 (Q) is none", "step 5 (3D) is a wait for nothing"]),
        ("1Z5R89390357567127", 404, ["GET /NUMBER, a tracking number that begins with SBX"]),
        ("SBX-D-1?placed_at=2026-05-01T06:00:00Z&now=2026-05-01T05:00:00Z", 404, ["nothing is told of it yet"]),
        (
            "SBX-QQ-1?when=1&now=tomorrow&placed_at=2026-05-01T06:00:00",
            400,
            [
                "when is no parameter",
                "placed_at is no time with a zone, such as 2026-03-16T09:00:00Z",
                "now is no time with a zone, such as 2026-03-16T09:00:00Z",
                "step 1 (QQ) is none",
            ],
        ),
    ],
)
async def test_the_stand_in_says_what_is_wrong(shown: Playing, path: str, status: int, faults: list[str]) -> None:
    assert await show(shown, path) == (status, {"status": status, "faults": faults})


@pytest.mark.parametrize("document", ["guide", "setup"])
def test_the_documents_have_every_story_and_every_code(document: str) -> None:
    text = GUIDE if document == "guide" else registry.setup(Kind.CARRIERS, "sandbox")
    rows = re.findall(r"^\| `([A-Z]+)` \| (.+) \| `([^`]+)` \| `(\w+)` \|$", text, re.MULTILINE)
    assert rows == [(story.name, story.title, story.steps, story.ends) for story in STORIES.values()]
    codes = re.findall(r"^\| `(\w+)` \| `(\w+)` \|$", text, re.MULTILINE)
    assert [f"code,{code},{event}" for code, event in codes] == STATUSES.read_text(encoding="utf-8").splitlines()[1:]


def test_the_numbers_of_the_guide_are_good() -> None:
    numbers = set(re.findall(r"\bSBX-[A-Z0-9.-]*[A-Z0-9]", GUIDE)) - {"SBX-A.4H.Q.D.3D-1"}
    assert len(numbers) >= 8
    for number in numbers:
        assert grammar.parse(number).steps[-1].verb in (Verb.SCAN, Verb.AGAIN, Verb.PROMISE)
