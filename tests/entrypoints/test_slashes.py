"""Order numbers and product ids with slashes are names like any other."""

from tests.support.karla import Karla


async def test_an_order_number_with_slashes(karla: Karla) -> None:
    shop = await karla.shop()
    body = {"id": "RE/2024/17", "order": {"order_number": "RE/2024/17", "address": None}, "trackings": []}
    placed = (await shop.put("/orders", body)).json()

    found = await shop.get("/orders/RE%2F2024%2F17")
    assert (found.status_code, found.json()["uuid"]) == (200, placed["uuid"])
    cancelled = await shop.post("/orders/RE%2f2024%2f17/cancel")
    assert cancelled.json()["status"] == "cancelled"
    by_host = await shop.call("GET", "/api/v1/orders/RE%2F2024%2F17", headers={"Host": f"{shop.slug}.karla.test"})
    assert by_host.json()["uuid"] == placed["uuid"]
    assert (await shop.get("/orders/RE/2024/17")).status_code == 404


async def test_the_product_ids_of_shopify(karla: Karla) -> None:
    shop = await karla.shop()
    product, variant = "gid://shopify/Product/108", "gid://shopify/ProductVariant/90"
    path = f"/products/{product.replace('/', '%2F')}/variants/{variant.replace('/', '%2F')}"

    made = await shop.put(path, {"title": "Linen tee"})
    assert made.status_code in (200, 201), made.text
    assert (made.json()["product_id"], made.json()["variant_id"]) == (product, variant)
    assert (await shop.get(path)).json()["title"] == "Linen tee"


async def test_garbled_paths_are_only_unknown(karla: Karla) -> None:
    shop = await karla.shop()
    for name in ("%2F", "%2F%FF", "%2F%00", "%2f..%2f.."):
        assert (await shop.get(f"/orders/{name}")).status_code == 404
