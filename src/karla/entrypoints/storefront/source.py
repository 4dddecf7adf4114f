"""What pages are made from: the storefront API, and what it last said while it doesn't answer."""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from karla.client import errors
from karla.client.storefront import AsyncStorefront
from karla.client.storefront.answers import Opened, StorefrontOrder, StorefrontShop
from karla.entrypoints.storefront.identity import Identity
from karla.entrypoints.storefront.languages import Tongue
from karla.entrypoints.storefront.last_known import LastKnown
from karla.entrypoints.storefront.words.catalogues import LANGUAGES, SOURCE
from karla.entrypoints.storefront.words.pseudo import PSEUDO
from karla.infra.clock import Clock

T = TypeVar("T")

PATIENCE = 2.0
"""Seconds after which a page is rather shown as it was."""
_HOSTS_REMEMBERED = timedelta(seconds=60)
_HOSTS_AT_MOST = 2_000
_LANGUAGES_AT_MOST = 10_000
_ALL_LANGUAGES = (*LANGUAGES, *PSEUDO)

_OUTAGE = (errors.ConnectionFailed, errors.Unavailable, errors.Unreadable)
_NO_LONGER = (errors.NotFound, errors.Unauthorised)


class NotAnswering(Exception):
    """The API can't be reached, and nothing is known from before."""


class SeenOrder(msgspec.Struct, frozen=True):
    """An order with the session it was opened by; that is None while the API doesn't answer."""

    order: StorefrontOrder
    session: str | None
    as_of: datetime | None = None


class Source:
    """Reads for pages. Errors of the API's that mean something to a shopper are raised as the client does."""

    def __init__(self, client: AsyncStorefront, clock: Clock, patience: float = PATIENCE) -> None:
        self._client = client
        self._clock = clock
        self._patience = patience
        self._orders = LastKnown(StorefrontOrder, clock)
        self._shops = LastKnown(StorefrontShop, clock, entries=1_000)
        self._hosts: OrderedDict[str, tuple[str | None, datetime]] = OrderedDict()
        self._languages: dict[str, str] = {}
        self._late: set[asyncio.Task[Any]] = set()

    async def settled(self) -> None:
        """Wait for answers that came too late for whoever asked."""
        await asyncio.gather(*self._late, return_exceptions=True)

    async def close(self) -> None:
        """Close the client, and give up on answers that nobody waits for."""
        for task in self._late:
            task.cancel()
        await self.settled()
        await self._client.close()

    def client(self, slug: str, tongue: Tongue) -> AsyncStorefront:
        """The client for what is not read but done; it knows no last state."""
        return self._client.with_options(shop=slug, language=tongue.code)

    async def order(self, slug: str, identity: Identity, tongue: Tongue) -> SeenOrder:
        """The order that somebody is let see; with `as_of` as it was. The client's errors; NotAnswering."""
        asked = (slug, *identity.given.items())

        def keep(opened: Opened) -> None:
            self._orders.keep(asked, tongue.code, opened.order)
            self._learn(opened.order.shop)

        def forget() -> None:
            self._orders.forget(asked, _ALL_LANGUAGES)

        call = self.client(slug, tongue).open(**identity.given)
        try:
            opened = await self._answered(call, keep, lambda: self._orders.has(asked, tongue.code), forget)
        except NotAnswering:
            known = self._orders.find(asked, tongue.code)
            if known is None:
                raise
            return SeenOrder(known.value, None, known.as_of)
        return SeenOrder(opened.order, opened.session)

    async def shop(self, slug: str, tongue: Tongue, theme: str | None = None) -> StorefrontShop:
        """What is public of a shop, also as it was; `theme` tries another one. The client's errors; NotAnswering."""
        asked = (slug, theme or "")

        def keep(shop: StorefrontShop) -> None:
            self._shops.keep(asked, tongue.code, shop)
            self._learn(shop)

        def forget() -> None:
            self._shops.forget(asked, _ALL_LANGUAGES)

        call = self.client(slug, tongue).shop(theme=theme)
        try:
            return await self._answered(call, keep, lambda: self._shops.has(asked, tongue.code), forget)
        except NotAnswering:
            known = self._shops.find(asked, tongue.code)
            if known is None:
                raise
            return known.value

    async def demo(self, slug: str, tongue: Tongue, state: str | None, theme: str | None) -> StorefrontOrder:
        """An order that is made up. The client's errors; NotAnswering."""
        call = self.client(slug, tongue).demo(state, theme=theme)
        return await self._answered(call, _not_kept, lambda: False)

    async def language_of(self, slug: str) -> str:
        """The shop's own language; English for a shop that isn't there."""
        if slug not in self._languages:
            with contextlib.suppress(errors.ApiError, NotAnswering):
                await self.shop(slug, Tongue(SOURCE))
        return self._languages.get(slug, SOURCE)

    def _learn(self, shop: StorefrontShop) -> None:
        if len(self._languages) >= _LANGUAGES_AT_MOST:
            self._languages.clear()
        self._languages[shop.slug] = shop.language

    async def shop_at(self, host: str) -> str | None:
        """The slug of the shop that a host belongs to, remembered for a minute, also that it is nobody's.

        While the API doesn't answer, what was known before holds.
        """
        now = self._clock.now()
        known = self._hosts.get(host)
        if known and known[1] > now:
            return known[0]
        try:
            slug: str | None = (await self._answered(self._client.host(host), _not_kept, lambda: True)).slug
        except NotAnswering:
            return known[0] if known else None
        except errors.ApiError:
            slug = None
        self._hosts[host] = (slug, now + _HOSTS_REMEMBERED)
        self._hosts.move_to_end(host)
        while len(self._hosts) > _HOSTS_AT_MOST:
            self._hosts.popitem(last=False)
        return slug

    async def _answered(
        self,
        call: Coroutine[Any, Any, T],
        keep: Callable[[T], None],
        is_known: Callable[[], bool],
        forget: Callable[[], None] = lambda: None,
    ) -> T:
        """The answer, given to `keep` even where it comes too late for whoever asked; so is a refusal to `forget`.

        Patience ends early where there is something to show instead; else with the client's own.
        """
        task = asyncio.ensure_future(call)
        self._late.add(task)

        def done(ended: asyncio.Task[T]) -> None:
            self._late.discard(ended)
            if ended.cancelled():
                return
            if (refusal := ended.exception()) is None:
                keep(ended.result())
            elif isinstance(refusal, _NO_LONGER):
                forget()

        task.add_done_callback(done)
        try:
            finished, _ = await asyncio.wait((task,), timeout=self._patience)
            if not finished and not is_known():
                finished, _ = await asyncio.wait((task,))
        except asyncio.CancelledError:
            task.cancel()
            raise
        if not finished:
            raise NotAnswering
        try:
            return await task
        except _OUTAGE as outage:
            raise NotAnswering from outage


def _not_kept(_: object) -> None:
    """For answers that are remembered by their own rules."""
