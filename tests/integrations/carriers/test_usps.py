"""USPS: its wordings and codes, its calls for many parcels at once, its times and places, as a merchant sees them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from karla.infra.http.standin import Reply
from karla.integrations import manifests, registry, tracking
from karla.integrations.carriers.contract import Parcel, PickupPoint, Raw, Reading
from karla.integrations.carriers.usps.standin import StandIn
from karla.integrations.contract import Busy, Kind, NotFound, Pace, Refused, Unauthorised, Unreachable
from tests.integrations.carriers.playing import Playing, parcel_of, playing

NUMBER = "9400111992231978900099"
PARCEL = Parcel(tracking_number=NUMBER, carrier_reference="usps", destination_country="US")


@pytest.fixture
async def usps() -> AsyncIterator[Playing]:
    async with playing("usps") as played:
        yield played


def event(text: str, code: str | None = None, local: str = "2026-03-12T08:00:00", **members: Any) -> dict[str, Any]:
    return {"eventType": text, "eventCode": code, "eventTimestamp": local, **members}


def details(*events: dict[str, Any], **members: Any) -> bytes:
    """An element of an answer, events newest first as USPS has them."""
    return msgspec.json.encode({"trackingNumber": NUMBER, "trackingEvents": events, **members})


def read(raw: bytes, parcel: Parcel = PARCEL) -> Reading:
    return tracking.read("usps", raw, parcel)


def number_of(played: Playing, file: str) -> str:
    return played.standin.recordings.all[file].number


# Wordings and codes


@pytest.mark.parametrize(
    ("code", "text", "name"),
    [
        ("GX", "Shipping Label Created, USPS Awaiting Item", "SHIPPING_LABEL_CREATED"),
        ("MA", "Pre-Shipment Info Sent to USPS, USPS Awaiting Item", "SHIPMENT_DATA_RECEIVED_BY_CARRIER"),
        ("TM", "Shipment Received, Package Acceptance Pending", "DROPPED_OFF_BY_SENDER"),
        ("03", "USPS in possession of item", "ACCEPTED_BY_CARRIER"),
        ("03", "USPS picked up item", "PICKED_UP_BY_CARRIER"),
        ("OA", "Accepted at USPS Origin Facility", "ACCEPTED_BY_CARRIER"),
        ("80", "Picked Up by Shipping Partner, USPS Awaiting Item", "PICKED_UP_BY_CARRIER"),
        ("82", "Departed Shipping Partner Facility, USPS Awaiting Item", "DEPARTURE_FROM_TRANSPORT_HUB"),
        ("10", "Arrived at USPS Regional Origin Facility", "PROCESSED_AT_ORIGIN_FACILITY"),
        ("10", "Processed Through USPS Facility", "SORTED_AT_TRANSPORT_HUB"),
        ("A1", "Arrived at USPS Regional Destination Facility", "ARRIVAL_AT_TRANSPORT_HUB"),
        ("T1", "Departed USPS Regional Facility", "DEPARTURE_FROM_TRANSPORT_HUB"),
        ("SF", "Departed Post Office", "DEPARTURE_FROM_TRANSPORT_HUB"),
        ("NT", "In Transit to Next Facility", "DEPARTURE_FROM_TRANSPORT_HUB"),
        ("07", "Arrived at Post Office", "ARRIVAL_AT_DELIVERY_DEPOT"),
        ("PC", "Sorting Complete", "SORTED_AT_TRANSPORT_HUB"),
        ("OF", "Out for Delivery, Expected Delivery by 9:00pm", "OUT_FOR_DELIVERY"),
        ("01", "Delivered", "SUCCESSFULLY_DELIVERED"),
        ("01", "Delivered, In/At Mailbox", "DELIVERED_TO_LETTERBOX"),
        ("01", "Delivered, Front Door/Porch", "SUCCESSFULLY_DELIVERED"),
        ("01", "Delivered, Parcel Locker", "DELIVERED_TO_PRIVATE_PARCEL_BOX"),
        ("01", "Delivered, Neighbor as Requested", "DELIVERED_TO_NEIGHBOUR"),
        ("01", "Delivered, To Mail Room", "DELIVERED_TO_RECEPTION"),
        ("01", "Delivered, Individual Picked Up at Postal Facility", "PICKED_UP_BY_CUSTOMER"),
        ("01", "Delivered, In A Way Unheard Of", "SUCCESSFULLY_DELIVERED"),
        ("01", "Delivered, To Original Sender", "RETURNED_TO_SENDER"),
        ("02", "Notice Left", "DELIVERY_ATTEMPTED"),
        ("02", "Notice Left (Business Closed)", "DELIVERY_FAILED_BUSINESS_CLOSED"),
        ("55", "Notice Left (No Secure Location Available)", "DELIVERY_FAILED"),
        ("56", "", "DELIVERY_FAILED_RECIPIENT_ABSENT"),
        ("30", "Delivery Attempted - No Access to Delivery Location", "DELIVERY_FAILED_NO_ACCESS"),
        ("04", "Refused", "REFUSED_RETURN_TO_SENDER"),
        ("05", "Undeliverable as Addressed", "UNDELIVERABLE"),
        ("06", "Forwarded", "ADDRESS_CORRECTED"),
        ("08", "Missent", "MISROUTED"),
        ("09", "Return to Sender", "RETURN_TO_SENDER_INITIATED"),
        ("14", "Arrival at Pickup Point", "ARRIVED_AT_COLLECTION_POINT"),
        ("16", "Available for Pickup", "READY_FOR_COLLECTION_AT_POST_OFFICE"),
        ("21", "No Such Number", "DELIVERY_FAILED_ADDRESS_INCORRECT"),
        ("22", "Insufficient Address", "DELIVERY_FAILED_ADDRESS_INCOMPLETE"),
        ("23", "Moved, Left no Address", "DELIVERY_FAILED_RECIPIENT_MOVED"),
        ("25", "Addressee Unknown", "DELIVERY_FAILED_RECIPIENT_UNKNOWN"),
        ("28", "Deceased", "UNDELIVERABLE"),
        ("27", "Unclaimed/Being Returned to Sender", "NOT_PICKED_UP_RETURN_TO_SENDER"),
        ("44", "Intercepted", "RECALLED_BY_SENDER"),
        ("71", "Rescheduled to Next Delivery Day", "DELIVERY_RESCHEDULED_BY_CARRIER"),
        (None, "Delivery Exception, Local Weather Delay", "DELAYED_DUE_TO_WEATHER"),
        (None, "In Transit, Arriving Late", "DELAYED_BY_CARRIER"),
        (None, "Held in Customs", "HELD_AT_CUSTOMS"),
        (None, "Inbound Out of Customs", "CUSTOMS_CLEARANCE_COMPLETED"),
        (None, "Held at Post Office, At Customer Request", "DELIVERY_PAUSED_BY_CUSTOMER"),
    ],
)
def test_an_event_is_what_it_tells_of(code: str | None, text: str, name: str) -> None:
    reading = read(details(event(text, code)))
    (scan,) = reading.scans
    assert (scan.event_name, scan.raw_code, scan.raw_text) == (name, code, text)
    assert reading.unknown == ()


@pytest.mark.parametrize(("code", "text"), [("DX", "Awaiting Delivery Scan"), (None, "In Transit, Arriving On Time")])
def test_what_tells_nothing_of_a_parcel_is_known_and_no_event(code: str | None, text: str) -> None:
    reading = read(details(event(text, code)))
    assert (reading.scans[0].event_name, reading.unknown) == (None, ())


def test_an_unknown_event_is_named_by_its_code_or_its_words() -> None:
    reading = read(details(event("Neues aus Bonn", "ZQ"), event("Beamed up", local="2026-03-12T07:00:00")))
    assert reading.unknown == ("Beamed up", "ZQ")
    assert [scan.event_name for scan in reading.scans] == [None, None]


def test_marks_of_trade_and_tags_are_no_part_of_a_wording_or_a_service() -> None:
    raw = details(event("Delivered,<br> In/At Mailbox"), mailClass="USPS Ground Advantage<SUP>&#153;</SUP>")
    reading = read(raw)
    assert (reading.scans[0].event_name, reading.service) == ("DELIVERED_TO_LETTERBOX", "USPS Ground Advantage")


# Identity


def test_a_scan_stays_the_same_as_the_story_goes_on_and_is_told_once() -> None:
    first = event("USPS in possession of item", "03")
    second = event("Out for Delivery", "OF", "2026-03-13T08:00:00")
    early, late = read(details(first)), read(details(second, second, first))
    assert [scan.external_id for scan in late.scans][:1] == [scan.external_id for scan in early.scans]
    assert len(late.scans) == 2


def test_who_took_the_parcel_is_named_by_the_newest_delivery_alone() -> None:
    taken = event("Delivered, Left with Individual", "01", "2026-03-12T13:00:00", name="J MUSTERMANN")
    notice = event("Notice Left (No Authorized Recipient Available)", "02", "2026-03-11T13:00:00", name="SOMEBODY")
    assert read(details(taken, notice)).received_by == "J MUSTERMANN"
    assert read(details(notice)).received_by is None


@pytest.mark.parametrize("timestamp", [None, "", "yesterday", "0001-01-01T00:00:00", "9999-12-31T23:59:59"])
def test_a_scan_without_a_time_is_passed_over(timestamp: str | None) -> None:
    told = event("Out for Delivery", "OF")
    assert len(read(details(told, {**told, "eventTimestamp": timestamp})).scans) == 1


@pytest.mark.parametrize("body", [b"", b"[]", b'{"trackingEvents": 1}', b'{"trackingEvents": ["none"]}', b"\xff"])
def test_what_is_no_answer_of_usps_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read(body)


# Places and times


@pytest.mark.parametrize(
    ("members", "moment", "zone"),
    [
        ({"GMTTimestamp": "2026-07-05T13:00:40Z", "eventState": "IL"}, "2026-07-05T13:00:40", "America/Chicago"),
        ({"GMTTimestamp": "2026-07-05T13:00:40", "eventState": "IL"}, "2026-07-05T13:00:40", "America/Chicago"),
        ({"GMTTimestamp": "2026-07-05T13:00:40Z"}, "2026-07-05T13:00:40", None),
        ({"GMTOffset": "-05:00"}, "2026-07-05T13:00", None),
        ({"GMTOffset": "-7:00", "eventState": "AZ"}, "2026-07-05T15:00", "America/Phoenix"),
        ({"eventState": "CA", "eventZIPCode": "90001"}, "2026-07-05T15:00", "America/Los_Angeles"),
        ({"eventCountry": "GERMANY"}, "2026-07-05T06:00", "Europe/Berlin"),
        ({"eventCountry": "ATLANTIS"}, "2026-07-05T08:00", None),
        ({}, "2026-07-05T08:00", None),
    ],
)
def test_the_moment_is_usps_own_or_that_of_its_place(members: dict[str, str], moment: str, zone: str | None) -> None:
    (scan,) = read(details(event("Departed", local="2026-07-05T08:00:00", **members))).scans
    assert (scan.event_time, scan.timezone) == (datetime.fromisoformat(moment).replace(tzinfo=UTC), zone)


def test_a_place_is_told_in_full() -> None:
    told = event("Departed Post Office", "SF", eventCity="CHICAGO", eventState="IL", eventZIPCode="60614", name="J DOE")
    (scan,) = read(details(told)).scans
    assert scan.location == {"city": "CHICAGO", "region": "IL", "postal_code": "60614", "country": "US"}
    assert "DOE" not in repr(scan)


@pytest.mark.parametrize(
    ("expectation", "window"),
    [
        ({"expectedDeliveryDate": "2026-03-12"}, ("2026-03-12T05:00", "2026-03-13T05:00")),
        ({"guaranteedDeliveryDate": "2026-03-12"}, ("2026-03-12T05:00", "2026-03-13T05:00")),
        ({"expectedDeliveryDate": "2026-03-12", "endOfDay": "by 9:00pm"}, ("2026-03-12T05:00", "2026-03-13T02:00")),
        (
            {"expectedDeliveryDate": "2026-03-12", "expectedDeliveryTime": "12:30 PM"},
            ("2026-03-12T05:00", "2026-03-12T17:30"),
        ),
        (
            {
                "predictedDeliveryDate": "2026-03-13",
                "expectedDeliveryDate": "2026-03-12",
                "predictedDeliveryWindowStartTime": "1:15 PM",
                "predictedDeliveryWindowEndTime": "17:15:00",
            },
            ("2026-03-13T18:15", "2026-03-13T22:15"),
        ),
        ({"expectedDeliveryDate": "2026-03-12", "endOfDay": "29:99"}, ("2026-03-12T05:00", "2026-03-13T05:00")),
        ({"expectedDeliveryDate": "soon"}, None),
        ({}, None),
        (None, None),
    ],
)
def test_the_expected_delivery_is_a_window_at_the_destination(
    expectation: dict[str, str] | None, window: tuple[str, str] | None
) -> None:
    reading = read(details(deliveryDateExpectation=expectation, destinationState="IL", destinationZIPCode="60614"))
    ends = tuple(datetime.fromisoformat(end).replace(tzinfo=UTC) for end in window) if window else (None, None)
    assert (reading.expected_from, reading.expected_to) == ends


async def test_the_post_office_to_collect_at_is_named_as_long_as_the_parcel_waits(usps: Playing) -> None:
    waiting, collected = (usps.standin.recordings.all[f"{name}.en.json"] for name in ("post_office", "collected"))
    reading = read(waiting.body, parcel_of(waiting))
    until = datetime(2026, 3, 28, 5, tzinfo=UTC)
    assert reading.pickup == PickupPoint(name="Post Office", type="shop", address="CHICAGO, IL 60614", until=until)
    assert reading.scans[-1].additional_info == {
        "pickup_point": "Post Office, CHICAGO, IL 60614",
        "pickup_time": "2026-03-28T05:00:00+00:00",
    }
    assert read(collected.body, parcel_of(collected)).pickup is None


async def test_countries_are_read_of_parcels_that_cross_borders(usps: Playing) -> None:
    told = {name: usps.standin.recordings.all[f"{name}.en.json"] for name in ("transit", "export", "import")}
    readings = {name: read(one.body, parcel_of(one)) for name, one in told.items()}
    ends = {name: (reading.origin_country, reading.destination_country) for name, reading in readings.items()}
    assert ends == {"transit": ("US", "US"), "export": ("US", "DE"), "import": ("DE", "US")}


# Calls


async def test_many_parcels_are_asked_for_by_one_call_with_one_token(usps: Playing) -> None:
    account, files = usps.account(), ("announced.en.json", "transit.en.json")
    parcels = [msgspec.structs.replace(PARCEL, tracking_number=number_of(usps, file)) for file in files]
    spaced = msgspec.structs.replace(
        parcels[0], tracking_number=f" {parcels[0].tracking_number[:4]} {parcels[0].tracking_number[4:]}"
    )
    first = await account.track([parcels[0], parcels[1], PARCEL, spaced])
    await account.track(parcels)
    asked = [entry.asked for entry in usps.server.journal]
    assert [one.path for one in asked] == ["/oauth2/v3/token", "/tracking/v3r2/tracking", "/tracking/v3r2/tracking"]
    assert msgspec.json.decode(asked[0].body)["grant_type"] == "client_credentials"
    assert msgspec.json.decode(asked[1].body) == [
        {"trackingNumber": number} for number in (*(one.tracking_number for one in parcels), NUMBER)
    ]
    assert asked[1].headers["authorization"].startswith("Bearer ")
    assert usps.server.journal[1].status == 207
    assert [type(answer) for answer in first] == [Raw, Raw, NotFound, Raw]
    assert first[0] == first[3]


async def test_a_token_that_is_withdrawn_is_asked_for_anew(usps: Playing) -> None:
    assert isinstance(usps.standin, StandIn)
    account = usps.account()
    await account.try_credentials()
    usps.standin.withdraw()
    assert await account.track([PARCEL]) == [NotFound()]
    assert [call.status for call in usps.calls] == [200, 404, 401, 200, 404]


async def test_an_app_without_tracking_is_told_apart_from_an_outage(usps: Playing) -> None:
    granted = {"access_token": "another-token-of-usps", "expires_in": "28799"}
    usps.server.answer(Reply.json(granted))
    with pytest.raises(Unauthorised, match="client application identifier is invalid"):
        await usps.account().try_credentials()


async def test_a_wrong_pair_may_be_answered_as_the_rfc_has_it(usps: Playing) -> None:
    usps.server.answer(Reply.json({"error": "invalid_client", "error_description": "Client is not known."}, 400))
    with pytest.raises(Unauthorised, match=r"Client is not known\."):
        await usps.account().try_credentials()


async def test_usps_says_when_to_come_back(usps: Playing) -> None:
    usps.server.be_busy()
    with pytest.raises(Busy) as caught:
        await usps.account().track([PARCEL])
    assert caught.value.after == 60


async def test_what_cannot_be_a_number_spoils_nobody_elses_answer(usps: Playing) -> None:
    good = msgspec.structs.replace(PARCEL, tracking_number=number_of(usps, "transit.en.json"))
    bad = msgspec.structs.replace(PARCEL, tracking_number="see e-mail")
    found, refused = await usps.account().track([good, bad])
    assert isinstance(found, Raw)
    assert isinstance(refused, Refused)
    assert "10 to 34 letters and digits" in refused.message


@pytest.mark.parametrize(
    ("element", "outcome"),
    [
        ({"statusCode": "200", "trackingEvents": []}, Raw),
        ({"statusCode": "404", "error": {"code": "404", "message": "Not available"}}, NotFound),
        ({"error": {"code": "404", "message": "Not available"}}, NotFound),
        ({"statusCode": 400, "error": {"code": "150001", "message": "Bad"}}, Refused),
        ({"error": {"code": "invalid", "message": "Bad"}}, Refused),
        ({"statusCode": "403", "error": None}, Refused),
        ({"statusCode": "429"}, Busy),
        ({"statusCode": "503"}, Unreachable),
    ],
)
@pytest.mark.parametrize("named", [True, False])
async def test_an_element_tells_of_its_parcel_alone(
    usps: Playing, element: dict[str, Any], outcome: type, named: bool
) -> None:
    account = usps.account()
    await account.try_credentials()
    number = {"trackingNumber": NUMBER} if named else {}
    usps.server.answer(Reply.json([{**number, **element}], 207))
    (answer,) = await account.track([PARCEL])
    assert isinstance(answer, outcome)


async def test_a_number_with_the_zip_code_of_its_label_is_the_same_parcel(usps: Playing) -> None:
    account = usps.account()
    await account.try_credentials()
    usps.server.answer(Reply.json([{"trackingNumber": NUMBER}]))
    (answer,) = await account.track([msgspec.structs.replace(PARCEL, tracking_number=f"42060614{NUMBER}")])
    assert isinstance(answer, Raw)


def test_a_fresh_app_has_usps_first_pace_and_an_upgraded_one_its_own() -> None:
    about = registry.manifest(Kind.CARRIERS, "usps")
    pair = {"consumer_key": "k" * 32, "consumer_secret": "s" * 32}
    assert manifests.pace_of(about, pair) == Pace(calls_per_second=0.0166, calls_per_day=1440, batch=35)
    upgraded = {**pair, "calls_per_day": "48000", "calls_per_second": "0.5"}
    assert manifests.credential_faults(about, upgraded) == []
    assert manifests.pace_of(about, upgraded) == Pace(calls_per_second=0.5, calls_per_day=48000, batch=35)
    assert manifests.credential_faults(about, {**pair, "calls_per_second": "0.0"})
