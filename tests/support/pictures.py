"""Addresses of pictures, as documents tell them."""

from karla.domain.shoppers.rules.tokens import token_id
from karla.infra.pictures import Kind, Named, picture_url
from tests.support.karla import Karla, ShopClient
from tests.support.storefront import by_token, placed


async def picture_address(karla: Karla, shop: ShopClient, source: str, kind: Kind = "product") -> str:
    """Where a shop's picture is served; a photo's for one who came by the link of an order 10001, made if absent."""
    holder = None
    if kind == "photo":
        await placed(shop)
        bearer = (await by_token(karla, shop)).bearer
        holder = token_id(karla.services.shopper_keys.tokens, shop.shop.id, bearer)
    named = Named(kind, source, holder)
    url = picture_url(karla.services.settings.base_url, shop.slug, named, karla.services.picture_signer)
    assert url is not None
    return url
