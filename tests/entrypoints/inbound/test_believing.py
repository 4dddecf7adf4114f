"""Which pushes are believed and kept, and what a stranger learns of it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from structlog.testing import capture_logs

from karla.entrypoints.api import app as api
from karla.entrypoints.inbound.carriers import MOST_BYTES
from karla.infra.http.standin import Reply
from karla.infra.rate_limit import RateLimit
from tests.entrypoints.inbound.accounts import NUMBER, OTHER, SIGN, Account, connected, counted
from tests.support.clocks import StandingClock
from tests.support.connections import DHL, connect_dhl
from tests.support.karla import Karla

# Who isn't believed


async def test_without_the_providers_signature_nothing_is_kept(account: Account) -> None:
    await account.ship()
    await account.follow()
    headers, body = account.news()
    signed = next(iter(SIGN[account.slug](b"")))
    before = counted(account, "signature_invalid")
    for wrong in (
        ({}, body),
        (headers | {signed: headers[signed][:-3]}, body),
        (SIGN[account.slug](body + b" "), body),
        (headers, body + b" "),
        (headers, b""),
    ):
        answer = await account.send(wrong)
        assert (answer.status_code, answer.json()["key"]) == (401, "signature_invalid")
    assert counted(account, "signature_invalid") == before + 5
    assert await account.events() == ["SHIPMENT_DATA_RECEIVED_BY_CARRIER"]
    assert await account.answers() == 1


async def test_another_accounts_secret_is_none(aftership: Account) -> None:
    await aftership.connect(webhook_secret="another-secret-of-an-account")
    assert (await aftership.send(aftership.news())).status_code == 401
    await aftership.connect()
    assert (await aftership.send(aftership.news())).status_code == 202


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{}", b"\xff\xfe", b'{"event":1}', b'{"event":"x","msg":{},"data":{}}', b"[" * 99_999],
)
async def test_what_is_of_another_form_is_told_so(account: Account, body: bytes) -> None:
    answer = await account.send((SIGN[account.slug](body), body))
    assert (answer.status_code, answer.json()["key"]) == (422, "push_invalid")
    assert [(fault["loc"], fault["type"]) for fault in answer.json()["errors"]] == [(["body"], "push_invalid")]
    assert await account.answers() == 0


@pytest.mark.parametrize("number", ["", " ", "a\0b", "x" * 100_000, "'; drop table shops; --"])
async def test_a_number_that_is_none_is_nobodys(account: Account, number: str) -> None:
    told: dict[str, Any] = {
        "aftership": {"event": "tracking_update", "msg": {"tracking_number": number}},
        "seventeentrack": {"event": "TRACKING_UPDATED", "data": {"number": number, "track_info": {}}},
    }
    body = msgspec.json.encode(told[account.slug])
    answer = await account.send((SIGN[account.slug](body), body))
    assert (answer.status_code, answer.json()) == (202, {"received": 1, "taken": 0, "unknown": 1})


async def test_the_end_of_tracking_is_no_news(karla: Karla) -> None:
    async with connected(karla, "seventeentrack") as account:
        body = b'{"event":"TRACKING_STOPPED","data":{"number":"KRLPUSH00000001","carrier":7041}}'
        answer = await account.send((SIGN["seventeentrack"](body), body))
        assert (answer.status_code, answer.json()) == (202, {"received": 0, "taken": 0, "unknown": 0})


async def test_a_body_that_is_too_large_is_refused_with_and_without_its_length(account: Account) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(MOST_BYTES // 65_536 + 1):
            yield b" " * 65_536

    before = counted(account, "body_too_large")
    whole = await account.send((SIGN[account.slug](b" " * (MOST_BYTES + 1)), b" " * (MOST_BYTES + 1)))
    in_pieces = await account.karla.http.post(account.path, content=pieces())
    for answer in (whole, in_pieces):
        assert (answer.status_code, answer.json()["key"]) == (413, "body_too_large")
    assert counted(account, "body_too_large") == before + 2
    fits = b" " * MOST_BYTES
    assert (await account.send((SIGN[account.slug](fits), fits))).status_code == 422


async def test_a_stranger_can_not_have_signatures_verified_without_end(account: Account) -> None:
    clock = StandingClock()
    services = msgspec.structs.replace(account.karla.services, key_limit=RateLimit(2, clock))
    transport = httpx.ASGITransport(app=api.with_services(services), raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://karla.test") as http:
        for status in (401, 401, 429):
            answer = await http.post(account.path, content=b"{}")
            assert answer.status_code == status
        assert (answer.json()["key"], answer.headers["retry-after"]) == ("rate_limited", "30")
        other = {"aftership": "seventeentrack", "seventeentrack": "aftership"}[account.slug]
        assert (await http.post(account.path.replace(account.slug, other), content=b"{}")).status_code == 404


# What nobody learns


async def test_whatever_is_missing_is_not_found_in_the_same_words(karla: Karla, aftership: Account) -> None:
    shop, path = aftership.shop, aftership.path
    nobodys = await karla.shop()
    await connect_dhl(karla, shop)
    push = aftership.news()
    headers = {**push[0], "X-Request-Id": "the-same-request"}

    async def missing(address: str) -> tuple[int, bytes, dict[str, str]]:
        answer = await karla.http.post(address, content=push[1], headers=headers)
        return answer.status_code, answer.content, dict(answer.headers)

    found = [
        await missing("/inbound/carriers/aftership/no-such-shop"),
        await missing("/inbound/carriers/aftership/a%00b"),
        await missing(f"/inbound/carriers/no_such_provider/{shop.slug}"),
        await missing(f"/inbound/carriers/dhl/{shop.slug}"),
        await missing(f"/inbound/carriers/seventeentrack/{shop.slug}"),
        await missing(f"/inbound/carriers/aftership/{nobodys.slug}"),
        await missing("/inbound/carriers/no_such_provider/no-such-shop"),
    ]
    await shop.patch("/connections/carriers/aftership", {"paused": True})
    found.append(await missing(path))
    await shop.patch("/connections/carriers/aftership", {"paused": False})
    aftership.server.answer(Reply.json({"meta": {"code": 401, "message": "The API key is invalid."}}, 401))
    assert (await shop.post("/connections/carriers/aftership/test")).json()["connection"]["status"] == "refused"
    found.append(await missing(path))
    assert (await shop.post("/connections/carriers/aftership/test")).json()["connection"]["status"] == "active"
    assert found[0][0] == 404
    assert [one for one in found if one != found[0]] == []
    assert (await karla.http.post(path, content=push[1], headers=headers)).status_code == 202
    await shop.delete(DHL)


async def test_no_log_has_anything_of_a_push(account: Account) -> None:
    await account.ship()
    await account.follow()
    headers, body = account.news()
    with capture_logs() as logs:
        await account.send((headers, body))
        await account.send((headers, body + b" "))
        await account.send(account.news(number=OTHER))
        await account.karla.drain()
    written = repr(logs)
    assert "request" in [line["event"] for line in logs]
    for hidden in (NUMBER, OTHER, "Out for delivery", *SIGN[account.slug](body).values()):
        assert hidden not in written


async def test_it_is_no_call_of_the_api(account: Account) -> None:
    """A browser's page may not read it, no key opens it, no Idempotency-Key holds it, and no document has it."""
    await account.ship()
    await account.follow()
    push = account.news()
    keyed = {"Idempotency-Key": "the-same", "Origin": "https://elsewhere.example", **account.shop.headers}
    first, second = [await account.send(push, **keyed) for _ in range(2)]
    assert (first.json()["taken"], second.json()["taken"]) == (1, 0)
    for answer in (first, second):
        assert "idempotent-replayed" not in answer.headers
        assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert (await account.karla.http.get(account.path)).status_code == 405
    document = (await account.karla.http.get("/public/openapi.json")).json()
    assert not [path for path in document["paths"] if path.startswith("/inbound")]
