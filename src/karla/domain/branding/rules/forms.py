"""How the two forms of settings follow each other."""

from msgspec.structs import replace

from karla.domain.branding.records import (
    Carriers,
    CarriersChange,
    CarriersV1,
    KlaviyoV1,
    Segments,
    SegmentsChange,
    SettingsChange,
    SettingStatus,
    ShopifyV1,
    ShopSettings,
    Triggers,
    TriggersChange,
    TriggersV1,
    Versioned,
)


def versioned_of(settings: ShopSettings) -> Versioned:
    """The settings in the versioned form, made from the flat one where a shop has never been given it."""
    if settings.versioned:
        return settings.versioned
    carriers = _status(settings.carriers.shipment_updates)
    return Versioned(
        triggers=TriggersV1(
            klaviyo=KlaviyoV1(status=_status(settings.triggers.klaviyo)),
            shopify=ShopifyV1(status=_status(settings.triggers.shopify)),
        ),
        carriers=CarriersV1(pp_status=carriers, hc_status=carriers),
    )


def replaced(stored: ShopSettings, wish: SettingsChange) -> ShopSettings:
    """New settings throughout: members that the caller leaves out take their defaults.

    What only the other form can say is kept: the segments under versioned settings, and the details of
    versioned settings, switched on or off to match, under flat ones.
    """
    segments = stored.segments if wish.segments is None else Segments()
    settings = ShopSettings(segments=segments, versioned=stored.versioned)
    settings = with_carriers(settings, wish.carriers)
    settings = with_triggers(settings, wish.triggers)
    if wish.segments:
        settings = with_segments(settings, wish.segments)
    if wish.versioned:
        settings = with_trackpages(settings, wish.trackpages or {})
    return settings


def with_carriers(settings: ShopSettings, change: CarriersChange) -> ShopSettings:
    """The carriers block changed; where both forms are given, the flat one has the last word."""
    updates, versioned = settings.carriers.shipment_updates, settings.versioned
    if change.versioned:
        updates = _any_source(change.versioned)
        versioned = replace(versioned_of(settings), carriers=change.versioned)
    carriers = Carriers(shipment_updates=_said(change.shipment_updates, updates))
    return _consistent(replace(settings, carriers=carriers, versioned=versioned))


def with_triggers(settings: ShopSettings, change: TriggersChange) -> ShopSettings:
    """The triggers block changed; where both forms are given, the flat one has the last word."""
    triggers, versioned = settings.triggers, settings.versioned
    if change.versioned:
        triggers = Triggers(
            klaviyo=_used(change.versioned.klaviyo.status), shopify=_used(change.versioned.shopify.status)
        )
        versioned = replace(versioned_of(settings), triggers=change.versioned)
    triggers = Triggers(
        klaviyo=_said(change.klaviyo, triggers.klaviyo), shopify=_said(change.shopify, triggers.shopify)
    )
    return _consistent(replace(settings, triggers=triggers, versioned=versioned))


def with_segments(settings: ShopSettings, change: SegmentsChange) -> ShopSettings:
    """The segments block changed; the versioned form has none."""
    segments = Segments(
        klaviyo=_said(change.klaviyo, settings.segments.klaviyo),
        shopify=_said(change.shopify, settings.segments.shopify),
    )
    return replace(settings, segments=segments)


def with_trackpages(settings: ShopSettings, trackpages: dict[str, object]) -> ShopSettings:
    """The free-form settings of tracking pages replaced; the flat form has none."""
    return _consistent(replace(settings, versioned=replace(versioned_of(settings), trackpages=trackpages)))


def _consistent(settings: ShopSettings) -> ShopSettings:
    """The versioned form brought in line with the flat one, touching only what contradicts it."""
    versioned = settings.versioned
    if versioned is None:
        return settings
    carriers, triggers = versioned.carriers, versioned.triggers
    if _any_source(carriers) != settings.carriers.shipment_updates:
        status = _status(settings.carriers.shipment_updates)
        carriers = replace(carriers, pp_status=status, hc_status=status)
    klaviyo = replace(triggers.klaviyo, status=_aligned(triggers.klaviyo.status, settings.triggers.klaviyo))
    shopify = replace(triggers.shopify, status=_aligned(triggers.shopify.status, settings.triggers.shopify))
    aligned = replace(versioned, carriers=carriers, triggers=TriggersV1(klaviyo=klaviyo, shopify=shopify))
    return replace(settings, versioned=aligned)


def _any_source(carriers: CarriersV1) -> bool:
    return _used(carriers.pp_status) or _used(carriers.hc_status)


def _used(status: SettingStatus) -> bool:
    return status is not SettingStatus.DISABLED


def _status(used: bool) -> SettingStatus:
    return SettingStatus.LIVE if used else SettingStatus.DISABLED


def _aligned(status: SettingStatus, used: bool) -> SettingStatus:
    return status if _used(status) == used else _status(used)


def _said(given: bool | None, stored: bool) -> bool:
    return stored if given is None else given
