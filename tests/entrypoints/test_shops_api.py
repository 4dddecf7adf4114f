"""Shops and members as the wire contract has them."""

from typing import Any

import httpx
import pytest

from karla.domain.tenants import commands
from karla.infra.access import NOWHERE
from karla.vocabulary.scope import Role
from tests.support.karla import Karla, ShopClient

CREATION = {
    "name": "Nordlicht",
    "description": "Everyday linen",
    "shop_provider": "shopware",
    "shop_admin_url": "https://shop.nordlicht.example",
    "shop_url": "https://nordlicht.example",
    "shop_faq_url": "https://nordlicht.example/faq",
    "shop_service_url": "HTTPS://nordlicht.example/help?a=b#c",
    "logo_url": "http://cdn.nordlicht.example/logo.png",
    "klaviyo_enabled": False,
    "web_tracking_enabled": True,
}
DETAIL = [
    "created_at",
    "updated_at",
    "uuid",
    "name",
    "slug",
    "organization",
    "language",
    "logo_url",
    "shop_url",
    "description",
    "shop_provider",
    "shop_admin_url",
    "shop_faq_url",
    "shop_service_url",
    "klaviyo_enabled",
    "web_tracking_enabled",
    "go_live_at",
]


async def create(admin: ShopClient, slug: str, **members: Any) -> httpx.Response:
    body = {**CREATION, "slug": slug, "organization": admin.shop.organisation, **members}
    return await admin.post("/v1/shops", body)


def faults(answer: httpx.Response) -> set[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return {(".".join(map(str, fault["loc"])), fault["type"]) for fault in answer.json()["errors"]}


async def test_a_created_shop_is_there_as_it_was_told(karla: Karla) -> None:
    admin = await karla.shop(whole_organisation=True)
    answer = await create(admin, f"{admin.slug}-b", unknown_member={"is": "ignored"})
    assert answer.status_code == 201
    shop = answer.json()
    assert list(shop) == DETAIL
    assert {name: shop[name] for name in CREATION} == CREATION
    assert (shop["slug"], shop["organization"]) == (f"{admin.slug}-b", admin.shop.organisation)
    assert (shop["language"], shop["go_live_at"]) == ("en", None)
    assert shop["created_at"] == shop["updated_at"]
    assert shop["created_at"].endswith("+00:00")
    read = await admin.get(f"/v1/shops/{admin.slug}-b")
    assert (read.status_code, read.json()) == (200, shop)


async def test_null_counts_as_absent(karla: Karla) -> None:
    admin = await karla.shop(whole_organisation=True)
    nothing = dict.fromkeys(set(CREATION) - {"name", "klaviyo_enabled"})
    shop = (await create(admin, f"{admin.slug}-b", **nothing, language=None)).json()
    assert (shop["description"], shop["language"], shop["web_tracking_enabled"]) == (None, "en", False)
    told = (await admin.patch("", {"description": "Linen", "language": "de"})).json()
    answer = await admin.patch("", {"description": None, "name": None, "language": None})
    assert answer.json() == told


async def test_a_taken_slug_is_a_conflict_also_across_organisations(karla: Karla) -> None:
    admin, stranger = await karla.shop(whole_organisation=True), await karla.shop(whole_organisation=True)
    for slug in (admin.slug, stranger.slug):
        answer = await create(admin, slug)
        assert (answer.status_code, answer.json()["key"]) == (409, "shop_exists")


async def test_only_an_admin_of_that_whole_organisation_creates_shops(karla: Karla) -> None:
    admin, stranger = await karla.shop(whole_organisation=True), await karla.shop(whole_organisation=True)
    single = await karla.key_for(admin.shop, Role.ADMIN)
    editor = await karla.key_for(admin.shop, Role.EDITOR, whole_organisation=True)
    for who in (single, editor, stranger):
        answer = await create(who, f"{admin.slug}-b", organization=admin.shop.organisation)
        assert (answer.status_code, answer.json()["key"]) == (403, "access_denied")
    assert (await create(admin, f"{admin.slug}-b", organization="no-such-org")).status_code == 403
    assert (await create(admin, f"{admin.slug}-b")).status_code == 201


async def test_every_fault_of_a_new_shop_is_named(karla: Karla) -> None:
    admin = await karla.shop(whole_organisation=True)
    answer = await admin.post(
        "/v1/shops",
        {
            "slug": "Not A Slug",
            "organization": admin.shop.organisation,
            "name": "",
            "shop_provider": "magento",
            "shop_url": "ftp://nordlicht.example",
            "logo_url": "https://" + "a" * 2048,
            "shop_faq_url": "nordlicht.example",
            "shop_admin_url": "https://a b",
            "language": "tlh",
            "go_live_at": "2026-02-01",
            "description": 7,
        },
    )
    assert faults(answer) == {
        ("body.slug", "pattern"),
        ("body.name", "too_short"),
        ("body.klaviyo_enabled", "missing"),
        ("body.shop_provider", "enum"),
        ("body.shop_url", "uri_invalid"),
        ("body.logo_url", "too_long"),
        ("body.shop_faq_url", "uri_invalid"),
        ("body.shop_admin_url", "uri_invalid"),
        ("body.language", "enum"),
        ("body.go_live_at", "datetime_invalid"),
        ("body.description", "string_type"),
    }


@pytest.mark.parametrize("slug", ["api", "portal", "track"])
async def test_names_of_our_own_hosts_are_no_slugs(karla: Karla, slug: str) -> None:
    admin = await karla.shop(whole_organisation=True)
    answer = await create(admin, slug)
    assert faults(answer) == {("body.slug", "slug_reserved")}


async def test_a_patch_changes_what_it_names(karla: Karla) -> None:
    shop = await karla.shop(Role.EDITOR)
    before = (await shop.get("")).json()
    answer = await shop.patch(
        "",
        {
            "shop_faq_url": "https://nordlicht.example/faq",
            "web_tracking_enabled": True,
            "go_live_at": "2026-02-01T01:00:00+01:00",
            "slug": "elsewhere",
            "organization": shop.shop.organisation,
        },
    )
    assert answer.status_code == 200
    after = answer.json()
    assert after == before | {
        "shop_faq_url": "https://nordlicht.example/faq",
        "web_tracking_enabled": True,
        "go_live_at": "2026-02-01T00:00:00+00:00",
        "updated_at": after["updated_at"],
    }
    assert after["updated_at"] > before["updated_at"]
    assert (await shop.get("")).json() == after
    assert (await shop.patch("", {"web_tracking_enabled": True})).json() == after
    assert (await shop.patch("", {})).json() == after


async def test_a_patch_does_not_move_a_shop_to_another_organisation(karla: Karla) -> None:
    shop, other = await karla.shop(whole_organisation=True), await karla.shop()
    answer = await shop.patch("", {"organization": other.shop.organisation})
    assert faults(answer) == {("body.organization", "unchangeable")}


async def test_a_deleted_shop_frees_its_slug(karla: Karla) -> None:
    admin = await karla.shop(whole_organisation=True)
    answer = await admin.delete("")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await create(admin, admin.slug)).status_code == 201


