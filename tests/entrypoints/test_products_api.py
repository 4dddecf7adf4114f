"""Products as a shop's developer and the Shopware plugin see them."""

from typing import Any

import pytest

from karla.vocabulary.scope import Role
from tests.support.karla import Karla, ShopClient

TEE = {
    "product_id": "0190f3c27a1e7b2c9d4411aa02bc31f0",
    "variant_id": "0190f3c27a1e7b2c9d4411aa02bc31f7",
    "title": "Linen tee",
    "variant_title": "Olive / M",
    "price": 24.95,
    "sku": "NL-TEE-M-OLV",
    "product_url": None,
    "image_url": "https://cdn.nordlicht.example/media/linen-tee-olive.jpg",
    "translations": {"de": {"title": "Leinenshirt Oliv M"}, "en": {"title": "Linen tee olive M"}},
}
MUG = {
    "product_id": "0190f3d41b5570d8a3cc6e9f7710ab42",
    "variant_id": "0190f3d41b5570d8a3cc6e9f7710ab42",
    "title": "Stoneware mug",
    "variant_title": None,
    "price": 16.5,
    "sku": "NL-MUG-01",
    "product_url": None,
}
TEE_PATH = f"/products/{TEE['product_id']}/variants/{TEE['variant_id']}"


def without_ids(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in ("product_id", "variant_id")}


def told(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name not in ("created_at", "updated_at")}


@pytest.fixture
async def shop(karla: Karla) -> ShopClient:
    return await karla.shop(Role.EDITOR)


async def test_a_bulk_upsert_answers_every_variant_whole(shop: ShopClient) -> None:
    answer = await shop.post("/products", [TEE, MUG])

    assert answer.status_code == 200
    tee, mug = answer.json()
    assert told(tee) == TEE
    assert told(mug) == {**MUG, "image_url": None, "translations": {}}
    assert tee["created_at"] == tee["updated_at"]
    assert tee["created_at"].endswith("+00:00")


async def test_the_same_body_twice_changes_nothing(shop: ShopClient) -> None:
    first = await shop.post("/products", [TEE, MUG])
    second = await shop.post("/products", [TEE, MUG])

    assert second.json() == first.json()
    assert (await shop.put(TEE_PATH, without_ids(TEE))).json() == first.json()[0]


async def test_a_changed_member_moves_updated_at_of_that_variant_alone(shop: ShopClient) -> None:
    tee, mug = (await shop.post("/products", [TEE, MUG])).json()
    new_tee, same_mug = (await shop.post("/products", [{**TEE, "price": None}, MUG])).json()

    assert same_mug == mug
    assert new_tee["price"] is None
    assert new_tee["created_at"] == tee["created_at"]
    assert new_tee["updated_at"] > tee["updated_at"]


async def test_what_the_shop_leaves_out_is_empty_from_then_on(shop: ShopClient) -> None:
    await shop.post("/products", [TEE])
    answer = await shop.put(TEE_PATH, {"title": "Linen tee", "note": "members that nobody knows are no error"})

    assert answer.status_code == 200
    assert told(answer.json()) == {
        "product_id": TEE["product_id"],
        "variant_id": TEE["variant_id"],
        "title": "Linen tee",
        "variant_title": None,
        "price": None,
        "sku": None,
        "product_url": None,
        "image_url": None,
        "translations": {},
    }


async def test_of_two_items_for_one_variant_the_last_counts(shop: ShopClient) -> None:
    answer = await shop.post("/products", [TEE, MUG, {**TEE, "title": "Hemp tee"}])

    assert [item["title"] for item in answer.json()] == ["Hemp tee", "Stoneware mug"]


@pytest.mark.parametrize("variant", [{}, {"variant_id": None}, {"variant_id": ""}])
async def test_a_product_without_variants_goes_by_its_own_id(shop: ShopClient, variant: dict[str, Any]) -> None:
    answer = await shop.post("/products", [{"product_id": "mug", "title": "Mug", **variant}])

    assert answer.json()[0]["variant_id"] == "mug"
    assert (await shop.get("/products/mug/variants/mug")).json() == answer.json()[0]


async def test_an_empty_list_is_a_list(shop: ShopClient) -> None:
    answer = await shop.post("/products", [])

    assert (answer.status_code, answer.json()) == (200, [])


async def test_a_page_of_many_variants_fits(shop: ShopClient) -> None:
    items = [{"product_id": f"p{n // 20}", "variant_id": f"v{n}", "title": f"Title {n}"} for n in range(10_001)]

    assert len((await shop.post("/products", items[:10_000])).json()) == 10_000
    refused = await shop.post("/products", items)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["type"] == "too_long"


async def test_every_fault_of_a_bulk_body_is_named_and_nothing_is_stored(shop: ShopClient) -> None:
    answer = await shop.post(
        "/products",
        [
            TEE,
            {"product_id": "", "title": None},
            {"product_id": "p", "title": "x" * 1001, "price": "free"},
            {"product_id": "q", "title": "x", "image_url": "javascript:alert(1)", "translations": {"de": {}}},
        ],
    )

    assert answer.status_code == 422
    assert {(fault["loc"][1], fault["field"]) for fault in answer.json()["errors"]} == {
        (1, "product_id"),
        (1, "title"),
        (2, "title"),
        (2, "price"),
        (3, "image_url"),
        (3, "title"),
    }
    assert (await shop.get("/products")).json() == []


