"""How a shop behaves and presents itself: its settings in both forms of the wire contract, and its images."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec


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
