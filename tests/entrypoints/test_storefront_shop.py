"""A shop as anybody's browser sees it."""

from typing import Any

import httpx
import pytest

from karla.infra.access import scope_of
from karla.infra.work import Work
from tests.support.karla import Karla, ShopClient


@pytest.fixture
async def shop(karla: Karla) -> ShopClient:
    shop = await karla.shop()
    await shop.patch("", {"web_tracking_enabled": True})
    return shop


async def seen(karla: Karla, shop: ShopClient, **options: Any) -> httpx.Response:
    return await karla.http.get(f"/v1/shops/{shop.slug}/storefront/shop", **options)


async def brand(karla: Karla, shop: ShopClient, **options: Any) -> Any:
    return (await seen(karla, shop, **options)).json()["brand"]


async def dress(shop: ShopClient, **data: Any) -> None:
    answer = await shop.put("/settings/trackpages", {"data": data})
    assert answer.status_code == 200, answer.text


async def test_a_plain_shop_has_the_default_look(karla: Karla, shop: ShopClient) -> None:
    await shop.patch(
        "", {"name": "Nordlicht", "shop_url": "https://nordlicht.example/de", "logo_url": "https://a.b/l.png"}
    )

    answer = await seen(karla, shop)

    assert answer.status_code == 200
    document = answer.json()
    assert (document["slug"], document["name"], document["language"]) == (shop.slug, "Nordlicht", "en")
    assert document["page_enabled"] is True
    assert {"en", "de", "fr", "es", "it", "nl", "da", "pl"} <= set(document["languages"])
    assert document["links"] == {
        "shop_url": "https://nordlicht.example/de",
        "faq_url": None,
        "service_url": None,
        "resolve_url": None,
        "imprint_url": None,
        "privacy_url": None,
    }
    assert document["embedding_origins"] == ["http://karla.test", "https://nordlicht.example"]
    assert document["campaign"] == {"source": "karla", "medium": "tracking_page"}
    design = document["brand"]
    assert (design["theme"], design["mode"], design["logo_dark_url"]) == ("clear", "auto", None)
    assert "/storefront/pictures/" in design["logo_url"]
    assert (design["light"]["surface"], design["hidden"], design["texts"]) == ("#ffffff", [], {})
    assert design["font"].endswith("sans-serif")


async def test_a_shop_is_shown_as_it_chose(karla: Karla, shop: ShopClient) -> None:
    await dress(
        shop,
        theme="linen",
        mode="light",
        colors={"accent": "#0b5cff"},
        heading_font="mono",
        radius="none",
        density="compact",
        logo_url="https://a.b/logo.png",
        logo_dark_url="https://a.b/dark.png",
        background_url="https://a.b/paper.png",
        hidden=["map", "prices"],
        links={"imprint_url": "https://a.b/imprint"},
        embedding={"origins": ["https://blog.example"]},
        domain=f"track.{shop.slug}.example",
        campaign={"medium": "page"},
    )

    document = (await seen(karla, shop)).json()

    design = document["brand"]
    chosen = {name: design[name] for name in ("theme", "mode", "radius", "density", "hidden")}
    assert chosen == {
        "theme": "linen",
        "mode": "light",
        "radius": "none",
        "density": "compact",
        "hidden": ["map", "prices"],
    }
    assert design["light"]["accent"] == "#0b5cff" != design["dark"]["accent"]
    assert design["heading_font"].endswith("monospace")
    pictures = [design[name] for name in ("logo_url", "logo_dark_url", "background_url")]
    own = f"http://karla.test/v1/shops/{shop.slug}/storefront/pictures/"
    assert len(set(pictures)) == 3
    assert all(address.startswith(own) for address in pictures)
    assert document["links"]["imprint_url"] == "https://a.b/imprint"
    assert document["embedding_origins"] == [
        "http://karla.test",
        f"https://track.{shop.slug}.example",
        "https://blog.example",
    ]
    assert document["campaign"] == {"source": "karla", "medium": "page"}


