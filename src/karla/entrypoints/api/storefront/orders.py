"""A shopper's order."""

import hashlib
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.openapi.datastructures import ResponseSpec

from karla.entrypoints.api.access import shopper as shopper_of_level
from karla.entrypoints.api.bodies import from_query
from karla.entrypoints.api.services import Services
from karla.entrypoints.api.shoppers import Shopper
from karla.entrypoints.api.storefront.documents import order_for
from karla.entrypoints.api.storefront.languages import LanguageView, wished
from karla.entrypoints.api.storefront.shapes import StorefrontOrder
from karla.infra.assets import has_already

TAGS = ["Storefront"]

# A browser may show it again when its reader comes back, and asks whether it is still true.
PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Accept-Language"}


@get(
    "/v1/shops/{slug:str}/storefront/order",
    operation_id="v1StorefrontOrderGet",
    summary="See an order as its shopper does",
    tags=TAGS,
    opt=shopper_of_level(),
    dependencies={"filters": from_query(LanguageView)},
    responses={200: ResponseSpec(StorefrontOrder, description="The order")},
)
async def read_order(
    filters: NamedDependency[LanguageView],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    shopper: NamedDependency[Shopper],
) -> Response[bytes]:
    """The order with its parcels, their timelines and what may be done, in words of the asked language.

    Prices and the whole address are there for those who came by a token. With an `ETag`: sent back in
    `If-None-Match`, what is still the same is a 304 without a body.
    """
    order = await order_for(services, shopper, wished(request.scope, filters.lang))
    body = msgspec.json.encode(order)
    headers = {
        **PRIVATE,
        "Content-Language": order.language,
        "ETag": f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"',
    }
    if has_already(request.headers, headers["ETag"]):
        return Response(b"", status_code=304, headers=headers, media_type=MediaType.JSON)
    return Response(body, headers=headers, media_type=MediaType.JSON)


HANDLERS = (read_order,)
