"""The shop's API as a client that keeps its connections."""

import asyncio
import json
from typing import Any

from benchmarks.load import answer, request_bytes
from benchmarks.stage import SHOP, Stage


class Api:
    """As many connections as there are calls at once."""

    def __init__(self, port: int, authorization: str) -> None:
        self._port = port
        self._authorization = authorization
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def call(self, method: str, path: str, body: object = None) -> Any:
        """The answer as JSON, None where it has no body; `path` is below the shop. Refused unless it is 2xx."""
        while self._idle and self._idle[-1][0].at_eof():  # the server closes what was idle for long
            self._idle.pop()[1].close()
        streams = self._idle.pop() if self._idle else await asyncio.open_connection("127.0.0.1", self._port)
        said = b"" if body is None else json.dumps(body).encode()
        streams[1].write(request_bytes(method, f"/v1/shops/{SHOP}{path}", self._authorization, said))
        told = await answer(streams[0])
        self._idle.append(streams)
        return json.loads(told) if told else None

    async def scan(self, shipment: str, name: str, external_id: str) -> str:
        """Append an event to a shipment; its id."""
        body = {"event_name": name, "event_time": "2026-03-16T07:12:00+00:00", "external_id": external_id}
        return str((await self.call("POST", f"/shipments/{shipment}/events", body))["event_id"])

    async def webhook(self, url: str, *filters: str) -> str:
        """Subscribe; the webhook's id."""
        return str((await self.call("POST", "/webhooks", {"url": url, "enabled_events": filters}))["uuid"])


def api_of(it: Stage, port: int) -> Api:
    """With the key of the stage."""
    return Api(port, it.authorization)