@pytest.mark.parametrize(
    ("header", "lang", "intro", "footer", "support"),
    [
        (None, None, "Hallo", "Nur Deutsch", "Only English"),
        ("en", None, "Hello", "Nur Deutsch", "Only English"),
        ("de", None, "Hallo", "Nur Deutsch", "Only English"),
        ("da-DK, de;q=0.5", None, "Hej", "Nur Deutsch", "Only English"),
        ("dk", None, "Hej", "Nur Deutsch", "Only English"),
        ("de", "da", "Hej", "Nur Deutsch", "Only English"),
        ("pl", None, "Hallo", "Nur Deutsch", "Only English"),
    ],
)
async def test_texts_are_in_the_asked_language_else_the_shops_else_english(
    karla: Karla, shop: ShopClient, header: str | None, lang: str | None, intro: str, footer: str, support: str
) -> None:
    await shop.patch("", {"language": "de"})
    await dress(
        shop,
        texts={
            "en": {"intro": "Hello", "support": "Only English", "finder_title": " "},
            "de": {"intro": "Hallo", "footer": "Nur Deutsch"},
            "da": {"intro": "Hej", "footer": ""},
        },
    )

    design = await brand(
        karla, shop, headers={"Accept-Language": header} if header else {}, params={"lang": lang} if lang else {}
    )

    assert design["texts"] == {"intro": intro, "footer": footer, "support": support}


async def test_a_danish_shop_speaks_danish(karla: Karla, shop: ShopClient) -> None:
    await shop.patch("", {"language": "dk"})
    assert (await seen(karla, shop)).json()["language"] == "da"


async def test_another_theme_can_be_tried(karla: Karla, shop: ShopClient) -> None:
    await dress(shop, theme="linen", colors={"accent": "#0b5cff"})

    design = await brand(karla, shop, params={"theme": "nocturne"})

    assert (design["theme"], design["mode"], design["dark"]["background"]) == ("nocturne", "dark", "#0a0a14")
    refused = await seen(karla, shop, params={"theme": "neon"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "theme")


async def test_browsers_keep_it_for_a_minute_and_ask_whether_it_changed(karla: Karla, shop: ShopClient) -> None:
    first = await seen(karla, shop)
    assert first.headers["Cache-Control"] == "public, max-age=60"
    assert set(first.headers["Vary"].split(", ")) == {"Accept-Language", "Origin"}
    known = {"If-None-Match": first.headers["ETag"]}

    same = await seen(karla, shop, headers=known)
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", first.headers["ETag"])

    await dress(shop, theme="slate")
    changed = await seen(karla, shop, headers=known)
    assert (changed.status_code, changed.json()["brand"]["theme"]) == (200, "slate")


async def test_a_shop_without_a_page_and_one_that_is_none_tell_nothing(karla: Karla) -> None:
    off = await karla.shop()
    answer = await seen(karla, off)
    assert (answer.status_code, answer.json()["key"]) == (404, "page_switched_off")
    assert "Test" not in answer.text
    unknown = await karla.http.get("/v1/shops/nobody/storefront/shop")
    assert (unknown.status_code, unknown.json()["key"]) == (404, "shop_not_found")


async def test_settings_of_before_never_break_a_page(karla: Karla, shop: ShopClient) -> None:
    await dress(shop, theme="bloom")

    async def spoil(work: Work) -> None:
        await work.connection.execute(
            """
            update shop_settings set versioned = jsonb_set(versioned, '{trackpages}', $2) where shop_id = $1
            """,
            shop.shop.id,
            {"theme": {"dark": True}, "colors": {"accent": "#zzz"}, "texts": [], "hidden": "all", "radius": "large"},
        )

    await karla.services.db.write(scope_of([shop.shop.id]), spoil)

    design = await brand(karla, shop)
    assert (design["theme"], design["radius"], design["light"]["accent"]) == ("clear", "large", "#1d4ed8")
