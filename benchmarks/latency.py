"""Scan to first webhook attempt: 200 scans a second come in by the API, a receiver notes when each goes out."""

import asyncio
import json
import time
from itertools import cycle

from benchmarks.load import answer, request_bytes
from benchmarks.orders import bodies
from benchmarks.results import Section
from benchmarks.stage import SHOP, Stage, free_port, stage

RATE = 200
SECONDS = 20
SHIPMENTS = 500
_NAMES = ("ARRIVAL_AT_TRANSPORT_HUB", "DEPARTURE_FROM_TRANSPORT_HUB", "OUT_FOR_DELIVERY", "SUCCESSFULLY_DELIVERED")


class Receiver:
    """Answers 200 to everything and notes when each event id came first."""

    def __init__(self) -> None:
        self.seen: dict[str, float] = {}
        self.requests = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                now = time.perf_counter()
                fields = dict(
                    line.lower().split(": ", 1) for line in head.decode("latin-1").split("\r\n")[1:] if ": " in line
                )
                await reader.readexactly(int(fields["content-length"]))
                self.requests += 1
                self.seen.setdefault(fields["webhook-id"], now)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


class Api:
    """A few keep-alive connections to the API."""

    def __init__(self, port: int, authorization: str) -> None:
        self._port = port
        self._authorization = authorization
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def call(self, method: str, path: str, body: bytes) -> object:
        while self._idle and self._idle[-1][0].at_eof():  # the server closes what was idle for long
            self._idle.pop()[1].close()
        streams = self._idle.pop() if self._idle else await asyncio.open_connection("127.0.0.1", self._port)
        streams[1].write(request_bytes(method, f"/v1/shops/{SHOP}{path}", self._authorization, body))
        told = await answer(streams[0])
        self._idle.append(streams)
        return json.loads(told)


async def run() -> Section:
    """API, worker and PostgreSQL as three processes, load and receiver in this one."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.handle, "127.0.0.1", 0)
    hook = server.sockets[0].getsockname()[1]
    port = free_port()
    with stage() as it, it.karla("serve", port=port), it.karla("work"):
        sent = await _play(it, port, f"http://127.0.0.1:{hook}/hook")
        deadline = time.perf_counter() + 60
        while len(sent.keys() - receiver.seen.keys()) and time.perf_counter() < deadline:
            await asyncio.sleep(0.1)
    server.close()
    waits = sorted(1000 * (receiver.seen[event] - began) for event, began in sent.items() if event in receiver.seen)
    lost = len(sent) - len(waits)
    lines = [
        f"{RATE} scans/s for {SECONDS} s through `POST …/shipments/{{id}}/events`, one subscriber on loopback,",
        "measured from sending the scan's request to the webhook's head at the receiver: API, commit, relay, delivery.",
        "",
        "| scans | delivered | p50 | p90 | p99 | worst |",
        "|---|---|---|---|---|---|",
        f"| {len(sent)} | {len(waits)} | " + " | ".join(_at(waits, share) for share in (0.5, 0.9, 0.99, 1)) + " |",
    ]
    if lost:
        lines.append(f"\n**{lost} events were not delivered within a minute.**")
    return Section("latency", "Scan to first webhook attempt", "\n".join(lines))


async def _play(it: Stage, port: int, hook: str) -> dict[str, float]:
    api = Api(port, it.authorization)
    await api.call("POST", "/webhooks", json.dumps({"url": hook, "enabled_events": ["shipments/in_transit",
        "shipments/in_delivery", "shipments/delivered"]}).encode())  # fmt: skip
    shipments = []
    for body, number in zip(bodies("latency-"), range(SHIPMENTS), strict=False):
        order = json.loads(body)
        order["trackings"] = [{"tracking_number": f"00340434161094{number:06d}", "carrier_reference": "dhl"}]
        placed = await api.call("PUT", "/orders", json.dumps(order).encode())
        assert isinstance(placed, dict)
        shipments.append(placed["trackings"][0]["id"])
    sent: dict[str, float] = {}
    turns = cycle(shipments)
    tasks = []
    began = time.perf_counter()
    for scan in range(RATE * SECONDS):
        await asyncio.sleep(max(0.0, began + scan / RATE - time.perf_counter()))
        tasks.append(asyncio.create_task(_scan(api, next(turns), scan, sent)))
    await asyncio.gather(*tasks)
    return sent


async def _scan(api: Api, shipment: str, scan: int, sent: dict[str, float]) -> None:
    body = {
        "event_name": _NAMES[(scan // SHIPMENTS) % len(_NAMES)],
        "event_time": "2026-03-16T07:12:00+00:00",
        "external_id": f"scan-{scan}",
    }
    began = time.perf_counter()
    event = await api.call("POST", f"/shipments/{shipment}/events", json.dumps(body).encode())
    assert isinstance(event, dict)
    sent[event["event_id"]] = began


def _at(waits: list[float], share: float) -> str:
    return f"{waits[min(len(waits) - 1, int(len(waits) * share))]:.0f} ms"
