"""GLS: its codes and wordings, its batches and their members, its token and its refusals."""

import base64
import csv
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from karla.infra.http.standin import Reply
from karla.integrations import manifests, registry, tracking
from karla.integrations.carriers.contract import Parcel, Raw, Reading
from karla.integrations.contract import Kind, NotFound, Pace, Refused, Unauthorised, Unreachable
from tests.integrations.carriers.playing import Playing, parcel_of, playing

MESSAGES = [*csv.DictReader((Path(__file__).parent / "gls_messages.csv").read_text(encoding="utf-8").splitlines())]
NUMBER = "50346129999"
PARCEL = Parcel(tracking_number=NUMBER, carrier_reference="gls", destination_country="DE")


@pytest.fixture
async def gls() -> AsyncIterator[Playing]:
    async with playing("gls") as played:
        yield played


def event(moment: str, code: str = "", text: str = "", **place: str) -> dict[str, str]:
    return {"code": code, "description": text, "eventDateTime": moment, **place}


def member(*events: dict[str, str], **told: object) -> bytes:
    """A member of `parcels`, events newest first as GLS has them."""
    return msgspec.json.encode({"requested": NUMBER, "unitno": NUMBER, "events": events, **told})


def read(raw: bytes) -> Reading:
    return tracking.read("gls", raw, PARCEL)


def answering(*members: dict[str, str]) -> Reply:
    return Reply.json({"parcels": members})


# Codes and wordings


@pytest.mark.parametrize("row", MESSAGES, ids=lambda row: row["text"] or row["code"])
def test_a_code_or_a_wording_is_the_event_that_it_tells_of(row: dict[str, str]) -> None:
    if status := row["code"].removeprefix("status:").strip() if row["code"].startswith("status:") else "":
        raw = member(status=status, statusDateTime="2026-03-12T08:00:00+0100")
    else:
        raw = member(event("2026-03-12T08:00:00+0100", row["code"], row["text"]))
    reading = read(raw)
    (scan,) = reading.scans
    assert scan.event_name == (None if row["event"] in "?-" else row["event"])
    assert reading.unknown == ((row["code"] or row["text"],) if row["event"] == "?" else ())
    assert scan.raw_text == row["text"]


def test_a_code_that_gls_doesnt_publish_is_told_by_its_wording() -> None:
    told = event("2026-03-12T08:00:00+0100", "DELIVD.SOMEHOW", "The parcel has been delivered at the neighbour´s")
    assert [scan.event_name for scan in read(member(told)).scans] == ["DELIVERED_TO_NEIGHBOUR"]
    assert read(member(told)).unknown == ()


def test_a_code_is_known_whatever_the_wording() -> None:
    told = event("2026-03-12T08:00:00+0100", "DELIVD.PARCELSHOP", "Le colis est livré.")
    assert read(member(told)).scans[0].event_name == "READY_FOR_COLLECTION_AT_PARCEL_SHOP"


def test_after_a_return_a_hub_is_on_the_way_back_and_a_delivery_to_the_sender() -> None:
    told = [
        event("2026-03-14T08:00:00+0100", "DELIVD.NORMAL", "The parcel has been delivered."),
        event("2026-03-13T08:00:00+0100", "INBOUD.NORMAL", "The parcel has reached the parcel center."),
        event("2026-03-12T08:00:00+0100", "X", "The parcel has been returned to sender."),
        event("2026-03-11T08:00:00+0100", "INBOUD.NORMAL", "The parcel has reached the parcel center."),
    ]
    assert [scan.event_name for scan in read(member(*told)).scans] == [
        "ARRIVAL_AT_TRANSPORT_HUB",
        "RETURN_TO_SENDER_INITIATED",
        "RETURN_TO_SENDER_IN_TRANSIT",
        "RETURNED_TO_SENDER",
    ]


# Times, places and identity


def test_a_time_keeps_its_offset_and_a_place_its_zone() -> None:
    told = event("2026-07-29T09:40:00+0200", "DELIVD.NORMAL", city="Cork", country="ie", postalCode="")
    (scan,) = read(member(told)).scans
    assert scan.event_time == datetime(2026, 7, 29, 7, 40, tzinfo=UTC)
    assert scan.timezone == "Europe/Dublin"
    assert scan.location == {"city": "Cork", "country": "IE"}


