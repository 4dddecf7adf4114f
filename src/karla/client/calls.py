"""Calls as data: what is sent, and how the answer is read. No I/O."""

import platform
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from string import Formatter
from typing import Any, Generic, TypeVar
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx
import msgspec

from karla.client.errors import Unreadable

T = TypeVar("T")

_encode = msgspec.json.Encoder(decimal_format="number").encode


class Given(msgspec.Struct, frozen=True):
    """What a caller says of one call: values for the path, query and body.

    `files` go as a form, each a name, the bytes and a media type. `then` makes the method's answer of the API's.
    `bearer` is a secret of this call alone: a shopper's session, or an order's token.
    """

    path: Mapping[str, str | UUID] = {}
    query: Mapping[str, Any] = {}
    body: Any = msgspec.UNSET
    files: Mapping[str, tuple[str, bytes, str]] = {}
    idempotency_key: str | None = None
    bearer: str | None = None
    then: Callable[[Any], Any] | None = None


class Call(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One logical call, the same at each of its attempts."""

    operation: str
    method: str
    path: str
    query: Mapping[str, Any]
    headers: Mapping[str, str]
    content: bytes | None
    files: Mapping[str, tuple[str, bytes, str]]
    decode: Callable[[httpx.Response], T]

    def request(self, http: httpx.Client | httpx.AsyncClient, timeout: float | httpx.Timeout) -> httpx.Request:
        """A request for one attempt."""
        return http.build_request(
            self.method,
            self.path,
            params=dict(self.query) or None,
            headers=dict(self.headers),
            content=self.content,
            files=dict(self.files) or None,
            timeout=timeout,
        )

    def asking(self, **query: Any) -> "Call[T]":
        """The same call with these query members besides."""
        return msgspec.structs.replace(self, query={**self.query, **_wire_query(query)})


class Endpoint(msgspec.Struct, Generic[T], frozen=True):
    """An operation of the API as its OpenAPI document has it."""

    operation: str
    method: str
    path: str
    answer: type[T]

    def call(self, given: Given, known: Mapping[str, str | None], language: str | None = None) -> Call[T]:
        """The call; `known` are values for the path that the client has. ValueError where one is missing."""
        values = {**known, **given.path}
        headers = {"Accept": "application/json"}
        if language:
            headers["Accept-Language"] = language
        if given.bearer is not None:
            # Whatever stands in a shopper's link: what can't be in a header becomes a token that nothing opens.
            headers["Authorization"] = f"Bearer {quote(given.bearer, safe='~+/=')}".rstrip()
        if self.method == "POST":
            headers["Idempotency-Key"] = given.idempotency_key or str(uuid4())
        content = None
        if given.body is not msgspec.UNSET:
            content = _encode(given.body)
            headers["Content-Type"] = "application/json"
        then = given.then or _as_it_is
        return Call(
            operation=self.operation,
            method=self.method,
            path=_filled(self.path, values),
            query=_wire_query(given.query),
            headers=headers,
            content=content,
            files=given.files,
            decode=lambda response: then(self.read(response)),
        )

    def read(self, response: httpx.Response) -> T:
        """The answer in its shape; Unreadable when it has another."""
        kind: Any = self.answer
        try:
            answer: T = _reader(kind)(response.content)
        except msgspec.DecodeError as error:
            media_type = response.headers.get("content-type", "no content type")
            raise Unreadable(
                response.status_code,
                "answer_unreadable",
                f"The answer ({media_type}) is none of Karla's: {error}",
                request_id=response.headers.get("x-request-id"),
                operation=self.operation,
            ) from error
        return answer


def _as_it_is(answer: Any) -> Any:
    return answer


@cache
def _reader(answer: Any) -> Callable[[bytes], Any]:
    if answer is bytes:
        return bytes
    if answer is type(None):
        return lambda _: None
    return msgspec.json.Decoder(answer).decode


def _filled(path: str, values: Mapping[str, str | UUID | None]) -> str:
    names = [name for _, name, _, _ in Formatter().parse(path) if name]
    return path.format(**{name: _segment(name, values.get(name)) for name in names})


def _segment(name: str, value: str | UUID | None) -> str:
    # An empty part or dots would make it the path of something else: that of the list, or of what lies above.
    text = "" if value is None else str(value)
    if name == "slug" and not text:
        raise ValueError("no shop is named: give the client one, as in Karla(…, shop=…) or client.with_options(shop=…)")
    if text in ("", ".", ".."):
        raise ValueError(f"{name} must name something, not {text!r}")
    return quote(text, safe="")


def _wire_query(query: Mapping[str, Any]) -> dict[str, Any]:
    # Left out, it would find everything; whoever hands on an empty variable hardly means that.
    empty = [name for name, value in query.items() if value is None]
    if empty:
        raise ValueError(f"{', '.join(empty)} must not be None: leave out what is not asked for")
    return {name: msgspec.to_builtins(value) for name, value in query.items()}


def user_agent() -> str:
    """What the client calls itself."""
    try:
        own = version("karla")
    except PackageNotFoundError:  # the folder alone was taken along
        own = "unknown"
    return f"karla-python/{own} httpx/{httpx.__version__} python/{platform.python_version()}"
