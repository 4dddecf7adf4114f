"""A shop with a page and two orders, and shoppers of every kind before it."""

from typing import Any, NamedTuple

from karla.domain.shoppers.rules.keys import ShopperKeys
from karla.domain.shoppers.rules.tokens import FORM
from tests.support.karla import Karla, ShopClient
from tests.support.samples import sample

ZIP_CODE = "10119"


class Visited(NamedTuple):
    """`shoppers` may see the order `number`, `others` the order `other`, and `strangers` none: each by its Bearer."""

    shop: ShopClient
    number: str
    other: str
    shoppers: dict[str, str]
    others: dict[str, str]
    strangers: dict[str, str]

    async def order(self, number: str | None = None) -> Any:
        """The order as the shop sees it."""
        return (await self.shop.get(f"/orders/{number or self.number}")).json()


async def visited(karla: Karla) -> Visited:
    """A new one."""
    shop = await karla.shop()
    assert (await shop.patch("", {"web_tracking_enabled": True})).is_success
    for number in ("KX-4711", "KX-4712", "KX-4713"):
        await place(shop, number)
    strangers = {f"revoked {name}": bearer for name, bearer in (await _shoppers(shop, "KX-4713")).items()}
    assert (await shop.delete("/orders/KX-4713/tokens")).is_success
    # That one needs no token.
    del strangers["revoked zip session"]
    shoppers = await _shoppers(shop, "KX-4711")
    token = shoppers["token"]
    forger = ShopperKeys.of(["the key of somebody else, who can write"])
    strangers["tampered"] = token[:-1] + ("a" if token[-1] != "a" else "b")
    strangers["forged"] = FORM.written(forger.tokens, forger.tokens.newest, shop.shop.id, bytes(FORM.content_bytes))
    others = {f"other's {name}": bearer for name, bearer in (await _shoppers(shop, "KX-4712")).items()}
    return Visited(shop, "KX-4711", "KX-4712", shoppers, others, strangers)


async def place(shop: ShopClient, number: str) -> None:
    """An order of which nothing has shipped, to ZIP_CODE."""
    body = sample("order_upsert.request.headless")
    body["id"], body["trackings"] = number, []
    body["order"] |= {"order_number": number, "order_name": None, "external_id": f"erp-{number}"}
    body["order"]["address"] = {"zip_code": ZIP_CODE, "city": "Berlin", "country_code": "DE", "name": "Mara Lindqvist"}
    answer = await shop.put("/orders", body)
    assert answer.is_success, answer.text


async def token_of(shop: ShopClient, number: str) -> str:
    """The order's token."""
    answer = await shop.post("/orders/trackpage-url", {"id": number})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["token"])


async def session_of(shop: ShopClient, **body: str) -> str:
    """The session that this opens."""
    answer = await shop.http.post(f"/v1/shops/{shop.slug}/storefront/sessions", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["session"])


async def _shoppers(shop: ShopClient, number: str) -> dict[str, str]:
    token = await token_of(shop, number)
    return {
        "token": token,
        "token session": await session_of(shop, token=token),
        "zip session": await session_of(shop, order_number=number, zip_code=ZIP_CODE),
    }
