"""The API, the worker and PostgreSQL, killed at any moment under load: nothing is lost, invented or wrong."""

import copy
import os
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest
import pytest_asyncio

from tests.chaos.crash.report import table
from tests.chaos.crash.run import Run, crash
from tests.chaos.subscribing import IN_ORDER
from tests.chaos.verdict import State, faults

# `make chaos` kills more, by other seeds. The seed draws what is done and killed; the machine adds its own timing.
KILLS = int(os.environ.get("KARLA_CHAOS_KILLS", "20"))
SEED = int(os.environ.get("KARLA_CHAOS_SEED", "20261121"))

TAMPERING: dict[str, Callable[[State], object]] = {
    "orders lost": lambda state: state.orders.pop(),
    "orders made twice": lambda state: state.orders.append(state.orders[0]),
    "and must be": lambda state: state.orders[0]["trackings"][0].update(phase="returned"),
    "accepted events lost": lambda state: state.journal.pop(),
    "events twice": lambda state: state.journal.append(state.journal[0]),
    "not settled": lambda state: state.deliveries[IN_ORDER][0].update(status="pending"),
    "without a delivery": lambda state: state.deliveries[IN_ORDER].pop(),
}


@pytest_asyncio.fixture(scope="module")
async def run() -> AsyncIterator[Run]:
    yield await crash(KILLS, SEED)


def test_kills_at_any_moment_lose_nothing_and_invent_nothing(run: Run) -> None:
    print(table(run))
    again = f"KARLA_CHAOS_SEED={SEED} KARLA_CHAOS_KILLS={KILLS} .venv/bin/pytest {__file__}"
    assert run.faults == [], f"seed {SEED}; again: {again}"
    assert len(run.killer.kills) == KILLS


@pytest.mark.parametrize("words", TAMPERING)
def test_the_verdict_would_have_told(run: Run, words: str) -> None:
    state = copy.deepcopy(run.state)
    TAMPERING[words](state)
    assert words in "\n".join(faults(state, run.traffic, run.subscriber, [IN_ORDER]))


def test_the_verdict_would_have_told_of_what_subscribers_heard(run: Run) -> None:
    heard = run.subscriber.arrivals
    unheard = msgspec.structs.replace(heard[0], event_id="invented")
    try:
        run.subscriber.arrivals = [*heard[::-1], unheard]
        told = "\n".join(faults(run.state, run.traffic, run.subscriber, [IN_ORDER]))
        run.subscriber.arrivals = []
        told += "\n".join(faults(run.state, run.traffic, run.subscriber, [IN_ORDER]))
    finally:
        run.subscriber.arrivals = heard
    assert {"out of order", "events invented", "never delivered"} <= {
        words for words in ("out of order", "events invented", "never delivered") if words in told
    }
