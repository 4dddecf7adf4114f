"""La Poste: its codes, wordings, batches and promises, as a merchant sees them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from karla.infra.http.standin import Reply
from karla.integrations import tracking
from karla.integrations.carriers.contract import Parcel, PickupPoint, Raw, Reading
from karla.integrations.contract import NotFound, Refused, Unreachable
from tests.integrations.carriers.playing import Playing, parcel_of, playing

NUMBER = "6A99999999999"
PARCEL = Parcel(tracking_number=NUMBER, carrier_reference="colissimo", destination_country="FR", language="fr")

# The whole list of codes that La Poste publishes, each with its own name of it.
CODES = [
    ("DR1", "Déclaratif réceptionné", "SHIPMENT_DATA_RECEIVED_BY_CARRIER"),
    ("DR2", "Problème lors de la préparation", None),
    ("PC1", "Pris en charge", "ACCEPTED_BY_CARRIER"),
    ("PC2", "Pris en charge dans le pays d’expédition", "ACCEPTED_BY_CARRIER"),
    ("ET1", "En cours de traitement", "ARRIVAL_AT_TRANSPORT_HUB"),
    ("ET2", "En cours de traitement dans le pays d’expédition", "PROCESSED_AT_ORIGIN_FACILITY"),
    ("ET3", "En cours de traitement dans le pays de destination", "ARRIVAL_IN_DESTINATION_COUNTRY"),
    ("ET4", "En cours de traitement dans un pays de transit", "ARRIVAL_AT_TRANSPORT_HUB"),
    ("EP1", "En attente de présentation", "ARRIVAL_AT_DELIVERY_DEPOT"),
    ("DO1", "Entrée en Douane", "CUSTOMS_CLEARANCE_STARTED"),
    ("DO2", "Sortie de Douane", "CUSTOMS_CLEARANCE_COMPLETED"),
    ("DO3", "Retenu en Douane", "HELD_AT_CUSTOMS"),
    ("ID0", "Informations douane", None),
    ("PB1", "Problème en cours", "DELAYED_BY_CARRIER"),
    ("PB2", "Problème résolu", None),
    ("MD2", "Mis en distribution", "OUT_FOR_DELIVERY"),
    ("ND1", "Non distribuable", "UNDELIVERABLE"),
    ("AG1", "En attente d'être retiré au guichet", "READY_FOR_COLLECTION_AT_POST_OFFICE"),
    ("RE1", "Retourné à l'expéditeur", "RETURN_TO_SENDER_INITIATED"),
    ("DI0", "Distribué en lot", "SUCCESSFULLY_DELIVERED"),
    ("DI1", "Distribué", "SUCCESSFULLY_DELIVERED"),
    ("DI2", "Distribué à l'expéditeur", "RETURNED_TO_SENDER"),
    ("DI3", "Retardé", "DELAYED_BY_CARRIER"),
]
WORDINGS = [
    ("PC1", "Votre colis a été déposé dans un point postal.", "DROPPED_OFF_BY_SENDER"),
    ("ET1", "Votre colis est en transit sur nos plateformes logistiques.", "SORTED_AT_TRANSPORT_HUB"),
    ("ET1", "Votre colis est en cours d'acheminement.", "DEPARTURE_FROM_TRANSPORT_HUB"),
    ("ET1", "Votre colis est arrivé sur son site de distribution", "ARRIVAL_AT_DELIVERY_DEPOT"),
    ("ET1", "Votre colis est arrivé par erreur sur un site. Il est en cours de réacheminement.", "MISROUTED"),
    ("ET2", "Votre colis est prêt à partir de son territoire d’expédition.", "ARRIVAL_AT_EXPORT_HUB"),
    (
        "EP1",
        "Le destinataire était absent. Votre colis sera présenté une nouvelle fois.",
        "SECOND_DELIVERY_ATTEMPT_SCHEDULED",
    ),
    ("PB1", "L'adresse de votre colis est incomplète.", "DELIVERY_FAILED_ADDRESS_INCOMPLETE"),
    ("PB1", "Votre colis n'a pas pu être livré : adresse incomplète.", "DELIVERY_FAILED_ADDRESS_INCOMPLETE"),
    ("PB1", "Votre colis est retardé en raison des intempéries.", "DELAYED_DUE_TO_WEATHER"),
    ("PB1", "Votre colis est endommagé.", "DAMAGED_IN_TRANSIT"),
    ("PB1", "Your parcel is lost.", "LOST_IN_TRANSIT"),
    ("PB2", "Votre colis a été retrouvé.", "PARCEL_FOUND"),
    ("ND1", "Your parcel was refused.", "DELIVERY_FAILED_REFUSED"),
    ("ND1", "Le destinataire a déménagé.", "DELIVERY_FAILED_RECIPIENT_MOVED"),
    ("DO3", "Des droits et taxes sont à payer.", "CUSTOMS_DUTIES_DUE"),
    ("AG1", "Votre colis vous attend en consigne Pickup.", "READY_FOR_COLLECTION_AT_PARCEL_LOCKER"),
    ("AG1", "Rappel : votre colis vous attend.", "PICKUP_REMINDER"),
    ("RE1", "Votre colis n'a pas été retiré. Il repart chez l'expéditeur.", "NOT_PICKED_UP_RETURN_TO_SENDER"),
    ("RE1", "Your parcel is returned to its sender: wrong address.", "ADDRESS_ISSUE_RETURN_TO_SENDER"),
    ("DI1", "Votre colis a été livré au gardien ou à l'accueil.", "DELIVERED_TO_RECEPTION"),
    ("DI1", "Votre colis a été réceptionné.", "SUCCESSFULLY_DELIVERED"),
    ("DI1", "Votre colis est livré dans votre boîte aux lettres.", "DELIVERED_TO_LETTERBOX"),
    ("DI1", "Your parcel has been delivered to a neighbour.", "DELIVERED_TO_NEIGHBOUR"),
]


@pytest.fixture
async def laposte() -> AsyncIterator[Playing]:
    async with playing("laposte") as played:
        yield played


def event(code: str | None, label: str = "", date: str = "2026-03-12T08:00:00+01:00") -> dict[str, Any]:
    return {"code": code, "label": label, "date": date}


def answer(*events: dict[str, Any], **members: Any) -> bytes:
    """An item with one shipment, events newest first as La Poste has them."""
    context = {"originCountry": "FR", "arrivalCountry": "FR", **members.pop("contextData", {})}
    shipment = {"idShip": NUMBER, "product": "colissimo", "event": events, "contextData": context, **members}
    return msgspec.json.encode({"lang": "fr_FR", "scope": "open", "returnCode": 200, "shipment": shipment})


def read(raw: bytes, parcel: Parcel = PARCEL) -> Reading:
    return tracking.read("laposte", raw, parcel)


def names(raw: bytes) -> list[str | None]:
    return [scan.event_name for scan in read(raw).scans]


# Codes and wordings


@pytest.mark.parametrize(("code", "label", "name"), CODES)
def test_a_published_code_is_known(code: str, label: str, name: str | None) -> None:
    reading = read(answer(event(code, label)))
    assert ([scan.event_name for scan in reading.scans], reading.unknown) == ([name], ())


@pytest.mark.parametrize(("code", "label", "name"), WORDINGS)
def test_the_wording_says_more_than_the_code(code: str, label: str, name: str) -> None:
    (scan,) = read(answer(event(code, label))).scans
    assert (scan.event_name, scan.raw_code, scan.raw_text) == (name, code, label)


def test_a_wording_counts_for_its_own_code_alone() -> None:
    assert names(answer(event("MD2", "Votre colis refusé hier est en livraison."))) == ["OUT_FOR_DELIVERY"]


@pytest.mark.parametrize(
    ("kind", "name", "type_"),
    [
        ("A2P", "READY_FOR_COLLECTION_AT_PARCEL_SHOP", "shop"),
        ("CMT", "READY_FOR_COLLECTION_AT_PARCEL_SHOP", "shop"),
        ("PCS", "READY_FOR_COLLECTION_AT_PARCEL_LOCKER", "locker"),
        ("BPR", "READY_FOR_COLLECTION_AT_POST_OFFICE", "shop"),
        ("XYZ", "READY_FOR_COLLECTION_AT_POST_OFFICE", "shop"),
    ],
)
def test_where_a_parcel_waits_follows_the_kind_of_point(kind: str, name: str, type_: str) -> None:
    reading = read(answer(event("AG1"), contextData={"removalPoint": {"type": kind, "name": "LE POINT"}}))
    assert [scan.event_name for scan in reading.scans] == [name]
    assert reading.pickup == PickupPoint(name="LE POINT", type=type_)
    assert reading.scans[0].additional_info == {"pickup_point": "LE POINT"}


def test_an_unknown_code_is_named_once() -> None:
    reading = read(answer(event("ZZ9", "Une pause."), event("ZZ9", "Une pause.", "2026-03-12T07:00:00+01:00")))
    assert reading.unknown == ("ZZ9",)
    assert read(answer(event(None, "Une pause."))).unknown == ("Une pause.",)


# What came before


def test_what_waited_is_collected_and_no_longer_waits() -> None:
    point = {"removalPoint": {"type": "PCS", "name": "PICKUP STATION"}}
    reading = read(answer(event("DI1"), event("AG1", date="2026-03-11T08:00:00+01:00"), contextData=point))
    assert reading.scans[-1].event_name == "PICKED_UP_FROM_PARCEL_LOCKER"
    assert reading.pickup is None


def test_what_is_delivered_anew_is_not_collected() -> None:
    told = answer(
        event("DI1"), event("MD2", date="2026-03-12T07:00:00+01:00"), event("AG1", date="2026-03-11T07:00:00Z")
    )
    assert names(told)[-1] == "SUCCESSFULLY_DELIVERED"


def test_what_goes_back_makes_no_progress() -> None:
    told = answer(
        event("DI1", date="2026-03-15T08:00:00+01:00"),
        event("MD2", date="2026-03-15T07:00:00+01:00"),
        event("ET1", date="2026-03-13T07:00:00+01:00"),
        event("RE1", date="2026-03-12T07:00:00+01:00"),
    )
    assert names(told) == [
        "RETURN_TO_SENDER_INITIATED",
        "RETURN_TO_SENDER_IN_TRANSIT",
        "RETURN_TO_SENDER_IN_TRANSIT",
        "RETURNED_TO_SENDER",
    ]


def test_a_scan_keeps_its_identity_in_another_language_and_as_the_story_goes_on() -> None:
    french = event("PC1", "Votre colis a été déposé.")
    early = read(answer(french))
    late = read(answer(event("ET1", "On its way.", "2026-03-12T20:00:00+01:00"), event("PC1", "Deposited."), french))
    assert [scan.external_id for scan in late.scans][:1] == [scan.external_id for scan in early.scans]
    assert len(late.scans) == 2


# Times, countries, promises


@pytest.mark.parametrize(
    ("code", "arrival", "postal_code", "zone", "country"),
    [
        ("ET1", "FR", "75011", "Europe/Paris", "FR"),
        ("DI1", "FR", "97400", "Indian/Reunion", "FR"),
        ("PC1", "CA", "H2X 1Y4", "Europe/Paris", "FR"),
        ("ET3", "BE", "1000", "Europe/Brussels", "BE"),
        ("ET1", "BE", "1000", None, None),
        ("DO1", "BE", "1000", None, None),
    ],
)
def test_a_scan_is_of_the_side_of_the_border_that_its_code_tells(
    code: str, arrival: str, postal_code: str, zone: str | None, country: str | None
) -> None:
    parcel = msgspec.structs.replace(PARCEL, destination_country=arrival, destination_postal_code=postal_code)
    (scan,) = read(answer(event(code), contextData={"arrivalCountry": arrival}), parcel).scans
    assert scan.event_time == datetime(2026, 3, 12, 7, tzinfo=UTC)
    assert (scan.timezone, scan.location.get("country")) == (zone, country)


@pytest.mark.parametrize("date", [None, "", "hier", "0001-01-01T00:00:00+01:00"])
def test_a_scan_without_a_time_is_passed_over(date: str | None) -> None:
    assert len(read(answer(event("DI1"), {**event("ET1"), "date": date})).scans) == 1


@pytest.mark.parametrize(
    ("members", "window"),
    [
        ({"estimDate": "2026-03-12T02:00:00+01:00"}, ("2026-03-11T23:00", "2026-03-12T23:00")),
        (
            {
                "estimDate": "2026-03-12T00:00:00+01:00",
                "estimHourMin": "2026-03-12T10:00:00+01:00",
                "estimHourMax": "2026-03-12T13:00:00+01:00",
            },
            ("2026-03-12T09:00", "2026-03-12T12:00"),
        ),
        (
            {
                "estimDate": "2026-03-12T00:00:00+01:00",
                "estimHourMin": "2026-03-15T18:00:36+01:00",
                "estimHourMax": "2026-03-15T18:00:36+01:00",
            },
            ("2026-03-11T23:00", "2026-03-12T23:00"),
        ),
        ({"estimDate": "2026-03-12T00:00:00+01:00", "isFinal": True}, None),
        ({"estimDate": "bientôt"}, None),
        ({}, None),
    ],
)
def test_the_expected_delivery_is_a_window(members: dict[str, Any], window: tuple[str, str] | None) -> None:
    reading = read(answer(event("ET1"), **members))
    ends = tuple(datetime.fromisoformat(end).replace(tzinfo=UTC) for end in window) if window else (None, None)
    assert (reading.expected_from, reading.expected_to) == ends


def test_product_and_countries_are_read() -> None:
    reading = read(answer(event("ET1"), contextData={"arrivalCountry": "be"}))
    assert (reading.service, reading.origin_country, reading.destination_country) == ("colissimo", "FR", "BE")


# Form


@pytest.mark.parametrize("body", [b"", b"[]", b'{"shipment": 1}', b'{"shipment": {"event": "none"}}', b"\xff"])
def test_what_is_no_answer_of_la_poste_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read(body)


def test_what_is_null_counts_as_left_out() -> None:
    assert read(answer(event("ET1"), estimDate=None, contextData={"removalPoint": None})) == read(answer(event("ET1")))


# Calls


def a_batch(laposte: Playing, count: int, language: str = "fr") -> list[Parcel]:
    known = [one for one in laposte.standin.recordings.all.values() if one.language == language and one.events]
    return [parcel_of(one) for one in known[:count]]


async def test_a_batch_is_asked_for_by_language(laposte: Playing) -> None:
    await laposte.account().track([*a_batch(laposte, 3, "fr"), *a_batch(laposte, 2, "en")])
    asked = [entry.asked for entry in laposte.server.journal]
    assert [(one.query["lang"], one.path.count(",")) for one in asked] == [("fr_FR", 2), ("en_GB", 1)]


async def test_one_number_of_a_batch_may_be_refused_or_unknown(laposte: Playing) -> None:
    known = a_batch(laposte, 1)[0]
    parcels = [Parcel(tracking_number=number, language="fr") for number in ("123", "6A00000000000", "6A 1/2")]
    invalid, nothing, signs, good = await laposte.account().track([*parcels, known])
    assert isinstance(invalid, Refused)
    assert nothing == NotFound()
    assert isinstance(signs, Refused)
    assert isinstance(good, Raw)
    assert laposte.server.journal[-1].status == 207


async def test_a_number_that_spoils_the_call_spoils_it_for_itself_alone(laposte: Playing) -> None:
    laposte.server.answer(Reply.json({"returnCode": 400, "returnMessage": "Non valide"}, 400), times=2)
    spoilt, good = await laposte.account().track(a_batch(laposte, 2))
    assert isinstance(spoilt, Refused)
    assert (spoilt.code, spoilt.message) == ("400", "Non valide")
    assert isinstance(good, Raw)


async def test_a_fault_about_one_number_is_its_own(laposte: Playing) -> None:
    good, other = a_batch(laposte, 2)
    body = laposte.standin.recordings.next(good.tracking_number) or b""
    broken = msgspec.json.encode({"returnCode": 504, "returnMessage": "Indisponible", "idShip": other.tracking_number})
    laposte.server.answer(Reply(status=207, body=b"[" + broken + b"," + body + b"]"))
    answers = await laposte.account().track([good, other])
    assert answers[0] == Raw(body)
    assert isinstance(answers[1], Unreachable)


async def test_a_page_for_404_is_a_number_that_is_not_known(laposte: Playing) -> None:
    laposte.server.answer(Reply(status=404, headers={"Content-Type": "text/html"}, body=b"<h1>404</h1>"))
    assert await laposte.account().track(a_batch(laposte, 1)) == [NotFound()]


@pytest.mark.parametrize("body", [b"[1]", b'[{"shipment": 3}]', b'{"returnCode": []}'])
async def test_json_of_another_form_is_unreachable(laposte: Playing, body: bytes) -> None:
    laposte.server.answer(Reply(body=body))
    with pytest.raises(Unreachable):
        await laposte.account().track(a_batch(laposte, 1))


async def test_a_number_is_asked_for_without_blanks(laposte: Playing) -> None:
    await laposte.account().track([Parcel(tracking_number=" 6a 1000 0000 003 ", language="de")])
    assert laposte.server.journal[-1].asked.path.endswith("/6A10000000003")
    assert laposte.server.journal[-1].asked.query == {"lang": "en_GB"}


async def test_whoever_hears_of_the_number_has_a_good_key(laposte: Playing) -> None:
    laposte.server.answer(Reply.json({"returnCode": 400, "returnMessage": "Non valide"}, 400))
    await laposte.account().try_credentials()
