"""Hermes Germany: its two families of codes, sign-in, times and ways back, as a merchant sees them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest

from karla.infra.http.standin import Reply
from karla.integrations import tracking
from karla.integrations.carriers.contract import Parcel, PickupPoint, Raw, Reading
from karla.integrations.contract import NotFound, Refused, Unauthorised, Unreachable
from tests.integrations.carriers.playing import Playing, parcel_of, playing

NUMBER = "H1000000000000000999"
PARCEL = Parcel(tracking_number=NUMBER, carrier_reference="hrs", destination_country="DE", language="de")

# Of Hermes's list of event codes: the four digits, the nine that they stand for, and what they tell.
CODES = [
    ("0000", "000000000", "SHIPMENT_DATA_RECEIVED_BY_CARRIER"),
    ("0600", "000001000", "DELAYED_BY_CARRIER"),
    ("0900", "000004000", "NO_SCAN_FOR_EXTENDED_PERIOD"),
    ("1000", "010000007", "PICKED_UP_BY_CARRIER"),
    ("1510", "030000006", "SORTED_AT_TRANSPORT_HUB"),
    ("1710", "033001009", "CUSTOMS_CLEARANCE_STARTED"),
    ("1720", "033002009", "CUSTOMS_CLEARANCE_COMPLETED"),
    ("1730", "033003009", "HELD_AT_CUSTOMS"),
    ("1820", "033006009", "HANDED_OVER_TO_PARTNER_CARRIER"),
    ("1610", "035001009", "DEPARTURE_FROM_TRANSPORT_HUB"),
    ("1900", "037001002", "ACCEPTED_BY_CARRIER"),
    ("2000", "045001003", "ARRIVAL_AT_TRANSPORT_HUB"),
    ("2400", "045001008", "DROPPED_OFF_BY_SENDER"),
    ("4610", "048001005", "CARRIER_PICKUP_FAILED"),
    ("3000", "050001003", "OUT_FOR_DELIVERY"),
    ("3410", "055001005", "READY_FOR_COLLECTION_AT_PARCEL_SHOP"),
    ("3710", "060001004", "DELIVERY_FAILED_REFUSED"),
    ("3720", "060002004", "DELIVERY_FAILED_ADDRESS_INCORRECT"),
    ("3731", "060003004", "DELIVERY_FAILED_RECIPIENT_ABSENT"),
    ("4031", "060003003", "ARRIVAL_AT_DELIVERY_DEPOT"),
    ("3733", "060005004", "DELIVERY_FAILED_RECIPIENT_ABSENT"),
    ("4034", "060006003", "RETURN_TO_SENDER_INITIATED"),
    ("3780", "060007004", "MISROUTED"),
    ("3740", "060008004", "DELIVERY_FAILED_DAMAGED"),
    ("4040", "060008003", "DAMAGED_IN_TRANSIT"),
    ("3750", "060009004", "DELIVERY_TOUR_CANCELLED"),
    ("3715", "060010004", "DELIVERY_FAILED_PAYMENT_NOT_MADE"),
    ("4035", "060012005", "COLLECTION_PERIOD_EXPIRED"),
    ("3783", "060014004", "DELIVERY_FAILED"),
    ("3787", "060018004", "DELIVERY_FAILED_AGE_CHECK"),
    ("4024", "060024005", "DELIVERY_FAILED_PARCEL_TOO_LARGE"),
    ("3795", "060095004", "UNDELIVERABLE"),
    ("3760", "065001004", "RETURN_PICKED_UP_FROM_CUSTOMER"),
    ("4062", "065002008", "RETURN_DROPPED_OFF_BY_CUSTOMER"),
    ("4060", "065001003", "RETURN_IN_TRANSIT"),
    ("3500", "090000000", "SUCCESSFULLY_DELIVERED"),
    ("3511", "090005004", "DELIVERED_TO_LETTERBOX"),
    ("3530", "090003008", "PICKED_UP_BY_CUSTOMER"),
    ("6081", "100001000", "REFUSED_RETURN_TO_SENDER"),
    ("6083", "100003003", "ADDRESS_ISSUE_RETURN_TO_SENDER"),
    ("6084", "100004000", "RETURN_TO_SENDER_INITIATED"),
    ("6088", "100008003", "REDIRECTED_BY_CUSTOMER"),
    ("6093", "100015003", "NOT_PICKED_UP_RETURN_TO_SENDER"),
    ("7500", "125001009", "RETURN_RECEIVED_BY_MERCHANT"),
    ("9322", "320002301", "DELIVERY_INSTRUCTIONS_RECEIVED"),
    ("9324", "320004302", "DELIVERY_DATE_CHANGED_BY_CUSTOMER"),
    ("9328", "320008302", "ADDRESS_CORRECTED"),
    ("9340", "320020301", "SHIPPING_LABEL_CANCELLED"),
    ("4690", "048090005", None),
    ("9040", "031040006", None),
]


@pytest.fixture
async def hermes() -> AsyncIterator[Playing]:
    async with playing("hermes") as played:
        yield played


def status(
    code: str, stamp: str = "2026-03-12T08:00:00+01:00", text: str = "Die Sendung", **unit: str
) -> dict[str, Any]:
    return {"timestamp": stamp, "code": code, "description": text, "scanningUnit": unit}


def answer(*statuses: dict[str, Any], **members: Any) -> bytes:
    """An item about one shipment."""
    return msgspec.json.encode({"shipmentID": NUMBER, "status": statuses, **members})


def read(raw: bytes, parcel: Parcel = PARCEL) -> Reading:
    return tracking.read("hermes", raw, parcel)


def names(raw: bytes) -> list[str | None]:
    return [scan.event_name for scan in read(raw).scans]


# Codes


@pytest.mark.parametrize(("four", "nine", "name"), CODES)
def test_a_published_code_is_known_in_each_of_its_forms(four: str, nine: str, name: str | None) -> None:
    groups = "-".join(str(int(nine[start : start + 3])) for start in (0, 3, 6))
    for code in (four, nine, groups):
        reading = read(answer(status(code)))
        assert ([scan.event_name for scan in reading.scans], reading.unknown) == ([name], ()), code
        assert reading.scans[0].raw_code == code


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Auf Wunsch des Empfängers wird die Sendung aufbewahrt.", "DELIVERY_PAUSED_BY_CUSTOMER"),
        ("At the request of the recipient, the shipment will be kept.", "DELIVERY_PAUSED_BY_CUSTOMER"),
        ("Hermes kann die Sendung leider nicht wie geplant zustellen.", "DELAYED_BY_CARRIER"),
        ("Die Sendung wird am Standort aufbewahrt.", None),
    ],
)
def test_why_a_parcel_is_kept_stands_in_the_text(text: str, name: str | None) -> None:
    assert names(answer(status("4100", text=text))) == [name]


def test_an_unknown_code_is_named_once() -> None:
    told = answer(status("8888"), status("8888", "2026-03-12T09:00:00+01:00"), status("77-1-4"))
    assert read(told).unknown == ("8888", "77-1-4")
    assert read(answer(status("", text="Etwas Neues"))).unknown == ("Etwas Neues",)


# Ways back


def test_what_goes_back_makes_no_progress() -> None:
    told = answer(
        status("6084", "2026-03-12T08:00:00+01:00"),
        status("1510", "2026-03-13T08:00:00+01:00"),
        status("1520", "2026-03-13T09:00:00+01:00"),
        status("7500", "2026-03-14T08:00:00+01:00"),
    )
    assert names(told) == [
        "RETURN_TO_SENDER_INITIATED",
        "RETURN_TO_SENDER_IN_TRANSIT",
        "RETURN_TO_SENDER_IN_TRANSIT",
        "RETURNED_TO_SENDER",
    ]


def test_a_return_that_is_taken_back_is_on_its_way_again() -> None:
    told = answer(
        status("6080", "2026-03-12T08:00:00+01:00"),
        status("4072", "2026-03-12T09:00:00+01:00"),
        status("3500", "2026-03-13T09:00:00+01:00"),
    )
    assert names(told) == ["RETURN_TO_SENDER_INITIATED", None, "SUCCESSFULLY_DELIVERED"]


def test_a_parcel_that_a_customer_returns_is_received_by_the_merchant() -> None:
    told = answer(status("4062", "2026-03-12T08:00:00+01:00"), status("7500", "2026-03-13T08:00:00+01:00"))
    assert names(told) == ["RETURN_DROPPED_OFF_BY_CUSTOMER", "RETURN_RECEIVED_BY_MERCHANT"]


# Order, times, places, promises


def test_either_order_of_time_is_read_alike() -> None:
    told = [status("0000", "2026-03-10T08:00:00+01:00"), status("2000"), status("3000")]
    assert read(answer(*told)).scans == read(answer(*reversed(told))).scans
    assert names(answer(*told)) == ["SHIPMENT_DATA_RECEIVED_BY_CARRIER", "ARRIVAL_AT_TRANSPORT_HUB", "OUT_FOR_DELIVERY"]


def test_a_scan_is_told_once_and_stays_the_same_in_another_language() -> None:
    german, english = status("3000", text="Auf Zustelltour"), status("3000", text="On a delivery route")
    early, late = read(answer(german)), read(answer(english, english, status("3500", "2026-03-12T09:00:00+01:00")))
    assert len(late.scans) == 2
    assert late.scans[0].external_id == early.scans[0].external_id


@pytest.mark.parametrize(
    ("stamp", "country", "moment", "zone"),
    [
        ("2026-03-12T08:00:00+01:00", "DEU", "2026-03-12T07:00", "Europe/Berlin"),
        ("2026-07-12T08:00:00+02:00", "CHE", "2026-07-12T06:00", "Europe/Zurich"),
        ("2026-03-12T08:00:00", "DEU", "2026-03-12T07:00", "Europe/Berlin"),
        ("2026-03-12T08:00:00+01:00", "", "2026-03-12T07:00", None),
        ("2026-03-12T08:00:00+01:00", "ZZZ", "2026-03-12T07:00", None),
    ],
)
def test_a_time_is_that_of_its_place(stamp: str, country: str, moment: str, zone: str | None) -> None:
    (scan,) = read(answer(status("2000", stamp, name="Hermes", city="Ort", countryCode=country))).scans
    assert (scan.event_time, scan.timezone) == (datetime.fromisoformat(moment).replace(tzinfo=UTC), zone)
    assert scan.location.get("city") == "Ort"


@pytest.mark.parametrize("stamp", ["", "gestern", "0001-01-01T00:00:00+00:00"])
def test_a_scan_without_a_time_is_passed_over(stamp: str) -> None:
    assert len(read(answer(status("3000"), status("2000", stamp))).scans) == 1


@pytest.mark.parametrize(
    ("forecast", "window"),
    [
        ({"date": "2026-03-12"}, ("2026-03-11T23:00", "2026-03-12T23:00")),
        (
            {"fixed": True, "date": "2026-03-12", "timeSlot": {"from": "10:00", "to": "18:00"}},
            ("2026-03-12T09:00", "2026-03-12T17:00"),
        ),
        (
            {"date": "2026-07-12", "timeSlot": {"from": "10:00", "to": "18:00"}},
            ("2026-07-12T08:00", "2026-07-12T16:00"),
        ),
        ({"date": "2026-03-12", "timeSlot": {"from": "18:00"}}, ("2026-03-11T23:00", "2026-03-12T23:00")),
        ({"date": "2026-03-12", "timeSlot": {"from": "früh", "to": "spät"}}, ("2026-03-11T23:00", "2026-03-12T23:00")),
        ({"date": "morgen"}, None),
        ({}, None),
    ],
)
def test_the_expected_delivery_is_a_window(forecast: dict[str, Any], window: tuple[str, str] | None) -> None:
    reading = read(answer(status("2000"), deliveryForecast=forecast))
    ends = tuple(datetime.fromisoformat(end).replace(tzinfo=UTC) for end in window) if window else (None, None)
    assert (reading.expected_from, reading.expected_to) == ends


@pytest.mark.parametrize("code", ["3500", "3410", "6081"])
def test_nothing_is_expected_once_a_parcel_is_there_or_goes_back(code: str) -> None:
    assert read(answer(status(code), deliveryForecast={"date": "2026-03-12"})).expected_from is None


@pytest.mark.parametrize(
    "text",
    [
        "Die Sendung liegt im Hermes PaketShop Blumen Meyer zur Abholung bereit.",
        "The shipment is available for collection from the Hermes ParcelShop Blumen Meyer.",
    ],
)
def test_the_shop_to_collect_at_is_named_as_long_as_the_parcel_waits(text: str) -> None:
    waits = status("3410", text=text)
    assert read(answer(waits)).pickup == PickupPoint(name="Blumen Meyer", type="shop")
    assert read(answer(waits, status("3530", "2026-03-13T08:00:00+01:00"))).pickup is None


def test_the_destination_is_read() -> None:
    assert read(answer(status("2000"), receiverAddress={"countryCode": "AUT"})).destination_country == "AT"


# Form


@pytest.mark.parametrize("body", [b"", b"[]", b'{"status": 1}', b'{"status": [1]}', b"\xff"])
def test_what_is_no_answer_of_hermes_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read(body)


def test_what_is_null_counts_as_left_out() -> None:
    assert read(answer(status("2000"), deliveryForecast=None, receiverAddress={"countryCode": None})) == read(
        answer(status("2000"))
    )


# Sign-in and calls


async def test_one_sign_in_serves_many_calls_until_it_is_old(hermes: Playing) -> None:
    parcel = parcel_of(hermes.standin.recordings.all["delivered.de.json"])
    account = hermes.account()
    await account.track([parcel, parcel])
    paths = [entry.asked.path for entry in hermes.server.journal]
    assert paths == ["/authorization-facade/oauth2/access_token", *["/services/hsi/shipmentinfo"] * 2]
    form = parse_qs(hermes.server.journal[0].asked.body.decode())
    assert (form["grant_type"], form["username"]) == (["password"], ["standin-user"])
    hermes.clock.advance(timedelta(hours=1))
    await account.track([parcel])
    assert len(hermes.server.journal) == 5


async def test_a_token_that_hermes_withdrew_is_asked_for_anew(hermes: Playing) -> None:
    parcel = parcel_of(hermes.standin.recordings.all["delivered.de.json"])
    account = hermes.account()
    await account.track([parcel])
    hermes.server.answer(Reply.json({"listOfResultCodes": [{"code": "e903", "message": "Token is expired."}]}, 400))
    assert isinstance((await account.track([parcel]))[0], Raw)
    assert len(hermes.server.journal) == 5


@pytest.mark.parametrize("field", ["client_id", "client_secret", "username", "password"])
async def test_each_of_the_credentials_counts(hermes: Playing, field: str) -> None:
    given = {**hermes.standin.credentials(hermes.server.url), field: "somebody-else"}
    with pytest.raises(Unauthorised):
        await hermes.account(given).try_credentials()


async def test_a_user_without_the_right_to_ask_is_told_so(hermes: Playing) -> None:
    account = hermes.account()
    await account.try_credentials()
    hermes.server.answer(
        Reply.json({"listOfResultCodes": [{"code": "e900", "message": "You are not authorized."}]}, 403), times=None
    )
    with pytest.raises(Unauthorised):
        await account.try_credentials()


async def test_a_parcel_is_asked_for_in_its_language(hermes: Playing) -> None:
    parcel = Parcel(tracking_number=" h1000000000000000016 ", language="de")
    await hermes.tracked(parcel)
    await hermes.tracked(msgspec.structs.replace(parcel, language="fr"))
    asked = [entry.asked for entry in hermes.server.journal if entry.asked.path.endswith("shipmentinfo")]
    assert [one.query for one in asked] == [{"shipmentID": "H1000000000000000016"}] * 2
    assert [one.headers["accept-language"] for one in asked] == ["DE", "EN"]


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ({"shipmentinfo": []}, NotFound),
        ({"listOfResultCodes": [{"code": "e001", "message": "There is no information."}]}, NotFound),
        ({"shipmentinfo": [{"shipmentID": NUMBER, "result": {"code": "e001"}}]}, NotFound),
        ({"shipmentinfo": [{"shipmentID": NUMBER, "result": {"code": "e002"}}]}, Unreachable),
    ],
)
async def test_what_hermes_says_of_one_number_is_its_own(hermes: Playing, reply: object, outcome: type) -> None:
    account = hermes.account()
    await account.try_credentials()
    hermes.server.answer(Reply.json(reply))
    assert isinstance((await account.track([PARCEL]))[0], outcome)


async def test_a_number_that_hermes_refuses_is_refused_alone(hermes: Playing) -> None:
    account = hermes.account()
    await account.try_credentials()
    hermes.server.answer(Reply.json({"listOfResultCodes": [{"code": "e005", "message": "Syntax error"}]}, 400))
    refused, good = await account.track([PARCEL, parcel_of(hermes.standin.recordings.all["delivered.de.json"])])
    assert isinstance(refused, Refused)
    assert (refused.code, refused.message) == ("e005", "Syntax error")
    assert isinstance(good, Raw)


async def test_json_of_another_form_is_unreachable(hermes: Playing) -> None:
    account = hermes.account()
    await account.try_credentials()
    hermes.server.answer(Reply.json({"shipmentinfo": [3]}))
    with pytest.raises(Unreachable):
        await account.track([PARCEL])
