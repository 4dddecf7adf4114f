"""How a shop behaves and presents itself: its settings in both forms of the wire contract, and its images."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from karla.vocabulary.themes import ThemeName


class SettingStatus(StrEnum):
    """Whether something is used; `testing` counts as used."""

    DISABLED = "disabled"
    LIVE = "live"
    TESTING = "testing"


class ShipmentGroupKey(StrEnum):
    """By what the events of one parcel are grouped at Klaviyo."""

    SHIPMENT_ID = "shipment_id"
    TRACKING_NUMBER = "tracking_number"
    EXTERNAL_SHIPMENT_ID = "external_shipment_id"


class CarriersV1(msgspec.Struct, frozen=True, kw_only=True):
    """Versioned settings of two sources of carrier data, `pp` and `hc`."""

    pp_status: SettingStatus = SettingStatus.LIVE
    pp_disabled_carriers: list[str] = []
    hc_status: SettingStatus = SettingStatus.LIVE
    hc_enabled_carriers: list[str] = []
    override_pp_tracking_config_for_segments: list[str] = []
    override_hc_tracking_config_for_segments: list[str] = []


class KlaviyoV1(msgspec.Struct, frozen=True, kw_only=True):
    """Versioned settings of what goes to Klaviyo; `stale_event_threshold` is in hours."""

    status: SettingStatus
    custom_triggers: list[dict[str, Any]] = []
    trigger_delivered_all_events: bool = False
    shipment_group_key: ShipmentGroupKey = ShipmentGroupKey.SHIPMENT_ID
    stale_event_threshold: int = 4


class ShopifyV1(msgspec.Struct, frozen=True, kw_only=True):
    """Versioned settings of what goes to Shopify."""

    status: SettingStatus = SettingStatus.LIVE


class TriggersV1(msgspec.Struct, frozen=True, kw_only=True):
    """Versioned settings of who is told of events."""

    klaviyo: KlaviyoV1
    shopify: ShopifyV1 = ShopifyV1()


class Versioned(msgspec.Struct, frozen=True, kw_only=True):
    """The older form of a shop's settings, version 1; `trackpages` is the client's own."""

    triggers: TriggersV1
    carriers: CarriersV1
    trackpages: dict[str, Any] = {}


class Carriers(msgspec.Struct, frozen=True, kw_only=True):
    """Whether carriers are asked for updates."""

    shipment_updates: bool = True


class Triggers(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told of events."""

    klaviyo: bool = False
    shopify: bool = False


class Segments(msgspec.Struct, frozen=True, kw_only=True):
    """Whose customer segments are read."""

    klaviyo: bool = False
    shopify: bool = False


class ShopSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A shop's settings; the flat blocks are what the rest of Karla goes by.

    `versioned` is there once the shop has been given that form, and says the same as the flat blocks.
    """

    carriers: Carriers = Carriers()
    triggers: Triggers = Triggers()
    segments: Segments = Segments()
    versioned: Versioned | None = None


class CarriersChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller says of the carriers block, in either form; None is not said."""

    shipment_updates: bool | None = None
    versioned: CarriersV1 | None = None


class TriggersChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller says of the triggers block, in either form; None is not said."""

    klaviyo: bool | None = None
    shopify: bool | None = None
    versioned: TriggersV1 | None = None


class SegmentsChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller says of the segments block; None is not said."""

    klaviyo: bool | None = None
    shopify: bool | None = None


class SettingsChange(msgspec.Struct, frozen=True, kw_only=True):
    """Whole new settings; blocks that only one of the two forms has may be missing."""

    carriers: CarriersChange
    triggers: TriggersChange
    segments: SegmentsChange | None = None
    trackpages: dict[str, Any] | None = None

    @property
    def versioned(self) -> bool:
        """Whether any block came in the versioned form."""
        return bool(self.carriers.versioned or self.triggers.versioned or self.trackpages is not None)


