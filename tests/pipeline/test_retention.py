"""What grows without end goes when its time is over: by whole months, and not a day before."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from karla.infra.access import EVERYWHERE
from karla.infra.settings import Settings
from tests.simulation.world import a_shop
from tests.support.benches import Bench, bench_of
from tests.support.receiver import receiving

KEPT = 30
A_DAY, AN_HOUR = timedelta(days=1), timedelta(hours=1)


def following(month: datetime) -> datetime:
    """The first moment of the month after."""
    return (month.replace(day=1) + 32 * A_DAY).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


async def upkeep_at(bench: Bench, moment: datetime) -> None:
    bench.clock.advance(moment - bench.clock.now())
    await bench.belt.look_after()


async def partitions_of(bench: Bench, month: datetime) -> set[str]:
    async with bench.db.read(EVERYWHERE) as connection:
        rows = await connection.fetch(
            "select name from partitioned_tables where to_regclass(name || $1) is not null", f"_{month:%Y_%m}"
        )
    return {row["name"] for row in rows}


@pytest.mark.parametrize("kept", [KEPT, 2 * KEPT])
async def test_a_month_is_dropped_once_its_last_day_is_too_old(
    settings: Settings, own_database_url: str, kept: int
) -> None:
    settings = msgspec.structs.replace(settings, event_retention_days=kept)
    shop = await a_shop(own_database_url, "retained")
    async with (
        bench_of(shop, settings, own_database_url) as bench,
        receiving(lambda: bench.clock.now().timestamp()) as receiver,
    ):
        webhook = await bench.subscribed(receiver)
        # Long before the first month that there is: what is of then lies in the net below all months.
        await bench.happen()
        await bench.belt.drain()
        first = following(datetime.now(UTC))
        second = following(first)
        for month in (first, second):
            await upkeep_at(bench, month + 9 * A_DAY)
            await bench.happen()
            await bench.belt.drain()
        assert [entry.triggered_at for entry in await bench.journal()] == [second + 9 * A_DAY, first + 9 * A_DAY]

        await upkeep_at(bench, second + kept * A_DAY - AN_HOUR)
        assert len(await bench.journal()) == len(await bench.deliveries(webhook)) == 2
        everything = await partitions_of(bench, first)
        assert {"events", "deliveries", "sightings", "provider_answers", "page_visits"} <= everything

        await upkeep_at(bench, second + kept * A_DAY)
        assert [entry.triggered_at for entry in await bench.journal()] == [second + 9 * A_DAY]
        assert len(await bench.deliveries(webhook)) == 1
        assert await partitions_of(bench, first) == set()
        assert await partitions_of(bench, second) == everything
