"""Shop settings as a client of either form sees them."""

import asyncio
from typing import Any

import pytest

from karla.vocabulary.scope import Role
from tests.support.karla import Karla, ShopClient

DEFAULTS = {
    "carriers": {"shipment_updates": True},
    "triggers": {"klaviyo": False, "shopify": False},
    "segments": {"klaviyo": False, "shopify": False},
}
VERSIONED: dict[str, Any] = {
    "triggers": {
        "version": "1",
        "data": {
            "klaviyo": {
                "status": "live",
                "custom_triggers": [],
                "trigger_delivered_all_events": False,
                "shipment_group_key": "shipment_id",
                "stale_event_threshold": 4,
            },
            "shopify": {"status": "disabled"},
        },
    },
    "carriers": {
        "version": "1",
        "data": {
            "pp_status": "live",
            "pp_disabled_carriers": [],
            "hc_status": "live",
            "hc_enabled_carriers": [],
            "override_pp_tracking_config_for_segments": [],
            "override_hc_tracking_config_for_segments": [],
        },
    },
    "trackpages": {"version": "1", "data": {}},
}


@pytest.fixture
async def shop(karla: Karla) -> ShopClient:
    return await karla.shop(Role.EDITOR)


async def settings_of(shop: ShopClient) -> Any:
    answer = await shop.get("/settings")
    assert answer.status_code == 200
    return answer.json()


async def test_a_new_shop_has_the_defaults(shop: ShopClient) -> None:
    assert await settings_of(shop) == DEFAULTS


@pytest.mark.parametrize(
    ("block", "body", "expected"),
    [
        ("carriers", {"shipment_updates": False}, {"shipment_updates": False}),
        ("triggers", {"klaviyo": True, "shopify": False}, {"klaviyo": True, "shopify": False}),
        ("segments", {"klaviyo": True}, {"klaviyo": True, "shopify": False}),
        ("segments", {"klaviyo": None, "shopify": True, "unknown": 1}, {"klaviyo": False, "shopify": True}),
        ("carriers", {}, {"shipment_updates": True}),
    ],
)
async def test_a_flat_block_is_changed_and_echoed(
    shop: ShopClient, block: str, body: dict[str, Any], expected: dict[str, Any]
) -> None:
    answer = await shop.put(f"/settings/{block}", body)

    assert (answer.status_code, answer.json()) == (200, expected)
    assert await settings_of(shop) == {**DEFAULTS, block: expected}


async def test_what_is_absent_or_null_stays(shop: ShopClient) -> None:
    await shop.put("/settings/triggers", {"klaviyo": True})
    answer = await shop.put("/settings/triggers", {"klaviyo": None, "shopify": True})

    assert answer.json() == {"klaviyo": True, "shopify": True}


async def test_versioned_settings_are_echoed_and_both_forms_read(shop: ShopClient) -> None:
    answer = await shop.post("/settings", VERSIONED)

    assert (answer.status_code, answer.json()) == (200, VERSIONED)
    assert await settings_of(shop) == {
        "carriers": {"shipment_updates": True, **VERSIONED["carriers"]},
        "triggers": {"klaviyo": True, "shopify": False, **VERSIONED["triggers"]},
        "segments": {"klaviyo": False, "shopify": False},
        "trackpages": VERSIONED["trackpages"],
    }


async def test_versioned_members_left_out_take_their_defaults(shop: ShopClient) -> None:
    answer = await shop.post(
        "/settings", {"triggers": {"data": {"klaviyo": {"status": "live"}}}, "carriers": {"data": {"hc_status": None}}}
    )

    live_shopify = {**VERSIONED["triggers"]["data"], "shopify": {"status": "live"}}
    assert answer.json() == {**VERSIONED, "triggers": {"version": "1", "data": live_shopify}}
    assert (await settings_of(shop))["triggers"]["shopify"] is True


async def test_the_whole_flat_form_is_taken_as_well(shop: ShopClient) -> None:
    body = {
        "carriers": {"shipment_updates": False},
        "triggers": {"klaviyo": True, "shopify": True},
        "segments": {"klaviyo": True, "shopify": False},
    }
    assert (await shop.post("/settings", body)).json() == body
    assert await settings_of(shop) == body

    replaced = {**DEFAULTS, "segments": body["segments"]}
    assert (await shop.post("/settings", {"carriers": {}, "triggers": {}})).json() == replaced


