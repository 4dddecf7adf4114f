"""Signatures of webhooks: the reference's vectors, the public library as an oracle, and forgeries."""

import base64
import json
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from karla.infra.signing import karla_signature, standard_headers, standard_secret, verify_karla, verify_standard

SECRET = "41013bd9-9072-42cd-9902-66da38361be9"
OLD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
T = 1710864000
BODY = b'{"source":"claims","ref":"claims/created","version":1}'
HEX = "e6165e62fafbeef90c0c116acb24f7257e29fa84b8e087c75ff765e191fe1755"


@pytest.mark.parametrize(
    ("body", "digest"),
    [
        (BODY, HEX),
        (
            '{"source":"shipments","note":"Zürich"}'.encode(),
            "41b12d0cf9bf08843e22eec3b299eaa0b6da353d1ddb2b90bf60cf31c84f08f5",
        ),
    ],
)
def test_the_vectors_of_the_reference(body: bytes, digest: str) -> None:
    assert karla_signature([SECRET], T, body) == f"t={T},v1={digest}"
    assert verify_karla(f"t={T},v1={digest}", body, [SECRET], T)


def test_a_prefixed_secret_is_taken_as_it_is_in_karlas_own_header() -> None:
    assert karla_signature([OLD], T, BODY) != karla_signature([OLD.removeprefix("whsec_")], T, BODY)


def test_during_a_rotation_either_secret_verifies_and_the_old_ones_signature_is_last() -> None:
    header = karla_signature([SECRET, OLD], T, BODY)
    assert header == f"t={T},v1={HEX}," + karla_signature([OLD], T, BODY).split(",")[1]
    for known in ([SECRET], [OLD], [OLD, SECRET], ["another", OLD]):
        assert verify_karla(header, BODY, known, T)
    assert not verify_karla(header, BODY, ["another"], T)


@pytest.mark.parametrize(
    "header",
    [
        "",
        f"t={T}",
        f"v1={HEX}",
        f"t={T},v1=",
        f"t={T},v1={HEX.upper()}",
        f"t={T},v1={HEX[:-1]}",
        f"t={T},v1={HEX[:-1]}6",
        f"t={T},v1={HEX}=",
        f"t={T},v0={HEX}",
        f"t={T},v1=é\udcff",
        f"t={T + 1},v1={HEX}",
        f"t=-{T},v1={HEX}",
        f"t=+{T},v1={HEX}",
        f"t={T}.0,v1={HEX}",
        f"t=1_710_864_000,v1={HEX}",
        f"t=١٧١٠٨٦٤٠٠٠,v1={HEX}",
        f"t={'9' * 5000},v1={HEX}",
        f"t=,v1={HEX}",
        f"t {T},v1 {HEX}",
    ],
)
def test_a_header_that_was_tampered_with_is_refused(header: str) -> None:
    assert not verify_karla(header, BODY, [SECRET], T)


def test_another_body_is_refused() -> None:
    assert not verify_karla(f"t={T},v1={HEX}", BODY + b" ", [SECRET], T)


@pytest.mark.parametrize(
    ("offset", "accepted"),
    [(0, True), (300, True), (-300, True), (300.5, False), (301, False), (-301, False)],
)
def test_the_clocks_may_differ_by_five_minutes_either_way(offset: float, accepted: bool) -> None:
    assert verify_karla(f"t={T},v1={HEX}", BODY, [SECRET], T + offset) is accepted


def test_the_tolerance_can_be_narrowed() -> None:
    assert not verify_karla(f"t={T},v1={HEX}", BODY, [SECRET], T + 11, tolerance=10)


@pytest.mark.parametrize("secrets", [[], [""], [SECRET, ""]])
def test_nothing_is_signed_with_a_missing_secret(secrets: list[str]) -> None:
    with pytest.raises(ValueError, match="at least one secret"):
        karla_signature(secrets, T, BODY)
    with pytest.raises(ValueError, match="at least one secret"):
        standard_headers(secrets, "evt_1", T, BODY)


def test_an_empty_secret_verifies_nothing() -> None:
    forged = "t=0,v1=b849d5a581847b281957065739df36df2463d1977ea8d6e1e4e6cf33fadc68c3"
    assert not verify_karla(forged, b"", [""], 0)


def test_the_published_example_of_standard_webhooks() -> None:
    headers = standard_headers([OLD], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize(
    "secret",
    [
        OLD,
        SECRET,
        "a-secret-of-16ch",
        "Geheimnis mit ü und 32 Zeichen!!",
        "whsec_not base64 at all",
        "whsec_abcde",
        "whsec_ünicode-secret",
        "whsec_",
        "whsec_" + base64.b64encode(bytes(range(32))).decode().rstrip("="),
    ],
)
def test_the_public_library_accepts_what_we_send(secret: str) -> None:
    now = int(datetime.now(UTC).timestamp())
    headers = standard_headers([secret], "evt_1", now, BODY)
    receiver = Webhook(standard_secret(secret))
    assert receiver.verify(BODY, headers) == json.loads(BODY)
    with pytest.raises(WebhookVerificationError):
        receiver.verify(BODY + b" ", headers)


def test_the_library_would_misread_a_plain_secret_so_receivers_get_it_encoded() -> None:
    headers = standard_headers([SECRET], "evt_1", int(datetime.now(UTC).timestamp()), BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY, headers)
    assert standard_secret(SECRET) == "whsec_" + base64.b64encode(SECRET.encode()).decode()
    assert standard_secret(OLD) == OLD


def test_during_a_rotation_the_library_accepts_either_secret() -> None:
    headers = standard_headers([SECRET, OLD], "evt_1", int(datetime.now(UTC).timestamp()), BODY)
    new, old = headers["webhook-signature"].split(" ")
    assert (new, old) != (old, new)
    for secret in (SECRET, OLD):
        Webhook(standard_secret(secret)).verify(BODY, headers)
    assert standard_headers([OLD], "evt_1", int(headers["webhook-timestamp"]), BODY)["webhook-signature"] == old


def standard(**changed: str) -> dict[str, str]:
    return {**standard_headers([SECRET, OLD], "evt_1", T, BODY), **{n.replace("_", "-"): v for n, v in changed.items()}}


def test_what_we_send_verifies_with_either_secret_and_within_five_minutes() -> None:
    for secret in (SECRET, OLD):
        assert verify_standard(standard(), BODY, [secret], T + 300)
        assert not verify_standard(standard(), BODY, [secret], T + 301)
    assert not verify_standard(standard(), BODY, ["another", ""], T)


def test_what_the_public_library_signs_verifies() -> None:
    moment = datetime.fromtimestamp(T, UTC)
    signature = Webhook(standard_secret(SECRET)).sign("evt_1", moment, BODY.decode())
    assert verify_standard(standard(webhook_signature=f"v1a,other {signature}"), BODY, [SECRET], T)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        standard(webhook_id="evt_2"),
        standard(webhook_id=""),
        standard(webhook_id="\udcff"),
        standard(webhook_timestamp=str(T + 1)),
        standard(webhook_timestamp="soon"),
        standard(webhook_signature=""),
        standard(webhook_signature="v1,"),
        standard(webhook_signature=standard()["webhook-signature"].replace("v1,", "v2,")),
    ],
)
def test_standard_headers_that_were_tampered_with_are_refused(headers: dict[str, str]) -> None:
    assert not verify_standard(headers, BODY, [SECRET], T)
    assert not verify_standard(standard(), BODY + b" ", [SECRET], T)
