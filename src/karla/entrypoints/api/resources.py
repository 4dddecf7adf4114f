"""The list of all resources: a new one is added here."""

from litestar.types import ControllerRouterHandler

from karla.entrypoints.api import keys, members, shops, system

RESOURCES: tuple[ControllerRouterHandler, ...] = (
    *system.HANDLERS,
    *shops.HANDLERS,
    *keys.HANDLERS,
    *members.HANDLERS,
)
