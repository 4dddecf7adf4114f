"""API keys over the API: made, listed, rotated, revoked, and by whom."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from karla.domain.tenants import commands
from karla.domain.tenants.records import KeyGrant
from karla.infra.access import NOWHERE
from karla.vocabulary.scope import Role
from tests.support.karla import Karla, ShopClient

DETAIL = [
    "uuid",
    "username",
    "hint",
    "shops",
    "created_at",
    "expires_at",
    "revoked_at",
    "replaced_by",
    "last_used_at",
    "requests_per_minute",
]


def keys_of(client: ShopClient) -> str:
    return f"/v1/orgs/{client.shop.organisation}/keys"


async def create(client: ShopClient, *shops: tuple[str, str], **members: Any) -> httpx.Response:
    grants = [{"shop_slug": slug, "role": role} for slug, role in shops]
    return await client.post(keys_of(client), {"shops": grants, **members})


async def second_shop(karla: Karla, client: ShopClient) -> str:
    slug = f"{client.slug}-b"
    await karla.services.db.write(
        NOWHERE,
        lambda work: commands.create_shop(work, organisation=client.shop.organisation, slug=slug, name="Second"),
    )
    return slug


async def test_a_new_key_works_and_is_shown_once(karla: Karla) -> None:
    admin = await karla.shop(whole_organisation=True)
    answer = await create(admin, (admin.slug, "viewer"), username="reports")
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    made = answer.json()
    assert sorted(made) == sorted([*DETAIL, "key"])
    assert made["username"] == "reports"
    assert made["shops"] == [{"shop_slug": admin.slug, "role": "viewer"}]
    assert made["created_at"].endswith("+00:00")
    assert (made["expires_at"], made["revoked_at"], made["replaced_by"]) == (None, None, None)
    viewer = ShopClient(karla.http, admin.shop, "reports", made["key"])
    assert (await viewer.get("")).status_code == 200
    assert (await viewer.patch("", {"name": "Mine"})).status_code == 403
    shown = (await admin.get(f"{keys_of(admin)}/{made['uuid']}")).json()
    assert list(shown) == DETAIL
    assert shown == {name: made[name] for name in DETAIL}
    assert (await admin.get(keys_of(admin))).json()[0] == shown


async def test_without_a_user_name_it_is_the_shop_or_the_organisation(karla: Karla) -> None:
    admin = await karla.shop(whole_organisation=True)
    second = await second_shop(karla, admin)
    names = [
        (await create(admin, *shops, username=None)).json()["username"]
        for shops in ([(second, "admin")], [("*", "viewer")], [(second, "viewer"), (admin.slug, "editor")])
    ]
    assert names == [second, admin.shop.organisation, admin.shop.organisation]


async def test_every_fault_of_a_new_key_is_named(karla: Karla) -> None:
    admin, stranger = await karla.shop(whole_organisation=True), await karla.shop()
    for body, expected in (
        ({}, {("body", "shops")}),
        ({"shops": None}, {("body", "shops")}),
        ({"shops": []}, {("body", "shops")}),
        ({"shops": [{"role": "owner"}]}, {("body", "shops", 0, "shop_slug"), ("body", "shops", 0, "role")}),
        ({"shops": [{"shop_slug": "nowhere", "role": "viewer"}]}, {("body", "shops", 0, "shop_slug")}),
        ({"shops": [{"shop_slug": stranger.slug, "role": "viewer"}]}, {("body", "shops", 0, "shop_slug")}),
        ({"shops": [{"shop_slug": "*", "role": "viewer"}] * 2}, {("body", "shops", 1, "shop_slug")}),
        ({"shops": [{"shop_slug": "*", "role": "viewer"}], "username": "a:b"}, {("body", "username")}),
        ({"shops": [{"shop_slug": "*", "role": "viewer"}], "username": ""}, {("body", "username")}),
        (
            {"shops": [{"shop_slug": "*", "role": "viewer"}], "requests_per_minute": 0},
            {("body", "requests_per_minute")},
        ),
        (
            {"shops": [{"shop_slug": "*", "role": "viewer"}], "requests_per_minute": 60_001},
            {("body", "requests_per_minute")},
        ),
        *(
            ({"shops": [{"shop_slug": "*", "role": "viewer"}], "expires_at": at}, {("body", "expires_at")})
            for at in ("tomorrow", "2100-01-01T00:00:00", "2020-01-01T00:00:00Z", "2200-01-01T00:00:01Z", 4102444800)
        ),
        (
            {
                "shops": [{"shop_slug": "*", "role": "viewer"}],
                "expires_at": "2020-01-01T00:00:00Z",
                "requests_per_minute": 60_001,
            },
            {("body", "expires_at"), ("body", "requests_per_minute")},
        ),
    ):
        answer = await admin.post(keys_of(admin), body)
        assert answer.status_code == 422, answer.text
        assert {tuple(fault["loc"]) for fault in answer.json()["errors"]} == expected
    assert len((await admin.get(keys_of(admin))).json()) == 1


async def test_a_key_works_until_it_expires(karla: Karla) -> None:
    admin = await karla.shop(whole_organisation=True)
    answer = await create(admin, (admin.slug, "viewer"), username="temp", expires_at="2100-01-01T01:00:00+01:00")
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["expires_at"] == "2100-01-01T00:00:00+00:00"
    assert (await admin.get(keys_of(admin))).json()[0]["expires_at"] == made["expires_at"]
    temp = ShopClient(karla.http, admin.shop, "temp", made["key"])
    assert (await temp.get("")).status_code == 200
    now = karla.services.clock.now()
    soon = (now + timedelta(milliseconds=300)).isoformat()
    brief = (await create(admin, (admin.slug, "viewer"), username="temp", expires_at=soon)).json()
    expired = ShopClient(karla.http, admin.shop, "temp", brief["key"])
    async with asyncio.timeout(20):
        while (refused := await expired.get("")).status_code == 200:
            pass
    assert (refused.status_code, refused.json()["key"]) == (401, "credentials_expired")
    assert datetime.fromisoformat(brief["expires_at"]) <= karla.services.clock.now()
    again = await admin.post(f"{keys_of(admin)}/{brief['uuid']}/rotate", {})
    assert (again.status_code, again.json()["key"]) == (409, "key_expired")


async def test_the_successor_of_a_key_that_expires_lasts_as_long(karla: Karla) -> None:
    admin = await karla.shop(whole_organisation=True)
    made = (await create(admin, (admin.slug, "viewer"), expires_at="2100-01-01T00:00:00Z")).json()
    new = (await admin.post(f"{keys_of(admin)}/{made['uuid']}/rotate", {"overlap_hours": 1})).json()
    lives = [
        datetime.fromisoformat(key["expires_at"]) - datetime.fromisoformat(key["created_at"]) for key in (made, new)
    ]
    assert lives[0] == lives[1]
    assert (await admin.get(keys_of(admin))).json()[0]["expires_at"] == new["expires_at"]


async def test_an_admin_of_one_shop_manages_keys_of_that_shop_alone(karla: Karla) -> None:
    admin = await karla.shop(whole_organisation=True)
    single = await karla.key_for(admin.shop, Role.ADMIN)
    second = await second_shop(karla, admin)
    for shops in (
        [("*", "viewer")],
        [(second, "viewer")],
        [(admin.slug, "viewer"), (second, "viewer")],
        [("no", "viewer")],
    ):
        answer = await create(single, *shops)
        assert (answer.status_code, answer.json()["key"]) == (403, "access_denied")
    own = (await create(single, (admin.slug, "admin"))).json()
    both = (await create(admin, (admin.slug, "viewer"), (second, "viewer"))).json()
    whole = (await create(admin, ("*", "viewer"))).json()
    assert len((await single.get(keys_of(single))).json()) == 2
    assert (await single.get(f"{keys_of(single)}/{own['uuid']}")).status_code == 200
    assert len((await admin.get(keys_of(admin))).json()) == 5
    for key in (both, whole):
        path = f"{keys_of(single)}/{key['uuid']}"
        for answer in (await single.get(path), await single.delete(path), await single.post(f"{path}/rotate", {})):
            assert (answer.status_code, answer.json()["key"]) == (403, "access_denied")
        assert (await admin.get(path)).json()["revoked_at"] is None
    assert (await single.delete(f"{keys_of(single)}/{own['uuid']}")).status_code == 204


async def test_an_admin_here_and_viewer_there_manages_only_here(karla: Karla) -> None:
    admin = await karla.shop(whole_organisation=True)
    second = await second_shop(karla, admin)
    made = (await create(admin, (admin.slug, "admin"), (second, "viewer"), username="mixed")).json()
    mixed = ShopClient(karla.http, admin.shop, "mixed", made["key"])
    assert (await create(mixed, (admin.slug, "admin"))).status_code == 201
    assert (await create(mixed, (second, "viewer"))).status_code == 403
    assert (await mixed.post(f"{keys_of(mixed)}/{made['uuid']}/rotate", {})).status_code == 403


async def test_another_organisations_key_is_not_found(karla: Karla) -> None:
    admin, stranger = await karla.shop(whole_organisation=True), await karla.shop(whole_organisation=True)
    (key,) = (await stranger.get(keys_of(stranger))).json()
    for uuid in (key["uuid"], uuid4()):
        path = f"{keys_of(admin)}/{uuid}"
        for answer in (await admin.get(path), await admin.delete(path), await admin.post(f"{path}/rotate", {})):
            assert (answer.status_code, answer.json()["key"]) == (404, "key_not_found")


async def test_keys_are_listed_newest_first_by_page(karla: Karla) -> None:
    admin = await karla.shop(whole_organisation=True)
    made = [(await create(admin, ("*", "viewer"))).json()["uuid"] for _ in range(3)]
    pages = [(await admin.get(keys_of(admin), page=page, per_page=2)).json() for page in (1, 2, 3)]
    assert [key["uuid"] for page in pages for key in page][:3] == made[::-1]
    assert [len(page) for page in pages] == [2, 2, 0]
    answer = await admin.get(keys_of(admin), per_page=101)
    assert answer.status_code == 422


async def test_revoking_twice_is_revoking_once(karla: Karla) -> None:
    admin = await karla.shop(whole_organisation=True)
    path = f"{keys_of(admin)}/{(await create(admin, ('*', 'viewer'))).json()['uuid']}"
    assert (await admin.delete(path)).status_code == 204
    revoked_at = (await admin.get(path)).json()["revoked_at"]
    assert revoked_at.endswith("+00:00")
    assert (await admin.delete(path)).status_code == 204
    assert (await admin.get(path)).json()["revoked_at"] == revoked_at
    answer = await admin.post(f"{path}/rotate", {})
    assert (answer.status_code, answer.json()["key"]) == (409, "key_revoked")


@pytest.mark.parametrize(
    "options", [{}, {"json": {}}, {"json": {"overlap_hours": None}}, {"json": {"overlap_hours": 24}}]
)
async def test_a_rotated_key_overlaps_by_a_day_unless_told(karla: Karla, options: dict[str, Any]) -> None:
    admin = await karla.shop(whole_organisation=True)
    old = (await create(admin, (admin.slug, "editor"), username="erp")).json()
    answer = await admin.call("POST", f"{keys_of(admin)}/{old['uuid']}/rotate", **options)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    new = answer.json()
    assert sorted(new) == sorted(old)
    assert (new["username"], new["shops"]) == ("erp", old["shops"])
    assert new["key"] != old["key"]
    assert new["uuid"] != old["uuid"]
    rotated = (await admin.get(f"{keys_of(admin)}/{old['uuid']}")).json()
    assert rotated["replaced_by"] == new["uuid"]
    assert rotated["expires_at"][11:] == new["created_at"][11:]
    assert rotated["expires_at"][:10] > new["created_at"][:10]
    for key in (old, new):
        assert (await ShopClient(karla.http, admin.shop, "erp", key["key"]).get("")).status_code == 200
    again = await admin.post(f"{keys_of(admin)}/{old['uuid']}/rotate", {})
    assert (again.status_code, again.json()["key"]) == (409, "key_rotated")


async def test_without_overlap_the_old_key_ends_at_once(karla: Karla) -> None:
    admin = await karla.shop(whole_organisation=True)
    old = (await create(admin, (admin.slug, "editor"), username="erp")).json()
    client = ShopClient(karla.http, admin.shop, "erp", old["key"])
    assert (await client.get("")).status_code == 200
    new = (await admin.post(f"{keys_of(admin)}/{old['uuid']}/rotate", {"overlap_hours": 0})).json()
    refused = await client.get("")
    assert (refused.status_code, refused.json()["key"]) == (401, "credentials_expired")
    assert (await ShopClient(karla.http, admin.shop, "erp", new["key"]).get("")).status_code == 200


@pytest.mark.parametrize("hours", [-1, 169, 1.5, "24", 10**30])
async def test_an_overlap_is_whole_hours_up_to_a_week(karla: Karla, hours: object) -> None:
    admin = await karla.shop(whole_organisation=True)
    (key,) = (await admin.get(keys_of(admin))).json()
    answer = await admin.post(f"{keys_of(admin)}/{key['uuid']}/rotate", {"overlap_hours": hours})
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["errors"]] == ["overlap_hours"]


async def test_a_key_may_rotate_itself(karla: Karla) -> None:
    single = await karla.shop()
    (key,) = (await single.get(keys_of(single))).json()
    answer = await single.post(f"{keys_of(single)}/{key['uuid']}/rotate", {"overlap_hours": 0})
    fresh = ShopClient(karla.http, single.shop, answer.json()["username"], answer.json()["key"])
    assert (await single.get("")).status_code == 401
    assert (await fresh.get("")).status_code == 200


async def test_a_key_made_by_the_operator_is_listed_too(karla: Karla) -> None:
    admin = await karla.shop(whole_organisation=True)
    issued = await karla.services.db.write(
        NOWHERE,
        lambda work: commands.create_key(
            work, organisation=admin.shop.organisation, username="cli", grants=[KeyGrant("*", Role.VIEWER)]
        ),
    )
    newest = (await admin.get(keys_of(admin))).json()[0]
    assert (newest["uuid"], newest["hint"]) == (str(issued.key.id), issued.key.hint)
    assert issued.secret not in str(newest)
