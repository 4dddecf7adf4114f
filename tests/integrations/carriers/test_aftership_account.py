"""A shop's account at AfterShip: asking, registering, being pushed to, and its pace."""

import hmac
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from karla.infra.http.standin import Reply
from karla.integrations import manifests, registry
from karla.integrations.carriers.contract import Parcel, Pusher, Raw, Registrar
from karla.integrations.contract import Busy, Kind, NotFound, Pace, Refused, Unreachable
from karla.integrations.standins import PushingStandIn
from tests.integrations.carriers.aftership_answers import NUMBER, PARCEL, read, scanned
from tests.integrations.carriers.playing import Playing, parcel_of, playing


@pytest.fixture
async def aftership() -> AsyncIterator[Playing]:
    async with playing("aftership") as played:
        yield played


# Asking


async def test_parcels_are_asked_for_at_once_by_the_key_and_the_version(aftership: Playing) -> None:
    known = [parcel_of(one) for one in aftership.standin.recordings.all.values()]
    await aftership.tracked(*known, msgspec.structs.replace(known[0], tracking_number=f" {NUMBER.lower()} "))
    (entry,) = aftership.server.journal
    assert entry.asked.path == "/tracking/2026-07/trackings"
    assert entry.asked.headers["as-api-key"].startswith("asat_")
    assert entry.asked.query["tracking_numbers"].split(",") == [one.tracking_number for one in known]


async def test_a_parcel_that_was_never_scanned_is_not_found(aftership: Playing) -> None:
    recording = aftership.standin.recordings.all["empty.json"]
    assert await aftership.tracked(parcel_of(recording)) == [NotFound()]


async def test_of_several_trackings_it_is_that_of_the_carrier_else_of_the_country(aftership: Playing) -> None:
    def told(slug: str, country: str) -> dict[str, Any]:
        return {
            "tracking_number": NUMBER,
            "slug": slug,
            "destination_country_region": country,
            "checkpoints": [scanned("InTransit_003")],
        }

    both = [told("gls", "FRA"), told("dhl-germany", "DEU")]
    aftership.server.answer(Reply.json({"data": {"trackings": both}}), times=None)
    french = msgspec.structs.replace(PARCEL, carrier_reference=None, destination_country="FR")
    first, second = await aftership.account().track([PARCEL, french])
    assert [msgspec.json.decode(one.body)["slug"] for one in (first, second) if isinstance(one, Raw)] == [
        "dhl-germany",
        "gls",
    ]


async def test_too_many_calls_say_when_to_come_back(aftership: Playing) -> None:
    reset = aftership.clock.now().timestamp() + 3
    aftership.server.answer(Reply.json({"meta": {"code": 429}}, 429, {"X-RateLimit-Reset": f"{reset:.0f}"}))
    with pytest.raises(Busy) as busy:
        await aftership.account().track([PARCEL])
    assert busy.value.after is not None
    assert 2 <= busy.value.after <= 4


# Registering


async def register(played: Playing, *parcels: Parcel) -> list[Any]:
    account = played.account()
    assert isinstance(account, Registrar)
    return await account.register(parcels)


async def test_a_parcel_is_added_with_its_carrier_and_its_places_and_nothing_of_the_shopper(aftership: Playing) -> None:
    parcel = msgspec.structs.replace(PARCEL, destination_postal_code="10115", origin_country="FR", language="de")
    assert await register(aftership, parcel) == [None]
    (entry,) = aftership.server.journal
    assert (entry.asked.method, entry.status) == ("POST", 201)
    assert msgspec.json.decode(entry.asked.body) == {
        "tracking_number": NUMBER,
        "slug": "dhl-germany",
        "destination_country_region": "DEU",
        "destination_postal_code": "10115",
        "origin_country_region": "FRA",
        "language": "de",
    }


async def test_a_carrier_that_the_catalogue_has_no_slug_for_is_left_to_aftership(aftership: Playing) -> None:
    await register(aftership, msgspec.structs.replace(PARCEL, carrier_reference=None))
    assert "slug" not in msgspec.json.decode(aftership.server.journal[0].asked.body)


