"""Swiss Post: its codes, its login, places and times, as a merchant sees them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest

from karla.infra.http.standin import Reply
from karla.integrations import tracking
from karla.integrations.carriers.contract import Parcel, PickupPoint, Raw, Reading
from karla.integrations.contract import NotFound, Refused, Unauthorised, Unreachable
from tests.integrations.carriers.playing import Playing, parcel_of, playing

NUMBER = "990012345612345678"
PARCEL = Parcel(tracking_number=NUMBER, carrier_reference="swisspost", destination_country="CH", language="de")
NOON = "2026-03-11T12:00:00+01:00"
# From the list of events that Swiss Post publishes beside its tracking.
PUBLISHED = [
    ("PARCEL.*.2.600", "SHIPMENT_DATA_RECEIVED_BY_CARRIER"),
    ("LETTER.*.106.854", "SHIPMENT_DATA_RECEIVED_BY_CARRIER"),
    ("PARCEL.*.2.100", "ACCEPTED_BY_CARRIER"),
    ("LETTER.*.88.912", "ACCEPTED_BY_CARRIER"),
    ("LETTER.*.10.5", "PICKED_UP_BY_CARRIER"),
    ("PARCEL.*.2.500.*.0", "PICKED_UP_BY_CARRIER"),
    ("PARCEL.*.2.1201", "SORTED_AT_TRANSPORT_HUB"),
    ("PARCEL.*.PPIP.1203.IMPORT", "SORTED_AT_TRANSPORT_HUB"),
    ("PARCEL.*.2.1001", "ARRIVAL_AT_DELIVERY_DEPOT"),
    ("LETTER.*.88.10", "ARRIVAL_AT_DELIVERY_DEPOT"),
    ("PARCEL.*.2.1003", "LOADED_ONTO_DELIVERY_VEHICLE"),
    ("LETTER.*.88.915", "DEPARTURE_FROM_EXPORT_HUB"),
    ("PARCEL.*.EMS.815.EXPORT", "DEPARTURE_FROM_EXPORT_HUB"),
    ("LETTER.*.88.818", "ARRIVAL_IN_DESTINATION_COUNTRY"),
    ("LETTER.*.88.819", "CUSTOMS_CLEARANCE_STARTED"),
    ("PARCEL.*.EMS.805", "CUSTOMS_CLEARANCE_COMPLETED"),
    ("PARCEL.*.2.1700", "MISROUTED"),
    ("LETTER.*.106.18", "DELAYED_BY_CARRIER"),
    ("PARCEL.*.2.1500", "DAMAGED_IN_TRANSIT"),
    ("PARCEL.*.2.4000", "SUCCESSFULLY_DELIVERED"),
    ("LETTER.*.88.40", "SUCCESSFULLY_DELIVERED"),
    ("PARCEL.*.2.4000.*.-1", "DELIVERED_TO_SAFE_PLACE"),
    ("LETTER.*.88.40.*.IMP2", "DELIVERED_TO_SAFE_PLACE"),
    ("PARCEL.*.8192.3800", "DELIVERED_TO_LETTERBOX"),
    ("PARCEL.*.2.2000", "PICKED_UP_BY_CUSTOMER"),
    ("PARCEL.*.2.2100", "DELIVERY_FAILED_RECIPIENT_ABSENT"),
    ("PARCEL.*.2.2100.*.MEZ1", "DELIVERY_FAILED_RECIPIENT_ABSENT"),
    ("PARCEL.*.2.2101", "READY_FOR_COLLECTION_AT_PARCEL_SHOP"),
    ("LETTER.*.10.63", "READY_FOR_COLLECTION_AT_POST_OFFICE"),
    ("PARCEL.*.2.5500", "COLLECTION_PERIOD_EXTENDED"),
    ("PARCEL.*.2.4100", "DELIVERY_FAILED"),
    ("LETTER.*.10.41.*.2", "DELIVERY_FAILED_REFUSED"),
    ("LETTER.*.10.41.*.3", "DELIVERY_FAILED_RECIPIENT_UNKNOWN"),
    ("PARCEL.*.EMS.922", "DELIVERY_FAILED_ADDRESS_INCORRECT"),
    ("PARCEL.*.EMS.934", "UNDELIVERABLE"),
    ("PARCEL.*.2.3600", "RETURN_TO_SENDER_INITIATED"),
    ("PARCEL.*.2.3600.*.0", "NOT_PICKED_UP_RETURN_TO_SENDER"),
    ("PARCEL.*.2.3600.*.2", "REFUSED_RETURN_TO_SENDER"),
    ("LETTER.*.10.36.*.RET3", "ADDRESS_ISSUE_RETURN_TO_SENDER"),
    ("LETTER.*.10.34.*.RET7", "DAMAGED_RETURN_TO_SENDER"),
    ("PARCEL.*.2.9108", "LOST_IN_TRANSIT"),
    ("LETTER.*.10.91.*.STA5", "INVESTIGATION_STARTED"),
    ("PARCEL.*.2.9221", "DELIVERY_DATE_CHANGED_BY_CUSTOMER"),
    ("PARCEL.1.2.9205", "DELIVERY_INSTRUCTIONS_RECEIVED"),
    ("LETTER.1.10.9501", "RECALLED_BY_SENDER"),
    ("PARCEL.*.2.4600", "PROOF_OF_DELIVERY_AVAILABLE"),
    ("PARCEL.*.2.TNT-NH", "DELIVERY_FAILED_RECIPIENT_ABSENT"),
    ("PARCEL.*.2.TNT-DN", "DELIVERED_TO_NEIGHBOUR"),
    ("PARCEL.*.2.4000.*.CANPDS", None),
    ("PARCEL.*.2.9299", None),
]


@pytest.fixture
async def post() -> AsyncIterator[Playing]:
    async with playing("swisspost") as played:
        yield played


def answer(*events: dict[str, Any], **detail: Any) -> bytes:
    return msgspec.json.encode({"detail": {"mailpieceId": NUMBER, **detail}, "events": {"events": events}})


def event(code: str | None, timestamp: object = NOON, **members: Any) -> dict[str, Any]:
    return {"code": code, "timestamp": timestamp, **members}


def read(raw: bytes, parcel: Parcel = PARCEL) -> Reading:
    return tracking.read("swisspost", raw, parcel)


# Codes


@pytest.mark.parametrize(("code", "name"), PUBLISHED)
def test_a_published_code_is_the_event_that_it_stands_for(code: str, name: str | None) -> None:
    reading = read(answer(event(code)))
    assert [scan.event_name for scan in reading.scans] == [name]
    assert reading.unknown == ()


@pytest.mark.parametrize("code", ["PARCEL.*.2.7777", "LETTER.*.10.1201", "PALLET.*.1.4000", "7777", "PARCEL.*"])
def test_a_code_that_is_not_published_stays_unknown(code: str) -> None:
    reading = read(answer(event(code, title="Sendung wurde sortiert")))
    assert [scan.event_name for scan in reading.scans] == [None]
    assert reading.unknown == (code,)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Verlad in Zustellfahrzeug", "LOADED_ONTO_DELIVERY_VEHICLE"),
        ("Delivered to counter", "PICKED_UP_BY_CUSTOMER"),
        ("Accusé de réception reçu", "PROOF_OF_DELIVERY_AVAILABLE"),
        ("Etwas Neues", None),
    ],
)
def test_where_there_is_no_code_the_words_decide(title: str, name: str | None) -> None:
    reading = read(answer(event(None, title=title)))
    assert [scan.event_name for scan in reading.scans] == [name]
    assert reading.unknown == (() if name else (title,))


def test_a_scan_is_the_same_in_every_language() -> None:
    german, french = event("PARCEL.*.2.1201", title="Sortiert"), event("PARCEL.*.2.1201", title="Trié")
    assert read(answer(german)).scans[0].external_id == read(answer(french)).scans[0].external_id


@pytest.mark.parametrize(
    ("subtitle", "place", "name"),
    [
        ("My Post 24 Bern Europaplatz", None, "READY_FOR_COLLECTION_AT_PARCEL_LOCKER"),
        (None, {"name": "My Post 24 Zürich HB"}, "READY_FOR_COLLECTION_AT_PARCEL_LOCKER"),
        ("PickPost Migrolino Breitenrain", None, "READY_FOR_COLLECTION_AT_PARCEL_SHOP"),
    ],
)
def test_a_locker_is_told_apart_where_its_name_is_given(subtitle: str | None, place: Any, name: str) -> None:
    told = event("PARCEL.*.2.2101", title="Bereit zur Abholung", subtitle=subtitle, location=place)
    assert read(answer(told)).scans[0].event_name == name


# Times and places


@pytest.mark.parametrize(
    ("timestamp", "moment"),
    [
        ("2026-07-05T08:00:00+02:00", "2026-07-05T06:00"),
        ("2026-07-05T08:00:00", "2026-07-05T06:00"),
        (1783231200000, "2026-07-05T06:00"),
    ],
)
def test_a_time_is_read_in_each_of_its_forms(timestamp: object, moment: str) -> None:
    (scan,) = read(answer(event("PARCEL.*.2.1201", timestamp))).scans
    assert scan.event_time == datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert scan.timezone == "Europe/Zurich"


@pytest.mark.parametrize("timestamp", [None, "", "gestern", "0001-01-01T00:00:00", 10**18])
def test_a_scan_without_a_time_is_passed_over(timestamp: object) -> None:
    assert len(read(answer(event("PARCEL.*.2.1201"), event("PARCEL.*.2.100", timestamp))).scans) == 1


def test_scans_come_from_the_oldest_whichever_way_they_are_listed() -> None:
    first, last = event("PARCEL.*.2.100", "2026-03-10T08:00:00+01:00"), event("PARCEL.*.2.4000")
    assert read(answer(first, last)).scans == read(answer(last, first)).scans
    assert read(answer(first, last)).scans[0].event_name == "ACCEPTED_BY_CARRIER"


def test_abroad_a_scan_without_a_country_has_a_moment_and_no_zone() -> None:
    told = event("PARCEL.*.PPIP.918", location={"city": "Speyer"})
    (scan,) = read(answer(told, senderCountry="CH", recipientCountry="DE")).scans
    assert (scan.timezone, scan.location) == (None, {"city": "Speyer"})


@pytest.mark.parametrize("place", ["3011 Bern", {"zip": None, "city": "3011 Bern"}])
def test_a_place_may_be_no_more_than_words(place: Any) -> None:
    assert read(answer(event("PARCEL.*.2.1201", location=place))).scans[0].location == {"city": "3011 Bern"}


@pytest.mark.parametrize(
    ("members", "window"),
    [
        ({"calculatedDeliveryDate": "2026-03-12"}, ("2026-03-11T23:00", "2026-03-12T23:00")),
        ({"calculatedDeliveryDate": "2026-07-12T00:00:00+02:00"}, ("2026-07-11T22:00", "2026-07-12T22:00")),
        (
            {
                "calculatedDeliveryDate": "2026-03-12T00:00:00+01:00",
                "deliveryTimeInterval": {
                    "start": "2026-03-12T13:15:00+01:00",
                    "end": "2026-03-12T15:00:00+01:00",
                },
            },
            ("2026-03-12T12:15", "2026-03-12T14:00"),
        ),
        ({"calculatedDeliveryDate": "bald"}, None),
        ({"calculatedDeliveryDate": "2026-03-12", "status": {"status": "DELIVERED"}}, None),
        ({}, None),
    ],
)
def test_the_expected_delivery_is_a_window(members: dict[str, Any], window: tuple[str, str] | None) -> None:
    reading = read(answer(event("PARCEL.*.2.1201"), **members))
    ends = tuple(datetime.fromisoformat(end).replace(tzinfo=UTC) for end in window) if window else (None, None)
    assert (reading.expected_from, reading.expected_to) == ends


@pytest.mark.parametrize(
    ("weight", "grams"), [("1.14 kg", 1140), ("0,85 kg", 850), ("850 g", 850), ("heavy", None), (None, None)]
)
def test_a_weight_is_read_as_people_write_it(weight: str | None, grams: int | None) -> None:
    assert read(answer(physicalDimensions={"weight": weight})).weight_grams == grams


@pytest.mark.parametrize(
    ("file", "point"),
    [
        (
            "missed.de.json",
            PickupPoint(
                name="Bern 1 Schanzenpost",
                type="shop",
                address="Schanzenstrasse 4, 3001 Bern",
                until=datetime(2026, 3, 18, 23, tzinfo=UTC),
            ),
        ),
        (
            "mypost24.en.json",
            PickupPoint(name="My Post 24 Bern Europaplatz", type="locker", address="Europaplatz 1, 3008 Bern"),
        ),
        ("counter.fr.json", None),
    ],
)
async def test_the_place_to_collect_at_is_named(post: Playing, file: str, point: PickupPoint | None) -> None:
    recording = post.standin.recordings.all[file]
    reading = read(recording.body, parcel_of(recording))
    assert reading.pickup == point
    assert reading.scans[-1].additional_info.get("pickup_point") == (point.name if point else None)
    assert reading.service == "PostPac Priority"


def test_a_delivery_after_the_way_back_began_is_the_senders() -> None:
    told = [
        event("LETTER.*.10.36.*.RET2", "2026-03-11T08:00:00+01:00"),
        event("LETTER.*.10.13", "2026-03-11T20:00:00+01:00"),
        event("LETTER.*.10.40", "2026-03-12T10:00:00+01:00"),
    ]
    assert [scan.event_name for scan in read(answer(*told)).scans] == [
        "REFUSED_RETURN_TO_SENDER",
        "RETURN_TO_SENDER_IN_TRANSIT",
        "RETURNED_TO_SENDER",
    ]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"detail": 1}', b'{"detail": {}, "events": []}', b"\xff"])
def test_what_is_no_answer_of_swiss_post_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read(body)


# Calls


async def test_one_login_serves_many_calls(post: Playing) -> None:
    recording = post.standin.recordings.all["delivered.de.json"]
    account = post.account()
    for _ in range(2):
        await account.track([parcel_of(recording)])
    login, detail, events, *_ = [entry.asked for entry in post.server.journal]
    assert [entry.asked.path for entry in post.server.journal].count("/OAuth/token") == 1
    assert dict(parse_qsl(login.body.decode())) == {
        "grant_type": "client_credentials",
        "scope": "MYSB_MAILPIECE_TRACKING_B2B_READ",
        "client_id": "standin-shop",
        "client_secret": "standin-secret-0001",
    }
    base = f"/logistics/mailpiece/tracking/business/v1/mailpieces/{recording.number}"
    assert [detail.path, events.path] == [f"{base}/detail", f"{base}/events/"]
    assert detail.headers["authorization"] == "Bearer standin-token-0001"
    assert detail.headers["accept-language"] == "de"


async def test_a_number_is_asked_for_without_its_dots_in_a_language_that_swiss_post_has(post: Playing) -> None:
    await post.tracked(msgspec.structs.replace(PARCEL, tracking_number="99.00.123456.12345678", language="pl"))
    _, asked, *_ = [entry.asked for entry in post.server.journal]
    assert asked.path.endswith(f"/{NUMBER}/detail")
    assert asked.headers["accept-language"] == "en"


async def test_a_mailpiece_with_a_key_of_its_own_is_searched_for(post: Playing) -> None:
    post.server.answer(Reply.json({"access_token": "t", "expires_in": 300}))
    post.server.answer(Reply.json({"code": "not_found"}, 404))
    others = {"mailpieceId": "990000000000000001", "mailpieceKey": "no"}
    post.server.answer(Reply.json({"items": [others, {"mailpieceId": NUMBER, "mailpieceKey": "a/b"}]}))
    post.server.answer(Reply(body=b"{}"))
    post.server.answer(Reply(body=b'{"events":[]}'))
    assert await post.tracked(PARCEL) == [Raw(b'{"detail":{},"events":{"events":[]}}')]
    assert [entry.asked.path.partition("mailpieces")[2] for entry in post.server.journal[2:]] == [
        "",
        "/a/b/detail",
        "/a/b/events/",
    ]
    assert msgspec.json.decode(post.server.journal[2].asked.body) == {"ids": [NUMBER]}


@pytest.mark.parametrize("reply", [Reply.json([]), Reply.json({}, 400), Reply.json({"mailpieces": []})])
async def test_what_the_search_does_not_know_is_not_found(post: Playing, reply: Reply) -> None:
    post.server.answer(Reply.json({"access_token": "t", "expires_in": 300}))
    post.server.answer(Reply.json({"code": "not_found"}, 404))
    post.server.answer(reply)
    assert await post.tracked(PARCEL) == [NotFound()]


async def test_both_answers_are_handed_on_as_they_came(post: Playing) -> None:
    post.server.answer(Reply.json({"access_token": "t", "expires_in": 300}))
    post.server.answer(Reply(body=b'{ "mailpieceId" : "x" }'))
    post.server.answer(Reply(body=b'{"events": [ ]}'))
    assert await post.tracked(PARCEL) == [Raw(b'{"detail":{ "mailpieceId" : "x" },"events":{"events": [ ]}}')]


async def test_a_consignment_without_events_yet_is_known(post: Playing) -> None:
    (found,) = await post.tracked(parcel_of(post.standin.recordings.all["partial.en.json"]))
    assert isinstance(found, Raw)
    assert read(found.body).scans == ()
    assert await post.tracked(PARCEL) == [NotFound()]


@pytest.mark.parametrize("error", ["invalid_client", "invalid_scope", "unauthorized_client"])
async def test_an_account_that_is_not_let_in_is_told_apart_from_a_wrong_request(post: Playing, error: str) -> None:
    post.server.answer(Reply.json({"error": error, "error_description": "No."}, 400))
    with pytest.raises(Unauthorised, match=r"No\."):
        await post.account().try_credentials()
    post.server.answer(Reply.json({"error": "invalid_request"}, 400))
    with pytest.raises(Refused):
        await post.account().try_credentials()


async def test_a_page_in_place_of_a_search_is_an_outage(post: Playing) -> None:
    post.server.answer(Reply.json({"access_token": "t", "expires_in": 300}))
    post.server.answer(Reply.json({"code": "not_found"}, 404))
    post.server.answer(Reply(headers={"Content-Type": "text/html"}, body=b"<p>Maintenance</p>"))
    with pytest.raises(Unreachable):
        await post.tracked(PARCEL)
