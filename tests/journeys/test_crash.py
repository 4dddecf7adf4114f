"""Real workers, killed while they work: nothing that was accepted is lost, and nobody hears what isn't theirs."""

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.support.karla import Karla, ShopClient
from tests.support.receiver import Receiver, receiving

KILLS = 6
ORDERS_BETWEEN_KILLS = 15
SEED = 20261121
# A killed worker's deliveries come due again when its lease of 30 s is over.
PATIENCE_SECONDS = 60


@asynccontextmanager
async def worker(environment: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "karla", "work", env=environment, stdin=asyncio.subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def order(number: int) -> dict[str, Any]:
    members = {"order_number": f"C{number}", "address": {"zip_code": "10119"}, "external_id": f"crash-{number}"}
    return {"id": f"C{number}", "order": members, "trackings": [{"tracking_number": f"CRASH{number:05d}"}]}


async def send(shop: ShopClient, numbers: range) -> set[str]:
    """The events that the API accepted."""
    answers = await asyncio.gather(*(shop.put("/orders", order(number)) for number in numbers))
    return {
        event["event_id"]
        for answer in answers
        for tracking in answer.raise_for_status().json()["trackings"]
        for event in tracking["events"]
    }


async def subscribe(shop: ShopClient, receiver: Receiver) -> None:
    webhook = (await shop.post("/webhooks", {"url": receiver.url})).json()
    receiver.secrets.append(webhook["secret"])


async def test_workers_killed_at_any_moment_lose_nothing(karla: Karla, database_url: str, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    environment = {
        **os.environ,
        "KARLA_DATABASE_URL": database_url,
        "KARLA_DATA_DIR": str(tmp_path),
        "KARLA_ALLOW_PRIVATE_TARGETS": "1",
        "KARLA_LOG_LEVEL": "error",
    }
    shop, stranger = await karla.shop(), await karla.shop()
    accepted: set[str] = set()
    async with receiving() as receiver, receiving() as foreign:
        await subscribe(shop, receiver)
        await subscribe(stranger, foreign)
        for kill in range(KILLS):
            numbers = range(kill * ORDERS_BETWEEN_KILLS, (kill + 1) * ORDERS_BETWEEN_KILLS)
            before = len(receiver.journal)
            async with worker(environment) as process:
                accepted |= await send(shop, numbers)
                # Somewhere between its first request of this round and its last.
                await receiver.until(before + chance.randint(1, ORDERS_BETWEEN_KILLS), PATIENCE_SECONDS)
                process.kill()
        async with worker(environment), asyncio.timeout(PATIENCE_SECONDS):
            while accepted - {got.event_id for got in receiver.journal}:
                await receiver.until(len(receiver.journal) + 1, PATIENCE_SECONDS)

    assert {got.event_id for got in receiver.journal} == accepted
    assert all(got.signed for got in receiver.journal)
    assert foreign.journal == []
