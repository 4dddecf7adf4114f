"""The sandbox: which numbers are stories, what each story tells and when, as a shop's developer sees it."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from karla.domain.shipments.rules import phases
from karla.domain.shipments.rules.carriers import match
from karla.infra.http import Egress
from karla.integrations import registry, tracking
from karla.integrations.carriers.contract import Answer, Carrier, Parcel, Raw, Reading, Scan
from karla.integrations.carriers.sandbox import grammar, mapping, telling
from karla.integrations.carriers.sandbox.grammar import NumberInvalid, Verb
from karla.integrations.carriers.sandbox.stories import CODES, STORIES
from karla.integrations.carriers.sandbox.timeline import Life, life_of
from karla.integrations.contract import Kind, NotFound, Refused
from karla.vocabulary.events import CATALOGUE
from tests.integrations.carriers.playing import Playing, playing
from tests.support.clocks import StandingClock

ROOT = Path(__file__).resolve().parents[3]
GUIDE = (ROOT / "docs/guides/sandbox.md").read_text(encoding="utf-8")
START = datetime(2026, 3, 16, 9, 0, tzinfo=UTC)
END = START + timedelta(days=1000)
NAMES = [*STORIES]
STARTS = [START, datetime(2026, 3, 28, 23, 30, tzinfo=UTC), datetime(2026, 10, 24, 0, 10, tzinfo=UTC)]
SUFFIXES = ["", "-1", "-10482", "-ORDER-7B"]
STATUSES = ROOT / "src/karla/integrations/carriers/sandbox/statuses.csv"


def parcel(number: str, **members: Any) -> Parcel:
    told: dict[str, Any] = {"destination_country": "DE", "destination_postal_code": "10119", "placed_at": START}
    return Parcel(tracking_number=number, carrier_reference="sandbox", **(told | members))


def body_of(number: str, now: datetime = END, **members: Any) -> bytes | None:
    about = parcel(number, **members)
    assert about.placed_at
    return telling.answer(grammar.parse(number), about, about.placed_at, now)


def read(number: str, now: datetime = END, **members: Any) -> Reading:
    body = body_of(number, now, **members)
    return mapping.read(body, parcel(number, **members)) if body else Reading()


def events(reading: Reading) -> list[str | None]:
    return [scan.event_name for scan in reading.scans]


def life(number: str, start: datetime = START) -> Life:
    return life_of(grammar.parse(number), start, "Europe/Berlin")


def hours(number: str) -> list[float]:
    """When its scans are told, in hours after the start."""
    return [(scan.told_at - START) / timedelta(hours=1) for scan in life(number).scans]


# Numbers


@pytest.mark.parametrize(
    ("number", "steps", "suffix"),
    [
        ("SBX-DELIVERED", STORIES["DELIVERED"].steps, ""),
        ("SBX-DELIVERED-12345", STORIES["DELIVERED"].steps, "12345"),
        ("sbx-delivered-12345", STORIES["DELIVERED"].steps, "12345"),
        (" SBX-DELIVERED - 123 45 ", STORIES["DELIVERED"].steps, "12345"),
        ("SBX-LOST-ORDER-1001-A", STORIES["LOST"].steps, "ORDER-1001-A"),
        ("SBX-A.4H.T.10H.O.3H.D-123", "A.4H.T.10H.O.3H.D", "123"),
        ("SBX-A.4H.T.10H.O.3H.D", "A.4H.T.10H.O.3H.D", ""),
        ("SBX-D", "D", ""),
        ("SBX-D-1", "D", "1"),
        ("SBX-DWL-1", "DWL", "1"),
        ("SBX-X42-1", "X42", "1"),
        ("SBX-30D.A-1", "30D.A", "1"),
        ("SBX-A.E2D.0730.O2.E3H.EU-1", "A.E2D.0730.O2.E3H.EU", "1"),
        ("SBX-A.B6H.T.N.M.D-1", "A.B6H.T.N.M.D", "1"),
        ("SBX-A.M.B6H.D-1", "A.M.B6H.D", "1"),
        ("SBX-A.2359.T.0000.D-1", "A.2359.T.0000.D", "1"),
    ],
)
def test_a_number_is_a_story(number: str, steps: str, suffix: str) -> None:
    story = grammar.parse(number)
    assert ".".join(step.word for step in story.steps) == steps
    assert story.suffix == suffix
    assert grammar.is_sandboxes(number)


@pytest.mark.parametrize(
    ("number", "faults"),
    [
        ("SBX", ["is not of the form SBX-STORY-SUFFIX"]),
        ("SBX-", ["is not of the form"]),
        ("SBXDELIVERED1", ["is not of the form"]),
        ("SBX--1", ["is not of the form"]),
        ("SBX-DELIVERD-1", ["there is no story DELIVERD; did you mean DELIVERED?"]),
        ("SBX-LOCKERS-1", ["there is no story LOCKERS; did you mean LOCKER"]),
        ("SBX-QWERTZ-1", ["there is no story QWERTZ, and SBX-STORY-SUFFIX or"]),
        ("SBX-QQ-1", ["step 1 (QQ) is none"]),
        ("SBX-A.TT.D-1", ["step 2 (TT) is none; the codes that begin with T are TO, T, TA, TD, TE, TX, TI, TP, TV"]),
        ("SBX-A..D-1", ["step 2 is empty"]),
        ("SBX-A.D.-1", ["step 3 is empty"]),
        ("SBX-A.4.D-1", ["step 2 (4) is neither a time of day such as 0730 nor a wait such as 4H"]),
        ("SBX-A.2460.D-1", ["step 2 (2460) is no time of day from 0000 to 2359"]),
        ("SBX-A.1000H.D-1", ["step 2 (1000H) has more than three digits"]),
        ("SBX-A.4W.D-1", ["step 2 (4W) is none"]),
        ("SBX-4H-1", ["has no scan"]),
        ("SBX-A.D.3D-1", ["step 3 (3D) is a wait for nothing"]),
        ("SBX-A.D.3D.0730-1", ["step 3 (3D) is a wait for nothing", "step 4 (0730) is a wait for nothing"]),
        ("SBX-N.A-1", ["step 1 (N) repeats a scan, and there is none before it"]),
        ("SBX-A.B3H.4H.D-1", ["step 2 (B3H) must stand right before a scan"]),
        ("SBX-A.D.M-1", ["step 3 (M) must stand right before a scan"]),
        ("SBX-A.300D.T.300D.D-1", ["waits for more than 400 days"]),
        ("SBX-DELIVERED-", ["has a hyphen with nothing behind it"]),
        ("SBX-DELIVERED-1--2", ["has a hyphen with nothing behind it"]),
        ("SBX-DELIVERED-1.2", ["has a dot in its suffix"]),
        ("SBX:A.D~1", ["has : ~, and only letters, digits, dots and hyphens may stand in it", "is not of the form"]),
        ("SBX-DELIVERED-Ü_1", ["has _ Ü, and only letters"]),
        (f"SBX-DELIVERED-{'1' * 47}", ["has 61 characters, and 60 are the most"]),
    ],
)
def test_a_wrong_number_is_told_what_is_wrong(number: str, faults: list[str]) -> None:
    with pytest.raises(NumberInvalid) as refused:
        grammar.parse(number)
    assert len(refused.value.faults) == len(faults)
    for told, awaited in zip(refused.value.faults, faults, strict=True):
        assert awaited in told


def test_every_fault_of_a_number_is_named_at_once() -> None:
    with pytest.raises(NumberInvalid) as refused:
        grammar.parse(f"SBX-N.4.Q.M.3D-1.{'2' * 50}_")
    assert len(refused.value.faults) == 8
    assert str(refused.value) == "; ".join(refused.value.faults)


@pytest.mark.parametrize("number", ["", "00340434161094000010", "1Z5R89390357567127", "SB-DELIVERED", "DELIVERED-SBX"])
def test_other_carriers_numbers_are_none_of_the_sandbox(number: str) -> None:
    assert not grammar.is_sandboxes(number)


@pytest.mark.parametrize("country", ["DE", "US", ""])
@pytest.mark.parametrize(
    "number", [*(f"SBX-{name}-1" for name in NAMES), "SBX-D-1", "sbx-a.4h.t.10h.o.3h.d-123", f"SBX-A.D-{'7' * 35}"]
)
def test_a_number_is_recognised_as_the_sandboxs(number: str, country: str) -> None:
    assert match(number, country=country).reference == "sandbox"
    assert registry.trackers("sandbox")[0] == "sandbox"


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


def correction(scan: Scan) -> bool:
    return bool(scan.additional_info.get("correction"))


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


# Expected delivery


@pytest.mark.parametrize(
    ("number", "after", "window"),
    [
        ("SBX-A.T.2D.O.5H.D-1", 0, ("2026-03-17T23:00", "2026-03-18T23:00")),
        ("SBX-A.T.2D.O.5H.D-1", 49, ("2026-03-18T14:00", "2026-03-18T16:00")),
        ("SBX-A.T.2D.O.5H.D-1", 54, None),
        ("SBX-A.T.2D.O.5H.W.1D.DW-1", 54, None),
        ("SBX-A.T.2D.O.5H.FA.1D.D-1", 54, ("2026-03-18T23:00", "2026-03-19T23:00")),
        ("SBX-A.T.2D.O.5H.FA.1D.R-1", 54, None),
        ("SBX-A.T.2D.O.5H.R.1D.RD-1", 54, None),
        ("SBX-A.T.2D.O.1D.D-1", 49, ("2026-03-18T23:00", "2026-03-19T23:00")),
        ("SBX-A.4H.T-1", 5, None),
        ("SBX-A.E2D.4H.T-1", 5, ("2026-03-17T23:00", "2026-03-18T23:00")),
        ("SBX-A.E2D.4H.T-1", 500, ("2026-03-17T23:00", "2026-03-18T23:00")),
        ("SBX-A.4H.E2D.T.9D.D-1", 0, None),
        ("SBX-A.4H.E2D.T.9D.D-1", 5, ("2026-03-17T23:00", "2026-03-18T23:00")),
        ("SBX-A.E2D.1D.L.E2D.0M.E.5D.D-1", 24, ("2026-03-18T23:00", "2026-03-19T23:00")),
        ("SBX-A.E2D.1D.O.E3H.0M.EU.9H.D-1", 24, ("2026-03-17T11:00", "2026-03-17T13:00")),
        ("SBX-A.T.G-1", 5, None),
        ("SBX-A.O.D.2H.M.TV.1D.D-1", 5, ("2026-03-16T23:00", "2026-03-17T23:00")),
    ],
)
def test_the_expected_delivery(number: str, after: float, window: tuple[str, str] | None) -> None:
    reading = read(number, START + timedelta(hours=after))
    ends = tuple(datetime.fromisoformat(end).replace(tzinfo=UTC) for end in window) if window else (None, None)
    assert (reading.expected_from, reading.expected_to) == ends


def test_a_scan_about_the_expected_delivery_tells_the_window() -> None:
    number = "SBX-A.E2D.1D.L.E2D.0M.E.5D.D-1"
    scan = next(scan for scan in read(number).scans if scan.event_name == "ESTIMATED_DELIVERY_UPDATED")
    assert scan.additional_info["expected_delivery"] == {
        "from": "2026-03-19T00:00:00+01:00",
        "to": "2026-03-20T00:00:00+01:00",
    }


@pytest.mark.parametrize("name", ["WEATHER", "DELAY", "STUCK", "LOST", "NOHANDOVER"])
@pytest.mark.parametrize("start", [START + timedelta(hours=hour) for hour in range(0, 24, 2)], ids=str)
def test_a_promise_is_broken_where_the_title_says_so(name: str, start: datetime) -> None:
    for suffix in SUFFIXES:
        number = f"SBX-{name}{suffix}"
        promised = read(number, start, placed_at=start).expected_to
        delivered = [scan.event_time for scan in read(number, placed_at=start).scans if scan.raw_code == "D"]
        assert promised
        assert not delivered or delivered[0] >= promised
        moved = read(number, start + timedelta(hours=60), placed_at=start).expected_to
        assert (moved != promised) == (name in ("WEATHER", "DELAY"))


def test_a_moving_expectation_comes_sooner_then_later_then_to_the_hour() -> None:
    readings = [read("SBX-MOVINGETA", scan.told_at) for scan in life("SBX-MOVINGETA").scans]
    windows = [(one.expected_from, one.expected_to) for one in readings if one.expected_from and one.expected_to]
    first, sooner, later, to_the_hour, later_still = dict.fromkeys(windows)
    assert sooner < first < later
    assert later[0] < to_the_hour[0] < later_still[0] < later[1]
    for opens, closes in (to_the_hour, later_still):
        assert closes - opens == timedelta(hours=2)
    assert readings[-1].expected_from is None


# Places


@pytest.mark.parametrize(("code", "kind"), [("W", "shop"), ("WL", "locker"), ("WP", "shop"), ("WD", None)])
def test_a_parcel_waits_at_a_place_with_a_name(code: str, kind: str | None) -> None:
    number = f"SBX-A.T.{code}.2D.DW-1"
    waiting, collected = read(number, START + timedelta(hours=3)), read(number)
    assert waiting.pickup
    assert waiting.pickup.type == kind
    assert waiting.pickup.name
    assert waiting.pickup.address
    assert waiting.pickup.opening_hours
    assert waiting.pickup.until == START + timedelta(hours=2, days=7)
    info = waiting.scans[-1].additional_info
    assert info["pickup_point"] == waiting.pickup.name
    assert datetime.fromisoformat(info["pickup_time"]) == waiting.pickup.until
    assert collected.pickup is None


def test_a_parcel_waits_as_long_as_its_story_says() -> None:
    number = "SBX-A.T.W.2D.WR.1D.WX.RW-1"
    for hours_later in (3, 51):
        pickup = read(number, START + timedelta(hours=hours_later)).pickup
        assert pickup
        assert pickup.until == START + timedelta(hours=2, days=3)
    assert read(number).pickup is None


def test_the_way_leads_from_origin_to_destination() -> None:
    reading = read("SBX-A.P.TE.TX.TI.C.CC.T.TV.O.D-1", origin_country="CN", destination_country="AT")
    countries = [scan.location["country"] for scan in reading.scans]
    assert countries == sorted(countries, reverse=True)
    assert {scan.timezone for scan in reading.scans} == {"Asia/Shanghai", "Europe/Vienna"}
    assert reading.scans[-1].location == {"country": "AT", "postal_code": "10119"}
    assert (reading.origin_country, reading.destination_country) == ("CN", "AT")


@pytest.mark.parametrize(
    ("name", "country", "origin"), [("OCEAN", "DE", "CN"), ("OCEAN", "CN", "US"), ("LOST", "", "DE")]
)
def test_a_story_knows_where_parcels_come_from(name: str, country: str, origin: str) -> None:
    assert read(f"SBX-{name}-1", destination_country=country or None).origin_country == origin


@pytest.mark.parametrize("country", ["DE", "US", "AQ", "ZZ"])
@pytest.mark.parametrize("postal_code", [None, "10119"])
def test_a_parcel_can_go_anywhere(country: str, postal_code: str | None) -> None:
    reading = read("SBX-OCEAN-1", destination_country=country, destination_postal_code=postal_code)
    assert events(reading)[-1] == "SUCCESSFULLY_DELIVERED"
    assert reading.scans[-1].location["country"] == country


def test_a_parcel_is_told_of_in_german_too() -> None:
    german, french = read("SBX-D-1", language="de"), read("SBX-D-1", language="fr")
    assert german.scans[0].raw_text == "Die Sendung wurde zugestellt"
    assert french.scans[0].raw_text == "The parcel was delivered"
    assert german.scans[0].external_id == french.scans[0].external_id


def test_links_and_weight_are_told() -> None:
    early, late = read("SBX-EXPRESS-1", START), read("SBX-EXPRESS-1")
    assert early.reroute_url == "https://sandbox.example/parcels/SBX-EXPRESS-1/reroute"
    assert late.proof_of_delivery_url == "https://sandbox.example/parcels/SBX-EXPRESS-1/proof.pdf"
    assert (early.proof_of_delivery_url, late.reroute_url) == (None, None)
    assert early.weight_grams == late.weight_grams
    assert early.service == "Sandbox Express"


@pytest.mark.parametrize(
    ("number", "member", "names"),
    [
        (
            "SBX-NEIGHBOUR-4",
            "neighbour",
            ["Family Öztürk, 2nd floor", "Ms Jansen, ground floor", "A. Kowalska, number 14"],
        ),
        ("SBX-EXPRESS-1", "received_by", ["E. Sandberg", "P. Kasten"]),
        ("SBX-A.O.DS-1", "left_at", ["In the bicycle shed", "Behind the garden gate", "On the terrace"]),
    ],
)
def test_who_took_a_parcel_or_where_it_lies_is_told_with_the_delivery(
    number: str, member: str, names: list[str]
) -> None:
    delivered = read(number)
    assert getattr(delivered, member) in names
    before = read(number, delivered.scans[-1].event_time - timedelta(minutes=1))
    assert (before.received_by, before.neighbour, before.left_at) == (None, None, None)


def test_a_story_with_a_proof_tells_of_the_handover_by_then_only() -> None:
    early, late = read("SBX-A.O.DS.2H.DV-1", START + timedelta(hours=3)), read("SBX-A.O.DS.2H.DV-1")
    assert (events(early)[-1], early.left_at, early.proof_of_delivery_url) == ("DELIVERED_TO_SAFE_PLACE", None, None)
    assert (events(late)[-1], bool(late.left_at)) == ("PROOF_OF_DELIVERY_AVAILABLE", True)


def test_a_handover_is_worded_in_the_language_of_the_parcel() -> None:
    assert read("SBX-NEIGHBOUR-90008", language="de").neighbour == "Frau Jansen, Erdgeschoss"
    assert read("SBX-NEIGHBOUR-90008", language="fr").neighbour == "Ms Jansen, ground floor"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"\xff", b'{"number": 1}'])
def test_what_is_no_answer_of_the_sandbox_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        mapping.read(body, parcel("SBX-D-1"))


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
