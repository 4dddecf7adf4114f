"""What a receiver may believe, by Karla's own signatures and by those of the public library."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from karla.client import VerificationFailed
from karla.client.webhooks import verify
from karla.infra.signing import karla_signature, standard_headers, standard_secret

SECRET, OLD = "41013bd9-9072-42cd-9902-66da38361be9", "the secret of before"
ENCODED = "whsec_a2FybGEga2FybGEga2FybGE="
NOW = 1_773_662_400
BODY = """{"source":"shipments","ref":"shipments/delivered/SUCCESSFULLY_DELIVERED","version":1,
"triggered_at":"2026-03-16T12:00:00+00:00","event_group":"shipment_delivered",
"event_data":{"event_id":"6a3f0a52-2f1e-4c55-8d17-5c1c2b9d7e01","note":"Zürich"},
"context":{"order":{"order_number":"1"}},"shop_slug":"my-shop","shop_id":"4a1f9c6c-5a5e-4f1c-8c43-2f2c7f0ec8aa",
"a_member_of_tomorrow":{}}""".encode()
EVENT_ID = "6a3f0a52-2f1e-4c55-8d17-5c1c2b9d7e01"


def karla(*secrets: str, at: int = NOW) -> dict[str, str]:
    return {"Karla-Signature": karla_signature(secrets, at, BODY)}


def standard(*secrets: str, at: int = NOW) -> dict[str, str]:
    return standard_headers(secrets, EVENT_ID, at, BODY)


def by_the_library(secret: str) -> dict[str, str]:
    signature = Webhook(standard_secret(secret)).sign(EVENT_ID, datetime.fromtimestamp(NOW, UTC), BODY.decode())
    return {"Webhook-Id": EVENT_ID, "Webhook-Timestamp": str(NOW), "Webhook-Signature": signature}


@pytest.mark.parametrize("secret", [SECRET, "schlüssel-mit-umlaut", ENCODED, "whsec_no base64!"])
@pytest.mark.parametrize("headers", [karla, standard, by_the_library])
def test_what_is_signed_is_an_event(headers: object, secret: str) -> None:
    event = verify(BODY, headers(secret), secret, now=NOW)  # type: ignore[operator]
    assert (event.ref, event.event_group) == ("shipments/delivered/SUCCESSFULLY_DELIVERED", "shipment_delivered")
    assert event.triggered_at == datetime(2026, 3, 16, 12, tzinfo=UTC)
    assert (str(event.event_id), event.event_data["note"], event.shop_slug) == (EVENT_ID, "Zürich", "my-shop")


@pytest.mark.parametrize("headers", [karla, standard])
def test_a_rotation_is_no_gap(headers: object) -> None:
    for signed, known in [((SECRET, OLD), [OLD]), ((SECRET, OLD), [SECRET]), ((OLD,), [SECRET, OLD])]:
        assert verify(BODY, headers(*signed), known, now=NOW).version == 1  # type: ignore[operator]


KARLA, STANDARD = karla(SECRET), standard(SECRET)
REFUSED: list[tuple[str, Mapping[str, str]]] = [
    ("missing", {}),
    ("missing", {"Content-Type": "application/json"}),
    ("malformed", {"Karla-Signature": ""}),
    ("malformed", {"Karla-Signature": f"t={NOW}"}),
    ("malformed", {"Karla-Signature": "v1=" + "0" * 64}),
    ("malformed", {"Karla-Signature": KARLA["Karla-Signature"].replace("t=", "t=-")}),
    ("malformed", {"Karla-Signature": KARLA["Karla-Signature"].replace("t=", "t=१")}),
    ("malformed", {"Karla-Signature": f"t={NOW},t={NOW},v1=0"}),
    ("malformed", {**STANDARD, "webhook-id": ""}),
    ("malformed", {**STANDARD, "webhook-signature": "v2,AAAA"}),
    ("malformed", {**STANDARD, "webhook-timestamp": "now"}),
    ("too_old", karla(SECRET, at=NOW - 301)),
    ("too_new", karla(SECRET, at=NOW + 301)),
    ("too_old", standard(SECRET, at=NOW - 301)),
    ("too_new", standard(SECRET, at=NOW + 301)),
    ("mismatch", karla(OLD)),
    ("mismatch", standard(OLD)),
    ("mismatch", {"Karla-Signature": f"t={NOW},v1=é"}),
    ("mismatch", {**STANDARD, "webhook-id": "another"}),
    ("mismatch", {**STANDARD, "Karla-Signature": f"t={NOW},v1={'0' * 64}"}),
    ("mismatch", {"Karla-Signature": KARLA["Karla-Signature"].upper().replace("T=", "t=").replace("V1=", "v1=")}),
]


@pytest.mark.parametrize(("reason", "headers"), REFUSED)
def test_what_is_not_to_be_believed_says_why(reason: str, headers: Mapping[str, str]) -> None:
    with pytest.raises(VerificationFailed) as caught:
        verify(BODY, headers, SECRET, now=NOW)
    assert caught.value.reason == reason
    assert SECRET not in str(caught.value)


def test_another_body_is_another_thing() -> None:
    for headers in (KARLA, STANDARD):
        with pytest.raises(VerificationFailed, match="not the one that was signed"):
            verify(BODY + b" ", headers, SECRET, now=NOW)


def test_the_tolerance_reaches_its_last_second_and_is_the_callers() -> None:
    assert verify(BODY, karla(SECRET, at=NOW - 300), SECRET, now=NOW)
    assert verify(BODY, karla(SECRET, at=NOW + 300), SECRET, now=NOW)
    assert verify(BODY, karla(SECRET, at=NOW - 3600), SECRET, tolerance=7200, now=NOW)
    with pytest.raises(VerificationFailed, match="signed 11 seconds ago, and 10 are allowed"):
        verify(BODY, karla(SECRET, at=NOW - 11), SECRET, tolerance=10, now=NOW)


def test_without_a_time_it_is_this_machines() -> None:
    with pytest.raises(VerificationFailed) as caught:
        verify(BODY, karla(SECRET, at=0), SECRET)
    assert caught.value.reason == "too_old"


def test_a_cloudevent_holds_the_same_event() -> None:
    body = b'{"specversion":"1.0","id":"%s","source":"/v1","type":"t","data":%s}' % (EVENT_ID.encode(), BODY)
    headers = {"Karla-Signature": karla_signature([SECRET], NOW, body)}
    assert verify(body, headers, SECRET, now=NOW) == verify(BODY, KARLA, SECRET, now=NOW)


def test_a_signed_body_that_is_no_event_says_so() -> None:
    for body in (
        b"",
        b"[]",
        b'{"source":"shipments"}',
        b'{"specversion":"1.0"}',
        BODY.replace(EVENT_ID.encode(), b"no id"),
    ):
        with pytest.raises(VerificationFailed) as caught:
            verify(body, {"Karla-Signature": karla_signature([SECRET], NOW, body)}, SECRET, now=NOW)
        assert caught.value.reason == "unreadable"


@pytest.mark.parametrize("secret", ["", [], [SECRET, ""]])
def test_an_empty_secret_verifies_nothing(secret: str | list[str]) -> None:
    with pytest.raises(ValueError, match="none may be empty"):
        verify(BODY, karla(SECRET), secret, now=NOW)


def test_text_in_place_of_bytes_is_a_fault_of_the_caller() -> None:
    with pytest.raises(TypeError, match="bytes of the body"):
        verify(BODY.decode(), KARLA, SECRET, now=NOW)  # type: ignore[arg-type]
