"""UPS: its activities, times, places and answers, as a merchant sees them."""

import csv
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from karla.infra.http.standin import Reply
from karla.integrations import registry, tracking
from karla.integrations.carriers.contract import Parcel, PickupPoint, Raw, Reading
from karla.integrations.contract import Kind, NotFound, Refused, Unauthorised
from karla.integrations.statuses import StatusTable
from tests.integrations.carriers.playing import Playing, parcel_of, playing

NUMBER = "1Z0KA12A6800000099"
PARCEL = Parcel(
    tracking_number=NUMBER, carrier_reference="ups", destination_country="US", destination_postal_code="10001"
)

# Of `event`, `?` is unknown, and `-` known to tell nothing.
ACTIVITIES = [*csv.DictReader((Path(__file__).parent / "ups_activities.csv").read_text(encoding="utf-8").splitlines())]


@pytest.fixture
async def ups() -> AsyncIterator[Playing]:
    async with playing("ups") as played:
        yield played


def activity(day: str, time: str, type_: str = "I", code: str = "AR", **members: Any) -> dict[str, Any]:
    status = {"type": type_, "code": code, "statusCode": "", "description": ""}
    return {"date": day, "time": time, "status": status, **members}


def at(**address: str) -> dict[str, Any]:
    return {"address": address}


def answer(*activities: dict[str, Any], **members: Any) -> bytes:
    """A body with one parcel, activities newest first as UPS has them."""
    package = {"trackingNumber": NUMBER, "activity": activities, **members}
    return msgspec.json.encode({"trackResponse": {"shipment": [{"inquiryNumber": NUMBER, "package": [package]}]}})


def read(raw: bytes, parcel: Parcel = PARCEL) -> Reading:
    return tracking.read("ups", raw, parcel)


# Activities


@pytest.mark.parametrize(
    "row", ACTIVITIES, ids=lambda row: f"{row['type']}:{row['code']}:{row['summary']} {row['text']}"
)
def test_an_activity_is_the_event_that_it_tells_of(row: dict[str, str]) -> None:
    status = {
        "type": row["type"],
        "code": row["code"],
        "statusCode": row["summary"],
        "description": row["text"],
    }
    reading = read(answer({"date": "20260312", "time": "080000", "status": status}))
    (scan,) = reading.scans
    assert scan.event_name == (None if row["event"] in "?-" else row["event"])
    assert reading.unknown == ((f"{row['type']}:{row['code']}",) if row["event"] == "?" else ())
    assert scan.raw_text == row["text"].strip()


def test_every_summary_that_ups_publishes_is_known_but_the_four_that_hide_what_happened() -> None:
    published = {f"{number:03}" for number in (*range(5, 8), *range(10, 15), *range(16, 31), *range(32, 70), 3, 71, 72)}
    table = StatusTable(registry.package(Kind.CARRIERS, "ups"))
    assert {code for code in published if table.by_code(code) is None} == {"005", "010", "013", "030", "049"}


@pytest.mark.parametrize(
    ("place", "event"),
    [
        ("Front Door", "DELIVERED_TO_SAFE_PLACE"),
        ("PORCH", "DELIVERED_TO_SAFE_PLACE"),
        ("Neighbor", "DELIVERED_TO_NEIGHBOUR"),
        ("Mail Slot", "DELIVERED_TO_LETTERBOX"),
        ("Front Desk", "DELIVERED_TO_RECEPTION"),
        ("Dock", "SUCCESSFULLY_DELIVERED"),
        ("On the moon", "SUCCESSFULLY_DELIVERED"),
    ],
)
def test_a_delivery_is_told_by_where_the_parcel_was_left(place: str, event: str) -> None:
    (scan,) = read(answer(activity("20260312", "142205", "D", "KB"), deliveryInformation={"location": place})).scans
    assert scan.event_name == event
    assert scan.additional_info == {"left_at": place}


def test_what_follows_a_return_is_the_way_back() -> None:
    told = [
        activity("20260316", "112000", "D", "FS"),
        activity("20260312", "231000", "I", "DP"),
        activity("20260312", "181000", "X", "6C"),
        activity("20260311", "181000", "D", "ZP"),
    ]
    assert [scan.event_name for scan in read(answer(*told)).scans] == [
        "READY_FOR_COLLECTION_AT_PARCEL_SHOP",
        "NOT_PICKED_UP_RETURN_TO_SENDER",
        "RETURN_TO_SENDER_IN_TRANSIT",
        "RETURNED_TO_SENDER",
    ]