def test_of_two_scans_at_one_time_the_one_that_is_listed_last_comes_first() -> None:
    told = [
        event("2026-03-12T08:00:00+0100", "OUTDEL.NORMAL"),
        event("2026-03-12T08:00:00+0100", "INBOUD.NORMAL"),
    ]
    assert [scan.raw_code for scan in read(member(*told)).scans] == ["INBOUD.NORMAL", "OUTDEL.NORMAL"]


def test_a_scan_is_the_same_in_another_language_and_told_once() -> None:
    english = event("2026-03-12T08:00:00+0100", "INBOUD.NORMAL", "The parcel has reached the parcel center.")
    german = event("2026-03-12T08:00:00+0100", "INBOUD.NORMAL", "Das Paket ist im GLS Standort eingetroffen.")
    assert read(member(english)).scans[0].external_id == read(member(german)).scans[0].external_id
    assert len(read(member(english, english)).scans) == 1


@pytest.mark.parametrize("moment", ["", "yesterday", "0001-01-01T00:00:00+0000", "9999-12-31T23:59:59+0000"])
def test_a_scan_without_a_time_is_passed_over(moment: str) -> None:
    assert read(member(event(moment, "INBOUD.NORMAL"))).scans == ()


def test_what_is_null_counts_as_left_out() -> None:
    told = {"code": None, "city": None, "country": None, "description": None, "eventDateTime": None}
    assert read(msgspec.json.encode({"requested": None, "events": [told], "status": None})) == Reading()
    assert read(msgspec.json.encode({"requested": NUMBER, "events": None})) == Reading()


@pytest.mark.parametrize("body", [b"", b"[]", b'{"events": 1}', b'{"events": ["none"]}', b"\xff"])
def test_what_is_no_member_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read(body)


# Requests


async def test_a_request_is_as_gls_documents_it(gls: Playing) -> None:
    recording = gls.standin.recordings.all["delivered.de.json"]
    await gls.tracked(parcel_of(recording))
    login, request = (entry.asked for entry in gls.server.journal)
    assert (login.method, login.path, login.body) == ("POST", "/oauth2/v2/token", b"grant_type=client_credentials")
    basic = base64.b64encode(b"demo-gls-key:demo-gls-secret").decode()
    assert login.headers["authorization"] == f"Basic {basic}"
    assert request.path == f"/track-and-trace-v1/tracking/simple/trackids/{recording.number}"
    assert request.query == {"showEvents": "true", "showLinks": "false"}
    assert request.headers["accept-language"] == "DE"
    assert request.headers["authorization"] == "Bearer demo-gls-token-0001"


async def test_one_token_serves_until_it_ends(gls: Playing) -> None:
    account, recording = gls.account(), gls.standin.recordings.all["delivered.en.json"]
    for _ in range(3):
        await account.track([parcel_of(recording)])
    assert paths(gls).count("/oauth2/v2/token") == 1
    gls.clock.advance(timedelta(hours=4))
    await account.track([parcel_of(recording)])
    assert paths(gls).count("/oauth2/v2/token") == 2


def paths(gls: Playing) -> list[str]:
    return [entry.asked.path for entry in gls.server.journal]


async def test_ten_parcels_are_one_request_a_language(gls: Playing) -> None:
    recordings = [one for one in gls.standin.recordings.all.values() if one.events][:10]
    answers = await gls.account().track([parcel_of(one) for one in recordings])
    assert [answer.body for answer in answers if isinstance(answer, Raw)] == [one.body for one in recordings]
    assert len(gls.server.journal) == 1 + len({one.language for one in recordings})


async def test_a_number_is_asked_for_without_its_blanks_and_once(gls: Playing) -> None:
    gls.standin.recordings.play(NUMBER, "delivered.en.json")
    spaced = msgspec.structs.replace(PARCEL, tracking_number="503 461 299 99")
    answers = await gls.account().track([spaced, PARCEL])
    assert answers[0] == answers[1]
    assert isinstance(answers[0], Raw)
    assert paths(gls)[-1].endswith(f"/trackids/{NUMBER}")


async def test_a_number_that_cant_be_one_is_refused_and_spoils_no_other(gls: Playing) -> None:
    good = parcel_of(gls.standin.recordings.all["delivered.en.json"])
    bad = msgspec.structs.replace(PARCEL, tracking_number="503/461?x=1,2")
    answers = await gls.account().track([bad, good])
    assert isinstance(answers[0], Refused)
    assert isinstance(answers[1], Raw)
    assert bad.tracking_number not in str(answers[0])


