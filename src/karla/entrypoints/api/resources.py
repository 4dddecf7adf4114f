"""The list of all resources: a new one is added here."""

from litestar.types import ControllerRouterHandler

from karla.entrypoints.api import events, images, keys, members, pages, products, settings, shops, system, webhooks
from karla.entrypoints.api.openapi import handlers as openapi
from karla.entrypoints.api.orders import handlers as orders
from karla.entrypoints.api.shipments import handlers as shipments

RESOURCES: tuple[ControllerRouterHandler, ...] = (
    *system.HANDLERS,
    *pages.HANDLERS,
    *openapi.HANDLERS,
    *shops.HANDLERS,
    *keys.HANDLERS,
    *members.HANDLERS,
    *orders.HANDLERS,
    *shipments.HANDLERS,
    *webhooks.HANDLERS,
    *events.HANDLERS,
    *products.HANDLERS,
    *settings.HANDLERS,
    *images.HANDLERS,
)