async def test_addresses_without_a_scheme_are_kept(shop: ShopClient) -> None:
    answer = await shop.post("/products", [{**MUG, "image_url": "//cdn.example/mug.jpg", "product_url": ""}])

    assert answer.json()[0]["image_url"] == "//cdn.example/mug.jpg"
    assert answer.json()[0]["product_url"] is None


async def test_variants_are_found_by_every_filter(shop: ShopClient) -> None:
    await shop.post("/products", [TEE, MUG, {**TEE, "variant_id": "other", "sku": "NL-TEE-L-OLV"}])

    async def found(**filters: str) -> set[str]:
        answer = await shop.get("/products", **filters)
        assert answer.status_code == 200
        return {item["sku"] for item in answer.json()}

    assert await found() == {"NL-TEE-M-OLV", "NL-TEE-L-OLV", "NL-MUG-01"}
    assert await found(product_id=str(TEE["product_id"])) == {"NL-TEE-M-OLV", "NL-TEE-L-OLV"}
    assert await found(variant_id="other") == {"NL-TEE-L-OLV"}
    assert await found(sku="NL-MUG-01") == {"NL-MUG-01"}
    assert await found(title="STONE") == {"NL-MUG-01"}
    assert await found(title="%") == set()
    assert await found(sku="NL-MUG-01", title="linen") == set()


async def test_pages_follow_each_other_newest_first(shop: ShopClient) -> None:
    for number in range(5):
        await shop.post("/products", [{"product_id": f"p{number}", "title": "Title"}])

    pages = [(await shop.get("/products", page=page, per_page=2)).json() for page in (1, 2, 3, 4)]

    assert [[item["product_id"] for item in page] for page in pages] == [["p4", "p3"], ["p2", "p1"], ["p0"], []]
    assert (await shop.get("/products", per_page=101)).status_code == 422


async def test_a_product_is_all_its_variants(shop: ShopClient) -> None:
    await shop.post("/products", [{**TEE, "variant_id": "b"}, MUG, {**TEE, "variant_id": "a"}])

    answer = await shop.get(f"/products/{TEE['product_id']}")

    assert [item["variant_id"] for item in answer.json()] == ["a", "b"]


async def test_deleting_a_product_takes_its_variants_along(shop: ShopClient) -> None:
    await shop.post("/products", [TEE, {**TEE, "variant_id": "other"}, MUG])

    answer = await shop.delete(f"/products/{TEE['product_id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert [item["sku"] for item in (await shop.get("/products")).json()] == ["NL-MUG-01"]

    again = await shop.delete(f"/products/{TEE['product_id']}")
    assert (again.status_code, again.json()["key"]) == (404, "product_not_found")


async def test_ids_from_the_path_are_taken_as_they_are(shop: ShopClient) -> None:
    answer = await shop.put("/products/a%20b%3F%C3%BC/variants/%25", {"title": "Odd"})

    assert (answer.json()["product_id"], answer.json()["variant_id"]) == ("a b?ü", "%")
    assert (await shop.get("/products/a%20b%3F%C3%BC/variants/%25")).json()["title"] == "Odd"


@pytest.mark.parametrize("path", ["/products/nope", "/products/nope/variants/nope", "/products/%00/variants/a"])
async def test_what_is_not_there_is_not_found(shop: ShopClient, path: str) -> None:
    assert (await shop.get(path)).status_code == 404


async def test_ids_that_no_index_holds_are_refused(shop: ShopClient) -> None:
    answer = await shop.put(f"/products/{'p' * 256}/variants/{'v' * 256}", {"title": "Long"})

    assert answer.status_code == 422
    assert [fault["loc"] for fault in answer.json()["errors"]] == [["path", "product_id"], ["path", "variant_id"]]
    longest = await shop.put(f"/products/{'😀' * 255}/variants/{'😀' * 255}", {"title": "Long", "sku": "😀" * 255})
    assert longest.status_code == 200
    assert (await shop.put("/products/%00/variants/a", {"title": "Nul"})).status_code == 404


async def test_viewers_read_and_do_not_write(karla: Karla) -> None:
    editor = await karla.shop(Role.EDITOR)
    viewer = await karla.key_for(editor.shop, Role.VIEWER)
    await editor.post("/products", [TEE])

    assert (await viewer.get("/products")).status_code == 200
    assert (await viewer.get(TEE_PATH)).status_code == 200
    for refused in (
        await viewer.post("/products", [TEE]),
        await viewer.put(TEE_PATH, without_ids(TEE)),
        await viewer.delete(f"/products/{TEE['product_id']}"),
    ):
        assert refused.status_code == 403


async def test_another_shops_products_are_not_seen(karla: Karla) -> None:
    mine, theirs = await karla.shop(), await karla.shop()
    await theirs.post("/products", [TEE])

    assert (await mine.get("/products")).json() == []
    assert (await mine.get(TEE_PATH)).status_code == 404
    assert (await mine.delete(f"/products/{TEE['product_id']}")).status_code == 404
    assert (await theirs.get(TEE_PATH)).status_code == 200
