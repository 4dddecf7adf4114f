"""The Österreichische Post: its types and reasons, parcels, places and times, as a merchant sees them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from karla.infra.http.standin import Reply
from karla.integrations import tracking
from karla.integrations.carriers.contract import Parcel, PickupPoint, Raw, Reading
from karla.integrations.contract import NotFound, Unreachable
from tests.integrations.carriers.playing import Playing, parcel_of, playing

NUMBER = "1019012500394430269001"
PARCEL = Parcel(tracking_number=NUMBER, carrier_reference="postat", destination_country="AT", language="de")
# From the list of events and reasons that the Post publishes for its tracking data.
PUBLISHED = [
    ("AVI-SE", "SHIPMENT_DATA_RECEIVED_BY_CARRIER"),
    ("AVI-AVS", "SHIPPING_LABEL_CANCELLED"),
    ("PUP-AA", "CARRIER_PICKUP_SCHEDULED"),
    ("PUP-AE", "PICKED_UP_BY_CARRIER"),
    ("PUH-KA", "CARRIER_PICKUP_FAILED"),
    ("ANA-AO", "ACCEPTED_BY_CARRIER"),
    ("ANA-VB", "DROPPED_OFF_BY_SENDER"),
    ("VER-VT", "SORTED_AT_TRANSPORT_HUB"),
    ("BEI-EZ", "SORTED_AT_TRANSPORT_HUB"),
    ("BEI-EI", "ARRIVED_AT_COLLECTION_POINT"),
    ("BEI-EAW", "READY_FOR_COLLECTION_AT_PARCEL_LOCKER"),
    ("PUG-UPB", "READY_FOR_COLLECTION_AT_PARCEL_LOCKER"),
    ("HIA-HO", "READY_FOR_COLLECTION_AT_POST_OFFICE"),
    ("HIA-HD", "READY_FOR_COLLECTION_AT_DEPOT"),
    ("ZUH-HS", "READY_FOR_COLLECTION_AT_PARCEL_SHOP"),
    ("PKI-PB", "PICKUP_REMINDER"),
    ("PUG-UT", "HANDED_OVER_TO_PARTNER_CARRIER"),
    ("EXP-XA", "DEPARTURE_FROM_EXPORT_HUB"),
    ("IMP-IM", "ARRIVAL_IN_DESTINATION_COUNTRY"),
    ("CUS-CA", "CUSTOMS_CLEARANCE_STARTED"),
    ("CUS-CR", "CUSTOMS_CLEARANCE_COMPLETED"),
    ("CUD-CK", "CUSTOMS_DOCUMENTS_REQUIRED"),
    ("CUD-CQ", "HELD_AT_CUSTOMS"),
    ("CUD-COT", "CUSTOMS_CLEARANCE_DELAYED"),
    ("AZT-AT", "OUT_FOR_DELIVERY"),
    ("ZUH-BN", "DELIVERY_FAILED_RECIPIENT_ABSENT"),
    ("ZUH-AV", "DELIVERY_FAILED_REFUSED"),
    ("ZUH-AH", "DELIVERY_FAILED_DAMAGED"),
    ("ZUH-EU", "DELIVERY_FAILED_RECIPIENT_UNKNOWN"),
    ("ZUH-FA", "DELIVERY_FAILED_ADDRESS_INCOMPLETE"),
    ("ZUH-FG", "DELIVERY_FAILED_BUSINESS_CLOSED"),
    ("ZUH-FL", "MISROUTED"),
    ("ZUH-FT", "DELAYED_DUE_TO_PUBLIC_HOLIDAY"),
    ("ZUH-NZ", "SECOND_DELIVERY_ATTEMPT_SCHEDULED"),
    ("DAM-BF", "DAMAGED_IN_TRANSIT"),
    ("DAM-NV", "REPACKAGED_BY_CARRIER"),
    ("ZUS-ZP", "SUCCESSFULLY_DELIVERED"),
    ("ZUS-ZN", "DELIVERED_TO_NEIGHBOUR"),
    ("ZUS-ZM", "DELIVERED_TO_HOUSEHOLD_MEMBER"),
    ("ZUS-BK", "DELIVERED_TO_LETTERBOX"),
    ("ZUS-ZAW", "PICKED_UP_FROM_PARCEL_LOCKER"),
    ("ZUS-ZR", "RETURNED_TO_SENDER"),
    ("RTS-RN", "NOT_PICKED_UP_RETURN_TO_SENDER"),
    ("RTS-AR", "REFUSED_RETURN_TO_SENDER"),
    ("RTS-AU", "ADDRESS_ISSUE_RETURN_TO_SENDER"),
    ("RTS-SB", "DAMAGED_RETURN_TO_SENDER"),
    ("BNT-1012", "ACCEPTED_BY_CARRIER"),
    ("BNT-2029", "PICKED_UP_BY_CUSTOMER"),
    ("BNT-2056", "DELIVERED_TO_LETTERBOX"),
    ("BNT-1079", "MISSED_CONNECTION"),
    ("NNI-BX", None),
    ("PKI-EBE", None),
]


@pytest.fixture
async def post() -> AsyncIterator[Playing]:
    async with playing("postat") as played:
        yield played


def event(code: str, timestamp: str | None = "2026-03-11T12:00:00", **members: Any) -> dict[str, Any]:
    kind, _, reason = code.partition("-")
    return {
        "EventTimestamp": timestamp,
        "ParcelEventTypeCode": kind,
        "ParcelEventReasonCode": reason,
        "EventCountry": "AT",
        **members,
    }


def answer(*events: dict[str, Any], parcel: dict[str, Any] | None = None, **members: Any) -> bytes:
    item = {"IdentCode": NUMBER, "ParcelEvents": events, **(parcel or {})}
    return msgspec.json.encode({"Parcels": [item], **members})


def read(raw: bytes, parcel: Parcel = PARCEL) -> Reading:
    return tracking.read("postat", raw, parcel)


# Types and reasons


@pytest.mark.parametrize(("code", "name"), PUBLISHED)
def test_a_published_pair_is_the_event_that_it_stands_for(code: str, name: str | None) -> None:
    reading = read(answer(event(code)))
    assert [(scan.event_name, scan.raw_code) for scan in reading.scans] == [(name, code)]
    assert reading.unknown == ()


@pytest.mark.parametrize("code", ["ZUS-Q9", "QQQ-ZU", "AZT-", "-AT", "BNT-9999"])
def test_a_type_alone_decides_nothing(code: str) -> None:
    reading = read(answer(event(code, ParcelEventReasonDescription="Sendung wurde zugestellt")))
    assert [scan.event_name for scan in reading.scans] == [None]
    assert reading.unknown == (code,)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Item ready for pick up at postal service point", "READY_FOR_COLLECTION_AT_POST_OFFICE"),
        ("Sendung im Postkasten zugestellt", "DELIVERED_TO_LETTERBOX"),
        ("Etwas Neues", None),
    ],
)
def test_where_there_are_no_codes_the_words_decide(words: str, name: str | None) -> None:
    reading = read(answer(event("", EventDescription=words)))
    assert [scan.event_name for scan in reading.scans] == [name]
    assert reading.unknown == (() if name else (words,))


def test_the_posts_own_words_are_kept_beside_the_event() -> None:
    told = event("ZUS-ZP", ParcelEventReasonDescription="Sendung wurde zugestellt", Remark="Zustellung an Abgabestelle")
    (scan,) = read(answer(told)).scans
    assert (scan.raw_text, dict(scan.additional_info)) == (
        "Sendung wurde zugestellt",
        {"remark": "Zustellung an Abgabestelle"},
    )
    assert read(answer(event("ZUS-ZP", Remark="Zustellung an Abgabestelle"))).scans[0].raw_text == (
        "Zustellung an Abgabestelle"
    )


def test_a_scan_is_the_same_in_both_languages() -> None:
    german, english = (event("AZT-AT", ReasonDescription=words) for words in ("In Zustellung", "Out for delivery"))
    assert read(answer(german)).scans[0].external_id == read(answer(english)).scans[0].external_id


def test_what_follows_a_refusal_is_the_way_back() -> None:
    told = [
        event("RTS-AQ", "2026-03-11T12:00:00"),
        event("VER-VT", "2026-03-11T21:00:00"),
        event("ZUS-ZU", "2026-03-12T10:00:00"),
    ]
    names = ["REFUSED_RETURN_TO_SENDER", "RETURN_TO_SENDER_IN_TRANSIT", "RETURNED_TO_SENDER"]
    assert [scan.event_name for scan in read(answer(*told)).scans] == names
    assert [scan.event_name for scan in read(answer(*reversed(told))).scans] == names


# Times and places


@pytest.mark.parametrize(
    ("country", "moment", "zone"),
    [
        ("AT", "2026-07-05T06:00", "Europe/Vienna"),
        ("GB", "2026-07-05T07:00", "Europe/London"),
        ("", "2026-07-05T06:00", "Europe/Vienna"),
        ("Österreich", "2026-07-05T06:00", "Europe/Vienna"),
    ],
)
def test_a_local_time_is_resolved_by_its_country(country: str, moment: str, zone: str) -> None:
    (scan,) = read(answer(event("VER-VT", "2026-07-05T08:00:00.000", EventCountry=country))).scans
    assert (scan.event_time, scan.timezone) == (datetime.fromisoformat(moment).replace(tzinfo=UTC), zone)


def test_abroad_a_scan_without_a_country_has_no_zone() -> None:
    parcel = msgspec.structs.replace(PARCEL, destination_country="DE")
    assert read(answer(event("VER-VT", EventCountry=None)), parcel).scans[0].timezone is None


@pytest.mark.parametrize("timestamp", [None, "", "gestern", "0001-01-01T00:00:00"])
def test_a_scan_without_a_time_is_passed_over(timestamp: str | None) -> None:
    assert len(read(answer(event("AZT-AT"), event("VER-VT", timestamp))).scans) == 1


@pytest.mark.parametrize(
    ("code", "kept"), [("6904", True), ("D-89335", True), ("Günzburg-8", False), ("Eurodis", False), ("", False)]
)
def test_a_hubs_name_is_no_postal_code(code: str, kept: bool) -> None:
    (scan,) = read(answer(event("IMP-IB", EventPostalCode=code, EventCountry="DE"))).scans
    assert scan.location == ({"postal_code": code, "country": "DE"} if kept else {"country": "DE"})


@pytest.mark.parametrize(
    ("members", "window"),
    [
        ({"DeliveryDay": "2026-03-12T00:00:00"}, ("2026-03-11T23:00", "2026-03-12T23:00")),
        (
            {"DeliveryDay": "2026-07-12", "DeliveryTimeFrameFrom": "13:00", "DeliveryTimeFrameTo": "15:30:00"},
            ("2026-07-12T11:00", "2026-07-12T13:30"),
        ),
        (
            {"DeliveryDay": "2026-03-12", "DeliveryTimeFrameFrom": "noon", "DeliveryTimeFrameTo": "15:30"},
            ("2026-03-11T23:00", "2026-03-12T23:00"),
        ),
        ({"DeliveryDay": "0001-01-01T00:00:00"}, None),
        ({}, None),
    ],
)
def test_the_expected_delivery_is_a_window(members: dict[str, Any], window: tuple[str, str] | None) -> None:
    reading = read(answer(event("VER-VT"), **members))
    ends = tuple(datetime.fromisoformat(end).replace(tzinfo=UTC) for end in window) if window else (None, None)
    assert (reading.expected_from, reading.expected_to) == ends
    assert read(answer(event("ZUS-ZU"), **members)).expected_from is None


@pytest.mark.parametrize(
    ("file", "point"),
    [
        (
            "post_office.de.json",
            PickupPoint(
                name="Postfiliale 6904 Bregenz-Schendlingen", type="shop", until=datetime(2026, 3, 25, 23, tzinfo=UTC)
            ),
        ),
        ("station_collected.de.json", None),
        ("delivered.de.json", None),
    ],
)
async def test_the_place_to_collect_at_is_named(post: Playing, file: str, point: PickupPoint | None) -> None:
    recording = post.standin.recordings.all[file]
    reading = read(recording.body, parcel_of(recording))
    assert reading.pickup == point
    assert (reading.service, reading.weight_grams) == ("Paket Österreich", 1050)


def test_a_station_is_a_locker_with_a_link_that_is_a_web_address() -> None:
    members = {"Depository": "Abholstation Bregenz", "PickupLink": "https://www.post.at/abholung"}
    told = event("BEI-EAW", **members)
    assert read(answer(told)).pickup == PickupPoint(
        name="Abholstation Bregenz", type="locker", url="https://www.post.at/abholung"
    )
    pickup = read(answer({**told, "PickupLink": "javascript:alert(1)"})).pickup
    assert pickup
    assert pickup.url is None


# Parcels


def test_of_several_parcels_it_is_the_one_with_this_number() -> None:
    parcels: list[dict[str, Any]] = [
        {"IdentCode": "JJATA8219012000146048", "ReferenceIdentCode": "1019012500384433902760"},
        {"IdentCode": "1019012500384433902761", "ColliRefNr": "12930", "Weight": 2},
    ]
    raw = msgspec.json.encode({"Parcels": [{**one, "ParcelEvents": [event("AZT-AT")]} for one in parcels]})
    of = [msgspec.structs.replace(PARCEL, tracking_number=number) for number in ("jjata8219012000146048", "12930")]
    assert [read(raw, parcel).weight_grams for parcel in of] == [None, 2000]
    assert read(raw).scans == ()


async def test_what_is_answered_by_no_parcel_is_not_found(post: Playing) -> None:
    empty, partial = (post.standin.recordings.all[file] for file in ("empty.de.json", "partial.en.json"))
    (nothing, known) = await post.tracked(parcel_of(empty), parcel_of(partial))
    assert nothing == NotFound()
    assert isinstance(known, Raw)


async def test_json_of_another_form_is_no_answer(post: Playing) -> None:
    post.server.answer(Reply.json({"Parcels": "none"}))
    with pytest.raises(Unreachable):
        await post.tracked(PARCEL)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"Parcels": 1}', b'{"Parcels": [{"ParcelEvents": "none"}]}', b"\xff"])
def test_what_is_no_answer_of_the_post_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read(body)


async def test_a_parcel_is_asked_for_as_the_post_documents_it(post: Playing) -> None:
    await post.tracked(msgspec.structs.replace(PARCEL, tracking_number="1019 0125 0039 4430 2690 01"))
    asked = post.server.journal[-1].asked
    assert (asked.method, asked.path, asked.query) == ("POST", "/api/v1/GetParcelDetail", {"format": "json"})
    assert msgspec.json.decode(asked.body) == {"IdentCode": NUMBER, "WithDescription": "true"}
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["authorization"].startswith("Basic ")
