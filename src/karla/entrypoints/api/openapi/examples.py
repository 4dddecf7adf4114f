"""Examples: of request bodies by operation id, of answers by what they are made of."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, get_args, get_origin

from karla.domain.connections.records import ConnectionStatus
from karla.domain.tracking.records import CarrierHealth, Outcome, Span, State, Verdict
from karla.entrypoints.api.carrier_health import CarrierHealthDetail, carrier_health_detail
from karla.entrypoints.api.clock import ClockDetail
from karla.entrypoints.api.connections.responses import ConnectionDetail, ConnectionTested
from karla.entrypoints.api.events.shapes import EventEntry
from karla.entrypoints.api.integrations import IntegrationDetail, integration_detail
from karla.entrypoints.api.openapi import events, sample
from karla.entrypoints.api.openapi.schemas import Json
from karla.entrypoints.api.orders.responses import OrderDetail, order_detail
from karla.entrypoints.api.shipments.responses import TrackingDetail, TrackingEvent, tracking_detail, tracking_event
from karla.integrations import registry
from karla.integrations.contract import Kind

_ORDER: Json = {
    "order_number": "10001",
    "external_id": "ext-order-10001",
    "external_customer_id": "ext-customer-789",
    "order_placed_at": "2026-03-12T09:41:07+00:00",
    "email_id": "jane@example.com",
    "currency": "EUR",
    "total_order_price": 59.9,
    "sub_total_price": 55.0,
    "shipping_price": 4.9,
    "products": sample.LINES,
    "address": sample.ADDRESS,
    "segments": ["Shopware.tag.VIP"],
}
_TRACKING: Json = {
    "tracking_number": sample.TRACKING_NUMBER,
    "carrier_reference": "dhl",
    "tracking_placed_at": "2026-03-12T15:41:07+00:00",
}
_PLACED: Json = {"id": "10001", "order": _ORDER, "trackings": []}
_FULFILLED: Json = {"id": "10001", "order": _ORDER, "trackings": [_TRACKING]}
_TRACKING_ALONE: Json = {"id": "10001", "trackings": [_TRACKING]}
_VARIANT: Json = {
    "title": "Stoneware mug",
    "variant_title": "Blue",
    "price": 27.5,
    "sku": "MUG-BLUE",
    "product_url": "https://shop.example.com/mug",
    "image_url": "https://cdn.example.com/mug-blue.jpg",
    "translations": {"de": {"title": "Becher aus Steinzeug"}},
}
_FLAT_SETTINGS: Json = {
    "carriers": {"shipment_updates": True},
    "triggers": {"klaviyo": False, "shopify": False},
    "segments": {"klaviyo": False, "shopify": False},
}

_BODIES: Mapping[str, Mapping[str, Any]] = {
    "v1OrdersTrackpageUrl": {
        "By order number": {"id": "10001"},
        "By the shop system's own id": {"id": "ext-order-10001", "id_type": "external_id"},
    },
    "v1StorefrontSessionsOpen": {
        "By number and ZIP code": {"order_number": "10001", "zip_code": "10119"},
        "By the order's link": {"token": "kt1_mfrggzdfmztwq2lkobqxg3lrnjzxk4lunb2gk3dmmrxw63lbmfrggzdfmztwq2lk"},
    },
    "v1OrdersUpsert": {
        "An order is placed": _PLACED,
        "An order with its parcel": _FULFILLED,
        "A parcel of an order that Karla knows": _TRACKING_ALONE,
    },
    "v1OrdersPlacement": {"An order is placed": _ORDER},
    "v1OrdersFulfillmentBulk": {"Two orders": [_FULFILLED, {**_TRACKING_ALONE, "id": "10002"}]},
    "v1OrdersUpdate": {
        "Another address": {"address": {**sample.ADDRESS, "address_line_1": "Hauptstraße 2"}},
        "In two parcels": {"expected_number_of_shipments": 2},
    },
    "v1OrdersAnalyticsUpsert": {"Where the order came from": {"source": "newsletter", "campaign_code": "spring"}},
    "v1OrdersShipmentsUpdate": {"Another link": {"tracking_url": "https://tracking.example.com/2557"}},
    "v1ShipmentEventsCreate": {
        "A scan of the warehouse": {
            "event_name": "READY_FOR_CARRIER_PICKUP",
            "event_time": "2026-03-12T15:02:00+00:00",
            "external_id": "wms-event-55812",
        },
        "A courier's scan": {
            "event_name": "OUT_FOR_DELIVERY",
            "event_time": "2026-03-14T08:12:00+01:00",
            "external_id": "courier-90210",
            "timezone": "Europe/Berlin",
            "location": {"city": "Berlin", "country_code": "DE"},
        },
    },
    "v1WebhooksCreate": {
        "Everything": {"url": "https://hooks.example.com/karla", "enabled_events": ["*"]},
        "What a shopper wants to know": {
            "url": "https://hooks.example.com/karla",
            "enabled_events": [
                "shipment_out_for_delivery",
                "shipments/delivered",
                "shipments/delivery_failed",
                "claims/created",
            ],
            "description": "Messages to shoppers",
        },
    },
    "v1WebhooksUpdate": {"Pause it": {"status": "inactive"}},
    "v1WebhooksRotateSecret": {"With two days to switch": {"overlap_hours": 48}},
    "v1WebhooksTest": {"A ping": {}, "As if a parcel were out for delivery": {"event_name": "OUT_FOR_DELIVERY"}},
    "v1WebhooksReplay": {
        "What failed for good": {"status": "failed"},
        "What the webhook never got": {"source": "journal", "since": "2026-03-01T00:00:00+00:00", "dry_run": True},
    },
    "v1ProductsUpsertBulk": {"One variant": [{"product_id": "mug", "variant_id": "mug-blue", **_VARIANT}]},
    "v1ProductsVariantsUpsert": {"A variant": _VARIANT},
    "v1ShopsCreate": {
        "A shop": {"name": "My shop", "slug": "my-shop", "organization": "my-organisation", "klaviyo_enabled": False}
    },
    "v1ShopsUpdate": {"Another name": {"name": "My other shop", "shop_url": "https://shop.example.com"}},
    "v1OrgKeysCreate": {
        "For one shop": {"shops": [{"shop_slug": "my-shop", "role": "editor"}]},
        "For every shop": {"username": "erp", "shops": [{"shop_slug": "*", "role": "viewer"}]},
    },
    "v1OrgKeysRotate": {"With two days to switch": {"overlap_hours": 48}},
    "v1ConnectionsConnect": {
        "A key of DHL's": {"credentials": {"api_key": "<API key>"}, "name": "DHL, Berlin"},
        "More calls, with the key that is stored": {"credentials": {"calls_per_day": "5000", "calls_per_second": "5"}},
    },
    "v1ConnectionsUpdate": {"Pause it": {"paused": True}},
    "v1ShopsClockSet": {
        "Stop it at a moment": {"action": "freeze", "at": "2026-03-16T09:00:00+00:00"},
        "A day later": {"action": "advance", "by_seconds": 86400},
        "An hour a second": {"action": "speed", "factor": 3600},
        "The real time again": {"action": "release"},
    },
    "v1ShopsSettingsSet": {"The defaults": _FLAT_SETTINGS},
    "v1ShopsSettingsUpdateCarriers": {"Ask carriers": {"shipment_updates": True}},
    "v1ShopsSettingsUpdateTriggers": {"Tell Klaviyo": {"klaviyo": True}},
    "v1ShopsSettingsUpdateSegments": {"Read from Klaviyo": {"klaviyo": True}},
    "v1ShopsSettingsUpdateTrackpages": {"A colour": {"version": "1", "data": {"accent": "#0b5cff"}}},
}

OPERATIONS = frozenset(_BODIES)


def of_body(operation_id: str) -> Json:
    """The examples of an operation's body as the document has them; empty without any."""
    return {
        summary.lower().replace(" ", "-"): {"summary": summary, "value": value}
        for summary, value in _BODIES.get(operation_id, {}).items()
    }


