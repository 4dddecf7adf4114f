"""How what a caller says of an order becomes the order."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from karla.domain.orders.records import Order, OrderMembers, OrderNames, Reference, ReferenceKind

_DEFAULT_CURRENCY = "EUR"


def references_of(reference: Reference, names: OrderNames) -> list[Reference]:
    """By what the order may already be known, surest first: what it is asked for by, then what is unique."""
    found = [reference]
    if names.order_number is not None:
        found.append(Reference(ReferenceKind.ORDER_NUMBER, names.order_number))
    if names.external_id is not None:
        found.append(Reference(ReferenceKind.EXTERNAL_ID, names.external_id))
    return list(dict.fromkeys(found))


def blank(reference: Reference, *, shop_id: UUID, new_id: UUID, now: datetime) -> Order:
    """A new order of which nothing was said but what it is asked for by: that becomes its own."""
    return Order(
        shop_id=shop_id,
        id=new_id,
        order_number=reference.value,
        external_id=reference.value if reference.kind is ReferenceKind.EXTERNAL_ID else None,
        order_name=reference.value if reference.kind is ReferenceKind.ORDER_NAME else None,
        order_placed_at=now,
        currency=_DEFAULT_CURRENCY,
        created_at=now,
        updated_at=now,
    )


def merged(order: Order, members: OrderMembers, order_analytics: dict[str, Any] | None, now: datetime) -> Order:
    """`order` with what was said laid over it; the very same order when that changes nothing.

    Analytics are added to: what one system knows of an order's origin is not the other's to wipe.
    """
    said = {name: value for name, value in msgspec.structs.asdict(members).items() if value is not None}
    if order_analytics:
        known = {name: value for name, value in order_analytics.items() if value is not None}
        said["order_analytics"] = order.order_analytics | known
    if all(getattr(order, name) == value for name, value in said.items()):
        return order
    return msgspec.structs.replace(order, **said, updated_at=now)


def customer_name(order: Order) -> tuple[str | None, str | None]:
    """First and last name out of the address's one name: the last word is the last name."""
    words = str(order.address.get("name") or "").split()
    if not words:
        return None, None
    return (" ".join(words[:-1]) or None, words[-1]) if len(words) > 1 else (words[0], None)
