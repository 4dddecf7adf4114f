"""Access tokens that a provider gives for credentials, kept while they are good."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from karla.integrations.calling import Calling
from karla.integrations.contract import Unauthorised

T = TypeVar("T")

_MARGIN = timedelta(seconds=60)


class Granted(msgspec.Struct, frozen=True):
    """A token, and for how many seconds it is good."""

    token: str
    seconds: float


class Token:
    """One account's token; however many calls need it at once, `fetch` is asked once, by a call of the account's."""

    def __init__(self, fetch: Callable[[], Awaitable[Granted]], calling: Calling) -> None:
        self._fetch = fetch
        self._calling = calling
        self._lock = asyncio.Lock()
        self._value: str | None = None
        self._good_until: datetime | None = None

    async def used(self, call: Callable[[str], Awaitable[T]]) -> T:
        """Make a call with the token; raises what the call or `fetch` raises.

        Where a token from before is taken no more, as providers withdraw them early, it is asked for once anew.
        """
        token, fresh = await self._current()
        try:
            return await call(token)
        except Unauthorised:
            if fresh:
                raise
        self._forget(token)
        return await call((await self._current())[0])

    async def _current(self) -> tuple[str, bool]:
        async with self._lock:
            now = self._calling.clock.now()
            if self._value is not None and self._good_until is not None and now < self._good_until:
                return self._value, False
            granted = await self._fetch()
            self._calling.hide(granted.token)
            self._value, self._good_until = granted.token, now + timedelta(seconds=granted.seconds) - _MARGIN
            return granted.token, True

    def _forget(self, token: str) -> None:
        if self._value == token:
            self._value = None
