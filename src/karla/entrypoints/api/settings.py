"""Shop settings, in the flat form and in the older versioned one."""

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import replace

from karla.domain.branding import commands, queries
from karla.domain.branding.records import (
    CarriersChange,
    CarriersV1,
    KlaviyoV1,
    SegmentsChange,
    SettingsChange,
    SettingStatus,
    ShipmentGroupKey,
    ShopifyV1,
    ShopSettings,
    TriggersChange,
    TriggersV1,
)
from karla.domain.branding.rules.forms import versioned_of
from karla.domain.branding.rules.pages import faults_of
from karla.entrypoints.api.access import Access, shop_role
from karla.entrypoints.api.bodies import json_body
from karla.entrypoints.api.services import Services
from karla.infra.errors import Loc
from karla.infra.validation import invalid
from karla.vocabulary.scope import Role

TAGS = ["Settings"]
VERSION: Literal["1"] = "1"

Version = Literal["1"]
AnyVersion = Literal["1", 1]
Names = Annotated[list[Annotated[str, Meta(max_length=500)]], Meta(max_length=1000)]
FreeForm = dict[str, Any]


class CarriersDataV1(msgspec.Struct, kw_only=True):
    """Versioned settings of the two sources of carrier data; what is absent or null has its default."""

    pp_status: SettingStatus | None = None
    pp_disabled_carriers: Names | None = None
    hc_status: SettingStatus | None = None
    hc_enabled_carriers: Names | None = None
    override_pp_tracking_config_for_segments: Names | None = None
    override_hc_tracking_config_for_segments: Names | None = None


class KlaviyoDataV1(msgspec.Struct, kw_only=True):
    """Versioned settings of Klaviyo; what is absent or null has its default."""

    status: SettingStatus
    custom_triggers: Annotated[list[FreeForm], Meta(max_length=1000)] | None = None
    trigger_delivered_all_events: bool | None = None
    shipment_group_key: ShipmentGroupKey | None = None
    stale_event_threshold: Annotated[int, Meta(ge=0, le=100_000, description="Hours.")] | None = None


class ShopifyDataV1(msgspec.Struct, kw_only=True):
    """Versioned settings of Shopify; what is absent or null has its default."""

    status: SettingStatus | None = None


class TriggersDataV1(msgspec.Struct, kw_only=True):
    """Versioned settings of who is told of events."""

    klaviyo: KlaviyoDataV1
    shopify: ShopifyDataV1 | None = None

    def record(self) -> TriggersV1:
        """The domain's words for it."""
        klaviyo = KlaviyoV1(**_given(self.klaviyo))
        return TriggersV1(klaviyo=klaviyo, shopify=ShopifyV1(**_given(self.shopify)) if self.shopify else ShopifyV1())


class CarrierSettingsUpdate(msgspec.Struct, kw_only=True):
    """The carriers block in either form; in both, `shipment_updates` has the last word."""

    shipment_updates: Annotated[bool, Meta(description="Ask carriers for updates.")] | None = None
    version: Version | None = None
    data: CarriersDataV1 | None = None

    def change(self) -> CarriersChange:
        """The domain's words for it."""
        versioned = CarriersV1(**_given(self.data)) if self.data else None
        return CarriersChange(shipment_updates=self.shipment_updates, versioned=versioned)


class TriggerSettingsUpdate(msgspec.Struct, kw_only=True):
    """The triggers block in either form; in both, the flat members have the last word."""

    klaviyo: Annotated[bool, Meta(description="Tell Klaviyo of events.")] | None = None
    shopify: Annotated[bool, Meta(description="Tell Shopify of events.")] | None = None
    version: Version | None = None
    data: TriggersDataV1 | None = None

    def change(self) -> TriggersChange:
        """The domain's words for it."""
        versioned = self.data.record() if self.data else None
        return TriggersChange(klaviyo=self.klaviyo, shopify=self.shopify, versioned=versioned)


