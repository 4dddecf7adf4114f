"""Receivers in memory: they stand where `Egress` stands, and answer as they are told."""

import json
from collections import defaultdict, deque
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias

import msgspec
from yarl import URL

from karla.infra.clock import Clock
from karla.infra.http import Answer, EgressError, Unreachable

Behaviour: TypeAlias = int | str | EgressError


class Request(msgspec.Struct, frozen=True):
    """One request as it came."""

    path: str
    body: bytes
    headers: Mapping[str, str]
    at: datetime

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


class Endpoints:
    """Each path is an endpoint of its own: it answers 200 at once unless it was told otherwise."""

    def __init__(self, clock: Clock) -> None:
        self.journal: list[Request] = []
        self._clock = clock
        self._next: defaultdict[str, deque[Behaviour]] = defaultdict(deque)
        self._always: dict[str, Behaviour] = {}

    def answer(self, path: str, *behaviours: Behaviour) -> None:
        """Behave like this at the next requests: a status, the reason that there is no answer, or that error."""
        self._next[path].extend(behaviours)

    def always(self, path: str, behaviour: Behaviour) -> None:
        """Behave like this from now on."""
        self._always[path] = behaviour

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_seconds: float) -> Answer:
        """As `Egress.post`."""
        path = URL(url).path
        self.journal.append(Request(path, body, headers, self._clock.now()))
        behaviour = self._next[path].popleft() if self._next[path] else self._always.get(path, 200)
        if isinstance(behaviour, EgressError):
            raise behaviour
        if isinstance(behaviour, str):
            raise Unreachable(behaviour, int(timeout_seconds * 1000))  # type: ignore[arg-type]
        return Answer(behaviour, {}, b"", truncated=False, duration_ms=5)