# Times and places


@pytest.mark.parametrize(
    ("members", "moment"),
    [
        ({"gmtDate": "20260312", "gmtTime": "12:41:12", "gmtOffset": "-04:00"}, "12:41:12"),
        ({"gmtDate": "2026-03-12", "gmtTime": "74700"}, "07:47:00"),
        ({"gmtOffset": "-05:00"}, "13:41:12"),
        ({"gmtOffset": "nonsense"}, "12:41:12"),
        ({}, "12:41:12"),
    ],
)
def test_a_time_is_ups_own_moment_or_local_to_its_place(members: dict[str, str], moment: str) -> None:
    place = at(city="NEW YORK", stateProvince="NY", countryCode="US")
    (scan,) = read(answer(activity("20260312", "084112", location=place, **members))).scans
    assert (f"{scan.event_time:%H:%M:%S}", scan.timezone) == (moment, "America/New_York")
    assert scan.location == {"city": "NEW YORK", "region": "NY", "country": "US"}


@pytest.mark.parametrize(
    ("day", "time"), [("", "080000"), ("20261332", "080000"), ("20260312", ""), ("99991231", "080000")]
)
def test_a_scan_without_a_time_is_passed_over(day: str, time: str) -> None:
    assert len(read(answer(activity("20260312", "080000"), activity(day, time, "P"))).scans) == 1


@pytest.mark.parametrize(
    ("dates", "time", "window"),
    [
        ({"SDD": "20260312"}, {"type": "EOD"}, ("2026-03-12T04:00", "2026-03-13T04:00")),
        ({"SDD": "20260312", "RDD": "20260313"}, {}, ("2026-03-13T04:00", "2026-03-14T04:00")),
        ({"SDD": "20260312"}, {"type": "CMT", "endTime": "103000"}, ("2026-03-12T04:00", "2026-03-12T14:30")),
        (
            {"SDD": "20260312"},
            {"type": "EDW", "startTime": "134500", "endTime": "174500"},
            ("2026-03-12T17:45", "2026-03-12T21:45"),
        ),
        (
            {"RDD": "20260312"},
            {"type": "IDW", "startTime": "90000", "endTime": "100000"},
            ("2026-03-12T13:00", "2026-03-12T14:00"),
        ),
        ({"SDD": "20260312", "DEL": "20260312"}, {"type": "DEL", "endTime": "142205"}, None),
        ({"SDD": ""}, {}, None),
        ({}, {"type": "EDW", "startTime": "134500", "endTime": "174500"}, None),
    ],
)
def test_the_expected_delivery_is_a_window(
    dates: dict[str, str], time: dict[str, str], window: tuple[str, str] | None
) -> None:
    told = [{"type": type_, "date": day} for type_, day in dates.items()]
    reading = read(answer(activity("20260310", "080000"), deliveryDate=told, deliveryTime=time))
    ends = tuple(datetime.fromisoformat(end).replace(tzinfo=UTC) for end in window) if window else (None, None)
    assert (reading.expected_from, reading.expected_to) == ends


@pytest.mark.parametrize(
    ("file", "point"),
    [
        (
            "access_point.en.json",
            PickupPoint(
                name="KIOSK HOOFDWEG",
                type="shop",
                address="HOOFDWEG 640, 2132 BV HOOFDDORP",
                until=datetime(2026, 3, 20, 23, tzinfo=UTC),
            ),
        ),
        ("collected.en.json", None),
        ("delivered.en.json", None),
    ],
)
async def test_the_place_to_collect_at_is_named_as_long_as_the_parcel_waits(
    ups: Playing, file: str, point: PickupPoint | None
) -> None:
    recording = ups.standin.recordings.all[file]
    assert read(recording.body, parcel_of(recording)).pickup == point


