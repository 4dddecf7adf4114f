"""An order as it is stored, and what a caller may say of one."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeAlias
from uuid import UUID

import msgspec

from karla.infra.json_text import JsonText

Objects: TypeAlias = JsonText[Sequence[dict[str, Any]]]
"""A list that whoever passes an order on seldom looks into."""
_NONE: Objects = JsonText.of([])


class ReferenceKind(StrEnum):
    """How an order's reference is to be read."""

    UUID = "uuid"
    EXTERNAL_ID = "external_id"
    ORDER_NAME = "order_name"
    ORDER_NUMBER = "order_number"


class Reference(msgspec.Struct, frozen=True):
    """Names one order of a shop."""

    kind: ReferenceKind
    value: str


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One order. Members are named as on the wire; money is in `currency`, `weight` in grams.

    `address`, `products`, `discounts` and `order_analytics` are JSON as the shop sent it, checked at the door.
    """

    shop_id: UUID
    id: UUID
    order_number: str
    external_id: str | None = None
    order_name: str | None = None
    order_placed_at: datetime
    total_order_price: Decimal | None = None
    shipping_price: Decimal | None = None
    sub_total_price: Decimal | None = None
    discount_price: Decimal | None = None
    currency: str = "EUR"
    payment_status: str | None = None
    email_id: str | None = None
    external_customer_id: str | None = None
    user_agent: str | None = None
    weight: Decimal | None = None
    expected_number_of_shipments: int = 1
    segments: list[str] = []
    address: dict[str, Any] = {}
    products: Objects = _NONE
    discounts: Objects = _NONE
    order_analytics: dict[str, Any] = {}
    cancelled_at: datetime | None = None
    created_at: datetime
    updated_at: datetime


JSON_COLUMNS = ("segments", "address", "products", "discounts", "order_analytics")
"""The members of an order that are JSON in the table too."""


class OrderNames(msgspec.Struct, frozen=True):
    """What a caller calls an order, beside the reference that it is asked for by; None is "not said"."""

    order_number: str | None = None
    external_id: str | None = None
    order_name: str | None = None


class OrderMembers(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller says of an order; None is "not said" and leaves what is stored."""

    order_number: str | None = None
    external_id: str | None = None
    order_name: str | None = None
    order_placed_at: datetime | None = None
    total_order_price: Decimal | None = None
    shipping_price: Decimal | None = None
    sub_total_price: Decimal | None = None
    discount_price: Decimal | None = None
    currency: str | None = None
    payment_status: str | None = None
    email_id: str | None = None
    external_customer_id: str | None = None
    user_agent: str | None = None
    weight: Decimal | None = None
    expected_number_of_shipments: int | None = None
    segments: list[str] | None = None
    address: dict[str, Any] | None = None
    products: Objects | None = None
    discounts: Objects | None = None


class SavedOrder(msgspec.Struct, frozen=True):
    """What becomes of an order: as it is now, and as it was if it existed."""

    now: Order
    before: Order | None

    @property
    def created(self) -> bool:
        """It did not exist before."""
        return self.before is None

    @property
    def changed(self) -> bool:
        """There is something to write."""
        return self.before != self.now
