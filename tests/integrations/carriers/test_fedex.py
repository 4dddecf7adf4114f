"""FedEx: its scans, times, places, batches and answers, as a merchant sees them."""

import csv
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest

from karla.infra.http.standin import Reply
from karla.integrations import registry, tracking
from karla.integrations.carriers.contract import Parcel, PickupPoint, Raw, Reading
from karla.integrations.contract import Kind, NotFound, Refused, Unauthorised, Unreachable
from karla.integrations.statuses import StatusTable
from tests.integrations.carriers.playing import Playing, parcel_of, playing, recordings_of

NUMBER = "776094337699"
PARCEL = Parcel(
    tracking_number=NUMBER, carrier_reference="fedex", destination_country="US", destination_postal_code="93703"
)

# Of `event`, `?` is unknown, and `-` known to tell nothing.
SCANS = [*csv.DictReader((Path(__file__).parent / "fedex_scans.csv").read_text(encoding="utf-8").splitlines())]
CALIFORNIA = {"countryCode": "US", "stateOrProvinceCode": "CA"}
PUBLISHED = (
    "AA AC AD AE AF AO AP AR AS AX CA CC CD CH CP DD DE DL DO DP DR DS DY EA ED EO EP FD HA HL HP IP IT IX LO LP OC OD "
    "OF OX PD PF PL PM PU PX RC RD RG RM RP RR RS SE SF SP TR"
)


@pytest.fixture
async def fedex() -> AsyncIterator[Playing]:
    async with playing("fedex") as played:
        yield played


def scan(date: str, kind: str, **members: Any) -> dict[str, Any]:
    return {"date": date, "eventType": kind, **members}


def answer(*scans: dict[str, Any], **members: Any) -> bytes:
    """One item with one shipment, scans newest first as FedEx has them."""
    return msgspec.json.encode({"trackingNumber": NUMBER, "trackResults": [{"scanEvents": scans, **members}]})


def refusal(code: str, message: str = "") -> dict[str, Any]:
    return {"trackingNumber": NUMBER, "trackResults": [{"error": {"code": code, "message": message}}]}


def tracked(*items: dict[str, Any]) -> Reply:
    return Reply.json({"output": {"completeTrackResults": items}})


def read(raw: bytes, parcel: Parcel = PARCEL) -> Reading:
    return tracking.read("fedex", raw, parcel)


# Scans


@pytest.mark.parametrize("row", SCANS, ids=lambda row: f"{row['kind']}:{row['why']}@{row['place']} {row['text']}")
def test_a_scan_is_the_event_that_it_tells_of(row: dict[str, str]) -> None:
    kind, why = row["kind"], row["why"]
    words = {"eventDescription": row["text"], "exceptionDescription": row["reason"]}
    told = scan("2026-03-11T08:00:00-07:00", kind, exceptionCode=why, locationType=row["place"], **words)
    reading = read(answer(told))
    (found,) = reading.scans
    assert found.event_name == (None if row["event"] in "?-" else row["event"])
    assert reading.unknown == ((f"{kind}:{why}" if why else kind,) if row["event"] == "?" else ())
    assert found.raw_text == ": ".join(part.strip() for part in (row["text"], row["reason"]) if part)


def test_every_event_that_fedex_publishes_is_known_but_the_one_that_hides_what_happened() -> None:
    table = StatusTable(registry.package(Kind.CARRIERS, "fedex"))
    assert [code for code in PUBLISHED.split() if table.by_code(code) is None] == ["SE"]


@pytest.mark.parametrize(
    ("derived", "event"), [("DL", "SUCCESSFULLY_DELIVERED"), ("IN", "SHIPMENT_DATA_RECEIVED_BY_CARRIER"), ("IT", None)]
)
def test_of_an_event_that_is_unknown_fedexs_summary_tells_what_is_certain(derived: str, event: str | None) -> None:
    reading = read(answer(scan("2026-03-11T08:00:00-07:00", "QX", derivedStatusCode=derived)))
    assert [found.event_name for found in reading.scans] == [event]
    assert reading.unknown == (() if event else ("QX",))


@pytest.mark.parametrize(
    ("delay", "event"),
    [
        ("WEATHER", "DELAYED_DUE_TO_WEATHER"),
        ("CLEARANCE", "CUSTOMS_CLEARANCE_DELAYED"),
        ("LOCAL", "DELAYED_BY_CARRIER"),
    ],
)
def test_a_delay_is_told_by_its_kind(delay: str, event: str) -> None:
    told = scan("2026-03-11T08:00:00-07:00", "DY", eventDescription="Delay", delayDetail={"type": delay})
    assert read(answer(told)).scans[0].event_name == event


