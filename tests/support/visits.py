"""Visits as pages report them, by browsers that count."""

from typing import Any
from uuid import UUID

import httpx

from karla.domain.shoppers.rules.sessions import session_by_zip_code, session_text
from tests.support.karla import Karla, ShopClient

PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)


def session_of(karla: Karla, shop: ShopClient, order: dict[str, Any]) -> str:
    """A shopper's session of an order."""
    services = karla.services
    session = session_by_zip_code(UUID(order["uuid"]), services.clock.now())
    return session_text(services.shopper_keys.sessions, shop.shop.id, session)


async def beacon(
    karla: Karla, shop: ShopClient, *kinds: str | dict[str, Any], headers: dict[str, str] | None = None, **page: Any
) -> httpx.Response:
    """What a page tells, on a phone unless `headers` say otherwise; a kind may come with more."""
    visits = [{"kind": kind} if isinstance(kind, str) else kind for kind in kinds]
    body = {"page": "track", "visits": visits, **page}
    told = {"User-Agent": PHONE, **(headers or {})}
    return await karla.http.post(f"/v1/shops/{shop.slug}/storefront/visits", json=body, headers=told)
