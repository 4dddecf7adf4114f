"""The two clients of the storefront API. Neither holds a secret: each call brings its shopper's own."""

from typing import Any, Self

import httpx
import msgspec

from karla.client.calls import user_agent
from karla.client.clients import base_address
from karla.client.operations import Options, S
from karla.client.retries import Retries
from karla.client.sessions import AsyncSession, Session
from karla.client.storefront.calls import StorefrontCalls

DEFAULT_TIMEOUT = 5.0
ONCE = Retries(attempts=1)
"""A page that waits is worse than one that says so."""


class _Storefront(StorefrontCalls[S]):
    def with_options(self, *, shop: str | None = None, language: str | None = None) -> Self:
        """The same client for another shop, or with texts in another language; it shares the connections."""
        other = object.__new__(type(self))
        told = {name: value for name, value in (("shop", shop), ("language", language)) if value is not None}
        StorefrontCalls.__init__(other, self.session, msgspec.structs.replace(self.options, **told))
        return other

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.session.http.base_url)!r}, shop={self.options.shop!r})"


class Storefront(_Storefront[Session]):
    """What shoppers see of a shop, for code that waits for each answer. Threads may share one.

    `base_url` is where Karla is, `shop` its slug, `language` that of all texts (as in Accept-Language); `timeout` the
    seconds that each step of a call may take. Calls are made once unless `retries` says otherwise.
    """

    def __init__(
        self,
        base_url: str,
        shop: str | None = None,
        language: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        retries: Retries = ONCE,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        http = httpx.Client(**_connection(base_url), timeout=timeout, transport=transport)
        super().__init__(Session(http, retries, timeout), Options(shop, language))

    def close(self) -> None:
        """Close the connections; also those of clients by `with_options`."""
        self.session.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncStorefront(_Storefront[AsyncSession]):
    """As `Storefront`, for asyncio: calls are awaited, the changes of an order are read by `async for`."""

    def __init__(
        self,
        base_url: str,
        shop: str | None = None,
        language: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        retries: Retries = ONCE,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        http = httpx.AsyncClient(**_connection(base_url), timeout=timeout, transport=transport)
        super().__init__(AsyncSession(http, retries, timeout), Options(shop, language))

    async def close(self) -> None:
        """Close the connections; also those of clients by `with_options`."""
        await self.session.http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _connection(base_url: str) -> dict[str, Any]:
    return {"base_url": base_address(base_url), "headers": {"User-Agent": user_agent()}}