@pytest.mark.parametrize(
    ("place", "event"),
    [
        ("Receptionist/Front Desk", "DELIVERED_TO_RECEPTION"),
        ("Front Door", "DELIVERED_TO_SAFE_PLACE"),
        ("Neighbor", "DELIVERED_TO_NEIGHBOUR"),
        ("Mailbox", "DELIVERED_TO_LETTERBOX"),
        ("Residence", "SUCCESSFULLY_DELIVERED"),
        ("On the moon", "SUCCESSFULLY_DELIVERED"),
    ],
)
def test_a_delivery_is_told_by_where_the_parcel_was_left(place: str, event: str) -> None:
    told = scan("2026-03-11T08:00:00-07:00", "DL")
    (found,) = read(answer(told, deliveryDetails={"locationDescription": place})).scans
    assert (found.event_name, found.additional_info) == (event, {"left_at": place})


# Times and places


@pytest.mark.parametrize(
    ("date", "place", "moment", "zone"),
    [
        ("2026-03-11T08:00:00-07:00", CALIFORNIA, "15:00", "America/Los_Angeles"),
        ("2026-03-11T08:00:00", CALIFORNIA, "15:00", "America/Los_Angeles"),
        ("2026-03-11T08:00:00", {"countryCode": "DE", "postalCode": "10115"}, "07:00", "Europe/Berlin"),
        ("2026-03-11T08:00:00", {}, "08:00", None),
        ("2026-03-11T08:00:00-05:00", {}, "13:00", None),
    ],
)
def test_a_time_is_fedexs_own_moment_or_local_to_its_place(
    date: str, place: dict[str, str], moment: str, zone: str | None
) -> None:
    (found,) = read(answer(scan(date, "AR", scanLocation=place))).scans
    assert (f"{found.event_time:%H:%M}", found.timezone) == (moment, zone)


@pytest.mark.parametrize("date", [None, "", "yesterday", "0001-01-01T00:00:00", "9999-12-31T23:59:59"])
def test_a_scan_without_a_time_is_passed_over(date: str | None) -> None:
    assert len(read(answer(scan("2026-03-11T08:00:00-07:00", "AR"), {"date": date, "eventType": "PU"})).scans) == 1


@pytest.mark.parametrize(
    ("members", "window"),
    [
        (
            {"begins": "2026-03-11T10:15:00-07:00", "ends": "2026-03-11T14:15:00-07:00"},
            ("2026-03-11T17:15", "2026-03-11T21:15"),
        ),
        ({"begins": "2026-03-11T10:15:00", "ends": "2026-03-11T14:15:00"}, ("2026-03-11T17:15", "2026-03-11T21:15")),
        ({"ends": "2026-03-11T14:15:00-07:00"}, ("2026-03-11T21:15", "2026-03-11T21:15")),
        ({"ends": "2026-03-11T00:00:00"}, ("2026-03-11T07:00", "2026-03-12T07:00")),
        ({"begins": "soon"}, None),
        ({}, None),
    ],
)
def test_the_expected_delivery_is_a_window_and_none_once_it_was(
    members: dict[str, str], window: tuple[str, str] | None
) -> None:
    told = scan("2026-03-10T08:00:00-07:00", "PU")
    address = {"recipientInformation": {"address": CALIFORNIA}}
    reading = read(answer(told, estimatedDeliveryTimeWindow={"window": members}, **address))
    ends = tuple(datetime.fromisoformat(end).replace(tzinfo=UTC) for end in window) if window else (None, None)
    assert (reading.expected_from, reading.expected_to) == ends
    done = [{"type": "ACTUAL_DELIVERY", "dateTime": "2026-03-11T10:15:00-07:00"}]
    reading = read(answer(told, estimatedDeliveryTimeWindow={"window": members}, dateAndTimes=done, **address))
    assert (reading.expected_from, reading.expected_to) == (None, None)


@pytest.mark.parametrize(
    ("file", "point"),
    [
        (
            "pickup_point.en.json",
            PickupPoint(name="Walgreens 9310", type="shop", address="2420 N BLACKSTONE AVE, 93703 FRESNO"),
        ),
        ("delivered.en.json", None),
    ],
)
async def test_the_place_to_collect_at_is_named(fedex: Playing, file: str, point: PickupPoint | None) -> None:
    recording = fedex.standin.recordings.all[file]
    reading = read(recording.body, parcel_of(recording))
    assert reading.pickup == point
    if point:
        assert reading.scans[-1].additional_info["pickup_point"] == point.name


async def test_product_weight_countries_and_who_took_it_are_read(fedex: Playing) -> None:
    recording = fedex.standin.recordings.all["delivered.en.json"]
    reading = read(recording.body, parcel_of(recording))
    assert (reading.service, reading.weight_grams) == ("FedEx Priority Overnight", 454)
    assert (reading.origin_country, reading.destination_country) == ("US", "US")
    assert reading.received_by == "E.MUSTERMANN"
    assert "MUSTERMANN" not in msgspec.json.encode(msgspec.structs.replace(reading, received_by=None)).decode()


def test_that_no_signature_was_asked_for_is_nobodys_name() -> None:
    where = {"locationDescription": "Front Door", "receivedByName": "Signature not required"}
    reading = read(answer(scan("2026-03-11T08:00:00-07:00", "DL"), deliveryDetails=where))
    assert (reading.received_by, reading.left_at) == (None, "Front Door")


