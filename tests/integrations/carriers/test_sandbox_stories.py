"""What the sandbox's stories tell and when: codes, ready stories, waits, and scans told late or again."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from karla.domain.shipments.rules import phases
from karla.integrations.carriers.contract import Scan
from karla.integrations.carriers.sandbox.stories import CODES, STORIES
from karla.vocabulary.events import CATALOGUE
from tests.integrations.carriers.sandbox_parcels import (
    NAMES,
    START,
    STARTS,
    STATUSES,
    SUFFIXES,
    body_of,
    correction,
    events,
    hours,
    life,
    read,
)

# Codes


def test_every_code_has_its_event_and_its_words() -> None:
    told = dict(re.findall(r"^code,(\w+),(\w+)$", STATUSES.read_text(encoding="utf-8"), re.MULTILINE))
    assert [*told] == [*CODES]
    assert len(set(told.values())) == len(told) > 100
    assert all(code.words["en"] and code.words["de"] for code in CODES.values())


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_read_as_its_event(code: str) -> None:
    (scan,) = read(f"SBX-{code}-1").scans
    row = re.search(rf"^code,{code},(\w+)$", STATUSES.read_text(encoding="utf-8"), re.MULTILINE)
    assert row
    assert scan.event_name == row[1]
    assert scan.raw_code == code
    assert scan.raw_text == CODES[code].words["en"]


def test_no_code_can_be_read_as_something_else() -> None:
    for code in CODES:
        assert re.fullmatch(r"[A-Z][A-Z0-9]{0,2}", code)
        assert not re.fullmatch(r"X\d+|[EB]\d+[MHD]|[NM]", code)
        assert code not in STORIES
    for name in NAMES:
        assert re.fullmatch(r"[A-Z]{4,}", name)


def test_a_code_that_is_unknown_on_purpose_stays_unknown() -> None:
    reading = read("SBX-A.X7.X12.X7.D-1")
    assert events(reading) == ["SHIPMENT_DATA_RECEIVED_BY_CARRIER", None, None, None, "SUCCESSFULLY_DELIVERED"]
    assert reading.unknown == ("X7", "X12")


# Ready stories


def test_there_are_25_ready_stories() -> None:
    assert len(NAMES) == 25
    assert len({story.title for story in STORIES.values()}) == 25


@pytest.mark.parametrize("start", STARTS, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_a_ready_story_ends_as_its_table_says(name: str, start: datetime) -> None:
    for suffix in SUFFIXES:
        reading = read(f"SBX-{name}{suffix}", start + timedelta(days=500), placed_at=start)
        told = [phases.Scan(scan.event_name or "", scan.event_time, correction(scan)) for scan in reading.scans]
        assert phases.settle(told).phase == STORIES[name].ends
        assert ({scan.event_name for scan in reading.scans} <= CATALOGUE.keys()) == (name != "UNKNOWN")
        assert reading.unknown == (("X1", "X2") if name == "UNKNOWN" else ())


@pytest.mark.parametrize("suffix", ["", "-10482"])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_told_stays_told(name: str, suffix: str) -> None:
    number = f"SBX-{name}{suffix}"
    before: dict[str, Any] = {"scans": []}
    seen: dict[str, Scan] = {}
    for moment in sorted({scan.told_at for scan in life(number).scans}):
        assert read(number, moment - timedelta(seconds=1)).scans == tuple(sorted(seen.values(), key=in_order))
        body = body_of(number, moment)
        assert body
        told = msgspec.json.decode(body)
        assert told["scans"][: len(before["scans"])] == before["scans"]
        assert len(told["scans"]) > len(before["scans"])
        before = told
        now = {scan.external_id: scan for scan in read(number, moment).scans}
        assert seen.items() <= now.items()
        seen = now
    assert len(before["scans"]) == len(life(number).scans)


def in_order(scan: Scan) -> tuple[datetime, str]:
    return scan.event_time, scan.external_id


@pytest.mark.parametrize("name", NAMES)
def test_a_suffix_makes_a_parcel_of_its_own_that_differs_a_little(name: str) -> None:
    numbers = [f"SBX-{name}-{suffix}" for suffix in range(1, 6)]
    assert body_of(numbers[0]) == body_of(numbers[0])
    lives = {tuple(scan.told_at for scan in life(number).scans) for number in numbers}
    plain = life(f"SBX-{name}").scans
    assert len(lives) > (1 if len(plain) > 1 else 0)
    longest = (plain[-1].told_at - plain[0].told_at) * 0.1 + timedelta(days=1)
    for told in lives:
        assert abs(told[-1] - plain[-1].told_at) <= longest


def test_a_ready_story_without_a_suffix_and_steps_with_one_are_told_to_the_minute() -> None:
    assert hours("SBX-TWOATTEMPTS")[:3] == [0, 3, 7]
    assert hours("SBX-A.4H.T.10H.O.3H.D-123") == [0, 4, 14, 17]
    assert hours("SBX-A.30M.T.2D.D-99") == [0, 0.5, 48.5]


def test_scans_without_a_wait_are_an_hour_apart() -> None:
    assert hours("SBX-A.T.0M.O.E2D.D.1H.30M.DV-1") == [0, 1, 1, 2, 3.5]


@pytest.mark.parametrize(
    ("start", "number", "told"),
    [
        ("2026-03-16T05:00+01:00", "SBX-A.0730.O-1", "2026-03-16T07:30+01:00"),
        ("2026-03-16T07:30+01:00", "SBX-A.0730.O-1", "2026-03-17T07:30+01:00"),
        ("2026-03-16T07:31+01:00", "SBX-A.0730.O-1", "2026-03-17T07:30+01:00"),
        ("2026-03-28T12:00+01:00", "SBX-A.0730.O-1", "2026-03-29T07:30+02:00"),
        ("2026-10-24T12:00+02:00", "SBX-A.1D.0730.O-1", "2026-10-26T07:30+01:00"),
        ("2026-03-16T05:00+01:00", "SBX-0730.A-1", "2026-03-16T07:30+01:00"),
    ],
)
def test_a_time_of_day_is_that_of_the_destination(start: str, number: str, told: str) -> None:
    assert life(number, datetime.fromisoformat(start)).scans[-1].told_at == datetime.fromisoformat(told)


def test_a_time_of_day_follows_the_address() -> None:
    number, start = "SBX-A.0730.O-1", datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    told = [
        read(number, placed_at=start, destination_country=country, destination_postal_code=None).scans[-1].event_time
        for country in ("DE", "GB", "FI", "CN")
    ]
    assert [f"{time:%d %H:%M}" for time in told] == ["02 05:30", "02 06:30", "02 04:30", "01 23:30"]


# Scans that are told late, again, or taken back


def test_a_scan_may_be_told_late() -> None:
    late = read("SBX-A.4H.O.2H.D.1H.B6H.TV-1")
    assert [scan.raw_code for scan in late.scans] == ["A", "TV", "O", "D"]
    assert [scan.raw_code for scan in read("SBX-A.4H.O.2H.D.1H.B6H.TV-1", START + timedelta(hours=6)).scans] == [
        "A",
        "O",
        "D",
    ]


def test_a_scan_that_is_told_again_is_one_and_a_scan_made_again_is_another() -> None:
    body = body_of("SBX-A.T.N.0M.T.D-1")
    assert body
    assert [scan["id"] for scan in msgspec.json.decode(body)["scans"]] == ["01-A", "02-T", "02-T", "03-T", "04-D"]
    assert [scan.external_id for scan in read("SBX-A.T.N.0M.T.D-1").scans] == ["01-A", "02-T", "03-T", "04-D"]


def test_a_correction_says_that_it_is_one() -> None:
    reading = read("SBX-CORRECTION-1")
    assert [scan.raw_code for scan in reading.scans if correction(scan)] == ["TV"]
    assert [scan.raw_code for scan in reading.scans][-4:] == ["D", "TV", "O", "D"]


def test_a_moved_start_keeps_the_identity_of_scans() -> None:
    ids = [[scan.external_id for scan in read("SBX-LOST-1", placed_at=start).scans] for start in STARTS]
    assert ids[0] == ids[1] == ids[2]
