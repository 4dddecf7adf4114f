"""A caller of the API that takes no silence for an answer: it sends the same again, as our own client does."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

import aiohttp
import msgspec

from tests.chaos.instance import SHOP
from tests.chaos.processes import comes

_PATIENCE_SECONDS = 120.0
_ATTEMPT_SECONDS = 20.0
_LONGEST_WAIT = 0.5
_TO_BE_REPEATED = "idempotency_in_progress"
_CARRIED_OUT = "idempotency_answer_lost"


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent; `path` is below the shop. With a `key` it says that it may be carried out once only."""

    method: str
    path: str
    body: Any = None
    key: str | None = None


class Answer(msgspec.Struct, frozen=True):
    """What came of a call; `headers` has its names in lower case."""

    status: int
    body: Any
    headers: dict[str, str] = {}

    @property
    def done(self) -> bool:
        """Whether the call was carried out, be it that its answer was lost."""
        return self.status < 300 or self.error == _CARRIED_OUT

    @property
    def error(self) -> str | None:
        """The key of the error, if it is one."""
        return self.body.get("key") if self.status >= 400 and isinstance(self.body, dict) else None


class Failure(NamedTuple):
    """An attempt that was answered by a 5xx; times are those of `time.monotonic`."""

    began: float
    ended: float
    status: int
    what: str


class Unanswered(Exception):
    """A call got no answer however often it was sent."""


class Caller:
    """Calls one shop at the first of `addresses` that answers; it keeps account of every attempt."""

    def __init__(self, http: aiohttp.ClientSession, addresses: Sequence[str], chance: random.Random) -> None:
        self.addresses = list(addresses)
        self.attempts = 0
        self.silences = 0
        self.answers: Counter[int] = Counter()
        self.lost_answers = 0
        self.failures: list[Failure] = []
        self._http = http
        self._chance = chance
        self._served = asyncio.Event()
        self._served_began = 0.0

    async def served_since(self, moment: float) -> None:
        """Wait until a call that began after this moment has been carried out."""
        while self._served_began < moment:
            self._served.clear()
            await self._served.wait()

    async def send(self, call: Call) -> Answer:
        """Send until there is an answer that counts; Unanswered after two minutes."""
        until = time.monotonic() + _PATIENCE_SECONDS
        never = asyncio.Event()
        tried = 0
        while time.monotonic() < until:
            answer = await self._attempt(call, self.addresses[tried % len(self.addresses)])
            if answer and answer.status < 500 and answer.error != _TO_BE_REPEATED:
                self.lost_answers += answer.error == _CARRIED_OUT
                return answer
            tried += 1
            await comes(never, self._chance.random() * min(_LONGEST_WAIT, 0.05 * 2.0 ** min(tried, 10)))
        raise Unanswered(f"{call.method} {call.path}")

    async def pages(self, path: str, **query: str) -> list[Any]:
        """All the things that a search finds, by page number or cursor."""
        found: list[Any] = []
        page, cursor = 1, ""
        while True:
            place = {"cursor": cursor} if cursor else {"page": str(page)} if "per_page" in query else {}
            wanted = "&".join(f"{name}={value}" for name, value in (query | place).items())
            answer = await self.send(Call(method="GET", path=f"{path}?{wanted}"))
            assert answer.status == 200, (path, answer)
            found += answer.body
            cursor, page = answer.headers.get("karla-next-cursor", ""), page + 1
            if not cursor and len(answer.body) < int(query.get("per_page", "1000000")):
                return found

    async def _attempt(self, call: Call, address: str) -> Answer | None:
        began = time.monotonic()
        self.attempts += 1
        headers = {"Idempotency-Key": call.key} if call.key else {}
        try:
            async with self._http.request(
                call.method, f"{address}/v1/shops/{SHOP}{call.path}", json=call.body, headers=headers
            ) as response:
                text = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError):
            self.silences += 1
            return None
        self.answers[response.status] += 1
        answer = Answer(response.status, msgspec.json.decode(text) if text else None, _headers(response))
        if response.status >= 500:
            what = f"{call.method} {call.path}: {text[:300].decode()}"
            self.failures.append(Failure(began, time.monotonic(), response.status, what))
        elif response.status < 300 and began > self._served_began:
            self._served_began = began
            self._served.set()
        return answer


def _headers(response: aiohttp.ClientResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


@contextlib.asynccontextmanager
async def calling(addresses: Sequence[str], authorization: str, chance: random.Random) -> AsyncIterator[Caller]:
    """A caller with a session of its own."""
    session = aiohttp.ClientSession(
        headers={"Authorization": authorization},
        timeout=aiohttp.ClientTimeout(total=_ATTEMPT_SECONDS),
        connector=aiohttp.TCPConnector(limit=0),
    )
    async with session:
        yield Caller(session, addresses, chance)