async def test_a_key_of_one_shop_sees_that_shop_alone(karla: Karla) -> None:
    admin, stranger = await karla.shop(whole_organisation=True), await karla.shop()
    single = await karla.key_for(admin.shop, Role.VIEWER)
    second = (await create(admin, f"{admin.slug}-b")).json()
    first = (await admin.get("")).json()
    assert (await admin.get("/v1/shops")).json() == [second, first]
    assert (await single.get("/v1/shops")).json() == [first]
    assert (await single.get("/v1/shops", slug=second["slug"])).json() == []
    assert [shop["slug"] for shop in (await stranger.get("/v1/shops")).json()] == [stranger.slug]


async def test_shops_are_found_by_filter_and_page(karla: Karla) -> None:
    admin = await karla.shop(whole_organisation=True)
    second = (await create(admin, f"{admin.slug}-b", language="dk")).json()
    first = (await admin.get("")).json()
    for name in ("uuid", "name", "slug", "language", "shop_provider"):
        assert (await admin.get("/v1/shops", **{name: second[name]})).json() == [second]
    assert (await admin.get("/v1/shops", organization=admin.shop.organisation)).json() == [second, first]
    assert (await admin.get("/v1/shops", organization="another")).json() == []
    assert (await admin.get("/v1/shops", slug=first["slug"], name="Nordlicht")).json() == []
    assert (await admin.get("/v1/shops", per_page=1)).json() == [second]
    assert (await admin.get("/v1/shops", per_page=1, page=2)).json() == [first]
    assert (await admin.get("/v1/shops", per_page=1, page=3)).json() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("page", "0"),
        ("page", "x"),
        ("per_page", "0"),
        ("per_page", "101"),
        ("uuid", "no-uuid"),
        ("shop_provider", "magento"),
        ("language", "tlh"),
        ("name", "a\0b"),
    ],
)
async def test_a_bad_filter_is_named(karla: Karla, name: str, value: str) -> None:
    shop = await karla.shop()
    assert {place for place, _ in faults(await shop.get("/v1/shops", **{name: value}))} == {f"query.{name}"}


async def test_members_are_those_of_the_organisation(karla: Karla) -> None:
    admin, stranger = await karla.shop(whole_organisation=True), await karla.shop(whole_organisation=True)
    second = (await create(admin, f"{admin.slug}-b")).json()["slug"]
    for email, shops in (
        ("ops@acme.example", [admin.slug, second]),
        ("it@acme.example", [second]),
        ("new@acme.example", []),
    ):
        await karla.services.db.write(
            NOWHERE,
            lambda work, email=email, shops=shops: commands.add_member(  # type: ignore[misc]
                work, organisation=admin.shop.organisation, email_id=email, shops=shops
            ),
        )
    path = f"/v1/orgs/{admin.shop.organisation}/members"
    members = (await admin.get(path)).json()
    assert [member["email_id"] for member in members] == ["new@acme.example", "it@acme.example", "ops@acme.example"]
    ops = {
        "email_id": "ops@acme.example",
        "feature_community": "live",
        "feature_toggles": {},
        "org": admin.shop.organisation,
        "shops": [admin.slug, second],
    }
    assert members[2] == ops
    assert (await admin.get(path, email_id="OPS@acme.example")).json() == [ops]
    assert (await admin.get(path, email_id="nobody@acme.example")).json() == []
    assert (await admin.get(path, per_page=1, page=3)).json() == [ops]
    assert (await stranger.get(f"/v1/orgs/{stranger.shop.organisation}/members")).json() == []
    single = await karla.key_for(admin.shop, Role.ADMIN)
    assert (await single.get(path)).json() == [ops | {"shops": [admin.slug]}]
