"""`Idempotency-Key`: who sends a POST twice makes one thing, and has the first answer again."""

import asyncio
import json
from collections import Counter
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from karla.infra import idempotency as store
from karla.infra.access import NOWHERE
from karla.vocabulary.scope import Role
from tests.support.documents import Operation, operations
from tests.support.images import PNG
from tests.support.inhabited import inhabit, options
from tests.support.karla import Karla, ShopClient
from tests.support.samples import sample

BY_KEY = ("shop", "organisation", "key")
# A shopper has no key to tell his calls apart by; to cancel or to look twice is as once.
POSTS = [operation for operation in operations() if operation.method == "POST" and operation.needs.of in BY_KEY]


def keys_of(client: ShopClient) -> str:
    return f"/v1/orgs/{client.shop.organisation}/keys"


def new_key(client: ShopClient, **members: Any) -> dict[str, Any]:
    return {"shops": [{"shop_slug": client.slug, "role": "viewer"}], **members}


async def send(client: ShopClient, path: str, key: str, **body: Any) -> httpx.Response:
    return await client.call("POST", path, headers={"Idempotency-Key": key}, **body)


async def count_keys(client: ShopClient) -> int:
    return len((await client.get(keys_of(client), per_page=100)).json())


def without_request_id(answer: httpx.Response) -> dict[str, str]:
    return {
        name: value for name, value in answer.headers.items() if name not in ("x-request-id", "idempotent-replayed")
    }


@pytest.mark.parametrize("operation", POSTS, ids=str)
async def test_every_post_again_is_its_first_answer_again(
    operation: Operation, karla: Karla, database_url: str
) -> None:
    here = await inhabit(karla)
    caller, path = here.callers["organisation"], here.path(operation)
    first = await send(caller, path, "once", **options(operation, here))
    assert first.status_code < 300, first.text
    assert "idempotent-replayed" not in first.headers
    rows = await here.rows(database_url)
    again = await send(caller, path, "once", **options(operation, here))
    assert again.headers["idempotent-replayed"] == "true"
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert without_request_id(again) == without_request_id(first)
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert await here.rows(database_url) == rows


async def test_a_hundred_at_once_make_one_thing(karla: Karla) -> None:
    admin = await karla.shop(whole_organisation=True)
    before = await count_keys(admin)
    answers = await asyncio.gather(*(send(admin, keys_of(admin), "hundred", json=new_key(admin)) for _ in range(100)))
    assert await count_keys(admin) == before + 1
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1


async def test_many_that_are_refused_at_once_are_told_why(karla: Karla) -> None:
    admin = await karla.shop(whole_organisation=True)
    answers = await asyncio.gather(*(send(admin, keys_of(admin), "refused", json={}) for _ in range(10)))
    told = Counter(answer.json()["key"] for answer in answers)
    assert set(told) <= {"request_invalid", "idempotency_in_progress"}
    assert told["request_invalid"] > 0


@pytest.mark.parametrize("changed", ["body", "path", "query", "content type"])
async def test_another_request_under_the_same_key_is_refused(karla: Karla, changed: str) -> None:
    admin = await karla.shop(whole_organisation=True)
    first = await send(admin, keys_of(admin), "k-1", json=new_key(admin))
    body, path, headers = json.dumps(new_key(admin)), keys_of(admin), {"Content-Type": "application/json"}
    if changed == "body":
        body = json.dumps(new_key(admin, username="other"))
    elif changed == "path":
        path = f"{path}/{first.json()['uuid']}/rotate"
    elif changed == "query":
        path = f"{path}?a=b"
    else:
        headers = {"Content-Type": "text/plain"}
    answer = await admin.call("POST", path, content=body, headers={**headers, "Idempotency-Key": "k-1"})
    assert (answer.status_code, answer.json()["key"]) == (422, "idempotency_key_reused")
    assert [fault["loc"] for fault in answer.json()["errors"]] == [["header", "Idempotency-Key"]]
    assert await count_keys(admin) == 2


async def test_each_api_key_has_idempotency_keys_of_its_own(karla: Karla) -> None:
    admin = await karla.shop()
    other = await karla.key_for(admin.shop, Role.ADMIN)
    made = [(await send(client, keys_of(admin), "same", json=new_key(admin))).json() for client in (admin, other)]
    assert made[0]["uuid"] != made[1]["uuid"]


@pytest.mark.parametrize("key", ["", "a" * 256, "two words", "tab\tbed", "schlüssel", " "])
async def test_a_key_that_can_not_be_is_named(karla: Karla, key: str) -> None:
    admin = await karla.shop(whole_organisation=True)
    headers = [*admin.headers.items(), ("Idempotency-Key", key.encode())]
    answer = await karla.http.post(keys_of(admin), json=new_key(admin), headers=headers)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["key"]) == (422, "idempotency_key_invalid")
    assert [fault["loc"] for fault in answer.json()["errors"]] == [["header", "Idempotency-Key"]]


