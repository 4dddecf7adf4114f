"""The demo: a made-up order in the shop's design, and its pictures."""

from importlib.resources import files
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta

from karla.domain.branding.queries import settings_of
from karla.domain.shoppers.records import Level
from karla.domain.tenants.queries import get_shop
from karla.entrypoints.api.access import PUBLIC
from karla.entrypoints.api.bodies import from_query
from karla.entrypoints.api.services import Services
from karla.entrypoints.api.storefront.demos.making import PICTURES, DemoState, file_of, slots_of
from karla.entrypoints.api.storefront.documents import Surroundings, order_document
from karla.entrypoints.api.storefront.languages import language_for, wished
from karla.entrypoints.api.storefront.shapes import StorefrontOrder
from karla.entrypoints.api.storefront.shops import ShopView, shop_document
from karla.infra.access import scope_of
from karla.infra.errors import NotFound

TAGS = ["Storefront"]

_WHERE_IT_GOES = ZoneInfo("Europe/Berlin")


class DemoView(ShopView, kw_only=True):
    """Which order is looked at, and how."""

    state: Annotated[
        DemoState,
        Meta(description="A state of an order; `multi` has four parcels, the others show where one was left or waits."),
    ] = "on_the_way"


@get(
    "/v1/shops/{slug:str}/storefront/demo",
    operation_id="v1StorefrontDemoGet",
    summary="See a made-up order",
    tags=TAGS,
    opt=PUBLIC,
    dependencies={"filters": from_query(DemoView)},
)
async def read_demo(
    slug: FromPath[str],
    filters: NamedDependency[DemoView],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
) -> Response[StorefrontOrder]:
    """An order as a shopper would see it, in the shop's design, with times of just now; nothing of it is real.

    It is there before the shop switches its page on, and in any theme, so that both can be tried.
    """
    ref = await services.keyring.shop(slug)
    scope = scope_of([ref.id])
    async with services.db.read(scope) as connection:
        shop = await get_shop(scope, connection)
        settings = await settings_of(scope, connection)
    language = language_for(shop, wished(request.scope, filters.lang))
    url = services.settings.base_url
    pictures = f"{url}/v1/shops/{shop.slug}/storefront/demo/"
    now = services.clock.now().astimezone(_WHERE_IT_GOES)
    file = file_of(filters.state, language, now, pictures)
    order = order_document(shop, settings, file, Level.TOKEN, language, now, Surroundings.of(services, {}))
    made_up = msgspec.structs.replace(
        order,
        level="demo",
        slots=slots_of(language, shop.shop_url or f"{url}/track/{shop.slug}/demo", pictures),
        shop=shop_document(shop, settings, language, url, services.picture_signer, filters.theme),
    )
    return Response(made_up, headers={"Cache-Control": "no-cache", "Vary": "Accept-Language"})


@get(
    "/v1/shops/{slug:str}/storefront/demo/{name:str}",
    operation_id="v1StorefrontDemoPicturesGet",
    summary="See a picture of the demo",
    tags=TAGS,
    opt=PUBLIC,
    media_type="image/svg+xml",
)
async def read_demo_picture(slug: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """A drawing of a made-up product, or of a door that a parcel lies at, by the name that the demo told."""
    del slug  # every shop's demo sells the same
    drawn, _, kind = name.partition(".")
    if drawn not in PICTURES or kind != "svg":
        raise NotFound("picture_not_found", "There is no such picture.")
    content = (files(__package__) / "pictures" / f"{drawn}.svg").read_bytes()
    headers = {
        "Cache-Control": "public, max-age=86400",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, headers=headers, media_type="image/svg+xml")


HANDLERS = (read_demo, read_demo_picture)