class ImageType(StrEnum):
    """What an image is for."""

    BACKGROUND = "background"
    CLAIM = "claim"
    LOGO = "logo"
    SIGNATURE = "signature"
    PRODUCT = "product"
    VOUCHER = "voucher"


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """An uploaded image; the bytes are in the object store under `object_key`."""

    shop_id: UUID
    id: UUID
    image_type: ImageType
    object_key: str
    content_type: str
    size_bytes: int
    width: int
    height: int
    created_at: datetime


class PageLinks(msgspec.Struct, frozen=True, kw_only=True):
    """Where a tracking page leads, beside what the shop says of itself."""

    resolve_url: str | None = None
    imprint_url: str | None = None
    privacy_url: str | None = None


class PageActions(msgspec.Struct, frozen=True, kw_only=True):
    """What a shopper with a token may do, while the order allows it."""

    cancel: bool = True
    change_address: bool = True


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """The `utm_…` parameters of links that lead from the page into the shop."""

    source: str = "karla"
    medium: str = "tracking_page"
    campaign: str | None = None


class PageSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a shop says of its tracking page: the good ones of the known members, None where there is none.

    `colors` and `dark_colors` are by name as `#rrggbb`, `texts` by language and key. `font` and `heading_font` are
    names of stacks. Hosts are in lower case, origins without a default port.
    """

    theme: str | None = None
    mode: str | None = None
    colors: dict[str, str] = {}
    dark_colors: dict[str, str] = {}
    font: str | None = None
    heading_font: str | None = None
    radius: str | None = None
    density: str | None = None
    logo_url: str | None = None
    logo_dark_url: str | None = None
    background_url: str | None = None
    texts: dict[str, dict[str, str]] = {}
    hidden: list[str] = []
    links: PageLinks = PageLinks()
    origins: list[str] = []
    domain: str | None = None
    actions: PageActions = PageActions()
    shopify_domain: str | None = None
    campaign: Campaign = Campaign()

    @property
    def hosts(self) -> frozenset[str]:
        """The host names that lead to this page."""
        return frozenset(host for host in (self.domain, self.shopify_domain) if host)


class DomainStatus(StrEnum):
    """`none`: the shop names no domain. `pending`: never yet seen to lead here. `active`: it does. `lost`: it did.

    `unclaimed`: the shop names it, and doesn't have it.
    """

    NONE = "none"
    PENDING = "pending"
    ACTIVE = "active"
    LOST = "lost"
    UNCLAIMED = "unclaimed"


class PageDomain(msgspec.Struct, frozen=True, kw_only=True):
    """A domain of a shop's own, and whether it leads to this Karla; `problem` is what the last check found."""

    shop_id: UUID
    domain: str
    claimed_at: datetime
    proven_at: datetime | None = None
    checked_at: datetime | None = None
    problem: str | None = None


class Palette(msgspec.Struct, frozen=True, kw_only=True):
    """Colours as `#rrggbb`; each `on_…` and each text colour has at least AA contrast on what it stands on.

    `line` is for order and may be faint; the border that tells where an input is takes `muted`.
    """

    background: str
    surface: str
    text: str
    muted: str
    line: str
    accent: str
    on_accent: str
    accent_text: str
    positive: str
    positive_soft: str
    warning: str
    warning_soft: str
    negative: str
    negative_soft: str


class Hues(msgspec.Struct, frozen=True, kw_only=True):
    """The colours of a palette that are chosen; the rest is derived from them."""

    background: str
    surface: str
    text: str
    muted: str
    line: str
    accent: str
    positive: str
    warning: str
    negative: str


class Theme(msgspec.Struct, frozen=True, kw_only=True):
    """A ready design; `font` and `heading_font` are names of stacks."""

    name: ThemeName
    mode: str
    light: Hues
    dark: Hues
    font: str
    heading_font: str
    heading_weight: int
    radius: str
    density: str


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """A shop's design, resolved; the fonts are values of CSS's `font-family`."""

    theme: str
    mode: str
    light: Palette
    dark: Palette
    font: str
    heading_font: str
    heading_weight: int
    radius: str
    density: str
