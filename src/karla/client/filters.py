"""What searches go by; all that is given must hold.

A filter of None is refused: it would find everything where one thing was meant.
"""

from typing import Literal, TypedDict

from karla.client.bodies import Direction, Ref, Time


class Paging(TypedDict, total=False):
    """How many things one request of a search fetches, 1 to 100; a search makes as many requests as it takes."""

    per_page: int


class OrderFilters(Paging, total=False):
    """Which orders."""

    uuid: Ref
    order_number: str
    order_name: str
    external_id: str
    email_id: str
    zip_code: str
    order_placed_from: Time
    order_placed_to: Time
    shipment_updated_since: Time


class ShipmentFilters(Paging, total=False):
    """Which shipments; `order` is any reference of an order."""

    order: str
    tracking_number: str
    carrier: str
    carrier_reference: str
    phase: str
    direction: Direction
    updated_since: Time


class WebhookFilters(Paging, total=False):
    """Which webhooks."""

    uuid: Ref
    status: Literal["active", "inactive"]
    url: str


class DeliveryFilters(Paging, total=False):
    """Which deliveries of a webhook."""

    status: Literal["pending", "delivered", "failed", "cancelled"]
    event_id: Ref
    replay_id: Ref
    since: Time
    until: Time
    cursor: str


class EventFilters(Paging, total=False):
    """Which events of the journal; `order` and `shipment` are any reference of one."""

    ref: str
    group: str
    order: str
    shipment: str
    since: Time
    until: Time
    include_test: bool
    sort: Literal["desc", "asc"]
    cursor: str


class AuditFilters(Paging, total=False):
    """Which changes; `action` is one such as `key.created`, or `key` for all of its kind."""

    action: str
    actor: str
    object: str
    since: Time
    until: Time
    cursor: str


class ProductFilters(Paging, total=False):
    """Which variants; `title` is a part of the name."""

    product_id: str
    variant_id: str
    sku: str
    title: str


class ShopFilters(Paging, total=False):
    """Which shops."""

    uuid: Ref
    name: str
    slug: str
    shop_provider: Literal["shopware", "shopify"]
    language: str
    organization: str


class MemberFilters(Paging, total=False):
    """Which members."""

    email_id: str
