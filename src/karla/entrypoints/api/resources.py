"""The list of all resources: a new one is added here."""

from litestar.types import ControllerRouterHandler

from karla.entrypoints.api import (
    audit,
    carrier_health,
    carriers,
    clock,
    images,
    integrations,
    keys,
    members,
    pages,
    products,
    settings,
    shops,
    system,
)
from karla.entrypoints.api.connections import handlers as connections
from karla.entrypoints.api.events import handlers as events
from karla.entrypoints.api.openapi import handlers as openapi
from karla.entrypoints.api.orders import handlers as orders
from karla.entrypoints.api.shipments import handlers as shipments
from karla.entrypoints.api.webhooks import handlers as webhooks

RESOURCES: tuple[ControllerRouterHandler, ...] = (
    *system.HANDLERS,
    *pages.HANDLERS,
    *openapi.HANDLERS,
    *shops.HANDLERS,
    *keys.HANDLERS,
    *members.HANDLERS,
    *audit.HANDLERS,
    *orders.HANDLERS,
    *shipments.HANDLERS,
    *webhooks.HANDLERS,
    *events.HANDLERS,
    *products.HANDLERS,
    *settings.HANDLERS,
    *images.HANDLERS,
    *clock.HANDLERS,
    *carriers.HANDLERS,
    *carrier_health.HANDLERS,
    *integrations.HANDLERS,
    *connections.HANDLERS,
)
