"""What is told of carriers is counted twice over: as metrics of this process, and by the hour for their shops."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest_asyncio

from karla.domain.tracking.queries.health import health_of
from karla.domain.tracking.records import Heard, Outcome, Question
from karla.infra.telemetry import REGISTRY, metrics_text
from karla.pipeline.health import Health
from tests.support.karla import Karla
from tests.support.order_rooms import OrderRooms, order_rooms


@pytest_asyncio.fixture
async def rooms(karla: Karla, database_url: str) -> AsyncIterator[OrderRooms]:
    async with order_rooms((await karla.shop()).shop.id, database_url) as made:
        yield made


def counted(outcome: str) -> float:
    labels = {"provider": "counted", "outcome": outcome}
    return REGISTRY.get_sample_value("karla_carrier_questions_total", labels) or 0.0


def aged(name: str, **labels: str) -> float:
    told = {"provider": "counted", **labels}
    return REGISTRY.get_sample_value(f"karla_carrier_scan_age_seconds_{name}", told) or 0.0


async def test_questions_and_scans_are_in_the_metrics_and_in_the_shops_health(rooms: OrderRooms) -> None:
    health = Health(rooms.db)
    before = counted("told"), counted("busy"), aged("count"), aged("bucket", le="300.0")
    asked = [
        Question(carrier="gls", outcome=Outcome.TOLD, call_ms=40),
        Question(carrier="gls", outcome=Outcome.TOLD, call_ms=40),
        Question(carrier="ups", outcome=Outcome.BUSY, call_ms=None),
    ]
    await health.asked(rooms.shop_id, "counted", asked)
    await health.heard([Heard(shop_id=rooms.shop_id, provider="counted", carrier="gls", scans=3, ages=[10, 5_000])])
    after = counted("told"), counted("busy"), aged("count"), aged("bucket", le="300.0")
    assert [now - then for now, then in zip(after, before, strict=True)] == [2, 1, 2, 1]
    now = rooms.clock.now()
    async with rooms.db.read(rooms.scope) as connection:
        gls, ups = await health_of(rooms.scope, connection, rooms.shop_id, now - timedelta(hours=1), now)
    assert (gls.span.asked, gls.span.scans, sum(gls.span.age_buckets)) == (2, 3, 2)
    assert ups.span.outcomes[Outcome.BUSY] == 1


async def test_nothing_makes_no_transaction_and_no_row(rooms: OrderRooms) -> None:
    health = Health(rooms.db)
    await health.asked(rooms.shop_id, "counted", [])
    await health.heard([])
    await health.heard([Heard(shop_id=rooms.shop_id, provider="counted", carrier="gls", scans=0, ages=[])])
    assert await rooms.count("carrier_hours") == 0


async def test_no_metric_names_a_shop_or_a_carrier(rooms: OrderRooms) -> None:
    await Health(rooms.db).asked(
        rooms.shop_id, "counted", [Question(carrier="some-carrier", outcome=Outcome.TOLD, call_ms=1)]
    )
    lines = [line for line in metrics_text().decode().splitlines() if line.startswith("karla_carrier_questions")]
    assert lines
    assert not [line for line in lines if "some-carrier" in line or str(rooms.shop_id) in line]
