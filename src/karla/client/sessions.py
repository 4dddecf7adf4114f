"""The loops that send, read and wait: the one place where the sync and the async client differ."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, closing
from typing import TypeVar

import httpx

from karla.client.calls import Call
from karla.client.exchange import Exchange
from karla.client.paging import Page, Pages
from karla.client.retries import Retries
from karla.client.streams import Following, is_stream

T = TypeVar("T")


class Session:
    """Makes calls and waits for them."""

    def __init__(self, http: httpx.Client, retries: Retries, timeout: float) -> None:
        self.http = http
        self._retries = retries
        self._timeout = timeout

    def perform(self, call: Call[T]) -> T:
        """What the call answers."""
        return call.decode(self._exchange(call))

    def each(self, pages: Pages[T]) -> Iterator[T]:
        """The items of all pages, each fetched when it is wanted."""
        call = next(pages, None)
        while call is not None:
            response = self._exchange(call)
            page = Page(call.decode(response), response.headers)
            yield from page.items
            call = _next(pages, page)

    def gather(self, pages: Pages[T]) -> list[T]:
        """The items of all pages."""
        return [*self.each(pages)]

    def follow(self, following: Following[T]) -> Iterator[T]:
        """Events without end, over as many connections as it takes."""
        while True:
            try:
                request = following.request(self.http, self._timeout)
                with closing(self.http.send(request, stream=True)) as response:
                    if is_stream(response):
                        for chunk in response.iter_bytes():
                            yield from following.events(chunk)
                        wait = following.lost(self._retries)
                    else:
                        response.read()
                        wait = following.refused(self._retries, response)
            except httpx.RequestError as error:
                wait = following.lost(self._retries, error)
            self._retries.sleep(wait)

    def _exchange(self, call: Call[T]) -> httpx.Response:
        exchange = Exchange(call, self._retries, self._timeout)
        while True:
            try:
                response = self.http.send(exchange.request(self.http))
            except httpx.RequestError as error:
                wait: float | None = exchange.failed(error)
            else:
                wait = exchange.answered(response)
            if wait is None:
                return response
            self._retries.sleep(wait)


class AsyncSession:
    """Makes calls while others run."""

    def __init__(self, http: httpx.AsyncClient, retries: Retries, timeout: float) -> None:
        self.http = http
        self._retries = retries
        self._timeout = timeout

    async def perform(self, call: Call[T]) -> T:
        """What the call answers."""
        return call.decode(await self._exchange(call))

    async def each(self, pages: Pages[T]) -> AsyncIterator[T]:
        """The items of all pages, each fetched when it is wanted."""
        call = next(pages, None)
        while call is not None:
            response = await self._exchange(call)
            page = Page(call.decode(response), response.headers)
            for item in page.items:
                yield item
            call = _next(pages, page)

    async def gather(self, pages: Pages[T]) -> list[T]:
        """The items of all pages."""
        return [item async for item in self.each(pages)]

    async def follow(self, following: Following[T]) -> AsyncIterator[T]:
        """Events without end, over as many connections as it takes."""
        while True:
            try:
                request = following.request(self.http, self._timeout)
                async with aclosing(await self.http.send(request, stream=True)) as response:
                    if is_stream(response):
                        async for chunk in response.aiter_bytes():
                            for event in following.events(chunk):
                                yield event
                        wait = following.lost(self._retries)
                    else:
                        await response.aread()
                        wait = following.refused(self._retries, response)
            except httpx.RequestError as error:
                wait = following.lost(self._retries, error)
            await self._retries.sleep_async(wait)

    async def _exchange(self, call: Call[T]) -> httpx.Response:
        exchange = Exchange(call, self._retries, self._timeout)
        while True:
            try:
                response = await self.http.send(exchange.request(self.http))
            except httpx.RequestError as error:
                wait: float | None = exchange.failed(error)
            else:
                wait = exchange.answered(response)
            if wait is None:
                return response
            await self._retries.sleep_async(wait)


def _next(pages: Pages[T], page: Page[T]) -> Call[list[T]] | None:
    try:
        return pages.send(page)
    except StopIteration:
        return None
