"""What is around every page: language, brand, links, files."""

from collections.abc import Sequence
from functools import cache

from karla.client.storefront.answers import Brand, Palette, StorefrontShop
from karla.entrypoints.storefront import files
from karla.entrypoints.storefront.campaigns import outgoing
from karla.entrypoints.storefront.contexts.reader import Reader
from karla.entrypoints.storefront.identity import link
from karla.entrypoints.storefront.languages import tongue_of
from karla.entrypoints.storefront.views import Assets, BrandStyle, Chrome, Image, Language, Switch
from karla.entrypoints.storefront.words.catalogues import LANGUAGES

_LOGO_WIDTH, _LOGO_HEIGHT = 160, 40


def chrome(reader: Reader, shop: StorefrontShop, title: str, demo: Sequence[Switch] = ()) -> Chrome:
    """The frame of a shop's page."""
    brand = shop.brand
    return Chrome(
        language=reader.tongue.tag,
        direction="rtl" if reader.tongue.direction == "rtl" else "ltr",
        title=f"{title} · {shop.name}",
        nonce=reader.nonce,
        assets=assets(reader),
        brand=brand_style(brand),
        shop_slug=shop.slug,
        shop_name=shop.name,
        shop_url=outgoing(shop.links.shop_url, shop),
        logo=_logo(brand.logo_url, shop.name),
        logo_dark=_logo(brand.logo_dark_url, shop.name),
        backdrop_url=brand.background_url,
        home=link(reader.place.page, reader.manner),
        imprint_url=outgoing(shop.links.imprint_url, shop),
        privacy_url=outgoing(shop.links.privacy_url, shop),
        languages=languages(reader),
        texts=brand.texts,
        embedded=reader.embedded,
        beacon_url=None if reader.surface == "demo" else f"{reader.place.storefront}/visits",
        surface=reader.surface,
        demo=list(demo),
    )


def plain_chrome(reader: Reader, title: str) -> Chrome:
    """The frame of a page of no shop's, in Karla's own design."""
    return Chrome(
        language=reader.tongue.tag,
        direction="rtl" if reader.tongue.direction == "rtl" else "ltr",
        title=title,
        nonce=reader.nonce,
        assets=assets(reader),
        brand=_PLAIN,
        shop_slug=reader.place.slug,
        shop_name="",
        shop_url=None,
        logo=None,
        logo_dark=None,
        backdrop_url=None,
        home=link(reader.place.page, reader.manner),
        imprint_url=None,
        privacy_url=None,
        languages=languages(reader),
        texts={},
        embedded=reader.embedded,
        surface=reader.surface,
    )


def assets(reader: Reader) -> Assets:
    """The page's files under their versions."""
    css, js, icon = (f"{reader.place.assets}/{files.versioned(name)}" for name in ("page.css", "page.js", "icon.svg"))
    return Assets(css=css, js=js, icon=icon)


def languages(reader: Reader) -> list[Language]:
    """The same page in every language."""
    return [
        Language(code=code, name=name, url=reader.in_language(code), current=code == reader.tongue.code)
        for code, name in names_of_languages().items()
    ]


@cache
def names_of_languages() -> dict[str, str]:
    """Each language of the pages by its name in itself."""
    return {code: tongue.name for code in LANGUAGES if (tongue := tongue_of(code))}


def brand_style(brand: Brand) -> BrandStyle:
    """The part of a brand that is written as custom properties."""
    return BrandStyle(**{name: getattr(brand, name) for name in BrandStyle.__struct_fields__})


def _logo(url: str | None, name: str) -> Image | None:
    return Image(src=url, alt=name, width=_LOGO_WIDTH, height=_LOGO_HEIGHT) if url else None


_LIGHT = Palette(
    background="#f6f7f9",
    surface="#ffffff",
    text="#16181d",
    muted="#565d6b",
    line="#dfe3ea",
    accent="#1f5fd6",
    on_accent="#ffffff",
    accent_text="#1b55c0",
    positive="#1b7a45",
    positive_soft="#e5f4ec",
    warning="#8a5a00",
    warning_soft="#fdf1d8",
    negative="#b3261e",
    negative_soft="#fdeceb",
)
_DARK = Palette(
    background="#101216",
    surface="#181b21",
    text="#eef0f4",
    muted="#a3abba",
    line="#2d323c",
    accent="#7aa7ff",
    on_accent="#0c1a33",
    accent_text="#8fb5ff",
    positive="#6fd39b",
    positive_soft="#14301f",
    warning="#f0bf5f",
    warning_soft="#33270d",
    negative="#ff9d95",
    negative_soft="#3a1715",
)
_PLAIN = BrandStyle(
    theme="clear",
    mode="auto",
    light=_LIGHT,
    dark=_DARK,
    font="system-ui, sans-serif",
    heading_font="system-ui, sans-serif",
    heading_weight=650,
    radius="medium",
    density="regular",
)
