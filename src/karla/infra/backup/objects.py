"""Uploaded files, between the object store and an archive."""

import asyncio
import mimetypes
from collections import deque
from collections.abc import AsyncIterator, Iterator

from karla.infra.backup import archive
from karla.infra.backup.contents import Tally
from karla.infra.backup.progress import Progress, Tell
from karla.infra.storage import ObjectMissing, ObjectStore

# Asked for beforehand, so that a store far away keeps us waiting once and not for each.
_AHEAD = 16

_TYPES = mimetypes.MimeTypes()
_TYPES.add_type("image/webp", ".webp")


async def write_objects(store: ObjectStore, writer: archive.Writer, tell: Tell) -> Tally:
    """Append every object; what was written. StoreUnavailable."""
    keys = await store.keys()
    counter = archive.Counter()
    async for key, content in _contents(store, keys):
        writer.add(archive.OBJECTS + key, content)
        counter.object(key, content)
        tell(Progress("objects", counter.count, len(keys)))
    return counter.tally


async def _contents(store: ObjectStore, keys: list[str]) -> AsyncIterator[tuple[str, bytes]]:
    asked: deque[tuple[str, asyncio.Task[bytes]]] = deque()
    for key in [*keys, *[None] * _AHEAD]:
        if key is not None:
            asked.append((key, asyncio.create_task(store.get(key))))
        if asked and (key is None or len(asked) == _AHEAD):
            first, task = asked.popleft()
            try:
                yield first, await task
            except ObjectMissing:  # deleted since it was listed
                continue


async def put_objects(store: ObjectStore, members: Iterator[archive.Member]) -> int:
    """Put members that are objects back into a store; how many. StoreUnavailable."""
    under_way: deque[asyncio.Task[None]] = deque()
    count = 0
    for member in members:
        kind = _TYPES.guess_type(member.key)[0] or "application/octet-stream"
        under_way.append(asyncio.create_task(store.put(member.key, member.content, kind)))
        count += 1
        if len(under_way) == _AHEAD:
            await under_way.popleft()
    for task in under_way:
        await task
    return count