async def test_a_refused_parcel_stops_no_other(aftership: Playing) -> None:
    strange = msgspec.structs.replace(PARCEL, tracking_number="Ü")
    refused, added = await register(aftership, strange, PARCEL)
    assert isinstance(refused, Refused)
    assert (refused.code, added) == ("4005", None)


async def test_after_an_outage_the_rest_is_left_for_later(aftership: Playing) -> None:
    others = [msgspec.structs.replace(PARCEL, tracking_number=f"KRL{number}0") for number in range(3)]
    aftership.server.answer(Reply.json({"meta": {"code": 201}, "data": {}}, 201))
    aftership.server.answer(Reply(status=502))
    first, second, third = await register(aftership, *others)
    assert first is None
    assert isinstance(second, Unreachable)
    assert isinstance(third, Unreachable)
    assert len(aftership.server.journal) == 2
    aftership.server.be_busy()
    with pytest.raises(Busy):
        await register(aftership, *others)


# Pushes


def pusher(played: Playing, credentials: dict[str, str] | None = None) -> Pusher:
    account = played.account(credentials)
    assert isinstance(account, Pusher)
    return account


async def test_a_push_is_signed_by_the_webhook_secret_as_aftership_documents_it(aftership: Playing) -> None:
    secret = aftership.standin.credentials(aftership.server.url)["webhook_secret"]
    body = b'{"event": "tracking_update", "msg": {}}'
    signed = b64encode(hmac.new(secret.encode(), body, "sha256").digest()).decode()
    assert pusher(aftership).verify_push({"aftership-hmac-sha256": signed}, body)
    assert not pusher(aftership).verify_push({"aftership-hmac-sha256": signed[:-2]}, body)
    assert not pusher(aftership).verify_push({"aftership-hmac-sha256": "é"}, body)


async def test_without_a_secret_no_push_is_believed(aftership: Playing) -> None:
    given = aftership.standin.credentials(aftership.server.url)
    del given["webhook_secret"]
    assert manifests.credential_faults(aftership.manifest, given) == []
    assert isinstance(aftership.standin, PushingStandIn)
    headers, body = aftership.standin.push(NUMBER)
    assert pusher(aftership).verify_push(headers, body)
    assert not pusher(aftership, given).verify_push(headers, body)
    signed = b64encode(hmac.new(b"", body, "sha256").digest()).decode()
    assert not pusher(aftership, given).verify_push({"aftership-hmac-sha256": signed}, body)


async def test_a_push_brings_the_tracking_verbatim_and_the_same_scans_as_asking(aftership: Playing) -> None:
    recording = aftership.standin.recordings.all["customs.json"]
    assert isinstance(aftership.standin, PushingStandIn)
    (pushed,) = pusher(aftership).read_push(aftership.standin.push(recording.number)[1])
    assert (pushed.carrier, pushed.raw.body) == ("dhl", recording.body)
    (asked,) = await aftership.tracked(parcel_of(recording))
    assert isinstance(asked, Raw)
    assert read(asked.body).scans == read(pushed.raw.body).scans


@pytest.mark.parametrize("body", [b"", b"{}", b'{"event": "tracking_update", "msg": null}', b'{"event": 1, "msg": {}}'])
async def test_what_is_no_push_of_aftership_is_a_value_error(aftership: Playing, body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        pusher(aftership).read_push(body)


# The manifest


def test_it_tracks_any_carrier_and_comes_after_those_who_track_their_own() -> None:
    assert "aftership" in registry.trackers("bring")
    assert registry.trackers("dhl")[0] == "dhl"


def test_an_organisation_has_aftership_s_first_pace_or_its_own() -> None:
    about = registry.manifest(Kind.CARRIERS, "aftership")
    given = {"api_key": "asat_0123456789abcdef"}
    assert manifests.pace_of(about, given) == Pace(calls_per_second=5, concurrency=2, batch=50)
    assert manifests.pace_of(about, {**given, "calls_per_second": "20"}).calls_per_second == 20
