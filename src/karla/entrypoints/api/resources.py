"""The list of all resources: a new one is added here."""

from litestar.types import ControllerRouterHandler

from karla.entrypoints.api import (
    analytics,
    audit,
    carrier_health,
    carriers,
    clock,
    documentation,
    images,
    integrations,
    keys,
    members,
    products,
    settings,
    shops,
    system,
    trackpages,
)
from karla.entrypoints.api.connections import handlers as connections
from karla.entrypoints.api.events import handlers as events
from karla.entrypoints.api.openapi import handlers as openapi
from karla.entrypoints.api.orders import handlers as orders
from karla.entrypoints.api.shipments import handlers as shipments
from karla.entrypoints.api.storefront import actions as storefront_actions
from karla.entrypoints.api.storefront import hosts as storefront_hosts
from karla.entrypoints.api.storefront import live as storefront_live
from karla.entrypoints.api.storefront import orders as storefront_orders
from karla.entrypoints.api.storefront import pictures as storefront_pictures
from karla.entrypoints.api.storefront import sessions as storefront_sessions
from karla.entrypoints.api.storefront import shops as storefront_shops
from karla.entrypoints.api.storefront import tokens as storefront_tokens
from karla.entrypoints.api.storefront import visits as storefront_visits
from karla.entrypoints.api.storefront.demos import handlers as storefront_demos
from karla.entrypoints.api.webhooks import handlers as webhooks

RESOURCES: tuple[ControllerRouterHandler, ...] = (
    *system.HANDLERS,
    *documentation.HANDLERS,
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
    *trackpages.HANDLERS,
    *images.HANDLERS,
    *clock.HANDLERS,
    *carriers.HANDLERS,
    *carrier_health.HANDLERS,
    *integrations.HANDLERS,
    *connections.HANDLERS,
    *analytics.HANDLERS,
    *storefront_tokens.HANDLERS,
    *storefront_sessions.HANDLERS,
    *storefront_orders.HANDLERS,
    *storefront_actions.HANDLERS,
    *storefront_live.HANDLERS,
    *storefront_shops.HANDLERS,
    *storefront_hosts.HANDLERS,
    *storefront_demos.HANDLERS,
    *storefront_pictures.HANDLERS,
    *storefront_visits.HANDLERS,
)
