"""PostNL: its event codes, times, places and promises, as a merchant sees them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from karla.infra.http.standin import Reply
from karla.integrations import tracking
from karla.integrations.carriers.contract import Parcel, PickupPoint, Raw, Reading
from karla.integrations.contract import NotFound, Refused, Unauthorised, Unreachable
from tests.integrations.carriers.playing import Playing, parcel_of, playing

NUMBER = "3SKARL000000099"
PARCEL = Parcel(tracking_number=NUMBER, carrier_reference="postnl", destination_country="NL", language="nl")

# Of PostNL's published list of event codes, at least one of each kind.
CODES = [
    ("A01", "SHIPMENT_DATA_RECEIVED_BY_CARRIER"),
    ("A10", "RETURN_LABEL_CREATED"),
    ("X80", "CARRIER_PICKUP_SCHEDULED"),
    ("D03", "CARRIER_PICKUP_FAILED"),
    ("H31", "SHIPPING_LABEL_CANCELLED"),
    ("B01", "ACCEPTED_BY_CARRIER"),
    ("X40", "DROPPED_OFF_BY_SENDER"),
    ("C01", "PICKED_UP_BY_CARRIER"),
    ("J01", "SORTED_AT_TRANSPORT_HUB"),
    ("X50", "ARRIVAL_AT_TRANSPORT_HUB"),
    ("Q13", "DEPARTURE_FROM_TRANSPORT_HUB"),
    ("A72", "ARRIVAL_AT_EXPORT_HUB"),
    ("X01", "DEPARTURE_FROM_EXPORT_HUB"),
    ("X02", "ARRIVAL_IN_DESTINATION_COUNTRY"),
    ("X03", "CUSTOMS_CLEARANCE_STARTED"),
    ("X04", "CUSTOMS_CLEARANCE_COMPLETED"),
    ("X30", "CUSTOMS_CLEARANCE_DELAYED"),
    ("X66", "HELD_AT_CUSTOMS"),
    ("X10", "CUSTOMS_DOCUMENTS_REQUIRED"),
    ("X67", "CUSTOMS_DUTIES_DUE"),
    ("J09", "DELAYED_BY_CARRIER"),
    ("V06", "DELAYED_DUE_TO_HIGH_VOLUME"),
    ("Y65", "DELAYED_DUE_TO_WEATHER"),
    ("A08", "DELIVERY_INSTRUCTIONS_RECEIVED"),
    ("A34", "REDIRECTED_BY_CUSTOMER"),
    ("A12", "DELIVERY_DATE_CHANGED_BY_CUSTOMER"),
    ("A42", "ESTIMATED_DELIVERY_UPDATED"),
    ("Y23", "ADDRESS_CORRECTED"),
    ("Y71", "LOST_IN_TRANSIT"),
    ("J05", "OUT_FOR_DELIVERY"),
    ("J26", "DELIVERY_RESCHEDULED_BY_CARRIER"),
    ("J08", "SECOND_DELIVERY_ATTEMPT_SCHEDULED"),
    ("K70", "FORWARDED_TO_PARCEL_SHOP"),
    ("J12", "READY_FOR_COLLECTION_AT_PARCEL_SHOP"),
    ("J23", "READY_FOR_COLLECTION_AT_PARCEL_LOCKER"),
    ("J52", "READY_FOR_COLLECTION_AT_POST_OFFICE"),
    ("I01", "SUCCESSFULLY_DELIVERED"),
    ("I05", "DELIVERED_TO_LETTERBOX"),
    ("I10", "DELIVERED_TO_NEIGHBOUR"),
    ("I09", "DELIVERED_TO_PRIVATE_PARCEL_BOX"),
    ("I12", "DELIVERED_TO_SAFE_PLACE"),
    ("I02", "PICKED_UP_BY_CUSTOMER"),
    ("J91", "PARTIALLY_DELIVERED"),
    ("H34", "DELIVERY_FAILED"),
    ("Y02", "DELIVERY_FAILED_RECIPIENT_ABSENT"),
    ("J16", "DELIVERY_FAILED_NO_ACCESS"),
    ("J07", "DELIVERY_FAILED_BUSINESS_CLOSED"),
    ("Y01", "DELIVERY_FAILED_ADDRESS_INCORRECT"),
    ("Y31", "DELIVERY_FAILED_ADDRESS_INCOMPLETE"),
    ("Y22", "DELIVERY_FAILED_RECIPIENT_MOVED"),
    ("Y03", "DELIVERY_FAILED_REFUSED"),
    ("K41", "DELIVERY_FAILED_PAYMENT_NOT_MADE"),
    ("Y04", "DELIVERY_FAILED_DAMAGED"),
    ("J48", "DELIVERY_FAILED_PARCEL_TOO_LARGE"),
    ("K30", "UNDELIVERABLE"),
    ("H20", "RETURN_TO_SENDER_INITIATED"),
    ("H01", "REFUSED_RETURN_TO_SENDER"),
    ("H03", "NOT_PICKED_UP_RETURN_TO_SENDER"),
    ("H02", "ADDRESS_ISSUE_RETURN_TO_SENDER"),
    ("H04", "DAMAGED_RETURN_TO_SENDER"),
    ("H22", "RECALLED_BY_SENDER"),
    ("J63", "RETURNED_TO_SENDER"),
    ("K90", None),
    ("A99", None),
]
STATUSES = [
    ("1", "SHIPMENT_DATA_RECEIVED_BY_CARRIER"),
    ("02", "ACCEPTED_BY_CARRIER"),
    ("3", "PICKED_UP_BY_CARRIER"),
    ("5", "SORTED_AT_TRANSPORT_HUB"),
    ("7", "OUT_FOR_DELIVERY"),
    ("8", "DELIVERY_FAILED"),
    ("9", "CUSTOMS_CLEARANCE_STARTED"),
    ("11", "SUCCESSFULLY_DELIVERED"),
    ("12", "READY_FOR_COLLECTION_AT_PARCEL_SHOP"),
    ("22", "PICKED_UP_BY_CUSTOMER"),
    ("99", None),
]


@pytest.fixture
async def postnl() -> AsyncIterator[Playing]:
    async with playing("postnl") as played:
        yield played


def event(code: str, stamp: str = "12-03-2026 08:00:00", text: str = "Zending") -> dict[str, Any]:
    return {"Code": code, "Description": text, "LocationCode": "888888", "RouteCode": {}, "TimeStamp": stamp}


def answer(*events: dict[str, Any], **members: Any) -> bytes:
    """A body with one shipment, events newest first as PostNL has them."""
    return msgspec.json.encode({"CompleteStatus": {"Shipment": {"Barcode": NUMBER, "Event": events, **members}}})


def address(kind: str, **members: str) -> dict[str, Any]:
    return {"AddressType": kind, "Building": "{}", "CompanyName": {}, "CountryCode": "NL", **members}


def read(raw: bytes, parcel: Parcel = PARCEL) -> Reading:
    return tracking.read("postnl", raw, parcel)


# Codes


@pytest.mark.parametrize(("code", "name"), CODES)
def test_a_published_event_code_is_known(code: str, name: str | None) -> None:
    reading = read(answer(event(code)))
    assert ([scan.event_name for scan in reading.scans], reading.unknown) == ([name], ())
    assert (reading.scans[0].raw_code, reading.scans[0].raw_text) == (code, "Zending")


@pytest.mark.parametrize(("code", "name"), STATUSES)
def test_a_status_stands_in_for_events_that_are_left_out(code: str, name: str | None) -> None:
    status = {"TimeStamp": "12-03-2026 08:00:00", "StatusCode": code, "StatusDescription": "Zending", "PhaseCode": "1"}
    reading = read(answer(Status=status, OldStatus=[status]))
    assert [scan.event_name for scan in reading.scans] == [name]
    assert read(answer(event("I05"), Status=status)).scans[0].event_name == "DELIVERED_TO_LETTERBOX"


def test_a_code_with_its_letter_at_the_end_is_the_same_code_and_the_same_scan() -> None:
    assert read(answer(event("05J"))).scans == read(answer(event("J05"))).scans


def test_an_unknown_code_is_named_once() -> None:
    reading = read(answer(event("Q99"), event("Q99", "11-03-2026 08:00:00")))
    assert reading.unknown == ("Q99",)
    assert [scan.event_name for scan in reading.scans] == [None, None]


def test_what_goes_back_makes_no_progress() -> None:
    told = answer(
        event("I01", "15-03-2026 08:00:00"),
        event("J05", "15-03-2026 07:00:00"),
        event("J01", "14-03-2026 08:00:00"),
        event("H05", "12-03-2026 08:00:00"),
    )
    assert [scan.event_name for scan in read(told).scans] == [
        "RETURN_TO_SENDER_INITIATED",
        "RETURN_TO_SENDER_IN_TRANSIT",
        "RETURN_TO_SENDER_IN_TRANSIT",
        "RETURNED_TO_SENDER",
    ]


def test_a_scan_is_told_once_and_stays_the_same_in_another_language() -> None:
    dutch, english = event("J05", text="Bezorger is onderweg"), event("J05", text="Driver is en route")
    early, late = read(answer(dutch)), read(answer(event("I01", "12-03-2026 09:00:00"), english, english))
    assert len(late.scans) == 2
    assert late.scans[0].external_id == early.scans[0].external_id


# Times, places, promises


@pytest.mark.parametrize(
    ("stamp", "moment"),
    [
        ("12-03-2026 08:00:00", "2026-03-12T07:00:00"),
        ("05-07-2026 08:00:00", "2026-07-05T06:00:00"),
        ("07-03-2018 23:22:56.326", "2018-03-07T22:22:56.326"),
        ("2026-03-12T08:00:00", "2026-03-12T07:00:00"),
        ("2026-03-12T08:00:00Z", "2026-03-12T08:00:00"),
        ("", None),
        ("gisteren", None),
        ("31-02-2026 08:00:00", None),
        ("01-01-0001 00:00:00", None),
    ],
)
def test_times_are_those_of_the_netherlands(stamp: str, moment: str | None) -> None:
    scans = read(answer(event("J05", stamp))).scans
    assert [scan.event_time for scan in scans] == (
        [datetime.fromisoformat(moment).replace(tzinfo=UTC)] if moment else []
    )
    assert {scan.timezone for scan in scans} <= {"Europe/Amsterdam"}


@pytest.mark.parametrize(
    ("members", "window"),
    [
        ({"DeliveryDate": "2026-03-12"}, ("2026-03-11T23:00", "2026-03-12T23:00")),
        (
            {
                "DeliveryDate": "2026-03-12",
                "Expectation": {"ETAFrom": "2026-03-12T11:30:00", "ETATo": "2026-03-12T14:00:00"},
            },
            ("2026-03-12T10:30", "2026-03-12T13:00"),
        ),
        (
            {"Expectation": {"ETAFrom": "03/12/2026 11:30:00", "ETATo": "03/12/2026 14:00:00"}},
            ("2026-03-12T10:30", "2026-03-12T13:00"),
        ),
        ({"Expectation": {"ETAFrom": "2026-03-12T11:30:00", "ETATo": {}}}, ("2026-03-11T23:00", "2026-03-12T23:00")),
        ({"DeliveryDate": {}, "Expectation": "{}"}, None),
        ({"DeliveryDate": "morgen"}, None),
    ],
)
def test_the_expected_delivery_is_a_window(members: dict[str, Any], window: tuple[str, str] | None) -> None:
    reading = read(answer(event("J01"), **members))
    ends = tuple(datetime.fromisoformat(end).replace(tzinfo=UTC) for end in window) if window else (None, None)
    assert (reading.expected_from, reading.expected_to) == ends


@pytest.mark.parametrize("code", ["I01", "J12", "H01"])
def test_nothing_is_expected_once_a_parcel_is_there_or_goes_back(code: str) -> None:
    assert read(answer(event(code), DeliveryDate="2026-03-12")).expected_from is None


@pytest.mark.parametrize(
    ("code", "point"),
    [
        ("J12", PickupPoint(name="Primera", type="shop", address="Lombokstraat 12a, 3531RE Utrecht")),
        ("J23", PickupPoint(name="Primera", type="locker", address="Lombokstraat 12a, 3531RE Utrecht")),
        ("J05", None),
        ("I22", None),
    ],
)
def test_the_place_to_collect_at_is_named(code: str, point: PickupPoint | None) -> None:
    shop = address(
        "09",
        CompanyName="Primera",
        Street="Lombokstraat",
        HouseNumber="12",
        HouseNumberSuffix="a",
        Zipcode="3531RE",
        City="Utrecht",
    )
    reading = read(answer(event(code), Address=[address("01"), shop]))
    assert reading.pickup == point
    assert reading.scans[0].additional_info.get("pickup_point") == (point.name if point else None)


def test_countries_product_and_weight_are_read() -> None:
    ends = [address("01", CountryCode="BE"), address("02")]
    reading = read(
        answer(event("J01"), Address=ends, ProductDescription="Standaard zending", Dimension={"Weight": "260"})
    )
    assert (reading.destination_country, reading.origin_country) == ("BE", "NL")
    assert (reading.service, reading.weight_grams) == ("Standaard zending", 260)
    bare = read(answer(event("J01"), ProductCode="003085", Dimension={"Weight": {}}, Address=address("01")))
    assert (bare.service, bare.weight_grams, bare.destination_country) == ("003085", None, "NL")


def test_of_several_parcels_the_one_asked_for_is_read() -> None:
    other = {"Barcode": "3SKARL000000098", "Event": [event("I01")]}
    own = {"Barcode": NUMBER, "Event": [event("J05")]}
    raw = msgspec.json.encode({"CompleteStatus": {"Shipment": [other, own]}})
    assert [scan.event_name for scan in read(raw).scans] == ["OUT_FOR_DELIVERY"]


# Form


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"CompleteStatus": 1}', b'{"CompleteStatus": {"Shipment": [1]}}', b"\xff"]
)
def test_what_is_no_answer_of_postnl_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read(body)


def test_what_is_empty_counts_as_left_out() -> None:
    assert read(answer(event("J01"), DeliveryDate=None, Dimension={}, Address={}, Expectation="{}")) == read(
        answer(event("J01"))
    )


# Calls


async def test_a_parcel_is_asked_for_with_its_history_and_language(postnl: Playing) -> None:
    parcel = Parcel(tracking_number=" 3skarl000000012 ", language="nl")
    assert isinstance((await postnl.tracked(parcel))[0], Raw)
    assert isinstance((await postnl.tracked(msgspec.structs.replace(parcel, language="pl")))[0], Raw)
    asked = [entry.asked for entry in postnl.server.journal]
    assert {one.path for one in asked} == {"/shipment/v2/status/barcode/3SKARL000000012"}
    assert [one.query for one in asked] == [
        {"detail": "true", "language": "NL"},
        {"detail": "true", "language": "EN"},
    ]


async def test_a_warning_without_a_shipment_and_a_404_are_a_parcel_that_is_not_known(postnl: Playing) -> None:
    assert await postnl.tracked(PARCEL) == [NotFound()]
    assert postnl.server.journal[-1].status == 200
    postnl.server.answer(Reply(status=404, body=b"<h1>nothing</h1>"))
    assert await postnl.tracked(PARCEL) == [NotFound()]


async def test_a_barcode_that_postnl_refuses_is_refused_alone(postnl: Playing) -> None:
    fault = {"fault": {"faultstring": "barcode is not valid", "detail": {"errorcode": "errorcode8"}}}
    postnl.server.answer(Reply.json(fault, 400))
    known = parcel_of(postnl.standin.recordings.all["delivered.nl.json"])
    refused, good = await postnl.account().track([PARCEL, known])
    assert isinstance(refused, Refused)
    assert (refused.code, refused.message) == ("errorcode8", "barcode is not valid")
    assert isinstance(good, Raw)


async def test_json_of_another_form_is_unreachable(postnl: Playing) -> None:
    postnl.server.answer(Reply.json({"CompleteStatus": {"Shipment": [3]}}))
    with pytest.raises(Unreachable):
        await postnl.tracked(PARCEL)


async def test_whoever_hears_of_the_barcode_has_a_good_key(postnl: Playing) -> None:
    postnl.server.answer(Reply.json({"fault": {"faultstring": "no"}}, 400))
    await postnl.account().try_credentials()
    with pytest.raises(Unauthorised, match="Invalid ApiKey"):
        await postnl.account(postnl.standin.wrong_credentials(postnl.server.url)).try_credentials()
