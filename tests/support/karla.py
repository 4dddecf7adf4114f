"""A whole Karla in one process, and shops to act on it."""

import base64
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from karla.domain.tenants import commands as tenants
from karla.domain.tenants.records import KeyGrant, Shop
from karla.entrypoints.api import app as api
from karla.entrypoints.api.services import Services
from karla.infra.access import NOWHERE
from karla.infra.settings import Settings
from karla.main import open_belt, open_services
from karla.pipeline.belt import Belt
from karla.vocabulary.scope import Role

_NUMBERS = itertools.count(1)


class ShopClient:
    """One shop as its developer sees it: the public API with a key."""

    def __init__(self, http: httpx.AsyncClient, shop: Shop, username: str, key: str) -> None:
        self.http = http
        self.shop = shop
        self.slug = shop.slug
        self.username = username
        self.key = key
        self.headers = {"Authorization": basic(username, key)}

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """`path` is below the shop (`/orders`), or whole when it begins with `/v1`."""
        target = path if path.startswith(("/v1", "/api", "http")) else f"/v1/shops/{self.slug}{path}"
        headers = {**self.headers, **options.pop("headers", {})}
        return await self.http.request(method, target, headers=headers, **options)

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self.call("GET", path, params=params)

    async def put(self, path: str, body: Any) -> httpx.Response:
        return await self.call("PUT", path, json=body)

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        return await self.call("POST", path, json=body)

    async def patch(self, path: str, body: Any) -> httpx.Response:
        return await self.call("PATCH", path, json=body)

    async def delete(self, path: str) -> httpx.Response:
        return await self.call("DELETE", path)


class Karla:
    """The API and the belt in this process, on a real PostgreSQL."""

    def __init__(self, services: Services, belt: Belt, http: httpx.AsyncClient) -> None:
        self.services = services
        self.belt = belt
        self.http = http

    async def shop(self, role: Role = Role.ADMIN, *, whole_organisation: bool = False) -> ShopClient:
        """A new shop in a new organisation, with a key of this role."""
        number = next(_NUMBERS)
        shop = await self.services.db.write(
            NOWHERE,
            lambda work: tenants.create_shop(
                work, organisation=f"org-{number}", create_organisation=True, slug=f"shop-{number}", name="Test"
            ),
        )
        return await self.key_for(shop, role, whole_organisation=whole_organisation)

    async def key_for(self, shop: Shop, role: Role, *, whole_organisation: bool = False) -> ShopClient:
        """Another key for a shop."""
        slug = "*" if whole_organisation else shop.slug
        issued = await self.services.db.write(
            NOWHERE,
            lambda work: tenants.create_key(
                work, organisation=shop.organisation, username=shop.slug, grants=[KeyGrant(slug, role)]
            ),
        )
        return ShopClient(self.http, shop, shop.slug, issued.secret)

    async def drain(self) -> None:
        """Run the belt until nothing is due."""
        await self.belt.drain()


def basic(username: str, key: str) -> str:
    """An Authorization header."""
    return "Basic " + base64.b64encode(f"{username}:{key}".encode()).decode()


@asynccontextmanager
async def running_karla(settings: Settings, url: str) -> AsyncIterator[Karla]:
    """Start it, and stop it at the end."""
    async with open_services(settings, url) as services, open_belt(settings, url) as belt:
        transport = httpx.ASGITransport(app=api.with_services(services), raise_app_exceptions=False)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://karla.test") as http:
            yield Karla(services, belt, http)
