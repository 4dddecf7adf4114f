"""DPD: its stages and wordings, its times, the shop where a parcel waits, its SOAP and its faults."""

import csv
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from karla.infra.http.standin import Reply
from karla.integrations import manifests, registry, tracking
from karla.integrations.carriers.contract import Parcel, PickupPoint, Raw, Reading
from karla.integrations.carriers.dpd import soap
from karla.integrations.contract import Kind, NotFound, Pace, Refused, Unauthorised, Unreachable
from tests.integrations.carriers.playing import Playing, parcel_of, playing

MESSAGES = [*csv.DictReader((Path(__file__).parent / "dpd_messages.csv").read_text(encoding="utf-8").splitlines())]
NUMBER = "09985053209999"
PARCEL = Parcel(tracking_number=NUMBER, carrier_reference="dpd", destination_country="DE")
BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.fixture
async def dpd() -> AsyncIterator[Playing]:
    async with playing("dpd") as played:
        yield played


def content(*lines: str) -> str:
    return "".join(f"<content><content>{line}</content></content>" for line in lines)


def stage(
    status: str, text: str, date: str, *, place: str = "Berlin (DE)", reached: str = "true", more: str = ""
) -> str:
    return (
        f"<statusInfo><status>{status}</status><label><content>Paket in Zustellung</content></label>"
        f"<description>{content(text)}</description><statusHasBeenReached>{reached}</statusHasBeenReached>"
        f"<isCurrentStatus>false</isCurrentStatus><location><content>{place}</content></location>"
        f"<date><content>{date}</content></date>{more}</statusInfo>"
    )


def item(kind: str, label: str, *lines: str, link: str = "") -> str:
    return f"<{kind}><label><content>{label}</content></label>{content(*lines)}<linkTarget>{link}</linkTarget></{kind}>"


def message(inner: str) -> bytes:
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header/>'
        f"<s:Body>{inner}</s:Body></s:Envelope>"
    ).encode()


def answer(*stages: str, predict: str = "") -> bytes:
    info = f"<shipmentInfo><predictInformation>{content(predict)}</predictInformation></shipmentInfo>"
    space = soap.TRACKING
    return message(
        f'<a:getTrackingDataResponse xmlns:a="{space}"><trackingresult>{info}{"".join(stages)}</trackingresult>'
        "</a:getTrackingDataResponse>"
    )


def fault(kind: str, code: str, *, status: int = 500) -> Reply:
    words = f"<errorCode>{code}</errorCode><errorMessage>Erika Mustermann</errorMessage>"
    detail = f"<detail><n:{kind} xmlns:n='x'>{words}</n:{kind}></detail>"
    inner = f"<faultcode>soap:Server</faultcode><faultstring>Fault occured</faultstring>{detail}"
    return Reply(status=status, body=message(f"<s:Fault>{inner}</s:Fault>"))


def read(raw: bytes, parcel: Parcel = PARCEL) -> Reading:
    return tracking.read("dpd", raw, parcel)


# Stages and wordings


@pytest.mark.parametrize("row", MESSAGES, ids=lambda row: f"{row['status']} {row['text']}")
def test_a_wording_is_the_event_that_it_tells_of(row: dict[str, str]) -> None:
    reading = read(answer(stage(row["status"], row["text"], "12/03/2026, 08:00")))
    (scan,) = reading.scans
    assert scan.event_name == (None if row["event"] in "?-" else row["event"])
    assert reading.unknown == ((row["text"],) if row["event"] == "?" else ())
    assert (scan.raw_code, scan.raw_text) == (row["status"], row["text"])


def test_the_reason_of_a_failure_tells_more_than_its_description() -> None:
    reason = item("errorItems", "Grund", "Die Annahme wurde verweigert (ohne Begründung).")
    told = stage("AT_DELIVERY_DEPOT", "Leider konnten wir Ihr Paket nicht zustellen.", "12/03/2026, 08:00", more=reason)
    (scan,) = read(answer(told)).scans
    assert scan.event_name == "DELIVERY_FAILED_REFUSED"
    assert scan.raw_text == (
        "Leider konnten wir Ihr Paket nicht zustellen. Die Annahme wurde verweigert (ohne Begründung)."
    )


def test_a_stage_to_come_is_no_scan() -> None:
    told = [
        stage("ACCEPTED", "DPD hat Ihr Paket erhalten.", "10/03/2026, 17:45"),
        stage("DELIVERED", "Ihr Paket wurde erfolgreich zugestellt.", "12/03/2026, 12:00", reached="false"),
    ]
    assert [scan.event_name for scan in read(answer(*told)).scans] == ["ACCEPTED_BY_CARRIER"]