class SegmentSettingsUpdate(msgspec.Struct, kw_only=True):
    """The segments block."""

    klaviyo: Annotated[bool, Meta(description="Read segments from Klaviyo.")] | None = None
    shopify: Annotated[bool, Meta(description="Read segments from Shopify.")] | None = None

    def change(self) -> SegmentsChange:
        """The domain's words for it."""
        return SegmentsChange(klaviyo=self.klaviyo, shopify=self.shopify)


class TrackpageSettingsUpdate(msgspec.Struct, kw_only=True):
    """Settings of tracking pages: a free-form object. Members that Karla knows have to be right, others are kept."""

    version: AnyVersion | None = None
    data: FreeForm | None = None


class SettingsUpdate(msgspec.Struct, kw_only=True):
    """All settings of a shop, in either form."""

    carriers: CarrierSettingsUpdate
    triggers: TriggerSettingsUpdate
    segments: SegmentSettingsUpdate | None = None
    trackpages: TrackpageSettingsUpdate | None = None

    def change(self) -> SettingsChange:
        """The domain's words for it."""
        return SettingsChange(
            carriers=self.carriers.change(),
            triggers=self.triggers.change(),
            segments=self.segments.change() if self.segments else None,
            trackpages=None if self.trackpages is None else self.trackpages.data or {},
        )


class CarriersV1Block(msgspec.Struct, kw_only=True):
    """Versioned carriers."""

    version: Version = VERSION
    data: CarriersV1


class TriggersV1Block(msgspec.Struct, kw_only=True):
    """Versioned triggers."""

    version: Version = VERSION
    data: TriggersV1


class TrackpagesV1Block(msgspec.Struct, kw_only=True):
    """Versioned settings of tracking pages."""

    version: Version = VERSION
    data: FreeForm


class VersionedSettings(msgspec.Struct, kw_only=True):
    """A shop's settings in the versioned form."""

    triggers: TriggersV1Block
    carriers: CarriersV1Block
    trackpages: TrackpagesV1Block


class CarrierSettings(msgspec.Struct, kw_only=True):
    """The carriers block; `version` and `data` once the shop has versioned settings."""

    shipment_updates: bool
    version: Version | UnsetType = UNSET
    data: CarriersV1 | UnsetType = UNSET


class TriggerSettings(msgspec.Struct, kw_only=True):
    """The triggers block; `version` and `data` once the shop has versioned settings."""

    klaviyo: bool
    shopify: bool
    version: Version | UnsetType = UNSET
    data: TriggersV1 | UnsetType = UNSET


class SegmentSettings(msgspec.Struct, kw_only=True):
    """The segments block."""

    klaviyo: bool
    shopify: bool


class SettingsDetail(msgspec.Struct, kw_only=True):
    """A shop's settings; those who know only one of the two forms find theirs."""

    carriers: CarrierSettings
    triggers: TriggerSettings
    segments: SegmentSettings
    trackpages: TrackpagesV1Block | UnsetType = UNSET


def _given(body: msgspec.Struct) -> dict[str, Any]:
    return {name: value for name in body.__struct_fields__ if (value := getattr(body, name)) is not None}


def _detail(settings: ShopSettings) -> SettingsDetail:
    detail = SettingsDetail(
        carriers=CarrierSettings(shipment_updates=settings.carriers.shipment_updates),
        triggers=TriggerSettings(klaviyo=settings.triggers.klaviyo, shopify=settings.triggers.shopify),
        segments=SegmentSettings(klaviyo=settings.segments.klaviyo, shopify=settings.segments.shopify),
    )
    if versioned := settings.versioned:
        detail.carriers.version = detail.triggers.version = VERSION
        detail.carriers.data = versioned.carriers
        detail.triggers.data = versioned.triggers
        detail.trackpages = TrackpagesV1Block(data=versioned.trackpages)
    return detail


def demand_good_pages(data: FreeForm, at: Loc, services: Services) -> None:
    """Invalid, with every fault, for settings of tracking pages of which a known member is wrong."""
    if faults := faults_of(data, at, urlsplit(services.settings.base_url).hostname):
        raise invalid(faults)


