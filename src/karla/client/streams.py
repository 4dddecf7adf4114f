"""Events as they happen: how `text/event-stream` is read, and a stream that outlasts its connections. No I/O."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Generic, TypeVar
from uuid import UUID

import httpx
import msgspec

from karla.client.answers import Event
from karla.client.calls import Call
from karla.client.errors import Unreadable
from karla.client.exchange import may_pass, no_answer, refusal
from karla.client.retries import Retries, passes

T = TypeVar("T")

QUIET_SECONDS = 45.0
"""A connection without a byte for so long is dead: heartbeats come every 15 seconds."""

_REMEMBERED = 10_000
_LINE_END = re.compile(rb"\r\n|\n|\r")


class Message(msgspec.Struct, frozen=True):
    """One message of a stream, and the id to resume after."""

    id: str
    data: bytes


class Messages:
    """Reads the bytes of one connection as they come; `last_id` may move without a message.

    `retry` is how many seconds the server asks to wait before the next connection.
    """

    def __init__(self, last_id: str = "") -> None:
        self.last_id = last_id
        self.retry: float | None = None
        self._id = last_id
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, chunk: bytes) -> Iterator[Message]:
        """The messages that are whole now."""
        buffer = self._rest + chunk
        # A carriage return may be half of a line end: it waits for what follows.
        whole, held = (buffer[:-1], b"\r") if buffer.endswith(b"\r") else (buffer, b"")
        *lines, rest = _LINE_END.split(whole)
        self._rest = rest + held
        for line in lines:
            if (message := self._line(line)) is not None:
                yield message

    def _line(self, line: bytes) -> Message | None:
        if not line:
            self.last_id = self._id  # not before: an event that was cut off has not been seen
            data, self._data = self._data, []
            return Message(self.last_id, b"\n".join(data)) if data else None
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"id" and b"\0" not in value:
            self._id = value.decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit():
            self.retry = int(value[:9]) / 1000
        return None


class Following(ABC, Generic[T]):
    """A stream that outlasts its connections: how long it has been out of reach, and for how long it may be.

    `patience` is for how many seconds without a sign of life it tries to connect again, None for ever.
    """

    def __init__(self, call: Call[T], after: str | None, patience: float | None) -> None:
        self._call = call
        self._cursor = after or ""
        self._patience = patience
        self._messages = Messages()
        self._failures = 0
        self._lost_at: float | None = None

    @abstractmethod
    def resumed(self) -> Call[T]:
        """The call that goes on after what was seen last."""

    @abstractmethod
    def items(self, message: Message) -> Iterator[T]:
        """What a message tells that wasn't known."""

    def request(self, http: httpx.Client | httpx.AsyncClient, timeout: float) -> httpx.Request:
        """Connect, after the last event that was seen."""
        self._messages = Messages(self._cursor)
        call = self.resumed()
        headers = {**call.headers, "Accept": "text/event-stream", "Cache-Control": "no-store"}
        call = msgspec.structs.replace(call, headers=headers)
        return call.request(http, httpx.Timeout(timeout, read=QUIET_SECONDS))

    def events(self, chunk: bytes) -> Iterator[T]:
        """The events that are whole now."""
        self._failures, self._lost_at = 0, None
        for message in self._messages.feed(chunk):
            self._cursor = message.id
            yield from self.items(message)
        self._cursor = self._messages.last_id

    def lost(self, retries: Retries, error: httpx.RequestError | None = None) -> float:
        """Seconds to wait after the connection ended; ConnectionFailed when patience has ended too."""
        if (error is not None and not may_pass(error)) or self._spent(retries):
            raise no_answer(self._call.operation, error, self._failures) from error
        return self._wait(retries, self._messages.retry)

    def refused(self, retries: Retries, response: httpx.Response) -> float:
        """Seconds to wait after an answer, read whole, that is no stream; ApiError unless it may pass."""
        if response.is_success:
            kind = response.headers.get("content-type", "no content type")
            raise Unreadable(
                response.status_code, "answer_unreadable", f"{kind} is no stream", operation=self._call.operation
            )
        error = refusal(self._call, response)
        if not passes(error.status, error.key) or self._spent(retries):
            raise error
        return self._wait(retries, error.retry_after)

    def read(self, decoder: "msgspec.json.Decoder[T]", message: Message) -> T:
        """What a message holds; Unreadable."""
        try:
            return decoder.decode(message.data)
        except msgspec.DecodeError as error:
            raise Unreadable(
                200, "answer_unreadable", f"No event as this version knows it: {error}", operation=self._call.operation
            ) from error

    def _wait(self, retries: Retries, asked: float | None) -> float:
        self._failures += 1
        return retries.wait(self._failures, asked)

    def _spent(self, retries: Retries) -> bool:
        now = retries.clock()
        if self._lost_at is None:
            self._lost_at = now
        return self._patience is not None and now - self._lost_at >= self._patience


class FollowedJournal(Following[Event]):
    """A journal that is followed from a place on.

    A connection begins with what the one before it may have missed, so what is known of that is left out.
    """

    def __init__(self, call: Call[Event], after: str | None, patience: float | None) -> None:
        super().__init__(call, after, patience)
        self._known: dict[UUID | None, None] = {}

    def resumed(self) -> Call[Event]:
        """The same call, with the place of the last event in its header."""
        if not self._cursor:
            return self._call
        headers = {**self._call.headers, "Last-Event-ID": self._cursor}
        return msgspec.structs.replace(self._call, headers=headers)

    def items(self, message: Message) -> Iterator[Event]:
        """The event, unless it was told before."""
        event = self.read(_EVENT, message)
        if event.event_id not in self._known:
            self._remember(event)
            yield msgspec.structs.replace(event, cursor=message.id or None)

    def _remember(self, event: Event) -> None:
        self._known[event.event_id] = None
        if len(self._known) > _REMEMBERED:
            del self._known[next(iter(self._known))]


_EVENT = msgspec.json.Decoder(Event)


def is_stream(response: httpx.Response) -> bool:
    """Whether events follow."""
    kind = response.headers.get("content-type", "")
    return response.status_code == 200 and kind.partition(";")[0].strip().lower() == "text/event-stream"
