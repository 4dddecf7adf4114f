"""Who gets in: credentials, roles, tenants, and keys that end."""

import asyncio
import base64
from datetime import timedelta
from typing import Any

import httpx
import pytest

from karla.entrypoints.api.access import REMEMBERED
from karla.infra.clock import SystemClock
from karla.vocabulary.scope import Role
from tests.support.clocks import StandingClock
from tests.support.karla import Karla, ShopClient, basic
from tests.support.neighbours import CutOffBell, neighbour


def encoded(text: bytes) -> str:
    return "Basic " + base64.b64encode(text).decode()


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Status and key, after a look at the whole body."""
    body = answer.json()
    assert list(body) == ["errors", "key", "message", "type", "request_id"]
    assert body["errors"] == []
    assert body["message"]
    assert body["type"] == "invalid_request_error"
    assert body["request_id"] == answer.headers["x-request-id"]
    return answer.status_code, body["key"]


@pytest.mark.parametrize(
    ("header", "key"),
    [
        (None, "credentials_missing"),
        ("", "credentials_missing"),
        ("Bearer abc", "credentials_garbled"),
        ("Basic", "credentials_garbled"),
        ("Basic ???", "credentials_garbled"),
        ("Basic YWJj", "credentials_garbled"),
        (encoded(b":key"), "credentials_garbled"),
        (encoded(b"user:"), "credentials_garbled"),
        (encoded(b"\xff\xfe:key"), "credentials_garbled"),
        ("Basic dXNlcjprZXk", "credentials_garbled"),
    ],
)
async def test_no_usable_credentials_are_a_bad_request(karla: Karla, header: str | None, key: str) -> None:
    shop = await karla.shop()
    answer = await karla.http.get(f"/v1/shops/{shop.slug}", headers={} if header is None else {"Authorization": header})
    assert refusal(answer) == (400, key)
    assert answer.headers["www-authenticate"] == 'Basic realm="Karla"'


async def test_an_unknown_key_or_anothers_user_name_is_refused(karla: Karla) -> None:
    shop = await karla.shop()
    for header in (
        basic(shop.username, "karla_nonsense"),
        basic(shop.username, shop.key + "x"),
        basic("someone-else", shop.key),
        basic(shop.username.upper(), shop.key),
    ):
        answer = await karla.http.get(f"/v1/shops/{shop.slug}", headers={"Authorization": header})
        assert refusal(answer) == (401, "credentials_invalid")
        assert answer.headers["www-authenticate"] == 'Basic realm="Karla"'


async def test_the_scheme_is_case_insensitive(karla: Karla) -> None:
    shop = await karla.shop()
    header = shop.headers["Authorization"].replace("Basic", "bASIC")
    answer = await karla.http.get(f"/v1/shops/{shop.slug}", headers={"Authorization": header})
    assert answer.status_code == 200


async def test_anothers_shop_is_forbidden_and_no_shop_is_not_found(karla: Karla) -> None:
    shop, stranger = await karla.shop(), await karla.shop(whole_organisation=True)
    for method, body in (("GET", None), ("PATCH", {"name": "Mine now"}), ("DELETE", None)):
        for who, other in ((shop, stranger), (stranger, shop)):
            answer = await who.call(method, f"/v1/shops/{other.slug}", json=body)
            assert refusal(answer) == (403, "access_denied")
    for slug in ("no-such-shop", "%00", "%FF", "a" * 300, "Shop-1", "%C3%BC", "*"):
        answer = await shop.get(f"/v1/shops/{slug}")
        assert answer.status_code == 404, slug
        assert answer.json()["key"].endswith("not_found")
    assert refusal(await shop.get("/v1/shops/no-such-shop")) == (404, "shop_not_found")


async def test_anothers_organisation_is_forbidden_and_none_is_not_found(karla: Karla) -> None:
    shop, stranger = await karla.shop(), await karla.shop(whole_organisation=True)
    for what in ("keys", "members"):
        assert refusal(await stranger.get(f"/v1/orgs/{shop.shop.organisation}/{what}")) == (403, "access_denied")
        answer = await stranger.get(f"/v1/orgs/no-such-organisation/{what}")
        assert refusal(answer) == (404, "organisation_not_found")
        assert (await stranger.get(f"/v1/orgs/%00/{what}")).status_code == 404


@pytest.mark.parametrize(
    ("role", "statuses"),
    [
        (Role.VIEWER, {"GET": 200, "PATCH": 403, "DELETE": 403, "keys": 403, "members": 403}),
        (Role.EDITOR, {"GET": 200, "PATCH": 200, "DELETE": 403, "keys": 403, "members": 403}),
        (Role.ADMIN, {"GET": 200, "PATCH": 200, "keys": 200, "members": 200, "DELETE": 204}),
    ],
)
@pytest.mark.parametrize("whole_organisation", [False, True])
async def test_each_role_may_what_the_ones_below_it_may(
    karla: Karla, role: Role, statuses: dict[str, int], whole_organisation: bool
) -> None:
    shop = await karla.shop(role, whole_organisation=whole_organisation)
    for what, status in statuses.items():
        if what in ("keys", "members"):
            answer = await shop.get(f"/v1/orgs/{shop.shop.organisation}/{what}")
        else:
            answer = await shop.call(what, "", json={"name": "New"} if what == "PATCH" else None)
        assert answer.status_code == status, what
        if status == 403:
            assert refusal(answer) == (403, "access_denied")


async def test_a_refusal_says_what_is_missing(karla: Karla) -> None:
    viewer, stranger = await karla.shop(Role.VIEWER), await karla.shop()
    answers = [
        await viewer.patch("", {"name": "New"}),
        await viewer.get(f"/v1/orgs/{viewer.shop.organisation}/keys"),
        await stranger.get(f"/v1/shops/{viewer.slug}"),
    ]
    assert [answer.json()["message"] for answer in answers] == [
        "This takes the role editor, and this key has viewer in this shop.",
        "This takes the role admin, which this key has nowhere.",
        "This key is not for this shop.",
    ]


async def test_the_host_names_the_shop_too_and_opens_nothing_more(karla: Karla) -> None:
    shop, stranger = await karla.shop(), await karla.shop()
    for who, status in ((shop, 200), (stranger, 403)):
        answer = await who.call("GET", f"http://{shop.slug}.karla.test/api/v1/")
        assert answer.status_code == status
    assert answer.json()["key"] == "access_denied"


async def newest_key(admin: ShopClient) -> dict[str, Any]:
    answer = await admin.get(f"/v1/orgs/{admin.shop.organisation}/keys", per_page=1)
    (key,) = answer.json()
    return dict(key)


async def test_a_revoked_key_is_refused_at_once(karla: Karla) -> None:
    admin = await karla.shop(whole_organisation=True)
    editor = await karla.key_for(admin.shop, Role.EDITOR)
    assert (await editor.get("")).status_code == 200
    key = await newest_key(admin)
    answer = await admin.delete(f"/v1/orgs/{admin.shop.organisation}/keys/{key['uuid']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert refusal(await editor.get("")) == (401, "credentials_invalid")


async def test_a_request_under_way_does_not_bring_a_revoked_key_back(karla: Karla) -> None:
    admin = await karla.shop(whole_organisation=True)
    for _ in range(10):
        editor = await karla.key_for(admin.shop, Role.EDITOR)
        key = await newest_key(admin)
        await asyncio.gather(
            *(editor.get("") for _ in range(5)),
            admin.delete(f"/v1/orgs/{admin.shop.organisation}/keys/{key['uuid']}"),
            *(editor.get("") for _ in range(5)),
        )
        assert (await editor.get("")).status_code == 401


async def test_every_process_hears_of_a_revoked_key(karla: Karla, database_url: str) -> None:
    admin = await karla.shop(whole_organisation=True)
    editor = await karla.key_for(admin.shop, Role.EDITOR)
    key = await newest_key(admin)
    async with neighbour(karla, database_url, SystemClock()) as other:
        assert (await other.get(f"/v1/shops/{editor.slug}", editor)).status_code == 200
        other.heard.clear()
        await admin.delete(f"/v1/orgs/{admin.shop.organisation}/keys/{key['uuid']}")
        await asyncio.wait_for(other.heard.wait(), 5)
        assert (await other.get(f"/v1/shops/{editor.slug}", editor)).status_code == 401


async def test_a_process_that_can_not_hear_asks_each_time(karla: Karla, database_url: str) -> None:
    admin = await karla.shop(whole_organisation=True)
    editor = await karla.key_for(admin.shop, Role.EDITOR)
    key = await newest_key(admin)
    async with neighbour(karla, database_url, SystemClock(), hears=False) as deaf:
        assert (await deaf.get(f"/v1/shops/{editor.slug}", editor)).status_code == 200
        await admin.delete(f"/v1/orgs/{admin.shop.organisation}/keys/{key['uuid']}")
        assert (await deaf.get(f"/v1/shops/{editor.slug}", editor)).status_code == 401


async def test_what_a_cut_off_process_remembers_ends_within_a_minute(karla: Karla, database_url: str) -> None:
    admin = await karla.shop(whole_organisation=True)
    editor = await karla.key_for(admin.shop, Role.EDITOR)
    key = await newest_key(admin)
    clock = StandingClock()
    async with neighbour(karla, database_url, clock, bell=CutOffBell(database_url)) as cut_off:
        path = f"/v1/shops/{editor.slug}"
        assert (await cut_off.get(path, editor)).status_code == 200
        await admin.delete(f"/v1/orgs/{admin.shop.organisation}/keys/{key['uuid']}")
        clock.advance(REMEMBERED - timedelta(seconds=1))
        assert (await cut_off.get(path, editor)).status_code == 200
        clock.advance(timedelta(seconds=1))
        assert refusal(await cut_off.get(path, editor)) == (401, "credentials_invalid")


async def test_a_deleted_shop_is_gone_at_once_and_so_is_its_key(karla: Karla) -> None:
    admin = await karla.shop(whole_organisation=True)
    editor = await karla.key_for(admin.shop, Role.EDITOR)
    assert (await editor.get("")).status_code == 200
    assert (await admin.delete("")).status_code == 204
    assert refusal(await admin.get("")) == (404, "shop_not_found")
    assert refusal(await editor.get("")) == (401, "credentials_invalid")


async def test_a_rotated_key_works_until_the_overlap_is_over(karla: Karla, database_url: str) -> None:
    admin = await karla.shop(whole_organisation=True)
    editor = await karla.key_for(admin.shop, Role.EDITOR)
    keys = f"/v1/orgs/{admin.shop.organisation}/keys"
    key = await newest_key(admin)
    clock = StandingClock()
    async with neighbour(karla, database_url, clock) as process:
        answer = await process.http.post(
            f"{keys}/{key['uuid']}/rotate", json={"overlap_hours": 3}, headers=admin.headers
        )
        assert answer.status_code == 201
        fresh = ShopClient(process.http, admin.shop, answer.json()["username"], answer.json()["key"])
        for passed, old in ((timedelta(0), 200), (timedelta(hours=2, minutes=59), 200), (timedelta(minutes=1), 401)):
            clock.advance(passed)
            assert (await process.get(f"/v1/shops/{editor.slug}", editor)).status_code == old
            assert (await process.get(f"/v1/shops/{editor.slug}", fresh)).status_code == 200
        refused = await process.get(f"/v1/shops/{editor.slug}", editor)
        assert refusal(refused) == (401, "credentials_expired")
        assert refused.headers["www-authenticate"] == 'Basic realm="Karla"'
        shown = (await process.get(f"{keys}/{key['uuid']}", admin)).json()
    assert shown["expires_at"] == "2026-03-16T15:00:00+00:00"
    assert shown["replaced_by"] == answer.json()["uuid"]


async def test_the_body_of_a_refusal_is_the_same_everywhere(karla: Karla) -> None:
    shop = await karla.shop()
    answers = [
        await karla.http.get("/v1/shops"),
        await shop.get("/v1/no/such/route"),
        await shop.call("PUT", "/v1/shops"),
        await shop.post("/v1/shops", []),
        await shop.call("POST", "/v1/shops", content=b"{"),
        await shop.call("POST", "/v1/shops"),
        await shop.get(f"/v1/orgs/{shop.shop.organisation}/keys/not-a-uuid"),
    ]
    assert [answer.status_code for answer in answers] == [400, 404, 405, 422, 400, 400, 404]
    for answer in answers:
        body = answer.json()
        assert list(body) == ["errors", "key", "message", "type", "request_id"]
        assert body["type"] == "invalid_request_error"
        for fault in body["errors"]:
            assert list(fault) == ["loc", "field", "msg", "type"]
