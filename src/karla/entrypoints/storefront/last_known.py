"""What was last seen of orders and shops, kept by this process for the minutes when the API can't be reached."""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import msgspec

from karla.infra.clock import Clock

T = TypeVar("T")

KEPT = timedelta(hours=24)
"""Older than this it would rather mislead."""
_ENTRIES = 5_000
_BYTES = 32 * 1024 * 1024


class Known(msgspec.Struct, Generic[T], frozen=True):
    """Something as it was at a moment."""

    value: T
    as_of: datetime


class _Kept(msgspec.Struct, frozen=True):
    body: bytes
    at: datetime


class LastKnown(Generic[T]):
    """The latest good answers, the most recently used ones, within bounds of number and bytes.

    An answer is found by what it was asked with; of that only a hash is kept, by a key that this process alone has.
    """

    def __init__(self, kind: type[T], clock: Clock, entries: int = _ENTRIES, size: int = _BYTES) -> None:
        self._decode = msgspec.msgpack.Decoder(kind).decode
        self._encode = msgspec.msgpack.Encoder().encode
        self._clock = clock
        self._entries = entries
        self._most_bytes = size
        self._key = secrets.token_bytes(32)
        self._kept: OrderedDict[tuple[bytes, str], _Kept] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size(self) -> int:
        """Bytes of all that is kept."""
        return self._size

    def keep(self, asked: Iterable[object], language: str, value: T) -> None:
        """Remember an answer in place of the one before."""
        place = (self._hashed(asked), language)
        body = self._encode(value)
        self._drop(place)
        if len(body) > self._most_bytes:
            return
        self._kept[place] = _Kept(body, self._clock.now())
        self._size += len(body)
        while self._size > self._most_bytes or len(self._kept) > self._entries:
            self._drop(next(iter(self._kept)))

    def find(self, asked: Iterable[object], language: str) -> Known[T] | None:
        """What was answered last to the same question, with the moment it was true."""
        place = (self._hashed(asked), language)
        kept = self._kept.get(place)
        if kept is None:
            return None
        if self._clock.now() - kept.at > KEPT:
            self._drop(place)
            return None
        self._kept.move_to_end(place)
        return Known(self._decode(kept.body), kept.at)

    def has(self, asked: Iterable[object], language: str) -> bool:
        """Whether there is something to find, however old."""
        return (self._hashed(asked), language) in self._kept

    def forget(self, asked: Iterable[object], languages: Iterable[str]) -> None:
        """Nobody may see it any more, in whatever language."""
        digest = self._hashed(asked)
        for language in languages:
            self._drop((digest, language))

    def _drop(self, place: tuple[bytes, str]) -> None:
        if gone := self._kept.pop(place, None):
            self._size -= len(gone.body)

    def _hashed(self, asked: Iterable[object]) -> bytes:
        return hashlib.blake2b(msgspec.msgpack.encode(list(asked)), key=self._key, digest_size=16).digest()