def of_answer(type_: Any) -> Json:
    """The example of an answer of this type, or of a list of it; empty without one."""
    if get_origin(type_) is list:
        one = of_answer(get_args(type_)[0])
        return {"example": [one["example"]]} if one else {}
    make = _ANSWERS.get(type_) if isinstance(type_, type) else None
    return {"example": sample.plain(make())} if make else {}


def _event_entry() -> Json:
    fact = sample.OUT_FOR_DELIVERY
    return {"event_id": str(fact.event_id), **events.shipment_example(fact.kind)}


def _connection() -> ConnectionDetail:
    return ConnectionDetail(
        uuid="7a9f5c0e-2f55-4c1d-9d0b-6a3f6a3c7f10",
        kind="carriers",
        integration="dhl",
        name="DHL, Berlin",
        status=ConnectionStatus.ACTIVE,
        refused_reason=None,
        credentials={"calls_per_day": "5000", "api_key": "••••x7Qa"},
        created_at="2026-03-12T09:41:07+00:00",
        updated_at="2026-03-12T09:41:07+00:00",
        last_used_at="2026-03-14T08:12:00+00:00",
        last_ok_at="2026-03-14T08:12:00+00:00",
        last_error=None,
        push_url=None,
        shop_slug="my-shop",
    )


def _carrier_health() -> CarrierHealthDetail:
    span = Span(
        outcomes={Outcome.TOLD: 61, Outcome.UNCHANGED: 142, Outcome.NOT_FOUND: 9, Outcome.BUSY: 4},
        call_buckets=(0, 12, 121, 68, 11, 4, 0, 0, 0, 0),
        slowest_ms=1830,
        scans=83,
        age_buckets=(0, 2, 9, 24, 31, 13, 3, 1, 0, 0, 0),
        oldest_seconds=17_460,
    )
    return carrier_health_detail(
        CarrierHealth(
            provider="dhl",
            carrier="dhl",
            verdict=Verdict(State.HEALTHY, "33 of 34 questions answered in the last three hours."),
            span=span,
            last_asked_at=datetime(2026, 3, 14, 8, 12, tzinfo=UTC),
            last_told_at=datetime(2026, 3, 14, 8, 7, tzinfo=UTC),
            followed=118,
            due=3,
            overdue=0,
        )
    )


_ANSWERS: Mapping[type, Callable[[], Any]] = {
    OrderDetail: lambda: order_detail(sample.SHOP, sample.FILE, "en"),
    TrackingDetail: lambda: tracking_detail(sample.SHOP, sample.FILE, sample.FILE.shipments[0], "en"),
    TrackingEvent: lambda: tracking_event(sample.FILE.shipments[0], sample.FILE.timeline[0], "en"),
    EventEntry: _event_entry,
    IntegrationDetail: lambda: integration_detail(registry.manifest(Kind.CARRIERS, "dhl"), "https://karla.example.com"),
    ConnectionDetail: _connection,
    CarrierHealthDetail: _carrier_health,
    ClockDetail: lambda: ClockDetail(
        now="2026-03-17T09:00:00+00:00",
        running=False,
        factor=0.0,
        set_at="2026-10-05T14:22:31+00:00",
        real="2026-10-05T14:22:31.204518+00:00",
    ),
    ConnectionTested: lambda: ConnectionTested(outcome="ok", message=None, connection=_connection()),
}
