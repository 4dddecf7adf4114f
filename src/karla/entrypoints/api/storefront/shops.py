"""A shop as its shoppers' browsers see it: its brand, its words, its links."""

import hashlib
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta
from msgspec.structs import asdict

from karla.domain.branding.queries import settings_of
from karla.domain.branding.records import PageSettings, ShopSettings
from karla.domain.branding.rules.hosts import page_origins
from karla.domain.branding.rules.looks import look_of
from karla.domain.branding.rules.pages import is_picture_url, page_of
from karla.domain.tenants.queries import get_shop
from karla.domain.tenants.records import Shop
from karla.entrypoints.api.access import PUBLIC
from karla.entrypoints.api.bodies import from_query
from karla.entrypoints.api.services import Services
from karla.entrypoints.api.storefront.access import demand_page
from karla.entrypoints.api.storefront.languages import LanguageView, language_for, wished
from karla.entrypoints.api.storefront.shapes import Brand, Links, StorefrontShop
from karla.infra.access import scope_of
from karla.infra.assets import has_already
from karla.infra.pictures import Kind, Named, PictureSigner, picture_url
from karla.vocabulary.events import LANGUAGES
from karla.vocabulary.locale import FALLBACK, best_language
from karla.vocabulary.themes import ThemeName

TAGS = ["Storefront"]

_HEADERS = {"Cache-Control": "public, max-age=60", "Vary": "Accept-Language"}
_LANGUAGES = sorted(LANGUAGES)


class ShopView(LanguageView, kw_only=True):
    """How a shop is looked at: in which language, and in another theme than its own to try it."""

    theme: Annotated[ThemeName, Meta(description="Another theme, without the shop's own colours and fonts.")] | None = (
        None
    )


class Gallery(msgspec.Struct, frozen=True):
    """Gives pictures of the shop's own addresses that are Karla's: a page asks nobody else for anything."""

    public_url: str
    slug: str
    signer: PictureSigner

    def shown(self, source: str | None, kind: Kind) -> str | None:
        """Where Karla serves what is there."""
        return picture_url(self.public_url, self.slug, Named(kind, source), self.signer) if source else None


def brand_of(settings: ShopSettings, shop: Shop, language: str, gallery: Gallery, theme: str | None = None) -> Brand:
    """The design with the texts in `language`; `theme` instead of the shop's own with its colours."""
    page = page_of(settings)
    look = look_of(page, theme)
    logo = page.logo_url or (shop.logo_url if is_picture_url(shop.logo_url or "") else None)
    return Brand(
        theme=look.theme,
        mode=look.mode,  # type: ignore[arg-type] # one of those that settings may say
        light=look.light,
        dark=look.dark,
        font=look.font,
        heading_font=look.heading_font,
        heading_weight=look.heading_weight,
        radius=look.radius,  # type: ignore[arg-type]
        density=look.density,  # type: ignore[arg-type]
        logo_url=gallery.shown(logo, "logo"),
        logo_dark_url=gallery.shown(page.logo_dark_url, "logo"),
        background_url=gallery.shown(page.background_url, "background"),
        hidden=list(page.hidden),
        texts=_texts(page, language, language_of_shop(shop)),
    )


def shop_document(
    shop: Shop,
    settings: ShopSettings,
    language: str,
    public_url: str,
    signer: PictureSigner,
    theme: str | None = None,
) -> StorefrontShop:
    """What anybody may know of a shop, also of one without a page."""
    page = page_of(settings)
    campaign = {name: value for name, value in asdict(page.campaign).items() if value is not None}
    return StorefrontShop(
        slug=shop.slug,
        name=shop.name,
        language=language_of_shop(shop),
        languages=list(_LANGUAGES),
        page_enabled=shop.web_tracking_enabled,
        links=Links(
            shop_url=shop.shop_url,
            faq_url=shop.shop_faq_url,
            service_url=shop.shop_service_url,
            resolve_url=page.links.resolve_url,
            imprint_url=page.links.imprint_url,
            privacy_url=page.links.privacy_url,
        ),
        brand=brand_of(settings, shop, language, Gallery(public_url, shop.slug, signer), theme),
        embedding_origins=page_origins(page, public_url, shop.shop_url),
        campaign=campaign,
    )


def language_of_shop(shop: Shop) -> str:
    """The shop's language by its ISO 639 code: what is `dk` on the wire is `da` to browsers."""
    return best_language(shop.language, LANGUAGES)


def _texts(page: PageSettings, asked: str, own: str) -> dict[str, str]:
    """Each text in the first language that has it; an empty one is none."""
    found: dict[str, str] = {}
    for language in (FALLBACK, own, asked):
        found |= {key: text for key, text in page.texts.get(language, {}).items() if text.strip()}
    return found


@get(
    "/v1/shops/{slug:str}/storefront/shop",
    operation_id="v1StorefrontShopGet",
    summary="See a shop as its shoppers do",
    tags=TAGS,
    opt=PUBLIC,
    dependencies={"filters": from_query(ShopView)},
)
async def get_storefront_shop(
    slug: FromPath[str],
    filters: NamedDependency[ShopView],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
) -> Response[StorefrontShop]:
    """The shop's name, links, design and texts: what a tracking page of your own needs to look like the shop.

    A text is in the asked language, else in the shop's, else in English. A shop without a page is a 404.
    """
    ref = await services.keyring.shop(slug)
    scope = scope_of([ref.id])
    async with services.db.read(scope) as connection:
        shop = await get_shop(scope, connection)
        settings = await settings_of(scope, connection)
    demand_page(shop)
    asked = language_for(shop, wished(request.scope, filters.lang))
    url, signer = services.settings.base_url, services.picture_signer
    document = shop_document(shop, settings, asked, url, signer, filters.theme)
    headers = {**_HEADERS, "ETag": _etag(document)}
    if has_already(request.headers, headers["ETag"]):
        return Response(None, status_code=304, headers=headers)  # type: ignore[arg-type]
    return Response(document, headers=headers)


def _etag(document: StorefrontShop) -> str:
    return f'"{hashlib.blake2b(msgspec.json.encode(document), digest_size=12).hexdigest()}"'


HANDLERS = (get_storefront_shop,)
