"""`Idempotency-Key`: a POST that is sent again is carried out once, and has its first answer again."""

import asyncio
import hashlib
import random
import re
from email.message import Message as MimeHeader
from functools import partial

import msgspec
import structlog
from litestar.enums import ScopeType
from litestar.types import (
    ASGIApp,
    HTTPReceiveMessage,
    HTTPRequestEvent,
    HTTPScope,
    Message,
    Receive,
    Scope,
    Send,
    WebSocketReceiveMessage,
)

from karla.entrypoints.api.access import Access, authorization, credentials
from karla.entrypoints.api.bodies import BULK_BYTES, whole_body
from karla.entrypoints.api.services import Services, services_of
from karla.infra import idempotency as store
from karla.infra.access import NOWHERE
from karla.infra.errors import Conflict, Fault, Invalid, KarlaError
from karla.infra.idempotency import KeyedRequest, Standing, State
from karla.infra.ids import new_id
from karla.infra.sealing import derived_key, opened, sealed
from karla.infra.work import COMPLETION

log = structlog.get_logger()

HEADER = "Idempotency-Key"
REPLAYED = (b"idempotent-replayed", b"true")

_VISIBLE = re.compile(r"[\x21-\x7e]{1,255}")

# Some three seconds in all: who sends twice at once gets the first answer rather than a refusal.
_PAUSES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5)

# What tells of the moment and not of the answer.
_PASSING = (b"ratelimit-", b"retry-after")


class _Answer(msgspec.Struct, frozen=True, array_like=True):
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    @classmethod
    def of(cls, messages: list[Message]) -> "_Answer":
        """The answer that these messages make up."""
        status, headers, body = 500, [], b""
        for message in messages:
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [(name, value) for name, value in message["headers"] if not name.startswith(_PASSING)]
            elif message["type"] == "http.response.body":
                body += message["body"]
        return cls(status, headers, body)


_ANSWERS = msgspec.msgpack.Decoder(_Answer)


class _Call:
    """One POST with a key: its whole body, and what it needs to be told from others and to be kept."""

    def __init__(self, scope: HTTPScope, body: bytes, key: str) -> None:
        access: Access = scope["state"]["access"]
        self.body = body
        self.run = new_id()
        self.request = KeyedRequest(
            access.principal.organisation_id,
            access.principal.key_id,
            hashlib.sha256(key.encode()).digest(),
            _fingerprint(scope, body),
        )
        self._sealing_key = derived_key(credentials(authorization(scope))[1], f"{HEADER}: {key}")

    def sealed(self, answer: _Answer) -> bytes:
        """The answer, to be read by who sends both keys alone."""
        return sealed(self._sealing_key, msgspec.msgpack.encode(answer), self.request.fingerprint)

    def opened(self, kept: bytes) -> _Answer:
        """An answer that was kept."""
        return _ANSWERS.decode(opened(self._sealing_key, kept, self.request.fingerprint))


def idempotent(app: ASGIApp) -> ASGIApp:
    """Wrap the route of a POST. One without the header, or that asks for no credentials, goes straight through."""

    async def once(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == ScopeType.HTTP, "stands before POST routes alone"  # noqa: S101
        given = [value for name, value in scope["headers"] if name == b"idempotency-key"]
        if not given:
            await app(scope, receive, send)
            return
        if "access" not in scope["state"]:
            await app(scope, receive, send)
            return
        key = _key(given)
        call = _Call(scope, await whole_body(receive, BULK_BYTES), key)
        services = services_of(scope)
        kept = await _claimed(services, call)
        if kept is not None:
            await _send(call.opened(kept), send)
        else:
            await _run(app, services, call, (scope, receive, send))

    return once


def _key(given: list[bytes]) -> str:
    key = given[0].decode("latin-1")
    if len(given) > 1 or not _VISIBLE.fullmatch(key):
        text = "Must be 1 to 255 visible ASCII characters, once"
        fault = Fault(("header", HEADER), text, "idempotency_key_invalid")
        raise Invalid("idempotency_key_invalid", f"The header {HEADER} is not valid.", [fault])
    return key


def _fingerprint(scope: HTTPScope, body: bytes) -> bytes:
    """What a request asks for. A form's boundary is drawn anew each time that it is sent, so it is left out."""
    kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    header = MimeHeader()
    header["content-type"] = kind.decode("latin-1")
    if (boundary := header.get_boundary()) and header.get_content_maintype() == "multipart":
        kind, body = b"multipart", body.replace(boundary.encode("latin-1"), b"")
    digest = hashlib.sha256()
    for part in (scope["method"].encode(), scope["path"].encode(), scope["query_string"], kind, body):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


async def _claimed(services: Services, call: _Call) -> bytes | None:
    """None when the call is ours to carry out, else the kept answer; waits a little while another carries it out."""
    for pause in (*_PAUSES, None):
        standing: Standing = await services.db.write(NOWHERE, lambda work: store.claim(work, call.request, call.run))
        if standing.state is State.CLAIMED:
            return None
        if standing.answer is not None:
            return standing.answer
        if standing.state is State.REUSED:
            text = f"This {HEADER} was sent with another request; use a new one for each."
            fault = Fault(("header", HEADER), "Stands for another request already", "idempotency_key_reused")
            raise Invalid("idempotency_key_reused", text, [fault])
        if standing.state is State.UNANSWERED:
            raise Conflict(
                "idempotency_answer_lost",
                "This request was carried out, but its answer is lost; look for what it made before you send another.",
            )
        if pause is not None:
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - so that not all ask at once
    raise store.in_progress()


async def _run(app: ASGIApp, services: Services, call: _Call, connection: tuple[Scope, Receive, Send]) -> None:
    scope, receive, send = connection
    messages: list[Message] = []

    async def collect(message: Message) -> None:
        messages.append(message)

    token = COMPLETION.set(partial(store.mark_committed, request=call.request, run=call.run))
    try:
        await app(scope, _again(call.body, receive), collect)
    finally:
        COMPLETION.reset(token)
    try:
        await _settle(services, call, _Answer.of(messages))
    except KarlaError as error:
        # The caller has the answer all the same; the lease tells the next one how it stands.
        log.warning("answer not kept", request_id=scope.get("request_id"), error=error.key)
    for message in messages:
        await send(message)


async def _settle(services: Services, call: _Call, answer: _Answer) -> None:
    """Keep the answer of a change or a success; forget what was refused or failed and so changed nothing."""
    request, run = call.request, call.run
    if answer.status >= 400 and await services.db.write(NOWHERE, lambda work: store.release(work, request, run)):
        return
    if answer.status < 500:
        kept = call.sealed(answer)
        await services.db.write(NOWHERE, lambda work: store.keep_answer(work, request, run, kept))


def _again(body: bytes, receive: Receive) -> Receive:
    """The body that was read already, and then whatever else comes."""
    waiting: list[HTTPReceiveMessage] = [HTTPRequestEvent(type="http.request", body=body, more_body=False)]

    async def replay() -> HTTPReceiveMessage | WebSocketReceiveMessage:
        return waiting.pop() if waiting else await receive()

    return replay


async def _send(answer: _Answer, send: Send) -> None:
    headers = [*answer.headers, REPLAYED]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})
