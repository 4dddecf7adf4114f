"""A short soak: as `make soak` does it for ten minutes."""

from tests.chaos.soak import soak

SECONDS = 20.0
FLOOD_SECONDS = 4.0


async def test_memory_is_flat_and_nothing_queues_up_at_half_of_the_greatest_rate() -> None:
    soaked = await soak(SECONDS, FLOOD_SECONDS, every=1.0, say=lambda _: None)

    print(soaked.told())
    assert soaked.faults == []
    assert soaked.rate > 0.8 * soaked.greatest / 2
