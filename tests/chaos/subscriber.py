"""A merchant's endpoint that checks every signature by the public rules, and has bad moments of its own."""

import asyncio
import contextlib
import hmac
import random
import time
from collections.abc import AsyncIterator, Mapping

import msgspec
from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from karla.infra.signing import standard_secret
from tests.chaos.processes import comes

_TOLERANCE_SECONDS = 300
_SLOW_SECONDS = 0.3


class Arrival(msgspec.Struct, frozen=True):
    """One request: which webhook and event, what it was answered (0: the connection was cut), and when it came."""

    webhook: str
    event_id: str
    shipment_id: str
    event_name: str
    status: int
    at: float

    @property
    def accepted(self) -> bool:
        """Whether it was answered as Karla wants it."""
        return 200 <= self.status < 300


class _EventData(msgspec.Struct):
    event_id: str
    shipment_id: str
    event_name: str


class _Envelope(msgspec.Struct):
    event_data: _EventData


_ENVELOPES = msgspec.json.Decoder(_Envelope)


class Moods(msgspec.Struct, frozen=True):
    """How many in a thousand requests are refused, answered late, or cut off."""

    refused: int = 0
    late: int = 0
    cut: int = 0


class Subscriber:
    """Receives for several webhooks, each under a path of its own; `secrets` has theirs by path."""

    def __init__(self, chance: random.Random, moods: Moods) -> None:
        self.secrets: dict[str, str] = {}
        self.arrivals: list[Arrival] = []
        self.forgeries: list[str] = []
        self.url = ""
        self._chance = chance
        self._moods = moods
        self._arrived = asyncio.Event()

    def accepted(self, webhook: str) -> set[str]:
        """The ids of the events that this webhook has taken."""
        return {arrival.event_id for arrival in self.arrivals if arrival.webhook == webhook and arrival.accepted}

    async def heard_since(self, moment: float) -> None:
        """Wait until a request has come after this moment."""
        while not self.arrivals or self.arrivals[-1].at < moment:
            self._arrived.clear()
            await self._arrived.wait()

    async def news(self, seconds: float) -> None:
        """Wait for the next request, or that long."""
        self._arrived.clear()
        await comes(self._arrived, seconds)

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator["Subscriber"]:
        """Listen on a free port of loopback."""
        app = web.Application()
        app.router.add_post("/{webhook}", self._receive)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _receive(self, request: web.Request) -> web.Response:
        at, body = time.monotonic(), await request.read()
        webhook = request.match_info["webhook"]
        self._verify(request.headers, body, self.secrets[webhook])
        data = _ENVELOPES.decode(body).event_data
        if data.event_id != request.headers["webhook-id"]:
            self.forgeries.append(f"webhook-id {request.headers['webhook-id']} for event {data.event_id}")
        status = await self._answered(request)
        arrival = Arrival(webhook, data.event_id, data.shipment_id, data.event_name, status, at)
        self.arrivals.append(arrival)
        self._arrived.set()
        return web.Response(status=status or 500)

    async def _answered(self, request: web.Request) -> int:
        draw = self._chance.randrange(1000)
        if draw < self._moods.refused:
            return 500
        draw -= self._moods.refused
        if draw < self._moods.late:
            await comes(asyncio.Event(), _SLOW_SECONDS)
            return 200
        draw -= self._moods.late
        if draw < self._moods.cut and request.transport:
            request.transport.abort()
            return 0
        return 200

    def _verify(self, headers: Mapping[str, str], body: bytes, secret: str) -> None:
        given = headers.get("Karla-Signature", "")
        if not _signed(given, body, secret, time.time()):
            self.forgeries.append(f"Karla-Signature {given}")
        try:
            Webhook(standard_secret(secret)).verify(body, {name.lower(): value for name, value in headers.items()})
        except WebhookVerificationError as error:
            self.forgeries.append(f"Standard Webhooks: {error}")


def _signed(header: str, body: bytes, secret: str, now: float) -> bool:
    """The rules for receivers, written down once more: what Karla checks itself by would agree with its own mistake."""
    parts = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
    stamp, given = parts.get("t", ""), parts.get("v1", "")
    if not stamp.isascii() or not stamp.isdigit() or abs(now - int(stamp)) > _TOLERANCE_SECONDS:
        return False
    expected = hmac.new(secret.encode(), stamp.encode() + b"." + body, "sha256").hexdigest()
    return hmac.compare_digest(expected, given)
