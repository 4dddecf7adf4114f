"""Royal Mail: its codes, places and times, and its two kinds of errors, as a merchant sees them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from karla.infra.http.standin import Reply
from karla.integrations import tracking
from karla.integrations.carriers.contract import Parcel, PickupPoint, Reading
from karla.integrations.contract import NotFound, Refused, Unauthorised, Unreachable
from tests.integrations.carriers.playing import Playing, parcel_of, playing

NUMBER = "FQ087430672GB"
PARCEL = Parcel(tracking_number=NUMBER, carrier_reference="royalmail", destination_country="GB")
HOME = {"productCategory": "NON-INTERNATIONAL"}


@pytest.fixture
async def royalmail() -> AsyncIterator[Playing]:
    async with playing("royalmail") as played:
        yield played


def event(
    code: str, name: str = "", at: str = "2026-03-12T08:00:00+00:00", place: str = "Stafford DO"
) -> dict[str, str]:
    return {"eventCode": code, "eventName": name, "eventDateTime": at, "locationName": place}


def answer(*events: dict[str, Any], **members: Any) -> bytes:
    """A body with one mail piece, events newest first as Royal Mail has them."""
    return msgspec.json.encode({"mailPieces": {"mailPieceId": NUMBER, "summary": HOME, "events": events, **members}})


def read(raw: bytes, parcel: Parcel = PARCEL) -> Reading:
    return tracking.read("royalmail", raw, parcel)


# Codes


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("EVAIE", "SHIPMENT_DATA_RECEIVED_BY_CARRIER"),
        ("EVAIP", "SHIPMENT_DATA_RECEIVED_BY_CARRIER"),
        ("EVPPA", "DROPPED_OFF_BY_SENDER"),
        ("EVNPB", "DROPPED_OFF_BY_SENDER"),
        ("EVOAC", "ACCEPTED_BY_CARRIER"),
        ("EVBAH", "ACCEPTED_BY_CARRIER"),
        ("EVDAC", "PROCESSED_AT_ORIGIN_FACILITY"),
        ("EVDAV", "PROCESSED_AT_ORIGIN_FACILITY"),
        ("EVODO", "DEPARTURE_FROM_TRANSPORT_HUB"),
        ("EVIMC", "ARRIVAL_AT_TRANSPORT_HUB"),
        ("EVORI", "ARRIVAL_AT_TRANSPORT_HUB"),
        ("EVNMI", "MISROUTED"),
        ("EVGMI", "MISROUTED"),
        ("EVIPD", "DAMAGED_IN_TRANSIT"),
        ("EVGPD", "OUT_FOR_DELIVERY"),
        ("EVKOP", "SUCCESSFULLY_DELIVERED"),
        ("EVKSP", "DELIVERED_WITH_SIGNATURE"),
        ("EVKDN", "DELIVERED_TO_NEIGHBOUR"),
        ("EVKNS", "DELIVERED_TO_NEIGHBOUR"),
        ("EVKSF", "DELIVERED_TO_SAFE_PLACE"),
        ("EVNPO", "SUCCESSFULLY_DELIVERED"),
        ("EVPLA", "READY_FOR_COLLECTION_AT_POST_OFFICE"),
        ("EVKLC", "READY_FOR_COLLECTION_AT_POST_OFFICE"),
        ("EVNDA", "READY_FOR_COLLECTION_AT_DEPOT"),
        ("EVPLC", "PICKED_UP_BY_CUSTOMER"),
        ("EVNOC", "PICKED_UP_BY_CUSTOMER"),
        ("EVKNA", "DELIVERY_FAILED_RECIPIENT_ABSENT"),
        ("EVKAA", "DELIVERY_FAILED_NO_ACCESS"),
        ("EVKSU", "DELIVERY_FAILED"),
        ("EVNCF", "DELIVERY_FAILED_PAYMENT_NOT_MADE"),
        ("EVNDN", "DELIVERY_RESCHEDULED_BY_CARRIER"),
        ("EVNSR", "DELIVERY_RESCHEDULED_BY_CUSTOMER"),
        ("RPRXS", "REDIRECTED_BY_CUSTOMER"),
        ("EVNKS", "DELIVERY_PAUSED_BY_CUSTOMER"),
        ("EVNWA", "ADDRESS_CORRECTED"),
        ("EVKRF", "REFUSED_RETURN_TO_SENDER"),
        ("EVKAI", "ADDRESS_ISSUE_RETURN_TO_SENDER"),
        ("EVNRE", "NOT_PICKED_UP_RETURN_TO_SENDER"),
        ("EVPLI", "RECALLED_BY_SENDER"),
        ("EVRTS", "RETURNED_TO_SENDER"),
        ("EVHOE", "DEPARTURE_FROM_EXPORT_HUB"),
        ("EVJIC", "CUSTOMS_CLEARANCE_STARTED"),
        ("EVJCD", "CUSTOMS_DOCUMENTS_REQUIRED"),
        ("EVJDP", "CUSTOMS_DUTIES_DUE"),
        ("EVJPA", "HELD_AT_CUSTOMS"),
        ("EVJNT", "CUSTOMS_CLEARANCE_COMPLETED"),
    ],
)
def test_a_code_is_the_event_that_it_tells_of(code: str, name: str) -> None:
    reading = read(answer(event(code, "As Royal Mail says it")))
    (scan,) = reading.scans
    assert (scan.event_name, scan.raw_code, scan.raw_text) == (name, code, "As Royal Mail says it")
    assert reading.unknown == ()


@pytest.mark.parametrize("code", ["NRDSS", "NUNDF", "EVZDM", "EVNOU"])
def test_a_notification_is_known_and_no_event(code: str) -> None:
    reading = read(answer(event(code)))
    assert (reading.scans[0].event_name, reading.unknown) == (None, ())


def test_a_code_that_is_not_known_is_read_by_its_name_and_else_stays_unknown() -> None:
    older = event("EVQQQ", "Seen by the corgis", "2026-03-12T07:00:00+00:00")
    reading = read(answer(event("EVQQR", "Delivered to Letterbox"), older))
    assert [scan.event_name for scan in reading.scans] == [None, "DELIVERED_TO_LETTERBOX"]
    assert reading.unknown == ("EVQQQ",)


# Identity


def test_a_scan_stays_the_same_as_the_story_goes_on_and_is_told_once() -> None:
    first, second = event("EVDAV"), event("EVGPD", at="2026-03-13T08:00:00+00:00")
    early, late = read(answer(first)), read(answer(second, second, first))
    assert [scan.external_id for scan in late.scans][:1] == [scan.external_id for scan in early.scans]
    assert len(late.scans) == 2


def test_the_summary_stands_in_for_events_that_are_left_out() -> None:
    newest = {
        "lastEventCode": "EVNMI",
        "lastEventName": "Forwarded - Mis-sort",
        "lastEventDateTime": "2026-03-12T08:00:00+00:00",
        "lastEventLocationName": "Stafford DO",
    }
    bare = answer(summary={**HOME, **newest})
    assert read(bare).scans == read(answer(event("EVNMI", "Forwarded - Mis-sort"))).scans


@pytest.mark.parametrize("at", ["", "yesterday", "0001-01-01T00:00:00", "9999-12-31T23:59:59"])
def test_a_scan_without_a_time_is_passed_over(at: str) -> None:
    assert len(read(answer(event("EVDAV"), event("EVGPD", at=at))).scans) == 1


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"mailPieces": []}', b'{"mailPieces": null}', b"\xff"])
def test_what_is_no_answer_of_royal_mail_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read(body)


# Places and times


@pytest.mark.parametrize(
    ("at", "place", "summary", "moment", "zone"),
    [
        ("2026-07-05T08:00:00+01:00", "Stafford DO", HOME, "2026-07-05T07:00", "Europe/London"),
        ("2026-07-05T08:00:00+0100", "Stafford DO", HOME, "2026-07-05T07:00", "Europe/London"),
        ("2026-07-05T08:00:00", "Stafford DO", HOME, "2026-07-05T07:00", "Europe/London"),
        ("2026-07-05T08:00:00+02:00", "Germany", {}, "2026-07-05T06:00", "Europe/Berlin"),
        ("2026-07-05T08:00:00", "Germany", {}, "2026-07-05T06:00", "Europe/Berlin"),
        ("2026-07-05T08:00:00+01:00", "Langley HWDC", {}, "2026-07-05T07:00", None),
        (
            "2026-07-05T08:00:00",
            "Stafford DO",
            {"originCountryCode": "GBR", "destinationCountryCode": "GBR"},
            "2026-07-05T07:00",
            "Europe/London",
        ),
    ],
)
def test_a_time_is_of_its_offset_else_of_its_place(
    at: str, place: str, summary: dict[str, str], moment: str, zone: str | None
) -> None:
    (scan,) = read(answer(event("EVDAV", at=at, place=place), summary=summary)).scans
    assert (scan.event_time, scan.timezone) == (datetime.fromisoformat(moment).replace(tzinfo=UTC), zone)
    assert scan.location["name"] == place


@pytest.mark.parametrize(
    ("estimate", "window"),
    [
        ({"date": "2026-07-05"}, ("2026-07-04T23:00", "2026-07-05T23:00")),
        ({"date": "2026-07-05T00:00:00+01:00"}, ("2026-07-04T23:00", "2026-07-05T23:00")),
        (
            {
                "date": "2026-07-05",
                "startOfEstimatedWindow": "08:00:00+01:00",
                "endOfEstimatedWindow": "11:00:00+01:00",
            },
            ("2026-07-05T07:00", "2026-07-05T10:00"),
        ),
        (
            {"date": "2026-07-05", "startOfEstimatedWindow": "08:00:00", "endOfEstimatedWindow": "soon"},
            ("2026-07-05T07:00", "2026-07-05T23:00"),
        ),
        (
            {"date": "2026-07-05", "endOfEstimatedWindow": "2026-07-05T11:00:00+01:00"},
            ("2026-07-04T23:00", "2026-07-05T10:00"),
        ),
        ({"date": "UNPARSABLE"}, None),
        (None, None),
    ],
)
def test_the_expected_delivery_is_a_window(estimate: dict[str, str] | None, window: tuple[str, str] | None) -> None:
    reading = read(answer(estimatedDelivery=estimate))
    ends = tuple(datetime.fromisoformat(end).replace(tzinfo=UTC) for end in window) if window else (None, None)
    assert (reading.expected_from, reading.expected_to) == ends


async def test_the_place_to_collect_at_is_named_as_long_as_the_parcel_waits(royalmail: Playing) -> None:
    waiting, collected = (royalmail.standin.recordings.all[f"{name}.en.json"] for name in ("post_office", "collected"))
    place = "Islington High Street PO"
    assert read(waiting.body, parcel_of(waiting)).pickup == PickupPoint(name=place, type="shop")
    assert read(collected.body, parcel_of(collected)).pickup is None


async def test_product_countries_and_redelivery_are_read_and_who_signed(royalmail: Playing) -> None:
    told = {name: royalmail.standin.recordings.all[f"{name}.en.json"] for name in ("no_answer", "export")}
    missed, exported = (read(one.body, parcel_of(one)) for one in told.values())
    assert missed.reroute_url == "https://www.royalmail.com/receiving-mail/redelivery"
    assert (missed.service, missed.origin_country, missed.destination_country) == ("Royal Mail Tracked 24", "GB", "GB")
    assert (exported.origin_country, exported.destination_country, exported.reroute_url) == ("GB", "DE", None)
    signed = royalmail.standin.recordings.all["delivered_signed.en.json"]
    reading = read(signed.body, parcel_of(signed))
    assert reading.received_by == "MUSTERMANN"
    assert "MUSTERMANN" not in repr(msgspec.structs.replace(reading, received_by=None))


def test_a_link_to_another_site_is_no_address_of_royal_mails() -> None:
    assert read(answer(links={"redelivery": {"href": "//example.com/"}})).reroute_url is None


# Calls


async def test_a_parcel_is_asked_for_as_royal_mail_documents_it(royalmail: Playing) -> None:
    spaced = msgspec.structs.replace(PARCEL, tracking_number=" fq 0874 3067 2 gb")
    assert await royalmail.tracked(spaced) == [NotFound()]
    asked = royalmail.server.journal[-1].asked
    assert (asked.method, asked.path, asked.query) == ("GET", f"/mailpieces/v2/{NUMBER}/events", {})
    sent = {name: asked.headers[name] for name in ("x-ibm-client-id", "x-accept-rmg-terms", "accept")}
    assert sent == {
        "x-ibm-client-id": "standin-client-id-0001",
        "x-accept-rmg-terms": "yes",
        "accept": "application/json",
    }
    assert [call.failure for call in royalmail.calls] == [None]


async def test_what_is_no_number_is_not_sent(royalmail: Playing) -> None:
    (refused,) = await royalmail.tracked(msgspec.structs.replace(PARCEL, tracking_number="--"))
    assert isinstance(refused, Refused)
    assert royalmail.server.journal == []


def errors(code: str) -> dict[str, Any]:
    return {"httpCode": "404", "errors": [{"errorCode": code, "errorDescription": "As Royal Mail says it"}]}


@pytest.mark.parametrize("status", [400, 404])
@pytest.mark.parametrize("code", ["E1142", "E1284", "E1307", "E1308"])
async def test_a_parcel_without_news_is_no_failure(royalmail: Playing, status: int, code: str) -> None:
    royalmail.server.answer(Reply.json(errors(code), status))
    assert await royalmail.tracked(PARCEL) == [NotFound()]


@pytest.mark.parametrize(("status", "code"), [(404, "E1283"), (400, "E0004")])
async def test_what_royal_mail_does_not_track_is_refused_by_its_code(
    royalmail: Playing, status: int, code: str
) -> None:
    royalmail.server.answer(Reply.json(errors(code), status))
    (refused,) = await royalmail.tracked(PARCEL)
    assert isinstance(refused, Refused)
    assert refused.code == code


async def test_a_wrong_address_is_no_parcel_without_news(royalmail: Playing) -> None:
    royalmail.server.answer(Reply.json({"httpCode": "404", "moreInformation": "No resources match requested URI"}, 404))
    (refused,) = await royalmail.tracked(PARCEL)
    assert isinstance(refused, Refused)
    royalmail.server.answer(Reply(status=404, body=b"<h1>Not Found</h1>"))
    with pytest.raises(Unreachable):
        await royalmail.tracked(PARCEL)


async def test_the_gateway_is_quoted_where_it_does_not_take_the_app(royalmail: Playing) -> None:
    with pytest.raises(Unauthorised, match="Client id or secret not registered"):
        await royalmail.account(royalmail.standin.wrong_credentials(royalmail.server.url)).try_credentials()
