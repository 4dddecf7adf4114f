"""The settings of a tracking page as the merchant's developer sees them."""

import asyncio
from typing import Any

import pytest

from karla.vocabulary.scope import Role
from tests.support.karla import Karla, ShopClient

WHOLE: dict[str, Any] = {
    "theme": "bloom",
    "mode": "dark",
    "colors": {"accent": "#0B5CFF", "background": "#fff"},
    "texts": {"en": {"intro": "Hello"}, "de": {"intro": "Hallo"}},
    "hidden": ["map"],
    "embedding": {"origins": ["https://shop.example"]},
    "actions": {"cancel": False},
    "ours": {"deeply": [{"nested": None}]},
}


@pytest.fixture
async def shop(karla: Karla) -> ShopClient:
    return await karla.shop(Role.EDITOR)


async def put(shop: ShopClient, data: Any, version: Any = "1") -> Any:
    return await shop.put("/settings/trackpages", {"version": version, "data": data})


async def stored(shop: ShopClient) -> Any:
    answer = await shop.get("/settings/trackpages")
    assert answer.status_code == 200
    return answer.json()


async def host_of(karla: Karla, name: str) -> Any:
    answer = await karla.http.get(f"/v1/storefront/hosts/{name}")
    return answer.json()["slug"] if answer.is_success else (answer.status_code, answer.json()["key"])


async def test_a_new_shop_has_none(shop: ShopClient) -> None:
    assert await stored(shop) == {"version": "1", "data": {}}


@pytest.mark.parametrize("version", ["1", 1, None])
async def test_what_was_sent_is_kept_to_the_letter(shop: ShopClient, version: Any) -> None:
    answer = await put(shop, WHOLE, version)

    assert answer.status_code == 200
    assert set(answer.json()) == {"carriers", "triggers", "trackpages"}
    assert answer.json()["trackpages"] == await stored(shop) == {"version": "1", "data": WHOLE}


@pytest.mark.parametrize("version", ["2", 2, True, 1.5])
async def test_another_version_is_refused(shop: ShopClient, version: Any) -> None:
    answer = await put(shop, {}, version)
    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["body", "version"])


async def test_every_fault_is_named_by_its_path_and_nothing_is_changed(shop: ShopClient) -> None:
    await put(shop, WHOLE)
    wrong = {
        "theme": "neon",
        "colors": {"accent": "red"},
        "texts": {"en": {"slogan": "x"}},
        "embedding": {"origins": ["https://shop.example", "http://shop.example"]},
        "domain": "127.0.0.1",
    }

    answer = await put(shop, wrong)

    assert answer.status_code == 422
    assert {".".join(map(str, fault["loc"])) for fault in answer.json()["errors"]} == {
        "body.data.theme",
        "body.data.colors.accent",
        "body.data.texts.en.slogan",
        "body.data.embedding.origins.1",
        "body.data.domain",
    }
    assert (await stored(shop))["data"] == WHOLE


async def test_the_whole_settings_are_judged_the_same_way(shop: ShopClient) -> None:
    whole: dict[str, Any] = {"carriers": {}, "triggers": {"data": {"klaviyo": {"status": "live"}}}}

    refused = await shop.post("/settings", {**whole, "trackpages": {"data": {"mode": "night"}}})
    taken = await shop.post("/settings", {**whole, "trackpages": {"version": 1, "data": {"mode": "light"}}})

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["loc"] == ["body", "trackpages", "data", "mode"]
    assert taken.json()["trackpages"]["data"] == (await stored(shop))["data"] == {"mode": "light"}


async def test_a_domain_leads_to_its_shop_until_it_is_given_back(karla: Karla, shop: ShopClient) -> None:
    domain = f"Track.{shop.slug}.example"

    await put(shop, {"domain": domain, "shopify_domain": f"{shop.slug}.myshopify.com"})
    assert await host_of(karla, domain.lower()) == await host_of(karla, domain) == shop.slug
    assert await host_of(karla, f"{shop.slug}.myshopify.com") == shop.slug

    await put(shop, {"domain": f"new.{shop.slug}.example"})
    assert await host_of(karla, domain) == await host_of(karla, f"{shop.slug}.myshopify.com") == (404, "host_unknown")
    assert await host_of(karla, f"new.{shop.slug}.example") == shop.slug

    await put(shop, {})
    assert await host_of(karla, f"new.{shop.slug}.example") == (404, "host_unknown")


async def test_a_domain_is_one_shops_alone(karla: Karla, shop: ShopClient) -> None:
    other = await karla.shop()
    domain = f"{shop.slug}.example"
    await put(shop, {"domain": domain})

    refused = await put(other, {"domain": domain, "theme": "slate"})

    assert (refused.status_code, refused.json()["key"]) == (409, "domain_taken")
    assert (await stored(other))["data"] == {}
    assert await host_of(karla, domain) == shop.slug

    await put(shop, {})
    assert (await put(other, {"domain": domain})).status_code == 200
    assert await host_of(karla, domain) == other.slug


async def test_of_two_who_want_a_domain_at_once_one_gets_it(karla: Karla, shop: ShopClient) -> None:
    other = await karla.shop()
    answers = await asyncio.gather(*(put(one, {"domain": f"both.{shop.slug}.example"}) for one in (shop, other)))
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_a_deleted_shop_gives_its_domain_back(karla: Karla) -> None:
    shop = await karla.shop(whole_organisation=True)
    await put(shop, {"domain": f"{shop.slug}.example"})
    assert (await shop.delete("")).is_success
    assert await host_of(karla, f"{shop.slug}.example") == (404, "host_unknown")


@pytest.mark.parametrize("domain", ["karla.test", "shop-1.karla.test"])
async def test_karlas_own_host_is_nobodys(shop: ShopClient, domain: str) -> None:
    answer = await put(shop, {"domain": domain})
    assert (answer.status_code, answer.json()["errors"][0]["type"]) == (422, "domain_reserved")


@pytest.mark.parametrize("name", ["nobody.example", "x", "127.0.0.1", "karla.test:8080", "%00", "é.example"])
async def test_an_unknown_host_is_nobodys(karla: Karla, name: str) -> None:
    assert (await host_of(karla, name))[0] == 404


async def test_hosts_may_be_remembered_for_a_minute(karla: Karla, shop: ShopClient) -> None:
    await put(shop, {"domain": f"{shop.slug}.example"})
    answer = await karla.http.get(f"/v1/storefront/hosts/{shop.slug}.example")
    assert answer.headers["Cache-Control"] == "public, max-age=60"


async def test_flat_settings_leave_page_and_domain_alone(karla: Karla, shop: ShopClient) -> None:
    await put(shop, {"domain": f"{shop.slug}.example"})
    await shop.post("/settings", {"carriers": {}, "triggers": {}})
    assert await host_of(karla, f"{shop.slug}.example") == shop.slug


async def test_viewers_look_and_do_not_change(karla: Karla) -> None:
    viewer = await karla.shop(Role.VIEWER)
    assert (await viewer.get("/settings/trackpages")).status_code == 200
    assert (await put(viewer, {})).status_code == 403
