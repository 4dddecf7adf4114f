"""The two forms of settings always say the same."""

import pytest

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
from karla.domain.branding.rules.forms import (
    replaced,
    versioned_of,
    with_carriers,
    with_segments,
    with_trackpages,
    with_triggers,
)
from karla.domain.branding.rules.images import is_image_name

LIVE, TESTING, DISABLED = SettingStatus.LIVE, SettingStatus.TESTING, SettingStatus.DISABLED


def triggers(klaviyo: SettingStatus, shopify: SettingStatus, threshold: int = 4) -> TriggersV1:
    return TriggersV1(
        klaviyo=KlaviyoV1(status=klaviyo, stale_event_threshold=threshold), shopify=ShopifyV1(status=shopify)
    )


def versioned_wish(klaviyo: SettingStatus, pp: SettingStatus, hc: SettingStatus = DISABLED) -> SettingsChange:
    return SettingsChange(
        carriers=CarriersChange(versioned=CarriersV1(pp_status=pp, hc_status=hc)),
        triggers=TriggersChange(versioned=triggers(klaviyo, DISABLED, 9)),
        trackpages={"theme": "dark"},
    )


def test_a_new_shop_follows_its_parcels_and_tells_nobody() -> None:
    assert ShopSettings() == ShopSettings(
        carriers=Carriers(shipment_updates=True),
        triggers=Triggers(klaviyo=False, shopify=False),
        segments=Segments(klaviyo=False, shopify=False),
        versioned=None,
    )


@pytest.mark.parametrize(
    ("status", "used"),
    [(LIVE, True), (TESTING, True), (DISABLED, False)],
)
def test_versioned_statuses_become_booleans(status: SettingStatus, used: bool) -> None:
    settings = replaced(ShopSettings(), versioned_wish(status, status))

    assert settings.triggers.klaviyo is used
    assert settings.triggers.shopify is False
    assert settings.carriers.shipment_updates is used
    assert versioned_of(settings).triggers.klaviyo.status is status


def test_one_carrier_source_in_use_is_enough() -> None:
    assert replaced(ShopSettings(), versioned_wish(LIVE, DISABLED, TESTING)).carriers.shipment_updates is True


def test_booleans_change_only_the_statuses_that_contradict_them() -> None:
    settings = replaced(ShopSettings(), versioned_wish(TESTING, TESTING))

    same = with_triggers(settings, TriggersChange(klaviyo=True, shopify=True))
    assert versioned_of(same).triggers == triggers(TESTING, LIVE, 9)

    off = with_carriers(same, CarriersChange(shipment_updates=False))
    assert versioned_of(off).carriers == CarriersV1(pp_status=DISABLED, hc_status=DISABLED)
    assert versioned_of(with_carriers(off, CarriersChange(shipment_updates=True))).carriers == CarriersV1()


def test_what_is_not_said_stays() -> None:
    settings = ShopSettings(
        carriers=Carriers(shipment_updates=False),
        triggers=Triggers(klaviyo=True),
        segments=Segments(shopify=True),
    )

    assert with_carriers(settings, CarriersChange()) == settings
    assert with_triggers(settings, TriggersChange(klaviyo=True)) == settings
    assert with_segments(settings, SegmentsChange(klaviyo=False)) == settings
    assert with_triggers(settings, TriggersChange(shopify=True)).triggers == Triggers(klaviyo=True, shopify=True)


def test_where_both_forms_are_given_the_flat_one_has_the_last_word() -> None:
    settings = with_triggers(ShopSettings(), TriggersChange(klaviyo=False, versioned=triggers(LIVE, LIVE)))

    assert settings.triggers == Triggers(klaviyo=False, shopify=True)
    assert versioned_of(settings).triggers == triggers(DISABLED, LIVE)


def test_the_versioned_form_can_be_made_from_the_flat_one() -> None:
    settings = ShopSettings(carriers=Carriers(shipment_updates=False), triggers=Triggers(klaviyo=True))

    made = Versioned(
        triggers=triggers(LIVE, DISABLED), carriers=CarriersV1(pp_status=DISABLED, hc_status=DISABLED), trackpages={}
    )
    assert versioned_of(settings) == made
    with_pages = with_trackpages(settings, {"theme": "dark"})
    assert versioned_of(with_pages).trackpages == {"theme": "dark"}
    assert versioned_of(with_pages).triggers == made.triggers
    assert with_pages.triggers == settings.triggers


def test_new_flat_settings_take_defaults_and_keep_the_versioned_details() -> None:
    stored = replaced(ShopSettings(segments=Segments(klaviyo=True)), versioned_wish(LIVE, DISABLED))
    assert stored.segments == Segments(klaviyo=True)

    settings = replaced(
        stored,
        SettingsChange(
            carriers=CarriersChange(), triggers=TriggersChange(shopify=True), segments=SegmentsChange(shopify=True)
        ),
    )

    assert settings.carriers == Carriers(shipment_updates=True)
    assert settings.triggers == Triggers(klaviyo=False, shopify=True)
    assert settings.segments == Segments(klaviyo=False, shopify=True)
    versioned = versioned_of(settings)
    assert versioned.triggers == triggers(DISABLED, LIVE, 9)
    assert versioned.carriers == CarriersV1()
    assert versioned.trackpages == {"theme": "dark"}


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("a" * 43 + ".png", True),
        ("_-" + "Z9" * 20 + "x.webp", True),
        ("a" * 42 + ".png", False),
        ("a" * 43 + ".svg", False),
        ("../" + "a" * 40 + ".png", False),
        ("a" * 43 + ".png\n", False),
    ],
)
def test_an_image_name_is_256_bits_and_a_known_ending(text: str, good: bool) -> None:
    assert is_image_name(text) is good