async def test_flat_settings_are_echoed_flat_and_leave_versioned_details(shop: ShopClient) -> None:
    await shop.post("/settings", {**VERSIONED, "trackpages": {"data": {"layout": "wide"}}})

    assert (await shop.post("/settings", DEFAULTS)).json() == DEFAULTS

    settings = await settings_of(shop)
    assert settings["triggers"]["klaviyo"] is False
    assert settings["triggers"]["data"]["klaviyo"]["status"] == "disabled"
    assert settings["trackpages"]["data"] == {"layout": "wide"}


async def test_what_was_read_can_be_sent_back(shop: ShopClient) -> None:
    await shop.post("/settings", VERSIONED)
    before = await settings_of(shop)

    await shop.post("/settings", before)

    assert await settings_of(shop) == before


async def test_flat_changes_reach_the_versioned_form(shop: ShopClient) -> None:
    await shop.post("/settings", VERSIONED)

    answer = await shop.put("/settings/triggers", {"klaviyo": False})
    assert answer.json()["klaviyo"] is False
    assert answer.json()["data"]["klaviyo"]["status"] == "disabled"
    await shop.put("/settings/carriers", {"shipment_updates": False})

    versioned = await settings_of(shop)
    assert versioned["triggers"]["data"]["klaviyo"]["status"] == "disabled"
    assert versioned["carriers"]["data"]["pp_status"] == versioned["carriers"]["data"]["hc_status"] == "disabled"


async def test_versioned_changes_reach_the_flat_form(shop: ShopClient) -> None:
    carriers = {"version": "1", "data": {"pp_status": "disabled", "hc_status": "disabled"}}
    assert (await shop.put("/settings/carriers", carriers)).json()["shipment_updates"] is False
    triggers = {"version": "1", "data": {"klaviyo": {"status": "testing"}, "shopify": {"status": "disabled"}}}
    assert (await shop.put("/settings/triggers", triggers)).json()["klaviyo"] is True

    settings = await settings_of(shop)
    assert settings["carriers"]["shipment_updates"] is False
    assert settings["triggers"]["klaviyo"] is True
    assert settings["triggers"]["data"]["klaviyo"]["status"] == "testing"


async def test_trackpages_answer_the_whole_versioned_form(shop: ShopClient) -> None:
    await shop.put("/settings/triggers", {"klaviyo": True})

    answer = await shop.put("/settings/trackpages", {"version": "1", "data": {"layout": {"wide": True}}})

    assert answer.status_code == 200
    assert answer.json() == {**VERSIONED, "trackpages": {"version": "1", "data": {"layout": {"wide": True}}}}
    assert (await shop.put("/settings/trackpages", {"data": None})).json()["trackpages"]["data"] == {}


async def test_changes_at_once_are_all_kept(shop: ShopClient) -> None:
    await asyncio.gather(
        shop.put("/settings/carriers", {"shipment_updates": False}),
        shop.put("/settings/triggers", {"klaviyo": True}),
        shop.put("/settings/triggers", {"shopify": True}),
        shop.put("/settings/segments", {"klaviyo": True}),
        shop.put("/settings/segments", {"shopify": True}),
    )

    assert await settings_of(shop) == {
        "carriers": {"shipment_updates": False},
        "triggers": {"klaviyo": True, "shopify": True},
        "segments": {"klaviyo": True, "shopify": True},
    }


@pytest.mark.parametrize(
    ("method", "path", "body", "fields"),
    [
        ("PUT", "/settings/carriers", {"shipment_updates": "yes"}, {"shipment_updates"}),
        ("PUT", "/settings/triggers", {"klaviyo": 1, "shopify": 0}, {"klaviyo", "shopify"}),
        ("PUT", "/settings/triggers", {"version": "2", "data": {"klaviyo": {}}}, {"version", "status"}),
        ("PUT", "/settings/carriers", {"data": {"pp_status": "on"}}, {"pp_status"}),
        ("POST", "/settings", {}, {"carriers", "triggers"}),
        ("POST", "/settings", {"carriers": None, "triggers": []}, {"carriers", "triggers"}),
        ("PUT", "/settings/trackpages", {"data": []}, {"data"}),
    ],
)
async def test_every_fault_is_named(shop: ShopClient, method: str, path: str, body: Any, fields: set[str]) -> None:
    answer = await shop.call(method, path, json=body)

    assert answer.status_code == 422
    assert {fault["field"] for fault in answer.json()["errors"]} == fields
    assert await settings_of(shop) == DEFAULTS


async def test_viewers_read_and_do_not_write(karla: Karla) -> None:
    viewer = await karla.shop(Role.VIEWER)

    assert (await viewer.get("/settings")).status_code == 200
    assert (await viewer.post("/settings", VERSIONED)).status_code == 403
    for block in ("carriers", "triggers", "segments", "trackpages"):
        assert (await viewer.put(f"/settings/{block}", {})).status_code == 403