def test_of_people_only_who_took_the_parcel_is_read() -> None:
    who = item("normalItems", "Zustellung an", "MUSTERMANN")
    told = stage("DELIVERED", "Erfolgreich zugestellt.", "12/03/2026, 08:00", more=who)
    reading = read(answer(told))
    assert reading.received_by == "MUSTERMANN"
    assert b"MUSTERMANN" not in msgspec.json.encode(msgspec.structs.replace(reading, received_by=None))
    other = item("normalItems", "Empfänger", "MUSTERMANN")
    unread = read(answer(stage("DELIVERED", "Erfolgreich zugestellt.", "12/03/2026, 08:00", more=other)))
    assert b"MUSTERMANN" not in msgspec.json.encode(unread)


def test_a_later_wording_of_a_stage_is_a_scan_of_its_own_and_the_same_one_is_told_once() -> None:
    first = stage("AT_DELIVERY_DEPOT", "Im Paketzustellzentrum.", "12/03/2026, 05:00")
    second = stage("AT_DELIVERY_DEPOT", "In Zustellung.", "12/03/2026, 05:00")
    early, late = read(answer(first)), read(answer(first, first, second))
    assert len(late.scans) == 2
    assert late.scans[0].external_id == early.scans[0].external_id


# Times and places


@pytest.mark.parametrize(
    ("date", "place", "moment", "zone"),
    [
        ("05/07/2026, 08:00", "Berlin (DE)", "2026-07-05T06:00", "Europe/Berlin"),
        ("05.07.2026, 08:00", "Berlin (DE)", "2026-07-05T06:00", "Europe/Berlin"),
        ("05.07.2026, 08:00 Uhr", "", "2026-07-05T06:00", "Europe/Berlin"),
        ("05/07/2026, 08:00", "London (GB)", "2026-07-05T07:00", "Europe/London"),
        ("05/07/2026, 08:00", "New York (US)", "2026-07-05T08:00", None),
        ("7/5/2026 8:00:00 AM", "Puurs (BE)", "2026-07-05T06:00", "Europe/Brussels"),
        ("7/5/2026 12:30:00 AM", "Puurs (BE)", "2026-07-04T22:30", "Europe/Brussels"),
        ("7/5/2026 12:30:00 PM", "Puurs (BE)", "2026-07-05T10:30", "Europe/Brussels"),
    ],
)
def test_a_time_is_local_to_its_depot(date: str, place: str, moment: str, zone: str | None) -> None:
    (scan,) = read(answer(stage("ON_THE_ROAD", "Unterwegs.", date, place=place))).scans
    assert (scan.event_time, scan.timezone) == (datetime.fromisoformat(moment).replace(tzinfo=UTC), zone)


@pytest.mark.parametrize(
    "date",
    ["", "gestern", "12.03.2026", "31/02/2026, 08:00", "12/03/0001, 08:00", "13/13/2026 8:00 AM", "1/2/2026 13:00 PM"],
)
def test_a_stage_without_a_time_that_can_be_read_is_passed_over(date: str) -> None:
    assert read(answer(stage("ON_THE_ROAD", "Unterwegs.", date))).scans == ()


def test_a_place_is_taken_apart() -> None:
    told = stage("ON_THE_ROAD", "Unterwegs.", "12/03/2026, 08:00", place="Bad Hersfeld (DE)")
    assert read(answer(told)).scans[0].location == {"city": "Bad Hersfeld", "country": "DE"}


@pytest.mark.parametrize(
    ("predict", "window"),
    [
        ("Ihr Paket wird am 12.03.2026 zwischen 13:10 und 14:10 Uhr zugestellt.", ("03-12T12:10", "03-12T13:10")),
        ("Your parcel is estimated to be delivered on: 12.03.2026", ("03-11T23:00", "03-12T23:00")),
        ("Zustellung am 12.03.2026 ab 13:10 Uhr", ("03-11T23:00", "03-12T23:00")),
        ("Zustellung am 12.03.2026 oder 13.03.2026", None),
        ("Zustellung am 31.02.2026", None),
        ("Bald!", None),
        ("", None),
    ],
)
def test_a_forecast_is_a_window(predict: str, window: tuple[str, str] | None) -> None:
    reading = read(answer(stage("ON_THE_ROAD", "Unterwegs.", "11/03/2026, 08:00"), predict=predict))
    ends = (
        tuple(datetime.fromisoformat(f"2026-{end}").replace(tzinfo=UTC) for end in window) if window else (None, None)
    )
    assert (reading.expected_from, reading.expected_to) == ends


