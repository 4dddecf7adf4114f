"""17TRACK: its statuses, times, carriers, rejections and pushes, as a merchant sees them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import msgspec
import pytest

from karla.infra.http.standin import Reply
from karla.integrations import registry, tracking
from karla.integrations.carriers.contract import Parcel, PickupPoint, Pusher, Raw, Reading, Registrar
from karla.integrations.contract import Busy, Failure, Kind, NotFound, Refused, Unauthorised, Unreachable
from karla.integrations.standins import PushingStandIn
from tests.integrations.carriers.playing import Playing, parcel_of, playing

NUMBER = "KRLST000000001"
PARCEL = Parcel(tracking_number=NUMBER, carrier_reference="dhl", destination_country="DE", registered=True)
KEY = "0123456789ABCDEF0123456789ABCDEF"


@pytest.fixture
async def seventeentrack() -> AsyncIterator[Playing]:
    async with playing("seventeentrack") as played:
        yield played


def scanned(
    sub_status: str | None, text: str = "", at: str = "2026-03-10T08:00:00+01:00", **more: Any
) -> dict[str, Any]:
    return {"time_iso": at, "description": text, "sub_status": sub_status, **more}


def answer(*events: dict[str, Any], **members: Any) -> bytes:
    """What is told of one number, its events newest first as 17TRACK has them."""
    info = {"tracking": {"providers": [{"events": events}]}, **members}
    return msgspec.json.encode({"number": NUMBER, "carrier": 7041, "track_info": info})


def read(raw: bytes, parcel: Parcel = PARCEL) -> Reading:
    return tracking.read("seventeentrack", raw, parcel)


# Statuses


@pytest.mark.parametrize(
    ("sub_status", "event"),
    [
        ("NotFound_Other", None),
        ("NotFound_InvalidCode", None),
        ("InfoReceived", "SHIPMENT_DATA_RECEIVED_BY_CARRIER"),
        ("InTransit_PickedUp", "PICKED_UP_BY_CARRIER"),
        ("InTransit_Other", "ACCEPTED_BY_CARRIER"),
        ("InTransit_Departure", "DEPARTURE_FROM_EXPORT_HUB"),
        ("InTransit_Arrival", "ARRIVAL_IN_DESTINATION_COUNTRY"),
        ("InTransit_CustomsProcessing", "CUSTOMS_CLEARANCE_STARTED"),
        ("InTransit_CustomsReleased", "CUSTOMS_CLEARANCE_COMPLETED"),
        ("InTransit_CustomsRequiringInformation", "CUSTOMS_DOCUMENTS_REQUIRED"),
        ("InTransit_TransportDeparted", "DEPARTURE_FROM_TRANSPORT_HUB"),
        ("InTransit_TransportArrived", "ARRIVAL_AT_TRANSPORT_HUB"),
        ("Expired_Other", None),
        ("AvailableForPickup_Other", "READY_FOR_COLLECTION_AT_PARCEL_SHOP"),
        ("OutForDelivery_Other", "OUT_FOR_DELIVERY"),
        ("DeliveryFailure_Other", "DELIVERY_FAILED"),
        ("DeliveryFailure_NoBody", "DELIVERY_FAILED_RECIPIENT_ABSENT"),
        ("DeliveryFailure_Security", "DELIVERY_FAILED"),
        ("DeliveryFailure_Rejected", "DELIVERY_FAILED_REFUSED"),
        ("DeliveryFailure_InvalidAddress", "DELIVERY_FAILED_ADDRESS_INCORRECT"),
        ("Delivered_Other", "SUCCESSFULLY_DELIVERED"),
        ("Exception_Other", None),
        ("Exception_Returning", "RETURN_TO_SENDER_INITIATED"),
        ("Exception_Returned", "RETURNED_TO_SENDER"),
        ("Exception_NoBody", "DELIVERY_FAILED_RECIPIENT_UNKNOWN"),
        ("Exception_Security", None),
        ("Exception_Damage", "DAMAGED_IN_TRANSIT"),
        ("Exception_Rejected", "DELIVERY_FAILED_REFUSED"),
        ("Exception_Delayed", "DELAYED_BY_CARRIER"),
        ("Exception_Lost", "LOST_IN_TRANSIT"),
        ("Exception_Destroyed", "UNDELIVERABLE"),
        ("Exception_Cancel", "SHIPPING_LABEL_CANCELLED"),
    ],
)
def test_a_sub_status_is_the_event_that_it_tells_of(sub_status: str, event: str | None) -> None:
    reading = read(answer(scanned(sub_status)))
    assert [(scan.event_name, scan.raw_code) for scan in reading.scans] == [(event, sub_status)]
    assert not reading.unknown


@pytest.mark.parametrize(
    ("stage", "event"),
    [
        ("InfoReceived", "SHIPMENT_DATA_RECEIVED_BY_CARRIER"),
        ("PickedUp", "PICKED_UP_BY_CARRIER"),
        ("Departure", "DEPARTURE_FROM_EXPORT_HUB"),
        ("Arrival", "ARRIVAL_IN_DESTINATION_COUNTRY"),
        ("AvailableForPickup", "READY_FOR_COLLECTION_AT_PARCEL_SHOP"),
        ("OutForDelivery", "OUT_FOR_DELIVERY"),
        ("Delivered", "SUCCESSFULLY_DELIVERED"),
        ("Returning", "RETURN_TO_SENDER_INITIATED"),
        ("Returned", "RETURNED_TO_SENDER"),
    ],
)
def test_a_stage_counts_where_there_is_no_sub_status(stage: str, event: str) -> None:
    (scan,) = read(answer(scanned(None, stage=stage))).scans
    assert scan.event_name == event


@pytest.mark.parametrize(
    ("sub_status", "text", "event"),
    [
        ("Delivered_Other", "Delivered to a neighbour", "DELIVERED_TO_NEIGHBOUR"),
        ("Delivered_Other", "Bezorgd in de brievenbus", "DELIVERED_TO_LETTERBOX"),
        ("Delivered_Other", "Delivered, signed for by: E. M.", "DELIVERED_WITH_SIGNATURE"),
        ("Delivered_Other", "Collected from the parcel locker", "PICKED_UP_FROM_PARCEL_LOCKER"),
        ("Delivered_Other", "Delivered to collection point", "READY_FOR_COLLECTION_AT_PARCEL_SHOP"),
        ("AvailableForPickup_Other", "Disponible au bureau de poste", "READY_FOR_COLLECTION_AT_POST_OFFICE"),
        ("DeliveryFailure_Other", "Business was closed", "DELIVERY_FAILED_BUSINESS_CLOSED"),
        ("DeliveryFailure_Rejected", "Nobody was home", "DELIVERY_FAILED_REFUSED"),
        ("InTransit_Other", "Processed at sorting centre", "SORTED_AT_TRANSPORT_HUB"),
        ("InTransit_Other", "Arrived at processing centre", "ARRIVAL_AT_TRANSPORT_HUB"),
        ("InTransit_Other", "Can be picked up tomorrow", "ACCEPTED_BY_CARRIER"),
        ("Exception_Other", "Delayed due to strike", "DELAYED_DUE_TO_STRIKE"),
        ("Exception_Other", "Arrived at hub", None),
        ("Exception_Delayed", "Snow on the road", "DELAYED_DUE_TO_WEATHER"),
        (None, "Arrived at hub", "ARRIVAL_AT_TRANSPORT_HUB"),
    ],
)
def test_a_wording_makes_a_coarse_status_more_precise_and_no_other(
    sub_status: str | None, text: str, event: str | None
) -> None:
    (scan,) = read(answer(scanned(sub_status, text))).scans
    assert (scan.event_name, scan.raw_text) == (event, text)


def test_what_is_unknown_is_named_by_its_code_or_its_words() -> None:
    told = [scanned("Delivered_Beamed"), scanned(None, "Neues aus Bonn", "2026-03-10T07:00:00+01:00")]
    reading = read(answer(*told, told[1]))
    assert [scan.event_name for scan in reading.scans] == [None, None]
    assert reading.unknown == ("Neues aus Bonn", "Delivered_Beamed")


def test_a_wording_alone_tells_of_no_delivery() -> None:
    reading = read(answer(scanned(None, "The neighbour was chosen as an alternative")))
    assert [scan.event_name for scan in reading.scans] == [None]
    assert reading.unknown == ("The neighbour was chosen as an alternative",)


def test_being_on_its_way_is_told_once() -> None:
    days = [scanned("InTransit_Other", "In transit", f"2026-03-{day}T08:00:00Z") for day in (12, 11, 10)]
    assert [scan.event_name for scan in read(answer(*days)).scans] == ["ACCEPTED_BY_CARRIER", None, None]


# Identity and times


def test_a_scan_stays_the_same_when_its_offset_gets_known_and_is_told_once_by_two_carriers() -> None:
    raw = {"date": "2026-03-10", "time": "08:00:00", "timezone": None}
    early = scanned("InTransit_Other", "Arrived", "2026-03-10T08:00:00", time_raw=raw, location="Berlin")
    late = {**early, "time_iso": "2026-03-10T08:00:00+01:00"}
    assert read(answer(early)).scans[0].external_id == read(answer(late)).scans[0].external_id
    both = {"tracking": {"providers": [{"events": [late]}, {"events": [late]}]}}
    assert len(read(msgspec.json.encode({"number": NUMBER, "track_info": both})).scans) == 1


@pytest.mark.parametrize(
    ("times", "address", "moment", "zone"),
    [
        ({"time_iso": "2026-07-05T08:00:00-05:00"}, {"country": "US", "state": "NY"}, "13:00", "America/New_York"),
        ({"time_iso": "2026-07-05T08:00:00"}, {"country": "DE"}, "06:00", "Europe/Berlin"),
        ({"time_iso": "2026-07-05T08:00:00", "time_utc": "2026-07-05T06:00:00Z"}, {}, "06:00", None),
        ({"time_iso": "2026-07-05T08:00:00"}, {}, "08:00", None),
        ({"time_iso": None, "time_utc": "2026-07-05T06:00:00Z"}, {"country": "DE"}, "06:00", "Europe/Berlin"),
    ],
)
def test_a_local_time_is_resolved_by_its_place(
    times: dict[str, str | None], address: dict[str, str], moment: str, zone: str | None
) -> None:
    (scan,) = read(answer({**scanned("InTransit_Other"), **times, "address": address})).scans
    assert (f"{scan.event_time.astimezone(UTC):%H:%M}", scan.timezone) == (moment, zone)


def test_the_latest_event_stands_in_for_a_list_that_is_left_out() -> None:
    told = scanned("OutForDelivery_Other")
    raw = msgspec.json.encode({"number": NUMBER, "track_info": {"latest_event": told}})
    assert read(raw).scans == read(answer(told)).scans


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"number": "1", "track_info": 1}', b"\xff"])
def test_what_is_told_of_no_number_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read(body)


@pytest.mark.parametrize(
    ("told", "window"),
    [
        (("Official", "2026-03-12", "2026-03-13"), ("2026-03-11T23:00", "2026-03-13T23:00")),
        (("Official", "2026-03-12T00:00:00", None), ("2026-03-11T23:00", "2026-03-12T23:00")),
        (
            ("Official", "2026-03-12T00:00:00-05:00", "2026-03-12T23:59:59-05:00"),
            ("2026-03-12T05:00", "2026-03-13T05:00"),
        ),
        (("Official", "2026-03-12T12:00:00", "2026-03-12T14:00:00"), ("2026-03-12T11:00", "2026-03-12T13:00")),
        (("17TRACK", "2026-03-12", "2026-03-13"), None),
        ((None, None, None), None),
        (("Official", "soon", None), None),
    ],
)
def test_the_expected_delivery_is_what_the_carrier_states(
    told: tuple[str | None, str | None, str | None], window: tuple[str, str] | None
) -> None:
    estimate = dict(zip(("source", "from", "to"), told, strict=True))
    reading = read(answer(time_metrics={"estimated_delivery_date": estimate}))
    ends = tuple(datetime.fromisoformat(end).replace(tzinfo=UTC) for end in window) if window else (None, None)
    assert (reading.expected_from, reading.expected_to) == ends


@pytest.mark.parametrize(
    ("file", "point"),
    [
        ("locker.json", PickupPoint(name="Packstation 119, Wernerwerkstr. 2b, 10115 Berlin", type="locker")),
        ("shop.json", PickupPoint(name="Kiosk am Ring, Ringstr. 4, 80331 Munich", type="shop")),
        ("collected.json", None),
    ],
)
def test_the_place_to_collect_at_is_named_as_long_as_the_parcel_waits(file: str, point: PickupPoint | None) -> None:
    recording = registry.standin(Kind.CARRIERS, "seventeentrack").recordings.all[file]
    reading = read(recording.body, parcel_of(recording))
    assert reading.pickup == point
    assert (reading.weight_grams, reading.origin_country, reading.destination_country) == (1200, "DE", "DE")


# Asking


async def test_numbers_are_asked_for_at_once_with_17tracks_number_for_the_carrier(seventeentrack: Playing) -> None:
    nameless = Parcel(tracking_number=f" {NUMBER[:6]} {NUMBER[6:]} ", registered=True)
    await seventeentrack.tracked(PARCEL, nameless, PARCEL)
    (entry,) = seventeentrack.server.journal
    assert (entry.asked.path, entry.asked.headers["17token"]) == ("/track/v2.2/gettrackinfo", KEY)
    assert msgspec.json.decode(entry.asked.body) == [{"number": NUMBER, "carrier": 7041}, {"number": NUMBER}]


async def test_a_number_without_news_is_not_found(seventeentrack: Playing) -> None:
    empty = parcel_of(seventeentrack.standin.recordings.all["empty.json"])
    fresh = Parcel(tracking_number="NEW000001", registered=True)
    account = seventeentrack.account()
    assert isinstance(account, Registrar)
    assert await account.register([fresh]) == [None]
    assert await account.track([empty, fresh]) == [NotFound(), NotFound()]


async def test_of_one_number_at_two_carriers_each_parcel_gets_its_own(seventeentrack: Playing) -> None:
    told = [
        {"number": NUMBER, "carrier": key, "track_info": {"latest_event": scanned("InTransit_Other")}}
        for key in (100005, 7041)
    ]
    seventeentrack.server.answer(Reply.json({"code": 0, "data": {"accepted": told, "rejected": []}}))
    answers = await seventeentrack.account().track([PARCEL, msgspec.structs.replace(PARCEL, carrier_reference="gls")])
    assert [msgspec.json.decode(one.body)["carrier"] for one in answers if isinstance(one, Raw)] == [7041, 100005]


async def test_trying_the_key_asks_for_the_quota(seventeentrack: Playing) -> None:
    await seventeentrack.account().try_credentials()
    assert [entry.asked.path for entry in seventeentrack.server.journal] == ["/track/v2.2/getquota"]


@pytest.mark.parametrize(
    ("told", "failure"),
    [
        ({"code": -18010001}, Unauthorised),
        ({"code": -18010002, "data": None}, Unauthorised),
        ({"code": 0, "data": {"errors": [{"code": -18010004, "message": ""}]}}, Unauthorised),
        ({"code": 0, "data": {"errors": [{"code": -18010013, "message": ""}]}}, Refused),
        ({"code": -18010003}, Unreachable),
        ({"code": -18019907}, Busy),
        ({"accepted": []}, Unreachable),
        ({"code": 0, "data": {"accepted": [{"carrier": 1}]}}, Unreachable),
    ],
)
async def test_a_failure_in_a_good_status_is_told_apart(
    seventeentrack: Playing, told: dict[str, Any], failure: type[Failure]
) -> None:
    seventeentrack.server.answer(Reply.json(told))
    with pytest.raises(failure):
        await seventeentrack.account().track([PARCEL])


# Registering


def rejected(code: int) -> Reply:
    error = {"code": code, "message": f"The tracking number {NUMBER} is not to our liking."}
    return Reply.json({"code": 0, "data": {"accepted": [], "rejected": [{"number": NUMBER, "error": error}]}})


async def register(played: Playing, *parcels: Parcel) -> list[Failure | None]:
    account = played.account()
    assert isinstance(account, Registrar)
    return await account.register(parcels)


async def test_parcels_are_added_at_once_and_a_refused_one_stops_no_other(seventeentrack: Playing) -> None:
    strange = msgspec.structs.replace(PARCEL, tracking_number="1/2")
    added, refused = await register(seventeentrack, PARCEL, strange)
    assert added is None
    assert isinstance(refused, Refused)
    assert (refused.code, refused.message) == ("-18010012", "the number is not of a form that 17TRACK takes")
    (entry,) = seventeentrack.server.journal
    assert msgspec.json.decode(entry.asked.body)[0] == {"number": NUMBER, "carrier": 7041}


@pytest.mark.parametrize(
    ("code", "outcome", "words"),
    [
        (-18019901, None, ""),
        (-18019903, Refused, "can't tell the carrier"),
        (-18010019, Refused, "postal code"),
        (-18019910, Refused, "no such carrier"),
        (-18019908, Unauthorised, "quota of numbers has run out"),
        (-18019907, Busy, ""),
        (-18099999, Refused, "17TRACK rejected it"),
    ],
)
async def test_a_rejection_is_said_without_the_number(
    seventeentrack: Playing, code: int, outcome: type[Failure] | None, words: str
) -> None:
    seventeentrack.server.answer(rejected(code))
    (told,) = await register(seventeentrack, PARCEL)
    assert type(told) is (outcome or type(None))
    assert words in str(told)
    assert NUMBER not in str(told)


async def test_a_number_that_is_left_unanswered_is_no_success(seventeentrack: Playing) -> None:
    seventeentrack.server.answer(Reply.json({"code": 0, "data": {"accepted": [], "rejected": []}}))
    (told,) = await register(seventeentrack, PARCEL)
    assert isinstance(told, Unreachable)


# Pushes


def pusher(played: Playing) -> Pusher:
    account = played.account()
    assert isinstance(account, Pusher)
    return account


async def test_a_push_is_signed_by_the_access_key_as_17track_documents_it(seventeentrack: Playing) -> None:
    body = b'{"event":"TRACKING_UPDATED","data":{"number":"1"}}'
    signed = sha256(body + b"/" + KEY.encode()).hexdigest()
    assert pusher(seventeentrack).verify_push({"sign": signed}, body)
    assert pusher(seventeentrack).verify_push({"sign": signed.upper()}, body)
    assert not pusher(seventeentrack).verify_push({"sign": signed[:-1]}, body)
    assert not pusher(seventeentrack).verify_push({"sign": sha256(body).hexdigest()}, body)


async def test_a_push_brings_what_is_told_verbatim_and_the_same_scans_as_asking(seventeentrack: Playing) -> None:
    recording = seventeentrack.standin.recordings.all["two_carriers.json"]
    assert isinstance(seventeentrack.standin, PushingStandIn)
    (pushed,) = pusher(seventeentrack).read_push(seventeentrack.standin.push(recording.number)[1])
    assert (pushed.carrier, pushed.raw.body) == ("3011", recording.body)
    (asked,) = await seventeentrack.tracked(parcel_of(recording))
    assert isinstance(asked, Raw)
    assert read(asked.body).scans == read(pushed.raw.body).scans


async def test_the_end_of_tracking_is_no_news_of_the_parcel(seventeentrack: Playing) -> None:
    body = b'{"event":"TRACKING_STOPPED","data":{"number":"KRLST000000001","carrier":7041,"tag":null}}'
    assert pusher(seventeentrack).read_push(body) == []


@pytest.mark.parametrize("body", [b"", b"{}", b'{"event":"TRACKING_UPDATED","data":null}', b'{"event":"X","data":{}}'])
async def test_what_is_no_push_of_17track_is_a_value_error(seventeentrack: Playing, body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        pusher(seventeentrack).read_push(body)


def test_it_tracks_any_carrier_and_comes_after_those_who_track_their_own() -> None:
    assert "seventeentrack" in registry.trackers("bring")
    assert registry.trackers("dhl")[0] == "dhl"
