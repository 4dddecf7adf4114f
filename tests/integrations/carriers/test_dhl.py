"""DHL: its places, times, legs and shipments of one number, as a merchant sees them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from karla.infra.http.standin import Reply
from karla.integrations import manifests, registry
from karla.integrations.carriers.contract import Parcel, PickupPoint, Raw
from karla.integrations.contract import Kind, NotFound, Pace, Refused
from tests.integrations.carriers.dhl_answers import NUMBER, PARCEL, answer, at, event, read
from tests.integrations.carriers.playing import Playing, parcel_of, playing


@pytest.fixture
async def dhl() -> AsyncIterator[Playing]:
    async with playing("dhl") as played:
        yield played


# Places and times


@pytest.mark.parametrize(
    ("service", "place", "origin", "destination", "moment", "zone"),
    [
        ("parcel-de", {}, "DE", "DE", "2026-07-05T06:00", "Europe/Berlin"),
        ("parcel-de", at(addressLocality="Deutschland"), "DE", "DE", "2026-07-05T06:00", "Europe/Berlin"),
        ("parcel-de", at(addressLocality="Regensburg"), "DE", "DE", "2026-07-05T06:00", "Europe/Berlin"),
        ("parcel-de", at(addressLocality="Regensburg"), "DE", "GB", "2026-07-05T08:00", None),
        ("parcel-de", at(addressLocality="United Kingdom"), "DE", "GB", "2026-07-05T07:00", "Europe/London"),
        ("parcel-de", {}, "DE", "GB", "2026-07-05T08:00", None),
        (
            "parcel-nl",
            at(addressLocality="Utrecht", countryCode="NL"),
            "NL",
            "NL",
            "2026-07-05T06:00",
            "Europe/Amsterdam",
        ),
        ("express", at(addressLocality="LOS ANGELES, CA - USA"), "DE", "US", "2026-07-05T15:00", "America/Los_Angeles"),
        (
            "express",
            at(addressLocality="Canary", countryCode="ES", postalCode="35001"),
            "DE",
            "ES",
            "2026-07-05T07:00",
            "Atlantic/Canary",
        ),
        ("express", at(addressLocality="SOMEWHERE - USA"), "DE", "US", "2026-07-05T08:00", None),
        ("express", {}, "DE", "US", "2026-07-05T08:00", None),
    ],
)
def test_a_local_time_is_resolved_by_its_place(
    service: str, place: dict[str, Any], origin: str, destination: str, moment: str, zone: str | None
) -> None:
    told = event("2026-07-05T08:00:00", "Die Sendung wurde im Paketzentrum bearbeitet.", location=place)
    raw = answer(told, service=service, origin=at(countryCode=origin), destination=at(countryCode=destination))
    (scan,) = read(raw, msgspec.structs.replace(PARCEL, destination_country=destination)).scans
    assert (scan.event_time, scan.timezone) == (datetime.fromisoformat(moment).replace(tzinfo=UTC), zone)


def test_an_announcement_without_a_place_is_of_the_services_country() -> None:
    told = event("2026-07-05T08:00:00", "Die Sendung wurde elektronisch angekündigt.", "pre-transit")
    (scan,) = read(answer(told, destination=at(countryCode="GB"))).scans
    assert (scan.event_time.hour, scan.timezone) == (6, "Europe/Berlin")


def test_a_place_is_taken_apart() -> None:
    told = event("2026-07-05T08:00:00", "Processed", location=at(addressLocality="CINCINNATI HUB, OH - USA"))
    assert read(answer(told, service="express")).scans[0].location == {
        "city": "CINCINNATI HUB",
        "region": "OH",
        "country": "US",
    }


def test_scans_in_the_hour_that_comes_twice_keep_dhls_order() -> None:
    told = [
        event("2026-10-25T02:10:00", "Die Sendung wurde im Ziel-Paketzentrum bearbeitet."),
        event("2026-10-25T02:40:00", "Die Sendung wurde im Start-Paketzentrum bearbeitet."),
    ]
    assert [(scan.event_name, f"{scan.event_time:%H:%M}") for scan in read(answer(*told)).scans] == [
        ("PROCESSED_AT_ORIGIN_FACILITY", "00:40"),
        ("ARRIVAL_AT_TRANSPORT_HUB", "01:10"),
    ]


# What else DHL says


@pytest.mark.parametrize(
    ("members", "window"),
    [
        ({"estimatedTimeOfDelivery": "2026-03-12"}, ("2026-03-11T23:00", "2026-03-12T23:00")),
        ({"estimatedTimeOfDelivery": "2026-03-12T00:00:00"}, ("2026-03-11T23:00", "2026-03-12T23:00")),
        ({"estimatedTimeOfDelivery": "2026-03-12T18:00:00Z"}, ("2026-03-12T18:00", "2026-03-12T18:00")),
        (
            {
                "estimatedDeliveryTimeFrame": {
                    "estimatedFrom": "2026-03-12T12:10:00",
                    "estimatedThrough": "2026-03-12T14:40:00",
                }
            },
            ("2026-03-12T11:10", "2026-03-12T13:40"),
        ),
        (
            {
                "estimatedDeliveryTimeFrame": {
                    "estimatedFrom": "2026-03-12T00:00:00",
                    "estimatedThrough": "2026-03-13T23:59:59",
                }
            },
            ("2026-03-11T23:00", "2026-03-13T23:00"),
        ),
        (
            {"estimatedDeliveryTimeFrame": {"estimatedFrom": "2026-03-12T12:10:00+01:00"}},
            ("2026-03-12T11:10", "2026-03-12T11:10"),
        ),
        (
            {"estimatedDeliveryTimeFrame": {"estimatedThrough": "2026-03-12T14:40:00"}},
            ("2026-03-12T13:40", "2026-03-12T13:40"),
        ),
        (
            {
                "estimatedDeliveryTimeFrame": {
                    "estimatedFrom": "2026-03-12T15:00:00",
                    "estimatedThrough": "2026-03-12T14:40:00",
                }
            },
            ("2026-03-12T13:40", "2026-03-12T14:00"),
        ),
        ({"estimatedTimeOfDelivery": "by tomorrow"}, None),
        ({}, None),
    ],
)
def test_the_expected_delivery_is_a_window(members: dict[str, Any], window: tuple[str, str] | None) -> None:
    told = event("2026-03-11T14:02:00", "Die Sendung wurde elektronisch angekündigt.", "pre-transit")
    reading = read(answer(told, **members))
    ends = tuple(datetime.fromisoformat(end).replace(tzinfo=UTC) for end in window) if window else (None, None)
    assert (reading.expected_from, reading.expected_to) == ends


def test_remark_and_next_steps_are_the_newest_scans() -> None:
    newest = event("2026-03-12T08:00:00", "Die Sendung wurde in das Zustellfahrzeug geladen.")
    older = event("2026-03-11T08:00:00", "Die Sendung wurde abgeholt.")
    status = {**newest, "remark": "Heute.", "nextSteps": "Die Sendung wird zugestellt."}
    reading = read(answer(newest, older, status=status))
    assert [dict(scan.additional_info) for scan in reading.scans] == [
        {},
        {"remark": "Heute.", "next_steps": "Die Sendung wird zugestellt."},
    ]


@pytest.mark.parametrize(
    ("file", "point"),
    [
        (
            "packstation.de.json",
            PickupPoint(name="Packstation 119", type="locker", address="Wernerwerkstr. 2b, 93049 Regensburg"),
        ),
        (
            "retail_outlet.en.json",
            PickupPoint(name="postal retail outlet 517", type="shop", address="Frankfurter Allee 71-77, 10247 Berlin"),
        ),
        ("failed.de.json", PickupPoint(name="Filiale Torstr. 105", type="shop", address="10119 Berlin")),
        ("delivered.de.json", None),
    ],
)
async def test_the_place_to_collect_at_is_named(dhl: Playing, file: str, point: PickupPoint | None) -> None:
    recording = dhl.standin.recordings.all[file]
    reading = read(recording.body, parcel_of(recording))
    assert reading.pickup == point
    if point:
        assert reading.scans[-1].additional_info["pickup_point"] == point.name


def test_a_service_point_of_dhls_own_comes_before_the_text() -> None:
    place = {
        "address": {"streetAddress": "Damrak 1"},
        "servicePoint": {"label": "Kiosk Damrak", "url": "https://dhl.nl/1"},
    }
    told = event("2026-03-12T08:00:00", "The shipment is ready for pick-up at the retail outlet 1.", location=place)
    reading = read(answer(told))
    assert reading.pickup == PickupPoint(name="Kiosk Damrak", type="shop", address="Damrak 1", url="https://dhl.nl/1")
    collected = event("2026-03-13T08:00:00", "Der Empfänger hat die Sendung in der Filiale abgeholt.", "delivered")
    assert read(answer(collected, told)).pickup is None


async def test_proof_of_delivery_weight_and_product_are_read(dhl: Playing) -> None:
    recording = dhl.standin.recordings.all["express_delivered.en.json"]
    reading = read(recording.body, parcel_of(recording))
    assert (reading.service, reading.weight_grams) == ("EXPRESS WORLDWIDE", 1200)
    assert (reading.origin_country, reading.destination_country) == ("ES", "NL")
    assert str(reading.proof_of_delivery_url).startswith("https://webpod.dhl.com/")
    assert reading.received_by == "J. JANSEN"


async def test_the_receivers_own_name_is_nobody_who_took_the_parcel(dhl: Playing) -> None:
    recording = dhl.standin.recordings.all["delivered.de.json"]
    assert b"Mustermann" in recording.body
    assert "Mustermann" not in repr(read(recording.body, parcel_of(recording)))


@pytest.mark.parametrize(("url", "shown"), [("https://www.dhl.de/x", True), ("javascript:alert(1)", False)])
def test_a_reroute_address_is_a_web_address(url: str, shown: bool) -> None:
    told = event("2026-03-12T08:00:00", "Die Sendung wurde abgeholt.")
    assert read(answer(told, rerouteUrl=url)).reroute_url == (url if shown else None)


# Several shipments


async def test_what_follows_a_refusal_is_the_way_back() -> None:
    told = [
        event("2026-03-16T10:00:00", "Die Sendung wurde erfolgreich zugestellt.", "delivered"),
        event("2026-03-13T20:00:00", "Die Sendung wurde im Paketzentrum bearbeitet."),
        event("2026-03-12T12:00:00", "Rücksendung eingeleitet", "failure"),
        event("2026-03-12T08:00:00", "Die Sendung wurde in das Zustellfahrzeug geladen."),
    ]
    assert [scan.event_name for scan in read(answer(*told)).scans] == [
        "OUT_FOR_DELIVERY",
        "RETURN_TO_SENDER_INITIATED",
        "RETURN_TO_SENDER_IN_TRANSIT",
        "RETURNED_TO_SENDER",
    ]


async def test_a_parcel_is_looked_for_in_the_service_of_its_carrier(dhl: Playing) -> None:
    recording = dhl.standin.recordings.all["express_delivered.en.json"]
    await dhl.tracked(parcel_of(recording))
    assert dhl.server.journal[-1].asked.query == {
        "trackingNumber": "3318810025",
        "service": "express",
        "language": "en",
        "requesterCountryCode": "NL",
        "recipientPostalCode": "1012 AB",
        "limit": "5",
    }
    assert dhl.server.journal[-1].asked.headers["dhl-api-key"] == "demo-key"


async def test_a_language_that_dhl_is_not_read_in_is_asked_for_in_english(dhl: Playing) -> None:
    await dhl.tracked(msgspec.structs.replace(PARCEL, language="pl"))
    assert dhl.server.journal[-1].asked.query["language"] == "en"


async def test_another_countrys_shipment_with_this_number_is_passed_over(dhl: Playing) -> None:
    recording = dhl.standin.recordings.all["several.en.json"]
    (found,) = await dhl.tracked(parcel_of(recording))
    assert isinstance(found, Raw)
    assert read(found.body, parcel_of(recording)).destination_country == "NL"
    (nothing,) = await dhl.tracked(msgspec.structs.replace(parcel_of(recording), destination_country="FR"))
    assert nothing == NotFound()


async def test_the_service_that_dhl_points_to_is_asked_next_and_no_further_one(dhl: Playing) -> None:
    parcel = Parcel(tracking_number="61011234500", destination_country="FR")
    elsewhere = {"id": "61011234500", "service": "freight", "destination": at(countryCode="SE"), "status": {}}
    urls = [f"/track/shipments?trackingNumber=61011234500&service={name}" for name in ("express", "parcel-nl")]
    reply = Reply.json({"shipments": [elsewhere], "possibleAdditionalShipmentsUrl": urls})
    own = Reply.json({"shipments": [{**elsewhere, "service": "express", "destination": at(countryCode="FR")}]})
    dhl.server.answer(reply)
    dhl.server.answer(own)
    (found,) = await dhl.tracked(parcel)
    assert found == Raw(own.body)
    assert [entry.asked.query.get("service") for entry in dhl.server.journal] == [None, "express"]
    dhl.server.answer(reply, times=2)
    assert await dhl.tracked(parcel) == [NotFound()]
    assert len(dhl.server.journal) == 4


async def test_of_several_shipments_it_is_the_one_with_the_number_of_the_parcel_or_a_piece() -> None:
    told = event("2026-03-12T08:00:00", "Die Sendung wurde abgeholt.")
    shipments = [
        {"id": "1", "service": "parcel-de", "status": told, "details": {"product": {"productName": "other"}}},
        {"id": "2", "service": "parcel-de", "status": told, "details": {"pieceIds": [NUMBER]}},
    ]
    assert read(msgspec.json.encode({"shipments": shipments})).service == "parcel-de"
    assert read(msgspec.json.encode({"shipments": shipments[:1]})).service == "other"


async def test_a_number_is_asked_for_without_its_blanks(dhl: Playing) -> None:
    await dhl.tracked(msgspec.structs.replace(PARCEL, tracking_number="0034 0434 1610 9402 2115"))
    assert dhl.server.journal[-1].asked.query["trackingNumber"] == NUMBER


# Refusals and pace


async def test_a_number_that_dhl_refuses_is_refused_in_its_words(dhl: Playing) -> None:
    (refused,) = await dhl.tracked(Parcel(tracking_number="1", destination_country="XYZ"))
    assert isinstance(refused, Refused)
    assert refused.code == "Invalid request"
    assert refused.message == "requesterCountryCode must be an ISO 3166-1 alpha-2 code"


def test_a_fresh_key_has_dhls_first_pace_and_an_upgraded_one_its_own() -> None:
    about = registry.manifest(Kind.CARRIERS, "dhl")
    assert manifests.pace_of(about, {"api_key": "demo-key"}) == Pace(calls_per_second=1, calls_per_day=250)
    upgraded = {"api_key": "demo-key", "calls_per_day": "20000", "calls_per_second": "5"}
    assert manifests.credential_faults(about, upgraded) == []
    assert manifests.pace_of(about, upgraded) == Pace(calls_per_second=5, calls_per_day=20000)
