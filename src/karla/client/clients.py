"""The two clients: how one is opened, and all resources on it."""

import os
from collections.abc import Mapping
from typing import Any, Generic, Self

import httpx
import msgspec

from karla.client.calls import user_agent
from karla.client.errors import NotConfigured
from karla.client.operations import Options, S
from karla.client.resources.analytics import Analytics
from karla.client.resources.carriers import Carriers
from karla.client.resources.clock import ShopClock
from karla.client.resources.connections import Connections, Integrations
from karla.client.resources.orders import Orders, Shipments
from karla.client.resources.products import Images, Products
from karla.client.resources.shops import Audit, Keys, Members, Shops, ShopSettings
from karla.client.resources.webhooks import Events, Webhooks
from karla.client.retries import Retries
from karla.client.sessions import AsyncSession, Session

DEFAULT_TIMEOUT = 30.0
_DEFAULT_RETRIES = Retries()


class _Client(Generic[S]):
    """What both clients offer. Keep one as long as you can: it keeps its connections."""

    def _use(self, session: S, options: Options) -> None:
        self._session = session
        self._options = options
        self.orders = Orders(session, options)
        self.shipments = Shipments(session, options)
        self.webhooks = Webhooks(session, options)
        self.events = Events(session, options)
        self.products = Products(session, options)
        self.images = Images(session, options)
        self.carriers = Carriers(session, options)
        self.integrations = Integrations(session, options)
        self.connections = Connections(session, options)
        self.settings = ShopSettings(session, options)
        self.clock = ShopClock(session, options)
        self.shops = Shops(session, options)
        self.keys = Keys(session, options)
        self.members = Members(session, options)
        self.audit = Audit(session, options)
        self.analytics = Analytics(session, options)

    def with_options(self, *, shop: str | None = None, language: str | None = None) -> Self:
        """The same client for another shop, or with texts in another language; it shares the connections."""
        other = object.__new__(type(self))
        told = {name: value for name, value in (("shop", shop), ("language", language)) if value is not None}
        other._use(self._session, msgspec.structs.replace(self._options, **told))
        return other

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._session.http.base_url)!r}, shop={self._options.shop!r})"


class Karla(_Client[Session]):
    """The API of a Karla, for code that waits for each answer. Threads may share one.

    `base_url` is where Karla is, such as `https://karla.example.com`; `shop` the slug that calls are about;
    `timeout` the seconds that each step of an attempt may take (connecting, sending, each piece of the answer).
    """

    def __init__(
        self,
        base_url: str,
        username: str,
        key: str,
        shop: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        retries: Retries = _DEFAULT_RETRIES,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        http = httpx.Client(**_connection(base_url, username, key), timeout=timeout, transport=transport)
        self._use(Session(http, retries, timeout), Options(shop))

    @classmethod
    def from_env(
        cls,
        environ: Mapping[str, str] = os.environ,
        timeout: float = DEFAULT_TIMEOUT,
        retries: Retries = _DEFAULT_RETRIES,
        transport: httpx.BaseTransport | None = None,
    ) -> Self:
        """By KARLA_API_URL, KARLA_API_KEY, KARLA_SHOP and KARLA_API_USERNAME, which is the shop if not given.

        NotConfigured names what is missing.
        """
        return cls(**_told(environ), timeout=timeout, retries=retries, transport=transport)

    def close(self) -> None:
        """Close the connections; also those of clients by `with_options`."""
        self._session.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncKarla(_Client[AsyncSession]):
    """As `Karla`, for asyncio: calls are awaited, lists are read by `async for`."""

    def __init__(
        self,
        base_url: str,
        username: str,
        key: str,
        shop: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        retries: Retries = _DEFAULT_RETRIES,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        http = httpx.AsyncClient(**_connection(base_url, username, key), timeout=timeout, transport=transport)
        self._use(AsyncSession(http, retries, timeout), Options(shop))

    @classmethod
    def from_env(
        cls,
        environ: Mapping[str, str] = os.environ,
        timeout: float = DEFAULT_TIMEOUT,
        retries: Retries = _DEFAULT_RETRIES,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> Self:
        """As `Karla.from_env`."""
        return cls(**_told(environ), timeout=timeout, retries=retries, transport=transport)

    async def close(self) -> None:
        """Close the connections; also those of clients by `with_options`."""
        await self._session.http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def base_address(base_url: str) -> httpx.URL:
    """What every path is appended to; ValueError for an address that no Karla has."""
    url = httpx.URL(base_url)
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("base_url must be an http or https address, such as https://karla.example.com")
    if url.userinfo:
        raise ValueError("base_url must hold no user name and no password: give username= and key=")
    if url.query or url.fragment:
        raise ValueError("base_url must end with its path")
    return url.copy_with(path=url.path.rstrip("/").removesuffix("/v1") + "/")


def _connection(base_url: str, username: str, key: str) -> dict[str, Any]:
    address = base_address(base_url)
    if not (username and key):
        raise ValueError("username and key must not be empty")
    return {
        "base_url": address,
        "auth": httpx.BasicAuth(username, key),
        "headers": {"User-Agent": user_agent()},
    }


def _told(environ: Mapping[str, str]) -> dict[str, Any]:
    shop = environ.get("KARLA_SHOP") or None
    told = {
        "KARLA_API_URL": environ.get("KARLA_API_URL"),
        "KARLA_API_KEY": environ.get("KARLA_API_KEY"),
        "KARLA_API_USERNAME": environ.get("KARLA_API_USERNAME") or shop,
    }
    missing = [name for name, value in told.items() if not value]
    if missing:
        raise NotConfigured(f"these environment variables are not set: {', '.join(missing)}")
    address, key, username = told.values()
    return {"base_url": address, "username": username, "key": key, "shop": shop}