async def test_with_no_number_to_ask_for_nothing_is_asked(gls: Playing) -> None:
    await gls.account().track([msgspec.structs.replace(PARCEL, tracking_number="???")])
    assert gls.server.journal == []


# Members


async def test_a_member_is_found_by_what_was_asked_for_in_any_order(gls: Playing) -> None:
    other = msgspec.structs.replace(PARCEL, tracking_number="zz12")
    await gls.account().try_credentials()
    account = gls.account()
    await account.track([PARCEL])
    gls.server.answer(
        answering({"requested": "ZZ12", "unitno": "1", "status": "INTRANSIT"}, {"requested": NUMBER, "unitno": "2"})
    )
    answers = await account.track([PARCEL, other])
    assert [msgspec.json.decode(answer.body)["unitno"] for answer in answers if isinstance(answer, Raw)] == ["2", "1"]


async def test_of_several_parcels_it_is_the_one_whose_own_number_it_is(gls: Playing) -> None:
    account = gls.account()
    await account.try_credentials()
    gls.server.answer(answering({"requested": NUMBER, "unitno": "1"}, {"requested": NUMBER, "unitno": NUMBER}))
    (answer,) = await account.track([PARCEL])
    assert isinstance(answer, Raw)
    assert msgspec.json.decode(answer.body)["unitno"] == NUMBER


@pytest.mark.parametrize(
    ("code", "outcome"), [("E_404_01", NotFound), ("E_500_01", Unreachable), ("E_400_01", Refused)]
)
async def test_a_member_with_an_error_is_about_its_parcel_alone(gls: Playing, code: str, outcome: type) -> None:
    account = gls.account()
    await account.try_credentials()
    gls.server.answer(answering({"requested": NUMBER, "errorCode": code}, {"requested": "2", "unitno": "2"}))
    answers = await account.track([PARCEL, msgspec.structs.replace(PARCEL, tracking_number="2")])
    assert isinstance(answers[0], outcome)
    assert isinstance(answers[1], Raw)


async def test_a_404_with_members_is_read_and_one_without_is_a_wrong_address(gls: Playing) -> None:
    account = gls.account()
    await account.try_credentials()
    told = {"parcels": [{"requested": NUMBER, "errorCode": "E_404_01"}]}
    gls.server.answer(Reply.json(told, 404))
    assert await account.track([PARCEL]) == [NotFound()]
    gls.server.answer(Reply.json({"title": "Not Found", "status": 404}, 404))
    with pytest.raises(Refused):
        await account.track([PARCEL])


@pytest.mark.parametrize(
    "told", [{}, {"parcels": None}, {"parcels": 1}, {"parcels": [1]}, {"parcels": [{"events": 1}]}]
)
async def test_an_answer_of_another_form_is_unreachable(gls: Playing, told: dict[str, object]) -> None:
    account = gls.account()
    await account.try_credentials()
    gls.server.answer(Reply.json(told))
    with pytest.raises(Unreachable):
        await account.track([PARCEL])


# Refusals and pace


@pytest.mark.parametrize("status", [400, 401])
async def test_a_login_that_is_refused_is_a_matter_of_the_credentials(gls: Playing, status: int) -> None:
    gls.server.answer(Reply.json({"error": "invalid_client", "error_description": "no such app"}, status))
    with pytest.raises(Unauthorised, match="no such app"):
        await gls.account().try_credentials()


async def test_an_app_without_the_service_is_not_authorised(gls: Playing) -> None:
    account = gls.account()
    await account.try_credentials()
    fault = {"fault": {"faultstring": "Invalid API call as no apiproduct match found", "detail": {"errorcode": "x"}}}
    gls.server.answer(Reply.json(fault, 401), times=2)
    with pytest.raises(Unauthorised, match="no apiproduct match found"):
        await account.track([PARCEL])


def test_a_fresh_app_has_gls_first_pace_and_an_upgraded_one_its_own() -> None:
    about = registry.manifest(Kind.CARRIERS, "gls")
    given = {"api_key": "demo-gls-key", "api_secret": "demo-gls-secret"}
    assert manifests.pace_of(about, given) == Pace(calls_per_day=500, batch=10)
    upgraded = {**given, "calls_per_day": "20000"}
    assert manifests.credential_faults(about, upgraded) == []
    assert manifests.pace_of(about, upgraded) == Pace(calls_per_day=20000, batch=10)
