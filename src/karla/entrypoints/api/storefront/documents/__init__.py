"""An order as its shopper sees it: read, decided on by the rules, and put into words."""

from karla.entrypoints.api.storefront.documents.orders import (
    Surroundings,
    load_order,
    order_document,
    order_for,
    order_read,
)

__all__ = ["Surroundings", "load_order", "order_document", "order_for", "order_read"]