def versioned_settings(settings: ShopSettings) -> VersionedSettings:
    """The answer in the versioned form."""
    versioned = versioned_of(settings)
    return VersionedSettings(
        triggers=TriggersV1Block(data=versioned.triggers),
        carriers=CarriersV1Block(data=versioned.carriers),
        trackpages=TrackpagesV1Block(data=versioned.trackpages),
    )


@get(
    "/v1/shops/{slug:str}/settings",
    operation_id="v1ShopsSettingsGet",
    summary="Get shop settings",
    tags=TAGS,
    opt=shop_role(Role.VIEWER),
)
async def get_settings(access: NamedDependency[Access], services: NamedDependency[Services]) -> SettingsDetail:
    """The settings, with the defaults where none were made; the versioned members once a shop was given them."""
    async with services.db.read(access.scope) as connection:
        return _detail(await queries.settings_of(access.scope, connection))


@post(
    "/v1/shops/{slug:str}/settings",
    status_code=200,
    operation_id="v1ShopsSettingsSet",
    summary="Set all shop settings, creating them if needed",
    tags=TAGS,
    opt=shop_role(Role.EDITOR),
    dto=json_body(SettingsUpdate),
)
async def set_settings(
    data: JSONBody[SettingsUpdate], access: NamedDependency[Access], services: NamedDependency[Services]
) -> VersionedSettings | SettingsDetail:
    """Replaces all settings; what is left out has its default. Answers in the form that was sent.

    A status `live` or `testing` is `true` in the flat form; `shipment_updates` is true if either source is used.
    What is said of tracking pages is judged as by the operation of their own.
    """
    wish = data.change()
    demand_good_pages(wish.trackpages or {}, ("body", "trackpages", "data"), services)
    settings = await services.db.write(access.scope, lambda work: commands.replace_settings(work, wish))
    return versioned_settings(settings) if wish.versioned else _detail(replace(settings, versioned=None))


@put(
    "/v1/shops/{slug:str}/settings/carriers",
    operation_id="v1ShopsSettingsUpdateCarriers",
    summary="Update carrier settings",
    tags=TAGS,
    opt=shop_role(Role.EDITOR),
    dto=json_body(CarrierSettingsUpdate),
)
async def update_carriers(
    data: JSONBody[CarrierSettingsUpdate], access: NamedDependency[Access], services: NamedDependency[Services]
) -> CarrierSettings:
    """Changes what is given, in either form, and answers the block; what is absent or null stays."""
    change = data.change()
    settings = await services.db.write(access.scope, lambda work: commands.change_carriers(work, change))
    return _detail(settings).carriers


@put(
    "/v1/shops/{slug:str}/settings/triggers",
    operation_id="v1ShopsSettingsUpdateTriggers",
    summary="Update trigger settings",
    tags=TAGS,
    opt=shop_role(Role.EDITOR),
    dto=json_body(TriggerSettingsUpdate),
)
async def update_triggers(
    data: JSONBody[TriggerSettingsUpdate], access: NamedDependency[Access], services: NamedDependency[Services]
) -> TriggerSettings:
    """Changes what is given, in either form, and answers the block; what is absent or null stays."""
    change = data.change()
    settings = await services.db.write(access.scope, lambda work: commands.change_triggers(work, change))
    return _detail(settings).triggers


@put(
    "/v1/shops/{slug:str}/settings/segments",
    operation_id="v1ShopsSettingsUpdateSegments",
    summary="Update segment settings",
    tags=TAGS,
    opt=shop_role(Role.EDITOR),
    dto=json_body(SegmentSettingsUpdate),
)
async def update_segments(
    data: JSONBody[SegmentSettingsUpdate], access: NamedDependency[Access], services: NamedDependency[Services]
) -> SegmentSettings:
    """Changes what is given and answers the block; what is absent or null stays."""
    change = data.change()
    settings = await services.db.write(access.scope, lambda work: commands.change_segments(work, change))
    return _detail(settings).segments


HANDLERS = (
    get_settings,
    set_settings,
    update_carriers,
    update_triggers,
    update_segments,
)
