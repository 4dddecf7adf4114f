"""What is around the content of every page, and the small parts that all views are made of."""

from typing import Literal

import msgspec

from karla.client.storefront.answers import Palette


class Time(msgspec.Struct, frozen=True, kw_only=True):
    """A moment or day in words; `iso` goes into `<time datetime>`."""

    iso: str
    words: str


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """A picture with its size in CSS pixels, so that nothing moves when it arrives. An empty `alt` is decoration."""

    src: str
    alt: str
    width: int
    height: int


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A link with its words; `current` marks the one that is shown already."""

    url: str
    label: str
    current: bool = False


class Hidden(msgspec.Struct, frozen=True, kw_only=True):
    """An input that a form carries along."""

    name: str
    value: str


class Language(msgspec.Struct, frozen=True, kw_only=True):
    """A language that the page can be had in, named in itself; `code` as in `lang`."""

    code: str
    name: str
    url: str
    current: bool


class BrandStyle(msgspec.Struct, frozen=True, kw_only=True):
    """The members of the API's Brand that `brand.css` writes; the fonts are values of CSS's `font-family`."""

    theme: str
    mode: Literal["auto", "light", "dark"]
    light: Palette
    dark: Palette
    font: str
    heading_font: str
    heading_weight: int
    radius: Literal["none", "small", "medium", "large"]
    density: Literal["compact", "regular", "spacious"]


class Assets(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses of `page.css`, `page.js` and `icon.svg` with their versions."""

    css: str
    js: str
    icon: str


class Switch(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the demo's bar: "State", "Theme", "Language"."""

    label: str
    choices: list[Link]


class Chrome(msgspec.Struct, frozen=True, kw_only=True):
    """What is around the content of every page.

    `title` is the document's. `texts` are the shop's own words by key. What a shop hides isn't in a context at all.
    With `embedded` there is neither header nor footer, and the page tells its height to the window around it. `heading`
    is the level of the topmost heading: 2 within somebody else's page (the SDK). `home` leads to the finder. `demo` is
    the demo's bar, empty elsewhere. `beacon_url` takes the visits, told as of `surface`; None records none.
    """

    language: str
    direction: Literal["ltr", "rtl"]
    title: str
    nonce: str
    assets: Assets
    brand: BrandStyle
    shop_slug: str
    shop_name: str
    shop_url: str | None
    logo: Image | None
    logo_dark: Image | None
    backdrop_url: str | None
    home: str
    imprint_url: str | None
    privacy_url: str | None
    languages: list[Language]
    texts: dict[str, str]
    embedded: bool = False
    heading: Literal[1, 2] = 1
    beacon_url: str | None = None
    surface: Literal["track", "finder", "embed", "iframe", "shopify", "demo"] = "track"
    demo: list[Switch] = []


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Something said once, above everything else.

    `stale`: Karla can't be reached, what is shown is as of `time`. `cancelled`, `address_changed`: done. `shipped`: too
    late for it. `refused`: it could not be done, try again. `token_needed`: only with the link from the e-mail.
    """

    kind: Literal["stale", "cancelled", "address_changed", "shipped", "refused", "token_needed"]
    time: Time | None = None
