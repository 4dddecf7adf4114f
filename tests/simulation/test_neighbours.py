"""Endpoints that hang beside endpoints that are well, of other shops and of the same, on a clock that jumps.

KARLA_SIMULATION_SEED repeats a run.
"""

from contextlib import aclosing
from datetime import datetime, timedelta

import pytest

from karla.infra.settings import Settings
from tests.simulation.receivers import TIMEOUT
from tests.simulation.test_delivery_engine import SEED
from tests.simulation.world import World, a_shop
from tests.support.benches import Bench, bench_of

SLOTS = 256
HEALTHY = 20
# With three events each; so a sick endpoint has some twenty.
SICK_SHIPMENTS = 7
# Beside one sick endpoint of their own shop, for which three times as many events wait.
BESIDE_IT, WAITING = 50, 1000
SECOND = timedelta(seconds=1)
LONGEST = SECOND / 2
"""What a healthy endpoint may have to wait; a sick one keeps a slot for twenty times as long."""


def twentieths(_moment: datetime) -> timedelta:
    return SECOND / 20


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(("shops", "endpoints"), [(1, 40), (1, 300), (20, 15)])
async def test_endpoints_that_hang_delay_no_other_shop(
    settings: Settings, own_database_url: str, shops: int, endpoints: int
) -> None:
    shop = await a_shop(own_database_url, "well")
    async with (
        bench_of(shop, settings, own_database_url) as bench,
        aclosing(World(bench, SEED, SLOTS, twentieths)) as world,
    ):
        neighbours: list[Bench] = []
        for number in range(shops):
            sick_shop = await a_shop(own_database_url, f"sick-{number}")
            sick = Bench(sick_shop, settings, bench.clock, bench.db, bench.egress)
            neighbours.append(sick)
            await world.join(sick, "returns", endpoints)
            await world.happen(SICK_SHIPMENTS, sick)
        # By then every worker's slots are as full as they get.
        await world.run_until(bench.clock.now() + SECOND)
        healthy = await world.join(bench, "well", HEALTHY)
        await go_on(world)
        for sick in neighbours:
            await world.leave(sick)
        assert_none_waited(world, healthy)


@pytest.mark.usefixtures("quiet")
async def test_one_that_hangs_delays_no_other_of_its_shop(settings: Settings, own_database_url: str) -> None:
    shop = await a_shop(own_database_url, "mixed")
    async with (
        bench_of(shop, settings, own_database_url) as bench,
        aclosing(World(bench, SEED, SLOTS, twentieths)) as world,
    ):
        await world.join(bench, "returns", 1)
        await world.happen(WAITING)
        await world.run_until(bench.clock.now() + SECOND)
        healthy = await world.join(bench, "well", BESIDE_IT)
        await go_on(world)
        await world.leave(bench)
        assert_none_waited(world, healthy)


async def go_on(world: World) -> None:
    """An order every two seconds, until what hung at first has been given up and hangs again."""
    clock = world.bench.clock
    begun = clock.now()
    while clock.now() < begun + 2 * TIMEOUT + 4 * SECOND:
        await world.happen(1)
        await world.run_until(clock.now() + 2 * SECOND)


def assert_none_waited(world: World, healthy: range) -> None:
    told = f"seed {SEED}: KARLA_SIMULATION_SEED={SEED} repeats it"
    waits = [world.longest_wait[webhook] for webhook in healthy]
    assert max(waits) <= LONGEST, f"{told}; waits up to {max(waits)}"
    for webhook in healthy:
        assert {trip.delivered for trip in world.model.trips[webhook].values()} == {True}, told
        assert len(world.model.trips[webhook]) == 36, told
    assert any(world.longest_wait.values()), f"{told}; nothing had to wait, so nothing was shared"
    assert not world.model.wrong, f"{told}; {world.model.wrong[:5]}"
