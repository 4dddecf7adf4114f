"""AfterShip: its tags, times and places, as a merchant sees them."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from karla.integrations import registry
from karla.integrations.carriers.contract import PickupPoint
from karla.integrations.contract import Kind
from tests.integrations.carriers.aftership_answers import answer, read, scanned
from tests.integrations.carriers.playing import parcel_of

# Tags


@pytest.mark.parametrize(
    ("subtag", "event"),
    [
        ("InfoReceived_001", "SHIPMENT_DATA_RECEIVED_BY_CARRIER"),
        ("InTransit_001", "ACCEPTED_BY_CARRIER"),
        ("InTransit_002", "ACCEPTED_BY_CARRIER"),
        ("InTransit_003", "ARRIVAL_AT_TRANSPORT_HUB"),
        ("InTransit_004", "ARRIVAL_IN_DESTINATION_COUNTRY"),
        ("InTransit_005", "CUSTOMS_CLEARANCE_COMPLETED"),
        ("InTransit_006", "CUSTOMS_CLEARANCE_STARTED"),
        ("InTransit_007", "DEPARTURE_FROM_TRANSPORT_HUB"),
        ("InTransit_009", "ADDRESS_CORRECTED"),
        ("OutForDelivery_001", "OUT_FOR_DELIVERY"),
        ("OutForDelivery_003", None),
        ("OutForDelivery_004", "DELIVERY_WINDOW_ANNOUNCED"),
        ("AvailableForPickup_001", "READY_FOR_COLLECTION_AT_PARCEL_SHOP"),
        ("AttemptFail_001", "DELIVERY_FAILED"),
        ("AttemptFail_002", "DELIVERY_FAILED_RECIPIENT_ABSENT"),
        ("AttemptFail_003", "DELIVERY_FAILED_BUSINESS_CLOSED"),
        ("Delivered_001", "SUCCESSFULLY_DELIVERED"),
        ("Delivered_002", "PICKED_UP_BY_CUSTOMER"),
        ("Delivered_003", "DELIVERED_WITH_SIGNATURE"),
        ("Delivered_004", "DELIVERED_CASH_ON_DELIVERY"),
        ("Delivered_005", "DELIVERED_TO_NEIGHBOUR"),
        ("Exception_001", "DELIVERY_FAILED"),
        ("Exception_002", "DELIVERY_FAILED_RECIPIENT_MOVED"),
        ("Exception_003", "DELIVERY_FAILED_REFUSED"),
        ("Exception_004", "CUSTOMS_CLEARANCE_DELAYED"),
        ("Exception_005", "DELAYED_BY_CARRIER"),
        ("Exception_006", "DELIVERY_FAILED_PAYMENT_NOT_MADE"),
        ("Exception_007", "DELIVERY_FAILED_ADDRESS_INCORRECT"),
        ("Exception_008", "COLLECTION_PERIOD_EXPIRED"),
        ("Exception_009", "UNDELIVERABLE"),
        ("Exception_010", "RETURN_TO_SENDER_INITIATED"),
        ("Exception_011", "RETURNED_TO_SENDER"),
        ("Exception_012", "DAMAGED_IN_TRANSIT"),
        ("Exception_013", "LOST_IN_TRANSIT"),
        ("Exception_016", "DELAYED_BY_CARRIER"),
        ("Exception_017", "DELAYED_DUE_TO_WEATHER"),
        ("Exception_018", "CUSTOMS_DOCUMENTS_REQUIRED"),
        ("Exception_019", "DELAYED_BY_CARRIER"),
        ("Exception_020", "SHIPPING_LABEL_CANCELLED"),
        ("Exception_021", "UNDELIVERABLE"),
        ("Pending_001", None),
        ("Expired_001", None),
    ],
)
def test_a_subtag_is_the_event_that_it_tells_of(subtag: str, event: str | None) -> None:
    reading = read(answer(scanned(subtag)))
    assert [scan.event_name for scan in reading.scans] == [event]
    assert reading.scans[0].raw_code == subtag
    assert not reading.unknown


@pytest.mark.parametrize(
    ("code", "subtag", "event"),
    [
        ("delivered_to_neighbor", "Delivered_001", "DELIVERED_TO_NEIGHBOUR"),
        ("signed_by_customer", "Delivered_001", "DELIVERED_WITH_SIGNATURE"),
        ("delivered_to_a_location", "Delivered_003", "DELIVERED_WITH_SIGNATURE"),
        ("picked_up", "InTransit_002", "PICKED_UP_BY_CARRIER"),
        ("carrier_pickup_failed", "Exception_001", "CARRIER_PICKUP_FAILED"),
        ("held_by_customs", "Exception_004", "HELD_AT_CUSTOMS"),
        ("misrouted", "Exception_016", "MISROUTED"),
        ("redelivery_scheduled", "AttemptFail_001", "SECOND_DELIVERY_ATTEMPT_SCHEDULED"),
        ("delivery_attempt_failed", "AttemptFail_002", "DELIVERY_FAILED_RECIPIENT_ABSENT"),
        ("returned_to_sender", "Exception_010", "RETURN_TO_SENDER_INITIATED"),
        ("never_heard_of", "InTransit_003", "ARRIVAL_AT_TRANSPORT_HUB"),
    ],
)
def test_an_event_of_aftership_tells_more_than_its_subtag(code: str, subtag: str, event: str) -> None:
    (scan,) = read(answer(scanned(subtag, events=[{"code": code, "reason": None}]))).scans
    assert scan.event_name == event


@pytest.mark.parametrize(
    ("subtag", "message", "event"),
    [
        ("Delivered_001", "Delivered, In/At Mailbox", "DELIVERED_TO_LETTERBOX"),
        ("Delivered_001", "Die Sendung wurde einem Nachbarn übergeben", "DELIVERED_TO_NEIGHBOUR"),
        ("Delivered_001", "Left at front door", "DELIVERED_TO_SAFE_PLACE"),
        ("Delivered_001", "Delivered to reception", "DELIVERED_TO_RECEPTION"),
        ("Delivered_001", "Delivered to parcel locker", "READY_FOR_COLLECTION_AT_PARCEL_LOCKER"),
        ("Delivered_001", "DELIVERED, GARDEN GROVE, CA", "SUCCESSFULLY_DELIVERED"),
        ("Delivered_002", "Left with neighbour", "PICKED_UP_BY_CUSTOMER"),
        ("AvailableForPickup_001", "Held at post office", "READY_FOR_COLLECTION_AT_POST_OFFICE"),
        ("AttemptFail_001", "Customer not available", "DELIVERY_FAILED_RECIPIENT_ABSENT"),
        ("AttemptFail_001", "Der Empfänger wurde nicht angetroffen", "DELIVERY_FAILED_RECIPIENT_ABSENT"),
        ("InTransit_001", "Departed from sorting centre", "DEPARTURE_FROM_TRANSPORT_HUB"),
        ("InTransit_001", "Out for delivery", "ACCEPTED_BY_CARRIER"),
        ("Exception_001", "Parcel was lost", "LOST_IN_TRANSIT"),
        ("Exception_001", "Arrived at hub", "DELIVERY_FAILED"),
        ("Exception_012", "Delayed by strike", "DAMAGED_IN_TRANSIT"),
    ],
)
def test_a_wording_makes_a_coarse_subtag_more_precise_and_no_other(subtag: str, message: str, event: str) -> None:
    (scan,) = read(answer(scanned(subtag, message))).scans
    assert (scan.event_name, scan.raw_text) == (event, message)


def test_a_tag_counts_where_there_is_no_subtag() -> None:
    told = scanned(None, tag="Delivered")
    assert [scan.event_name for scan in read(answer(told)).scans] == ["SUCCESSFULLY_DELIVERED"]


def test_a_subtag_of_a_later_version_is_unknown_though_its_tag_isnt() -> None:
    later = scanned("Exception_014", at="2026-03-11T08:00:00Z")
    reading = read(answer(scanned("Delivered_042"), later))
    assert [scan.event_name for scan in reading.scans] == [None, None]
    assert reading.unknown == ("Delivered_042", "Exception_014")


def test_being_on_its_way_is_told_once() -> None:
    days = [scanned("InTransit_001", "In transit", f"2026-03-{day}T08:00:00Z") for day in (10, 11, 12)]
    assert [scan.event_name for scan in read(answer(*days)).scans] == ["ACCEPTED_BY_CARRIER", None, None]


# Identity and times


def test_a_scan_is_known_by_its_hash_else_by_what_it_says() -> None:
    first, second = scanned("InTransit_003", "Arrived", hash="a1b2"), scanned("InTransit_003", "Arrived", slug="ups")
    ids = [scan.external_id for scan in read(answer(first, second)).scans]
    assert ids[0] == "a1b2"
    assert ids[1] == read(answer(second)).scans[0].external_id
    assert len({*ids}) == 2


@pytest.mark.parametrize(
    ("stamp", "place", "moment", "zone"),
    [
        ("2026-07-05T08:00:00-05:00", {"country_region": "USA", "state": "NY"}, "2026-07-05T13:00", "America/New_York"),
        ("2026-07-05T08:00:00", {"country_region": "DEU"}, "2026-07-05T06:00", "Europe/Berlin"),
        ("2026-07-05T08:00:00", {"country_region_name": "France"}, "2026-07-05T06:00", "Europe/Paris"),
        ("2026-07-05T08:00:00", {"country_region": "USA"}, "2026-07-05T08:00", None),
        ("2026-07-05T08:00:00", {}, "2026-07-05T08:00", None),
    ],
)
def test_a_local_time_is_resolved_by_its_place(
    stamp: str, place: dict[str, str], moment: str, zone: str | None
) -> None:
    (scan,) = read(answer(scanned("InTransit_003", at=stamp, **place))).scans
    assert (scan.event_time, scan.timezone) == (datetime.fromisoformat(moment).replace(tzinfo=UTC), zone)


@pytest.mark.parametrize("stamp", [None, "", "soon", "0001-01-01T00:00:00"])
def test_a_scan_without_a_time_is_passed_over(stamp: str | None) -> None:
    told = scanned("InTransit_003")
    assert len(read(answer({**told, "checkpoint_time": stamp}, told)).scans) == 1


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"tracking_number": null}', b'{"tracking_number": "1", "checkpoints": 1}']
)
def test_what_is_no_tracking_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read(body)


def carriers(day: str | None, opens: str | None = None, closes: str | None = None) -> dict[str, Any]:
    names = ("estimated_delivery_date", "estimated_delivery_date_min", "estimated_delivery_date_max")
    return {"courier_estimated_delivery_date": dict(zip(names, (day, opens, closes), strict=True))}


def latest(source: str, day: str) -> dict[str, Any]:
    return {"latest_estimated_delivery": {"type": "specific", "source": source, "datetime": day}}


@pytest.mark.parametrize(
    ("members", "window"),
    [
        (carriers("2026-03-12"), ("2026-03-11T23:00", "2026-03-12T23:00")),
        (carriers("2026-03-12", "2026-03-12", "2026-03-14"), ("2026-03-11T23:00", "2026-03-14T23:00")),
        (carriers("2026-03-12T12:00:00"), ("2026-03-12T11:00", "2026-03-12T11:00")),
        (carriers(None, "2026-03-12T12:00:00", "2026-03-12T14:00:00+02:00"), ("2026-03-12T11:00", "2026-03-12T12:00")),
        (carriers("2026-03-12T00:00:00-05:00"), ("2026-03-12T05:00", "2026-03-13T05:00")),
        (latest("Carrier EDD", "2026-03-12"), ("2026-03-11T23:00", "2026-03-12T23:00")),
        (latest("AfterShip EDD", "2026-03-12"), None),
        (latest("Custom EDD", "2026-03-12"), None),
        (carriers("next week"), None),
        ({}, None),
    ],
)
def test_the_expected_delivery_is_what_the_carrier_states(
    members: dict[str, Any], window: tuple[str, str] | None
) -> None:
    reading = read(answer(**members))
    ends = tuple(datetime.fromisoformat(end).replace(tzinfo=UTC) for end in window) if window else (None, None)
    assert (reading.expected_from, reading.expected_to) == ends


@pytest.mark.parametrize(
    ("file", "point"),
    [
        ("locker.json", PickupPoint(name="Packstation 119", type="locker")),
        ("shop.json", PickupPoint(name="Kiosk am Ring, Ringstr. 4, 80331 Munich", type="shop")),
        ("collected.json", None),
    ],
)
def test_the_place_to_collect_at_is_named_as_long_as_the_parcel_waits(file: str, point: PickupPoint | None) -> None:
    recording = registry.standin(Kind.CARRIERS, "aftership").recordings.all[file]
    assert read(recording.body, parcel_of(recording)).pickup == point


def test_proof_of_delivery_weight_and_countries_are_read() -> None:
    recording = registry.standin(Kind.CARRIERS, "aftership").recordings.all["delivered.json"]
    reading = read(recording.body, parcel_of(recording))
    assert (reading.proof_of_delivery_url, reading.weight_grams) == ("https://pod.example/1.jpg", 1200)
    assert (reading.origin_country, reading.destination_country) == ("DE", "DE")
    assert (reading.received_by, reading.photo_url) == ("Erika Mustermann", "https://pod.example/1.jpg")
    assert "Mustermann" not in repr(msgspec.structs.replace(reading, received_by=None))


def test_a_picture_of_a_signature_is_no_photo_of_the_parcel() -> None:
    recording = registry.standin(Kind.CARRIERS, "aftership").recordings.all["delivered.json"]
    told = msgspec.json.decode(recording.body)
    told["proof_of_delivery"] = [{"type": "signature", "url": "https://pod.example/2"}]
    reading = read(msgspec.json.encode(told), parcel_of(recording))
    assert (reading.photo_url, reading.proof_of_delivery_url) == (None, "https://pod.example/2")
