"""What the sandbox tells of a parcel besides its scans: when it is expected, where it is, who took it."""

from datetime import UTC, datetime, timedelta

import pytest

from karla.integrations.carriers.sandbox import mapping
from tests.integrations.carriers.sandbox_parcels import START, SUFFIXES, events, life, parcel, read


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