async def test_two_keys_are_none(karla: Karla) -> None:
    admin = await karla.shop(whole_organisation=True)
    headers = [*admin.headers.items(), ("Idempotency-Key", "a"), ("Idempotency-Key", "a")]
    answer = await karla.http.post(keys_of(admin), json=new_key(admin), headers=headers)
    assert (answer.status_code, answer.json()["key"]) == (422, "idempotency_key_invalid")


async def test_only_posts_look_at_it(karla: Karla) -> None:
    shop = await karla.shop()
    for name in ("One", "Two"):
        answer = await shop.call("PATCH", "", json={"name": name}, headers={"Idempotency-Key": "not valid"})
        assert (answer.status_code, answer.json()["name"]) == (200, name)


async def test_what_was_refused_may_be_sent_again_under_the_same_key(karla: Karla) -> None:
    admin = await karla.shop(whole_organisation=True)
    stranger = await karla.shop()
    for refused, status in (
        (await send(admin, keys_of(admin), "again", json={"shops": []}), 422),
        (await send(admin, keys_of(admin), "again", content=b"{"), 400),
        (await send(admin, keys_of(stranger), "again", json=new_key(admin)), 403),
        (await send(admin, f"{keys_of(admin)}/{uuid4()}/rotate", "again", json={}), 404),
        (await karla.http.post(keys_of(admin), json={}, headers={"Idempotency-Key": "again"}), 400),
    ):
        assert refused.status_code == status, refused.text
        assert "idempotent-replayed" not in refused.headers
    taken = {"name": "Taken", "slug": stranger.slug, "organization": admin.shop.organisation, "klaviyo_enabled": False}
    assert (await send(admin, "/v1/shops", "again", json=taken)).json()["key"] == "shop_exists"
    made = await send(admin, "/v1/shops", "again", json={**taken, "slug": f"{stranger.slug}-x"})
    assert made.status_code == 201, made.text


async def test_a_refused_order_may_be_sent_again_and_a_placed_one_is_answered_again(karla: Karla) -> None:
    shop = await karla.shop()
    order = sample("order_placement.request")
    first = await send(shop, "/orders", "order-1", json=order)
    again = await send(shop, "/orders", "order-1", json=order)
    assert (first.status_code, again.content) == (201, first.content)
    for _ in range(2):
        known = await send(shop, "/orders", "order-2", json=order)
        assert (known.status_code, known.json()["key"]) == (409, "order_exists")
        assert "idempotent-replayed" not in known.headers


async def test_an_upload_is_the_same_whatever_parts_its_form(karla: Karla) -> None:
    shop = await karla.shop()
    answers = []
    for boundary in ("abc123", "xyz789"):
        form = httpx.Request(
            "POST",
            "http://karla.test",
            files={"image": ("logo.png", PNG, "image/png")},
            headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
        )
        headers = {**shop.headers, "Content-Type": form.headers["content-type"], "Idempotency-Key": "logo"}
        answers.append(await shop.call("POST", "/images/logo", content=form.read(), headers=headers))
    assert [answer.status_code for answer in answers] == [201, 201], answers[1].text
    assert answers[0].json() == answers[1].json()


async def test_a_body_that_is_too_large_is_refused_before_it_is_read_whole(karla: Karla) -> None:
    shop = await karla.shop()
    answer = await send(shop, "/orders", "large", content=b" " * (16 * 1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["key"]) == (413, "body_too_large")


async def test_a_kept_answer_can_be_read_by_nobody_else(karla: Karla, database_url: str) -> None:
    admin = await karla.shop(whole_organisation=True)
    made = (await send(admin, keys_of(admin), "secret-1", json=new_key(admin))).json()
    connection = await asyncpg.connect(database_url)
    rows = await connection.fetch(
        "select * from idempotency_keys where organisation_id = $1", admin.shop.organisation_id
    )
    await connection.close()
    (row,) = rows
    stored = b"".join(value for value in row.values() if isinstance(value, bytes))
    assert len(row["answer"]) > len(made["key"])
    for secret in (made["key"], admin.key, "secret-1", made["uuid"]):
        assert secret.encode() not in stored


async def test_what_is_still_being_carried_out_is_a_conflict(karla: Karla) -> None:
    """After a wait of some seconds."""
    admin = await karla.shop(whole_organisation=True)
    await send(admin, keys_of(admin), "slow", json=new_key(admin))

    async def answerless(work: Any) -> None:
        await work.connection.execute(
            "update idempotency_keys set answer = null, committed_at = null where organisation_id = $1",
            admin.shop.organisation_id,
        )

    await karla.services.db.write(NOWHERE, answerless)
    answer = await send(admin, keys_of(admin), "slow", json=new_key(admin))
    assert (answer.status_code, answer.json()["key"]) == (409, "idempotency_in_progress")
    assert answer.headers["retry-after"] == "1"
    assert store.LEASE.total_seconds() > 5
