"""Products as their shopper knows them: in his language, with a link into the shop and a picture, by the catalogue."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from karla.domain.shipments.queries.changes import order_file
from karla.entrypoints.api.storefront.documents.orders import catalogue_of
from karla.infra.access import scope_of
from tests.support.karla import Karla, ShopClient
from tests.support.storefront import NUMBER, by_token, by_zip_code, placed, shop_with_page

SHIRT = {
    "product_id": "shirt",
    "variant_id": "shirt-m",
    "title": "Linen shirt",
    "variant_title": "Blue / M",
    "price": 59.9,
    "product_url": "https://shop.example/shirt",
    "image_url": "https://shop.example/shirt.jpg",
    "translations": {"de": {"title": "Leinenhemd"}, "fr-CA": {"title": "Chemise de lin"}, "it": {"title": " "}},
}
LINE = {"product_id": "shirt", "variant_id": "shirt-m", "title": "Shirt, as it was sold", "quantity": 1, "price": 49.9}


@pytest_asyncio.fixture
async def shop(karla: Karla) -> ShopClient:
    shop = await shop_with_page(karla)
    assert (await shop.patch("", {"shop_url": "https://shop.example"})).status_code == 200
    await listed(shop, SHIRT)
    return shop


async def listed(shop: ShopClient, *variants: dict[str, Any]) -> None:
    answer = await shop.post("/products", list(variants))
    assert answer.status_code == 200, answer.text


async def seen(karla: Karla, shop: ShopClient, language: str, *lines: dict[str, Any]) -> list[Any]:
    """The items of an order of these lines."""
    await placed(shop, products=list(lines))
    items: list[Any] = (await (await by_token(karla, shop)).order(language))["items"]
    return items


@pytest.mark.parametrize(
    ("language", "title", "variant"),
    [
        ("de", "Leinenhemd", "Blue / M"),
        ("fr", "Chemise de lin", "Blue / M"),  # of a region, where the language alone has none
        ("it", "Shirt, as it was sold", None),  # an empty one is none
        ("en", "Shirt, as it was sold", None),
    ],
)
async def test_a_title_is_in_the_shoppers_language_where_the_shop_has_translated_it(
    karla: Karla, shop: ShopClient, language: str, title: str, variant: str | None
) -> None:
    (item,) = await seen(karla, shop, language, LINE)
    assert (item["title"], item["variant"], item["image_alt"]) == (title, variant, title)


async def test_a_line_gets_its_link_and_its_picture_and_keeps_the_price_that_was_paid(
    karla: Karla, shop: ShopClient
) -> None:
    (item,) = await seen(karla, shop, "en", LINE)
    assert item["url"] == "https://shop.example/shirt"
    assert item["image_url"].startswith(f"http://karla.test/v1/shops/{shop.slug}/storefront/pictures/")
    assert item["price"] == 49.9


async def test_what_the_order_itself_tells_goes_first(karla: Karla, shop: ShopClient) -> None:
    (without,) = await seen(karla, shop, "en", LINE)
    own = {"size": "M, blue", "images": [{"src": "https://shop.example/own.jpg", "alt": "A shirt on a line"}]}
    (english,) = await seen(karla, shop, "en", {**LINE, **own})
    assert (english["variant"], english["image_alt"]) == ("M, blue", "A shirt on a line")
    assert english["image_url"] not in (None, without["image_url"])
    (german,) = await seen(karla, shop, "de", {**LINE, **own})
    # What a picture shows is said in the language of the page too.
    assert (german["variant"], german["image_alt"]) == ("M, blue", "Leinenhemd")


async def test_a_product_without_variants_is_its_own(karla: Karla, shop: ShopClient) -> None:
    await listed(shop, {"product_id": "mug", "title": "Mug", "translations": {"dk": {"title": "Krus"}}})
    (item,) = await seen(karla, shop, "da", {"product_id": "mug", "sku": "MUG"})
    assert (item["title"], item["variant"], item["url"], item["image_url"]) == ("Krus", None, None, None)
    (nameless,) = await seen(karla, shop, "en", {"product_id": "mug", "sku": "MUG"})
    assert nameless["title"] == "Mug"


async def test_addresses_without_a_scheme_are_safe_ones(karla: Karla, shop: ShopClient) -> None:
    await listed(shop, {**SHIRT, "product_url": "//shop.example/shirt", "image_url": "//shop.example/shirt.jpg"})
    (item,) = await seen(karla, shop, "en", LINE)
    assert item["url"] == "https://shop.example/shirt"
    assert item["image_url"] is not None


async def test_what_the_catalogue_does_not_have_is_as_the_order_told_it(karla: Karla, shop: ShopClient) -> None:
    lines = [{**LINE, "variant_id": "shirt-l"}, {**LINE, "product_id": "", "variant_id": "shirt-m"}]
    for item in await seen(karla, shop, "de", *lines):
        assert (item["title"], item["url"], item["image_url"]) == ("Shirt, as it was sold", None, None)


async def test_another_shops_product_is_nobody_elses(karla: Karla, shop: ShopClient) -> None:
    other = await shop_with_page(karla)
    (item,) = await seen(karla, other, "de", LINE)
    assert (item["title"], item["url"]) == ("Shirt, as it was sold", None)


async def test_a_parcels_own_lines_are_in_the_shoppers_language_too(karla: Karla, shop: ShopClient) -> None:
    parcel = {"tracking_number": NUMBER, "carrier_reference": "dhl", "products": [{**LINE, "title": "Sent"}]}
    await placed(shop, parcel, products=[{"title": "Mug", "quantity": 1}])
    order = await (await by_zip_code(karla, shop)).order("de")
    (sent,) = order["shipments"][0]["items"]
    assert (sent["title"], sent["url"], sent["price"]) == ("Leinenhemd", "https://shop.example/shirt", None)


async def test_the_page_links_the_product_and_says_where_the_visitor_comes_from(karla: Karla, shop: ShopClient) -> None:
    await placed(shop, products=[LINE])
    shopper = await by_token(karla, shop)
    query = {"orderNumber": "10001", "token": shopper.bearer, "lang": "de"}
    page = await karla.http.get(f"/track/{shop.slug}", params=query)
    assert page.status_code == 200
    assert "Leinenhemd" in page.text
    assert "https://shop.example/shirt?utm_source=karla&amp;utm_medium=tracking_page" in page.text


async def test_all_products_of_an_order_are_asked_for_by_one_statement_and_none_by_none(
    karla: Karla, shop: ShopClient
) -> None:
    scope, asked = scope_of([shop.shop.id]), list[str]()

    def note(statement: asyncpg.connection.LoggedQuery) -> None:
        asked.append(statement.query)

    many = [{**LINE, "variant_id": f"shirt-{size}", "title": size} for size in "smlx"]
    for lines, statements in ((many, 1), ([{"title": "Mug", "quantity": 1}], 0)):
        order_id = UUID((await placed(shop, products=lines))["uuid"])
        async with karla.services.db.read(scope) as connection:
            file = await order_file(scope, connection, order_id)
            assert file is not None
            asked.clear()
            with connection.query_logger(note):
                found = await catalogue_of(scope, connection, file)
        assert (len(asked), len(found)) == (statements, statements)
