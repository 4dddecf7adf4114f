"""The object store: files by key, in a local folder or wherever a URL points (S3 and the like)."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, from_url
from obstore.store import ObjectStore as Store

Result = TypeVar("Result")


class ObjectMissing(Exception):
    """There is no object of this key."""


class StoreUnavailable(Exception):
    """The store can't be reached, or refuses; the message has its own words."""


class ObjectStore:
    """Objects are written whole and never changed: a new content gets a new key."""

    # After obstore's own async calls the interpreter now and then aborts at exit; so its blocking ones, in threads.

    def __init__(self, store: Store, *, keeps_content_type: bool) -> None:
        self._store = store
        self._keeps_content_type = keeps_content_type
        self._threads = ThreadPoolExecutor(max_workers=32, thread_name_prefix="storage")

    @classmethod
    def open(cls, url: str | None, folder: Path) -> "ObjectStore":
        """The store at `url`, else in `folder`, made if absent; StoreUnavailable for a URL of no known kind."""
        try:
            if url is None:
                return cls(LocalStore(folder.absolute(), mkdir=True), keeps_content_type=False)
            local = url.startswith("file:")
            return cls(from_url(url, mkdir=True) if local else from_url(url), keeps_content_type=not local)
        except (BaseError, ValueError, OSError) as error:
            raise StoreUnavailable(_words(error)) from error

    async def put(self, key: str, content: bytes, content_type: str) -> None:
        """Write an object; a reader sees all of it or none. StoreUnavailable."""
        attributes = {"Content-Type": content_type} if self._keeps_content_type else None
        await self._call(lambda: obstore.put(self._store, key, content, attributes=attributes))

    async def get(self, key: str) -> bytes:
        """The bytes of an object; ObjectMissing, StoreUnavailable."""
        return await self._call(lambda: bytes(obstore.get(self._store, key).bytes()))

    async def delete(self, key: str) -> None:
        """Remove an object; removing one that isn't there is no error. StoreUnavailable."""
        try:
            await self._call(lambda: obstore.delete(self._store, key))
        except ObjectMissing:
            return

    async def keys(self) -> list[str]:
        """The key of every object, in their order. StoreUnavailable."""
        return await self._call(lambda: sorted(found["path"] for found in obstore.list(self._store).collect()))

    async def older_than(self, moment: datetime, folder: str, limit: int = 10_000) -> list[str]:
        """Up to `limit` keys below a folder whose objects were written before that moment. StoreUnavailable."""

        def found() -> Iterator[str]:
            for batch in obstore.list(self._store, folder):
                yield from (one["path"] for one in batch if one["last_modified"] < moment)

        return await self._call(lambda: list(islice(found(), limit)))

    async def _call(self, call: Callable[[], Result]) -> Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, call)
        except FileNotFoundError as error:
            raise ObjectMissing(_words(error)) from error
        except (BaseError, OSError, ValueError) as error:
            raise StoreUnavailable(_words(error)) from error


def _words(error: Exception) -> str:
    # What follows the first line is the library's inside, and may hold the address with its credentials.
    return str(error).partition("\n")[0]
