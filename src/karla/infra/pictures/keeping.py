"""Small pictures: made once of each source, kept in the object store, and not asked for again soon where that fails."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Self
from uuid import UUID
from weakref import WeakValueDictionary

import structlog

from karla.infra import images
from karla.infra.clock import Clock
from karla.infra.pictures import drawings
from karla.infra.pictures.fetching import FetchFailed
from karla.infra.pictures.links import Kind
from karla.infra.storage import ObjectMissing, ObjectStore, StoreUnavailable

log = structlog.get_logger()

MEDIA_TYPE = "image/webp"
SIDES: dict[Kind, int] = {"product": 192, "photo": 960, "logo": 480, "background": 1920}
"""Pixels of the square that a picture fits into."""
PAUSE = timedelta(minutes=5)
"""For how long a picture that can't be had is not asked for again by this process."""

KEPT = timedelta(days=90)
"""How long a picture is kept, so that none outlives its order for long; who asks for it later has it fetched again."""
_FOLDER = "pictures"
_TIDIED_SECONDS = 6 * 60 * 60

_AT_ONCE = 8
# Whose pictures come slowly keeps no other shop's waiting.
_AT_ONCE_OF_A_SHOP = 3
_REMEMBERED = 10_000


class PictureMissing(Exception):
    """There is no such picture, or none that can be shown."""


class Pictures:
    """Those of all shops. However many ask for one at once, it is fetched and drawn once."""

    def __init__(self, objects: ObjectStore, clock: Clock) -> None:
        self._objects = objects
        self._clock = clock
        self._under_way: dict[str, asyncio.Task[bytes]] = {}
        self._missing_until: dict[str, datetime] = {}
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._gates: WeakValueDictionary[UUID, asyncio.Semaphore] = WeakValueDictionary()
        self._tidying: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._tidying = asyncio.create_task(self._tidied_now_and_then(), name="pictures")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def tidy(self) -> int:
        """Delete the pictures that were kept long enough, of all shops; how many. StoreUnavailable."""
        overdue = await self._objects.older_than(self._clock.now() - KEPT, _FOLDER)
        for key in overdue:
            await self._objects.delete(key)
        return len(overdue)

    async def picture(self, shop_id: UUID, kind: Kind, source: str, fetch: Callable[[], Awaitable[bytes]]) -> bytes:
        """The picture as WebP, `fetch` giving the source's bytes or FetchFailed; PictureMissing, StoreUnavailable.

        A logo may also be a drawing: `media_type_of` tells which it is.
        """
        key = object_key(shop_id, kind, source)
        if (until := self._missing_until.get(key)) is not None:
            if self._clock.now() < until:
                raise PictureMissing
            del self._missing_until[key]
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(self._kept_or_made(key, shop_id, kind, fetch))
            task.add_done_callback(lambda done: self._over(key, done))
        # Who goes away takes it from nobody else.
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Leave off what is under way."""
        tasks = [*self._under_way.values(), *([self._tidying] if self._tidying else ())]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _kept_or_made(self, key: str, shop_id: UUID, kind: Kind, fetch: Callable[[], Awaitable[bytes]]) -> bytes:
        try:
            return await self._objects.get(key)
        except ObjectMissing:
            pass
        try:
            async with self._gates.setdefault(shop_id, asyncio.Semaphore(_AT_ONCE_OF_A_SHOP)), self._gate:
                made = await _made(kind, await fetch())
        except (FetchFailed, images.ImageInvalid) as error:
            log.info("no picture", kind=kind, reason=str(error))
            self._remember_missing(key)
            raise PictureMissing from error
        try:
            await self._objects.put(key, made, media_type_of(made))
        except StoreUnavailable as error:
            log.warning("picture not kept", error=str(error))
        return made

    async def _tidied_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(_TIDIED_SECONDS)
            try:
                if deleted := await self.tidy():
                    log.info("pictures deleted", count=deleted)
            except StoreUnavailable as error:
                log.warning("pictures not tidied", error=str(error))

    def _remember_missing(self, key: str) -> None:
        self._missing_until[key] = self._clock.now() + PAUSE
        if len(self._missing_until) > _REMEMBERED:
            del self._missing_until[next(iter(self._missing_until))]

    def _over(self, key: str, done: "asyncio.Task[bytes]") -> None:
        del self._under_way[key]
        if not done.cancelled():
            done.exception()  # nobody may be waiting any more


async def _made(kind: Kind, content: bytes) -> bytes:
    if kind == "logo" and drawings.is_drawing(content):
        return content
    return (await images.thumbnail(content, SIDES[kind])).content


def media_type_of(picture: bytes) -> str:
    """Of one that `Pictures` gave."""
    return MEDIA_TYPE if picture.startswith(b"RIFF") else drawings.MEDIA_TYPE


def object_key(shop_id: UUID, kind: Kind, source: str) -> str:
    """Where in the object store a picture is kept; its source can't be read from it."""
    ending = "" if kind == "logo" else ".webp"
    return f"{_FOLDER}/{shop_id}/{kind}/{sha256(source.encode()).hexdigest()}{ending}"
