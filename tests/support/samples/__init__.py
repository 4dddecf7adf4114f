"""Bodies of the wire contract, and what it promises of an answer."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

_FOLDER = Path(__file__).parent

_NUMBER = (int, float)
_PHASES = {
    "collect", "delivery_failed", "delivered", "in_delivery", "in_transit", "order_created", "order_processed",
    "return_created", "return_failed", "return_received", "return_transit", "returned",
}  # fmt: skip
_LANGUAGES = {"dk", "nl", "en", "fr", "de", "it", "es"}


def sample(name: str) -> Any:
    """The body of this sample of the contract (`order_placement.request`), a fresh one each time."""
    return json.loads((_FOLDER / f"{name}.json").read_text())


def demand_order(body: dict[str, Any], slug: str) -> None:
    """OrderDetailDTO and OrderSearchItem; numbers and the address are there always, as generated clients need them."""
    _demand(body, str, "order_number", "merchant_slug", "shop_slug", "external_id", "currency")
    _demand(body, _NUMBER, "total_order_price", "shipping_price", "sub_total_price", "discount_price", "weight")
    _demand(body, list, "products", "discounts", "segments", "trackings")
    _demand(body, dict, "address")
    _demand(body, (str, type(None)), "order_name", "email_id", "external_customer_id")
    assert (body["merchant_slug"], body["shop_slug"]) == (slug, slug)
    assert UUID(body["uuid"]).version == 4
    for name in ("order_placed_at", "created_at", "updated_at"):
        demand_time(body[name])
    for line in body["products"]:
        _demand_line(line)
    for tracking in body["trackings"]:
        demand_tracking(tracking, slug)
        assert (tracking["order_id"], tracking["order_number"]) == (body["uuid"], body["order_number"])


def demand_tracking(body: dict[str, Any], slug: str) -> None:
    """TrackingDTO with all that is nested in it."""
    for name in ("id", "merchant_id", "order_id"):
        assert UUID(body[name]).version == 4
    _demand(body, str, "merchant_slug", "order_number")
    assert (body["merchant_slug"], body["shop_slug"]) == (slug, slug)
    assert body["state"] in {"pending", "transit", "collect", "delivered", "archived", "returned"}
    assert body["flag"] in {"normal", "delay", "error"}
    assert body["phase"] in _PHASES
    demand_time(body["updated_at"])
    demand_time(body["created_at"])
    _demand(body, list, "events", "products")
    for event in body["events"]:
        demand_event(event)
    for line in body["products"]:
        _demand_line(line)
    if body["estimated_arrival"] is not None:
        _demand(body["estimated_arrival"], str, "time_prediction", "language")
    if body["tracking_number"] is None:
        assert body["carrier"] is None
    else:
        assert body["carrier"]["tracking_number"] == body["tracking_number"]
        assert body["carrier"]["carrier_reference"] == body["carrier_reference"]
        assert body["carrier"]["tracking_url"] == body["tracking_url"]


def demand_event(event: dict[str, Any]) -> None:
    """TrackingEventDTO."""
    _demand(event, str, "event_key")
    demand_time(event["time"])
    _demand(event, dict, "location", "additional_info", "event_strings")
    assert event["phase"] in _PHASES
    assert event["language"] in _LANGUAGES
    texts = ("event_status", "list_label", "header_headline", "header_title", "header_subtitle")
    _demand(event["event_strings"], str, *texts)


def demand_time(text: str) -> None:
    """ISO 8601 in UTC, its offset written out."""
    assert text.endswith("+00:00")
    assert datetime.fromisoformat(text).utcoffset() == timedelta(0)


def _demand_line(line: dict[str, Any]) -> None:
    _demand(line, _NUMBER, "price", "weight", "quantity")
    _demand(line, list, "images", "tax_lines", "bundled_products")
    assert line["type"] in {"product", "bundle"}
    for image in line["images"]:
        _demand(image, str, "src")
    for tax in line["tax_lines"]:
        _demand(tax, _NUMBER, "price", "rate")
    for part in line["bundled_products"]:
        _demand(part, _NUMBER, "price", "weight", "quantity")
        for tax in part["tax_lines"]:
            _demand(tax, _NUMBER, "price", "rate")


def _demand(body: dict[str, Any], kind: type | tuple[type, ...], *names: str) -> None:
    for name in names:
        assert isinstance(body[name], kind), (name, body[name])
        assert not isinstance(body[name], bool), name
