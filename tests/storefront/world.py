"""The pages in front of a stand-in of the storefront API, which keeps a journal and can be down or slow."""

import asyncio
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import httpx
import msgspec
from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide

from karla.client.storefront import AsyncStorefront, answers
from karla.entrypoints.storefront.domains import by_domain
from karla.entrypoints.storefront.parts import Pages
from karla.entrypoints.storefront.routes import HANDLERS, failed
from karla.entrypoints.storefront.source import Source
from karla.infra.in_process import InProcess
from tests.storefront import documents
from tests.support.clocks import StandingClock

PUBLIC = "https://karla.example"
SECRET = "shopify-app-secret"
TOKEN = "kt_secret-token"


class Api:
    """Answers as the storefront API does. What is put into `refusal` is answered to everything, or `refused_calls`."""

    def __init__(self) -> None:
        self.order: answers.StorefrontOrder | None = documents.order()
        self.by_token: answers.StorefrontOrder | None = documents.order(by_token=True)
        self.shop: answers.StorefrontShop | None = documents.shop()
        self.hosts: dict[str, str] = {}
        self.refusal: tuple[int, str, dict[str, str]] | None = None
        self.refused_calls: frozenset[str] | None = None
        self.is_down = False
        self.held: asyncio.Event | None = None
        self.asked = asyncio.Event()
        self.journal: list[tuple[str, str, str]] = []
        self.callers: list[str] = []
        self.changed: dict[str, Any] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        body = (await receive())["body"]
        self.journal.append((scope["method"], scope["path"], headers.get("accept-language", "")))
        self.callers.append(scope["client"][0])
        self.asked.set()
        if self.held:
            await self.held.wait()
        if self.is_down:
            raise ConnectionError
        status, told, more = self._answer(scope, headers, msgspec.json.decode(body) if body else {})
        raw = [(name.encode(), value.encode()) for name, value in more.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": msgspec.json.encode(told)})

    def _answer(self, scope: Any, headers: dict[str, str], body: Any) -> tuple[int, Any, dict[str, str]]:
        call = f"{scope['method']} {scope['path'].partition('/storefront/')[2]}"
        if self.refusal and (self.refused_calls is None or call in self.refused_calls):
            status, key, more = self.refusal
            return status, {"key": key, "message": "No."}, more
        path, query = scope["path"], scope["query_string"].decode()
        if path.startswith("/v1/storefront/hosts/"):
            slug = self.hosts.get(path.rpartition("/")[2])
            return (200, {"slug": slug}, {}) if slug else self._missing("host_unknown")
        return self._of_shop(scope["method"], path, query, headers.get("authorization", ""), body)

    def _of_shop(self, method: str, path: str, query: str, sent: str, body: Any) -> tuple[int, Any, dict[str, str]]:
        if self.shop is None or not path.startswith(f"/v1/shops/{self.shop.slug}/storefront/"):
            return self._missing("shop_not_found")
        call = f"{method} {path.partition('/storefront/')[2]}"
        if call == "GET shop":
            return 200, self._in_theme(self.shop, query), {}
        if call == "GET demo":
            state = dict(parse_qsl(query)).get("state", "on_the_way")
            return 200, documents.order(state=state, level="demo", shop=self._in_theme(self.shop, query)), {}
        if call == "POST sessions":
            return self._opened(body)
        return self._with_bearer(call, sent, body)

    def _in_theme(self, shop: answers.StorefrontShop, query: str) -> answers.StorefrontShop:
        theme = dict(parse_qsl(query)).get("theme", shop.brand.theme)
        return msgspec.structs.replace(shop, brand=msgspec.structs.replace(shop.brand, theme=theme))

    def _opened(self, body: Any) -> tuple[int, Any, dict[str, str]]:
        if "token" in body:
            found = self.by_token if body["token"] == TOKEN else None
            if found is None:
                return 401, {"key": "order_token_invalid", "message": "No."}, {}
            return 200, self._session(found), {}
        right = body == {"order_number": "1001", "zip_code": "10119"}
        return (200, self._session(self.order), {}) if right and self.order else self._missing("order_not_found")

    def _session(self, order: answers.StorefrontOrder) -> answers.Opened:
        ends = documents.NOW + timedelta(hours=12)
        return answers.Opened(session="ks_session", expires_at=ends, level=order.level, order=order)

    def _with_bearer(self, call: str, sent: str, body: Any) -> tuple[int, Any, dict[str, str]]:
        if sent not in (f"Bearer {TOKEN}", "Bearer ks_session"):
            return 401, {"key": "session_invalid", "message": "No."}, {}
        found = self.by_token if sent == f"Bearer {TOKEN}" else self.order
        if call == "GET order/address":
            return 200, documents.ADDRESS_FORM, {}
        if call == "PUT order/address":
            if body["zip_code"] == "x":
                fault = {"loc": ["body", "zip_code"], "field": "zip_code", "msg": "No.", "type": "zip_code_invalid"}
                return 422, {"key": "address_invalid", "message": "No.", "errors": [fault]}, {}
            self.changed = body
        if call == "POST order/cancel" and self.by_token:
            self.by_token = found = msgspec.structs.replace(self.by_token, state="cancelled")
        return 200, found, {}

    def _missing(self, key: str) -> tuple[int, Any, dict[str, str]]:
        return 404, {"key": key, "message": "No."}, {}


class World:
    """A browser at the pages, whose clock stands."""

    def __init__(self, *, patience: float = 60.0) -> None:
        self.api = Api()
        self.clock = StandingClock(documents.NOW)
        client = AsyncStorefront(PUBLIC, transport=InProcess(self.api))
        self.source = Source(client, self.clock, patience=patience)
        self.pages = Pages(self.source, self.clock, PUBLIC, SECRET)
        provided = {"pages": Provide(lambda: self.pages, sync_to_thread=False)}
        broken: Any = {Exception: lambda request, error: failed(request, error, self.pages)}
        router = Router("/", route_handlers=[*HANDLERS], dependencies=provided, exception_handlers=broken)
        application = by_domain(
            Litestar([router], state=State(), openapi_config=None, logging_config=None), lambda: self.pages
        )
        transport = httpx.ASGITransport(app=application, client=("203.0.113.9", 4711))  # type: ignore[arg-type]
        self.http = httpx.AsyncClient(transport=transport, base_url=PUBLIC)

    async def get(self, path: str, language: str = "en-GB", **query: str) -> httpx.Response:
        return await self.http.get(path, params=query or None, headers={"Accept-Language": language})

    async def order(self, language: str = "en-GB", **query: str) -> httpx.Response:
        return await self.get("/track/lamps", language, orderNumber="1001", zipCode="10119", **query)

    async def by_token(self, language: str = "en-GB", **query: str) -> httpx.Response:
        return await self.get("/track/lamps", language, orderNumber="1001", token=TOKEN, **query)

    async def post(self, path: str, form: dict[str, str]) -> httpx.Response:
        return await self.http.post(path, data=form, headers={"Accept-Language": "en-GB"})

    async def close(self) -> None:
        await self.http.aclose()
        await self.source.close()


Making = Callable[..., World]


def links(page: httpx.Response) -> list[str]:
    """The addresses that a page leads to."""
    return [found.replace("&amp;", "&") for found in re.findall(r'href="([^"]*)"', page.text)]
