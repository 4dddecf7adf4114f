"""One call to a third party, turned into an answer or one of the four failures."""

from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from karla.infra.clock import Clock
from karla.infra.http import Egress, EgressError
from karla.infra.http.egress import KEPT_HEADERS
from karla.infra.retry_after import retry_after_seconds
from karla.integrations.contract import Busy, Failure, Refused, Unauthorised, Unreachable

T = TypeVar("T")

READ_LIMIT = 2 * 1024 * 1024
TIMEOUT_SECONDS = 20.0
_LONGEST_PAUSE_SECONDS = 24 * 3600.0
_MESSAGE_LIMIT = 200
_SHORTEST_SECRET = 4
_TOKENS_KEPT = 8

Words: TypeAlias = tuple[str | None, str]
"""A provider's own code and message, as its errors have them."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent; `url` without its query."""

    url: str
    method: str = "GET"
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    body: bytes | None = None
    accept: str = "application/json"
    timeout_seconds: float = TIMEOUT_SECONDS


class Response(msgspec.Struct, frozen=True):
    """A good answer: a status of 2xx, or one that the dialect calls meaningful. Names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self, kind: type[T]) -> T:
        """The body as JSON of this shape; Unreachable where it isn't JSON, or of another shape."""
        try:
            return msgspec.json.decode(self.body, type=kind, strict=False)
        except msgspec.ValidationError:
            reason = "answered JSON of another form than documented"
        except (msgspec.DecodeError, UnicodeDecodeError):
            reason = "answered what isn't JSON"
        raise Unreachable(reason)  # out here it carries no context: msgspec's errors may quote what was answered


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """How a provider speaks where it differs from what RFC 9110 says; all of it is pure.

    `meaningful` statuses are good answers, for the client to read. `busy` are those of too many calls; `pause`
    finds in the headers how many seconds to stay away, and `headers` are the names, in lower case, that it and the
    client read. `words` takes an error's body to its code and message.
    """

    meaningful: frozenset[int] = frozenset()
    busy: frozenset[int] = frozenset({429})
    headers: tuple[str, ...] = ()
    pause: Callable[[Mapping[str, str], datetime], float | None] | None = None
    words: Callable[[bytes], Words] | None = None


PLAIN = Dialect()


class Called(msgspec.Struct, frozen=True):
    """What became of one call, for counting and pacing; `failure` is the name of a failure's class."""

    status: int | None
    failure: str | None
    duration_ms: int


class Calling:
    """The way out of one account. It logs nothing; `watch` is told of each call, whatever became of it.

    `secrets` are taken out of whatever a provider says in an error. Each call waits for its `turn`, if there is one.
    """

    def __init__(
        self,
        egress: Egress,
        clock: Clock,
        *,
        secrets: Collection[str] = (),
        watch: Callable[[Called], None] | None = None,
        turn: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.clock = clock
        self._egress = egress
        self._secrets = tuple(form for secret in secrets for form in _forms(secret))
        self._tokens: deque[str] = deque(maxlen=_TOKENS_KEPT)
        self._watch = watch
        self._turn = turn

    def hide(self, token: str) -> None:
        """Treat as a secret what a provider gave for one; the latest few are."""
        self._tokens.extend(_forms(token))

    async def call(self, request: Request, dialect: Dialect = PLAIN) -> Response:
        """Send it once; raises a Failure."""
        url = f"{request.url}?{urlencode(request.query)}" if request.query else request.url
        failure: Failure
        if self._turn:
            await self._turn()
        try:
            answer = await self._egress.request(
                request.method,
                url,
                {"Accept": request.accept, **request.headers},
                body=request.body,
                timeout_seconds=request.timeout_seconds,
                read_limit=READ_LIMIT,
                kept_headers=(*KEPT_HEADERS, *dialect.headers),
            )
        except EgressError as error:
            failure, status, duration_ms = Unreachable(error.reason), None, error.duration_ms
        else:
            response = Response(answer.status, answer.headers, answer.excerpt)
            found = self._failure(response, dialect, truncated=answer.truncated)
            if found is None:
                self._tell(Called(answer.status, None, answer.duration_ms))
                return response
            failure, status, duration_ms = found, answer.status, answer.duration_ms
        self._tell(Called(status, type(failure).__name__, duration_ms))
        raise failure

    def _tell(self, called: Called) -> None:
        if self._watch:
            self._watch(called)

    def _failure(self, response: Response, dialect: Dialect, *, truncated: bool) -> Failure | None:
        status, headers = response.status, response.headers
        if 200 <= status < 300 or status in dialect.meaningful:
            return Unreachable(f"answered more than {READ_LIMIT >> 20} MiB") if truncated else None
        if status in dialect.busy or (status == 503 and "retry-after" in headers):
            now = self.clock.now()
            pause = dialect.pause(headers, now) if dialect.pause else None
            return Busy(retry_after(headers, now) if pause is None else bounded_pause(pause))
        if status in (401, 403):
            return Unauthorised(self._message(status, dialect, response.body)[1])
        if 400 <= status < 500 and status != 408:
            return Refused(*self._message(status, dialect, response.body))
        return Unreachable(f"answered {status}")

    def _message(self, status: int, dialect: Dialect, body: bytes) -> Words:
        code, message = dialect.words(body) if dialect.words else (None, "")
        return (
            self._without_secrets(code or str(status)),
            self._without_secrets(message) or f"answered {status}",
        )

    def _without_secrets(self, text: str) -> str:
        for secret in (*self._secrets, *self._tokens):
            text = text.replace(secret, "***")
        line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
        return line if len(line) <= _MESSAGE_LIMIT else f"{line[: _MESSAGE_LIMIT - 1]}…"


def _forms(secret: str) -> tuple[str, ...]:
    """As it is and as it stands in URLs; what is so short that it may be a word of any text is none."""
    return tuple(dict.fromkeys((secret, quote(secret, safe="")))) if len(secret) >= _SHORTEST_SECRET else ()


def words_at(code: str, message: str) -> Callable[[bytes], Words]:
    """Words from a JSON body by paths such as `errors.0.code`; what isn't there is left out."""

    def words(body: bytes) -> Words:
        try:
            told: Any = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None, ""
        return _text_at(told, code), _text_at(told, message) or ""

    return words


def _text_at(told: Any, path: str) -> str | None:
    for step in path.split("."):
        if isinstance(told, dict):
            told = told.get(step)
        elif isinstance(told, list) and step.isdigit() and int(step) < len(told):
            told = told[int(step)]
        else:
            return None
    return str(told) if isinstance(told, (str, int)) and not isinstance(told, bool) else None


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds until Retry-After, in either of its forms; None where there is none that can be read."""
    seconds = retry_after_seconds(headers.get("retry-after", ""), now)
    return None if seconds is None else bounded_pause(seconds)


def epoch_in(header: str) -> Callable[[Mapping[str, str], datetime], float | None]:
    """A `pause` for providers whose header holds the moment of return, in seconds since 1970."""

    def pause(headers: Mapping[str, str], now: datetime) -> float | None:
        moment = _number(headers.get(header, ""))
        return None if moment is None else moment - now.timestamp()

    return pause


def bounded_pause(seconds: float) -> float:
    """Neither in the past nor more than a day ahead: a provider's clock, or its header, may be off."""
    return min(max(seconds, 0.0), _LONGEST_PAUSE_SECONDS)


def _number(text: str) -> float | None:
    return float(text) if text.strip().replace(".", "", 1).isdecimal() else None