async def test_product_weight_countries_and_who_took_it_are_read(ups: Playing) -> None:
    recording = ups.standin.recordings.all["delivered.en.json"]
    reading = read(recording.body, parcel_of(recording))
    assert (reading.service, reading.weight_grams) == ("UPS Ground", 1134)
    assert (reading.origin_country, reading.destination_country) == ("US", "US")
    assert (reading.received_by, reading.left_at) == ("MUSTERMANN", None)
    assert "MUSTERMANN" not in msgspec.json.encode(msgspec.structs.replace(reading, received_by=None)).decode()


def test_what_the_driver_just_left_was_taken_by_nobody() -> None:
    where = {"location": "Front Door", "receivedBy": "DRIVER RELEASE"}
    reading = read(answer(activity("20260312", "142205", "D", "KB"), deliveryInformation=where))
    assert (reading.received_by, reading.left_at) == (None, "Front Door")


# Answers


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"trackResponse": 1}', b'{"trackResponse": {"shipment": 1}}', b"\xff"]
)
def test_what_is_no_answer_of_ups_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read(body)


def test_of_several_parcels_it_is_the_one_with_the_number_else_the_first() -> None:
    packages = [
        {"trackingNumber": "1Z0000000000000001", "service": {"description": "first"}},
        {"trackingNumber": NUMBER, "service": {"description": "own"}},
    ]
    body = msgspec.json.encode({"trackResponse": {"shipment": [{"package": packages}]}})
    assert read(body).service == "own"
    assert read(body, msgspec.structs.replace(PARCEL, tracking_number="1Z9")).service == "first"


async def test_a_number_that_ups_has_no_parcels_for_is_not_found_whatever_the_status(ups: Playing) -> None:
    assert await ups.tracked(PARCEL) == [NotFound()]
    assert ups.server.journal[-1].status == 200
    account = ups.account()
    await account.try_credentials()
    ups.server.answer(Reply.json({"response": {"errors": [{"code": "TV0404", "message": "Not found"}]}}, 404))
    assert await account.track([PARCEL]) == [NotFound()]


async def test_a_number_that_ups_refuses_is_refused_in_its_words_and_the_next_is_asked(ups: Playing) -> None:
    recording = ups.standin.recordings.all["announced.en.json"]
    short = msgspec.structs.replace(PARCEL, tracking_number="1Z 1")
    refused, found = await ups.account().track([short, parcel_of(recording)])
    assert isinstance(refused, Refused)
    assert (refused.code, refused.message) == ("TV1002", "Invalid inquiry number")
    assert found == Raw(recording.body)


async def test_a_call_has_a_number_of_its_own_the_locale_and_asks_for_no_pictures_of_people(ups: Playing) -> None:
    await ups.account().track([msgspec.structs.replace(PARCEL, language=one) for one in ("de", "pl", "da", "xx")])
    asked = [entry.asked for entry in ups.server.journal if entry.asked.path != "/security/v1/oauth/token"]
    assert [one.query["locale"] for one in asked] == ["de_DE", "pl_PL", "da_DK", "en_US"]
    assert len({one.headers["transid"] for one in asked}) == 4
    assert {one.headers["transactionsrc"] for one in asked} == {"karla"}
    assert {(one.query["returnSignature"], one.query["returnPOD"]) for one in asked} == {("false", "false")}


# The token


async def test_a_token_is_asked_for_once_by_basic_authentication(ups: Playing) -> None:
    account = ups.account()
    for _ in range(3):
        await account.track([PARCEL])
    granted, *calls = [entry.asked for entry in ups.server.journal]
    given = ups.standin.credentials(ups.server.url)
    basic = b64encode(f"{given['client_id']}:{given['client_secret']}".encode()).decode()
    assert (granted.path, granted.headers["authorization"]) == ("/security/v1/oauth/token", f"Basic {basic}")
    assert granted.body == b"grant_type=client_credentials"
    assert len(calls) == 3


async def test_an_app_that_may_not_track_is_unauthorised_though_it_gets_a_token(ups: Playing) -> None:
    token = Reply.json({"access_token": "of-an-app-without-tracking", "expires_in": "14399"})
    ups.server.answer(token, times=1)
    ups.server.answer(Reply.json({"response": {"errors": [{"code": "250002", "message": "Invalid"}]}}, 401), times=1)
    with pytest.raises(Unauthorised, match="Invalid"):
        await ups.account().try_credentials()