# The shop, and the proof


@pytest.mark.parametrize(
    ("file", "point"),
    [
        (
            "parcelshop.de.xml",
            PickupPoint(
                name="Kiosk Am Eck",
                type="shop",
                address="Schönhauser Allee 71, 10437 Berlin",
                url="https://www.dpd.com/de/paketshop/DE12345",
            ),
        ),
        (
            "station.en.xml",
            PickupPoint(name="Pickup station 203", type="locker", address="Danziger Str. 3, 10435 Berlin"),
        ),
        ("collected.en.xml", None),
        ("benelux.en.xml", None),
    ],
)
def test_the_shop_where_a_parcel_waits_is_named(dpd: Playing, file: str, point: PickupPoint | None) -> None:
    recording = dpd.standin.recordings.all[file]
    reading = read(recording.body, parcel_of(recording))
    assert reading.pickup == point
    if point:
        assert reading.scans[-1].additional_info["pickup_point"] == point.name


def test_a_shops_link_is_a_web_address() -> None:
    shop = item("normalItems", "Pickup Paketshop", "Kiosk", link="javascript:alert(1)")
    told = stage("AT_DELIVERY_DEPOT", "Übergabe durch Zusteller an Pickup Paketshop.", "12/03/2026, 08:00", more=shop)
    assert read(answer(told)).pickup == PickupPoint(name="Kiosk", type="shop")


def test_the_proof_of_delivery_and_the_service_are_read(dpd: Playing) -> None:
    recording = dpd.standin.recordings.all["delivered.de.xml"]
    reading = read(recording.body, parcel_of(recording))
    assert reading.proof_of_delivery_url == "https://tracking.dpd.de/pod/09985053208607"
    assert reading.service == "DPD CLASSIC"


# SOAP


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"\xff",
        b"{}",
        b"<Envelope/>",
        message(""),
        message("<a/><b/>"),
        message("<getAuthResponse/>"),
        BOMB.encode() + message("<x>&b;</x>"),
        BOMB.encode("utf-16") + message("<x/>").decode().encode("utf-16-le"),
        b'<?xml version="1.0" encoding="no-such"?><Envelope/>',
        b"<a>" * 100 + b"</a>" * 100,
    ],
)
def test_what_is_no_answer_of_dpd_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read(body)


def test_a_document_type_is_refused_before_anything_is_expanded() -> None:
    with pytest.raises(ValueError, match="document type"):
        soap.body_of(BOMB.encode() + message("<x>&b;</x>"))


def test_an_answer_in_another_encoding_is_read() -> None:
    raw = answer(stage("ON_THE_ROAD", "Unterwegs.", "12/03/2026, 08:00", place="Köln (DE)")).decode()
    body = ('<?xml version="1.0" encoding="iso-8859-1"?>' + raw).encode("iso-8859-1")
    assert read(body).scans[0].location["city"] == "Köln"


def test_what_is_sent_is_escaped() -> None:
    sent = soap.envelope("getAuth", soap.LOGIN, {"password": "a<b>&c"})
    assert soap.text_at(soap.body_of(sent), "password") == "a<b>&c"


# Requests


async def test_a_request_is_as_dpd_documents_it(dpd: Playing) -> None:
    recording = dpd.standin.recordings.all["delivered.de.xml"]
    await dpd.tracked(parcel_of(recording))
    login, request = (entry.asked for entry in dpd.server.journal)
    assert (login.method, login.path) == ("POST", "/services/LoginService/V2_0/")
    assert login.headers["soapaction"] == '"http://dpd.com/common/service/LoginService/2.0/getAuth"'
    assert request.path == "/services/ParcelLifeCycleService/V2_0/"
    assert request.headers["content-type"] == "text/xml; charset=utf-8"
    assert request.headers["soapaction"] == (
        '"http://dpd.com/common/service/ParcelLifeCycleService/2.0/getTrackingData"'
    )
    sent = request.body.decode()
    assert f"<parcelLabelNumber>{recording.number}</parcelLabelNumber>" in sent
    assert "<delisId>demodpd01</delisId><authToken>demo-dpd-ticket-0001</authToken>" in sent
    assert "<messageLanguage>de_DE</messageLanguage>" in sent


@pytest.mark.parametrize(
    "written",
    [NUMBER, "0998 5053 2099 99", f"{NUMBER}K", f"%0010437{NUMBER}101276", f"0010437{NUMBER}101276"],
)
async def test_a_number_is_asked_for_by_its_fourteen_digits(dpd: Playing, written: str) -> None:
    dpd.standin.recordings.play(NUMBER, "delivered.de.xml")
    (found,) = await dpd.tracked(msgspec.structs.replace(PARCEL, tracking_number=written))
    assert isinstance(found, Raw)
    assert f">{NUMBER}<" in dpd.server.journal[-1].asked.body.decode()