# Several shipments with a number


async def test_of_shipments_with_the_same_number_it_is_the_one_scanned_last(fedex: Playing) -> None:
    recording = fedex.standin.recordings.all["used_again.en.json"]
    assert {found.event_time.year for found in read(recording.body, parcel_of(recording)).scans} == {2026}


async def test_another_countrys_shipment_with_this_number_is_passed_over(fedex: Playing) -> None:
    recording = fedex.standin.recordings.all["transit.en.json"]
    elsewhere = msgspec.structs.replace(parcel_of(recording), destination_country="FR")
    assert await fedex.tracked(elsewhere) == [NotFound()]


# Answers


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"trackingNumber": "1"}', b'{"trackingNumber": "1", "trackResults": 1}', b"\xff"]
)
def test_what_is_no_answer_of_fedex_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read(body)


async def test_a_number_that_fedex_refuses_is_refused_in_its_words_and_an_unknown_one_is_not(fedex: Playing) -> None:
    account = fedex.account()
    await account.try_credentials()
    fedex.server.answer(tracked(refusal("TRACKING.TRACKINGNUMBER.INVALID", "Invalid number.")))
    (refused,) = await account.track([PARCEL])
    assert isinstance(refused, Refused)
    assert (refused.code, refused.message) == ("TRACKING.TRACKINGNUMBER.INVALID", "Invalid number.")
    fedex.server.answer(tracked(refusal("TRACKING.TRACKINGNUMBER.NOTFOUND")))
    assert await account.track([PARCEL]) == [NotFound()]
    fedex.server.answer(tracked())
    assert await account.track([PARCEL]) == [NotFound()]


async def test_an_item_that_is_none_is_unreachable(fedex: Playing) -> None:
    account = fedex.account()
    await account.try_credentials()
    fedex.server.answer(tracked({"trackResults": 1}))
    with pytest.raises(Unreachable, match="another form than documented"):
        await account.track([PARCEL])


# Batches


async def test_thirty_parcels_are_one_call_and_each_language_is_another(fedex: Playing) -> None:
    account = fedex.account()
    await account.try_credentials()
    known = [parcel_of(one) for one in recordings_of("fedex") if one.language == "en" and one.events]
    parcels = [*known, *(msgspec.structs.replace(PARCEL, tracking_number=f"{n:012}") for n in range(30 - len(known)))]
    answers = await account.track(parcels)
    assert [isinstance(one, Raw) for one in answers] == [True] * len(known) + [False] * (30 - len(known))
    (asked,) = [entry.asked for entry in fedex.server.journal[2:]]
    told = msgspec.json.decode(asked.body)
    assert len(told["trackingInfo"]) == 30
    assert told["includeDetailedScans"] is True
    assert asked.headers["x-locale"] == "en_US"
    await account.track([msgspec.structs.replace(PARCEL, language=one) for one in ("de", "en", "xx", "da")])
    assert [entry.asked.headers["x-locale"] for entry in fedex.server.journal[3:]] == ["de_DE", "en_US", "da_DK"]


async def test_freight_is_asked_for_at_its_own_company(fedex: Playing) -> None:
    recording = fedex.standin.recordings.all["freight.en.json"]
    await fedex.tracked(parcel_of(recording))
    (info,) = msgspec.json.decode(fedex.server.journal[-1].asked.body)["trackingInfo"]
    assert info == {"trackingNumberInfo": {"trackingNumber": recording.number, "carrierCode": "FXFR"}}


async def test_a_number_is_asked_for_without_its_blanks(fedex: Playing) -> None:
    recording = fedex.standin.recordings.all["transit.en.json"]
    spaced = f"{recording.number[:4]} {recording.number[4:8]} {recording.number[8:]}"
    (found,) = await fedex.tracked(msgspec.structs.replace(parcel_of(recording), tracking_number=spaced))
    assert found == Raw(recording.body)


# The token


async def test_a_token_is_asked_for_once_by_a_form(fedex: Playing) -> None:
    account = fedex.account()
    for _ in range(3):
        await account.track([PARCEL])
    granted, *calls = [entry.asked for entry in fedex.server.journal]
    given = fedex.standin.credentials(fedex.server.url)
    assert granted.path == "/oauth/token"
    assert parse_qs(granted.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": [given["api_key"]],
        "client_secret": [given["secret_key"]],
    }
    assert len(calls) == 3
    assert len({call.headers["x-customer-transaction-id"] for call in calls}) == 3


async def test_a_project_that_may_not_track_is_unauthorised_though_it_gets_a_token(fedex: Playing) -> None:
    fedex.server.answer(Reply.json({"access_token": "of-a-project-without-tracking", "expires_in": 3599}))
    fedex.server.answer(Reply.json({"errors": [{"code": "FORBIDDEN.ERROR", "message": "No access"}]}, 403))
    with pytest.raises(Unauthorised, match="No access"):
        await fedex.account().try_credentials()
