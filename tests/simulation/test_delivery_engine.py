"""A hundred thousand deliveries to receivers of every kind, on a clock that jumps.

KARLA_SIMULATION_SEED repeats a run, KARLA_SIMULATION_DELIVERIES makes it longer.
"""

import os
import random
from collections import Counter
from contextlib import aclosing
from datetime import timedelta

import pytest

from karla.infra.settings import Settings
from tests.simulation.model import RETRIES
from tests.simulation.receivers import FLEET, FOR_GOOD
from tests.simulation.world import JOURNEY, SLOTS, WORKERS, World, a_shop
from tests.support.benches import bench_of

DELIVERIES = int(os.environ.get("KARLA_SIMULATION_DELIVERIES", "100000"))
SEED = int(os.environ.get("KARLA_SIMULATION_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
AT_ONCE = 50


@pytest.mark.usefixtures("quiet")
async def test_none_is_lost_none_comes_after_success_and_all_keep_their_times(
    settings: Settings, own_database_url: str
) -> None:
    shop = await a_shop(own_database_url, "simulated")
    async with bench_of(shop, settings, own_database_url) as bench, aclosing(World(bench, SEED)) as world:
        await world.subscribe()
        # An endpoint that is gone gets hardly any.
        rounds = -(-DELIVERIES // (len(FLEET) - FLEET.count("gone")) // len(JOURNEY) // AT_ONCE)
        for _ in range(rounds):
            await world.happen(AT_ONCE)
            await world.run_until(bench.clock.now() + timedelta(seconds=10))
        await world.run_until()
        told = f"seed {SEED}: KARLA_SIMULATION_SEED={SEED} repeats it"
        assert not world.model.wrong, f"{told}; {len(world.model.wrong)} faults: {world.model.wrong[:5]}"
        events = rounds * AT_ONCE * len(JOURNEY)
        statuses: Counter[str] = Counter()
        async for webhook, ends in world.ends():
            settled_as_answered(world, webhook, ends, events, told)
            statuses.update(status for status, _ in ends.values())
    assert statuses.total() >= DELIVERIES, told
    assert world.model.plans > statuses.total() // 100, told
    assert world.most_in_flight <= SLOTS * WORKERS, told
    print(f"\n{told}; {world.model.attempts} attempts, {world.model.plans} plans compared, {dict(statuses)}")


def settled_as_answered(world: World, webhook: int, ends: dict[int, tuple[str, int]], events: int, told: str) -> None:
    """Each delivery of a webhook has become what its answers say."""
    kind = FLEET[webhook]
    assert len(ends) == events or (kind == "gone" and ends), told
    for event, (status, attempts) in ends.items():
        trip = world.model.trips[webhook][event]
        case = f"{told}; webhook {webhook} ({kind}), event {event}: {status} after {attempts}"
        assert attempts == trip.attempts, case
        # One that was under way while its endpoint turned out to be gone stays cancelled, whatever was answered.
        assert (status == "delivered") == trip.delivered or (status == "cancelled" and trip.delivered), case
        if kind not in FOR_GOOD:
            assert status == "delivered" or attempts == RETRIES + 1, case
        assert status != "pending", case
        assert status != "cancelled" or kind == "gone", case
