"""What is asked before a shop's page or order is shown: that there is a page, and where a request comes from."""

from litestar.types import Scope as ASGIScope

from karla.domain.shoppers.rules.attempts import network_of
from karla.domain.tenants.records import Shop
from karla.infra.errors import NotFound


def demand_page(shop: Shop) -> None:
    """NotFound for a shop that has no tracking page."""
    if not shop.web_tracking_enabled:
        raise NotFound("page_switched_off", "This shop has no tracking page.")


def client_address(scope: ASGIScope) -> str:
    """Where a request comes from, as the server sees it, which heeds `trusted_proxies`; "" if it can't tell."""
    client = scope.get("client")
    return client[0] if client else ""


def client_network(scope: ASGIScope) -> str:
    """What of it is limited: nobody has more by drawing on all the addresses of his network."""
    return network_of(client_address(scope))