@pytest.mark.parametrize("written", ["1", "1Z999AA10123456784", "09985053209999KK", "<a/>"])
async def test_a_number_of_another_form_is_known_to_be_nobodys_without_a_call(dpd: Playing, written: str) -> None:
    assert await dpd.tracked(msgspec.structs.replace(PARCEL, tracking_number=written)) == [NotFound()]
    assert dpd.server.journal == []


async def test_a_number_that_dpd_has_no_data_of_is_not_found(dpd: Playing) -> None:
    assert await dpd.tracked(PARCEL) == [NotFound()]
    assert len(dpd.server.journal) == 2


async def test_one_login_serves_a_day(dpd: Playing) -> None:
    account, parcel = dpd.account(), parcel_of(dpd.standin.recordings.all["delivered.de.xml"])
    await account.try_credentials()
    for hours in (0, 12, 11):
        dpd.clock.advance(timedelta(hours=hours))
        await account.track([parcel])
    assert logins(dpd) == 1
    dpd.clock.advance(timedelta(hours=2))
    await account.track([parcel])
    assert logins(dpd) == 2


def logins(dpd: Playing) -> int:
    return sum("LoginService" in entry.asked.path for entry in dpd.server.journal)


# Faults


async def test_a_token_that_dpd_takes_no_more_is_asked_for_anew(dpd: Playing) -> None:
    account, parcel = dpd.account(), parcel_of(dpd.standin.recordings.all["delivered.de.xml"])
    await account.track([parcel])
    dpd.server.answer(fault("authenticationFault", "LOGIN_6"))
    (found,) = await account.track([parcel])
    assert isinstance(found, Raw)
    assert logins(dpd) == 2


async def test_a_refused_login_names_dpds_code_and_none_of_its_words(dpd: Playing) -> None:
    dpd.server.answer(fault("authenticationFault", "LOGIN_8"))
    with pytest.raises(Unauthorised) as refused:
        await dpd.account().try_credentials()
    assert str(refused.value) == "DPD refuses the login (LOGIN_8)"


@pytest.mark.parametrize("status", [200, 500])
async def test_a_fault_about_the_data_is_a_parcel_that_dpd_has_none_of(dpd: Playing, status: int) -> None:
    account = dpd.account()
    await account.try_credentials()
    dpd.server.answer(fault("dataFault", "X_1", status=status))
    assert await account.track([PARCEL]) == [NotFound()]


async def test_a_fault_of_dpds_own_is_unreachable(dpd: Playing) -> None:
    account = dpd.account()
    await account.try_credentials()
    dpd.server.answer(fault("systemFault", "COMMON_1"))
    with pytest.raises(Unreachable, match="COMMON_1"):
        await account.track([PARCEL])


async def test_a_request_that_dpd_cant_read_is_refused(dpd: Playing) -> None:
    account = dpd.account()
    await account.try_credentials()
    inner = "<s:Fault><faultcode>soap:Client</faultcode><faultstring>Error reading</faultstring></s:Fault>"
    dpd.server.answer(Reply(status=500, body=message(inner)))
    (refused,) = await account.track([PARCEL])
    assert isinstance(refused, Refused)


@pytest.mark.parametrize(
    "body", [message("<getAuthResponse/>"), message("<x/>"), BOMB.encode() + message("<x/>"), b"<a/>"]
)
async def test_an_answer_of_another_form_is_unreachable(dpd: Playing, body: bytes) -> None:
    account = dpd.account()
    await account.try_credentials()
    dpd.server.answer(Reply(body=body))
    with pytest.raises(Unreachable):
        await account.track([PARCEL])


async def test_a_login_without_a_token_is_unreachable(dpd: Playing) -> None:
    dpd.server.answer(Reply(body=message("<getAuthResponse><return/></getAuthResponse>")))
    with pytest.raises(Unreachable):
        await dpd.account().try_credentials()


def test_the_pace_is_dpds_unless_a_merchant_states_another() -> None:
    about = registry.manifest(Kind.CARRIERS, "dpd")
    given = {"delis_id": "demodpd01", "password": "a pass word"}
    assert manifests.credential_faults(about, given) == []
    assert manifests.pace_of(about, given) == Pace(calls_per_second=1)
    assert manifests.pace_of(about, {**given, "calls_per_day": "5000"}).calls_per_day == 5000
