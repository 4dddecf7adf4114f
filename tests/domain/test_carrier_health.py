"""Questions and scans are counted by the hour, and tell how a shop's carriers are doing."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pytest_asyncio

from karla.domain.shipments.records import Tracking
from karla.domain.tracking.commands.health import KEPT, note_heard, note_questions, prune_hours
from karla.domain.tracking.queries.health import health_of
from karla.domain.tracking.records import CarrierHealth, Heard, Outcome, Question, State
from karla.domain.tracking.rules.health import age_seconds, call_ms, success_rate
from karla.infra.access import EVERYWHERE
from karla.infra.work import Work
from tests.support.karla import Karla
from tests.support.order_rooms import OrderRooms, order_rooms

DAY = timedelta(hours=24)


@pytest_asyncio.fixture
async def rooms(karla: Karla, database_url: str) -> AsyncIterator[OrderRooms]:
    async with order_rooms((await karla.shop()).shop.id, database_url) as made:
        yield made


async def ask(
    rooms: OrderRooms, outcome: Outcome, times: int = 1, call_ms: int | None = 80, carrier: str = "dhl"
) -> None:
    """So many parcels of a carrier, all with the same end."""
    asked = [Question(carrier=carrier, outcome=outcome, call_ms=call_ms)] * times
    await rooms.db.write(rooms.scope, lambda work: note_questions(work, rooms.shop_id, "dhl", asked))


async def hear(rooms: OrderRooms, *ages: float, carrier: str = "dhl") -> None:
    heard = Heard(shop_id=rooms.shop_id, provider="dhl", carrier=carrier, scans=len(ages), ages=ages)
    await rooms.db.write(rooms.scope, lambda work: note_heard(work, [heard]))


async def health(rooms: OrderRooms, span: timedelta = DAY) -> list[CarrierHealth]:
    now = rooms.clock.now()
    async with rooms.db.read(rooms.scope) as connection:
        return await health_of(rooms.scope, connection, rooms.shop_id, now - span, now)


async def follow(rooms: OrderRooms, number: str, due_at: datetime | str, carrier: str = "dhl") -> UUID:
    """A parcel that is due then; it never is at `infinity`."""
    told = Tracking(tracking_number=number, carrier_reference=carrier)
    file = await rooms.one(rooms.command(number, told))

    async def insert(work: Work) -> None:
        await work.connection.execute(
            """
            insert into followed_parcels (shop_id, shipment_id, provider, carrier, tracking_number, due_at, urgency,
                                          changed_at)
            values ($1, $2, 'dhl', $3, $4, $5::text::timestamptz, 2, $6)
            """,
            rooms.shop_id,
            file.shipments[0].id,
            carrier,
            number,
            str(due_at),
            work.now,
        )

    await rooms.db.write(rooms.scope, insert)
    return file.shipments[0].id


async def test_what_came_of_asking_is_added_up(rooms: OrderRooms) -> None:
    await ask(rooms, Outcome.TOLD, 3)
    rooms.clock.advance(timedelta(hours=1))
    for outcome in Outcome:
        await ask(rooms, outcome)
    (dhl,) = await health(rooms)
    assert (dhl.provider, dhl.carrier) == ("dhl", "dhl")
    assert dhl.span.outcomes == {**dict.fromkeys(Outcome, 1), Outcome.TOLD: 4}
    assert success_rate(dhl.span) == 0.6
    assert dhl.span.asked == sum(dhl.span.call_buckets) == 10


async def test_each_carrier_of_a_provider_has_its_own_count(rooms: OrderRooms) -> None:
    asked = [
        Question(carrier="gls", outcome=Outcome.UNREACHABLE, call_ms=20_500),
        Question(carrier="dhl", outcome=Outcome.TOLD, call_ms=70),
        Question(carrier="gls", outcome=Outcome.TOLD, call_ms=70),
    ]
    for provider in ("seventeentrack", "aftership"):

        async def note(work: Work, provider: str = provider) -> None:
            await note_questions(work, rooms.shop_id, provider, asked)

        await rooms.db.write(rooms.scope, note)
    found = await health(rooms)
    assert [(one.provider, one.carrier, one.span.asked) for one in found] == [
        ("aftership", "dhl", 1),
        ("aftership", "gls", 2),
        ("seventeentrack", "dhl", 1),
        ("seventeentrack", "gls", 2),
    ]
    assert [one.span.slowest_ms for one in found] == [70, 20_500, 70, 20_500]


async def test_latency_is_that_of_the_calls_and_of_no_others(rooms: OrderRooms) -> None:
    await ask(rooms, Outcome.TOLD, 90, call_ms=80)
    await ask(rooms, Outcome.TOLD, 10, call_ms=1_500)
    await ask(rooms, Outcome.BUSY, 5, call_ms=None)
    (dhl,) = await health(rooms)
    half, most = call_ms(dhl.span, 0.5), call_ms(dhl.span, 0.95)
    assert half is not None
    assert most is not None
    assert 50 <= half <= 100
    assert 1_000 <= most <= 1_500 == dhl.span.slowest_ms
    assert (dhl.span.asked, sum(dhl.span.call_buckets)) == (105, 100)


async def test_freshness_is_the_age_of_new_scans(rooms: OrderRooms) -> None:
    await hear(rooms, 100, 200, 250)
    await hear(rooms, 3_000.4)
    await hear(rooms)
    (dhl,) = await health(rooms)
    assert (dhl.span.scans, dhl.span.oldest_seconds, dhl.span.asked) == (4, 3_000, 0)
    half = age_seconds(dhl.span, 0.5)
    assert half is not None
    assert 60 < half <= 300
    assert (dhl.last_asked_at, dhl.last_told_at, success_rate(dhl.span)) == (None, rooms.clock.now(), None)


async def test_scans_and_questions_of_an_hour_stand_side_by_side_in_whatever_order(rooms: OrderRooms) -> None:
    await hear(rooms, 10)
    await ask(rooms, Outcome.TOLD)
    await hear(rooms, 20)
    (dhl,) = await health(rooms)
    assert (dhl.span.asked, dhl.span.scans, sum(dhl.span.age_buckets), sum(dhl.span.call_buckets)) == (1, 2, 2, 1)
    assert await rooms.count("carrier_hours") == 1


async def test_those_who_count_at_once_lose_nothing_and_wait_for_nobody(rooms: OrderRooms) -> None:
    forth = [Question(carrier=name, outcome=Outcome.TOLD, call_ms=60) for name in ("dhl", "gls", "ups")]

    async def note(asked: Sequence[Question]) -> None:
        await rooms.db.write(rooms.scope, lambda work: note_questions(work, rooms.shop_id, "aftership", asked))

    await asyncio.gather(*(note(asked) for asked in (forth, forth[::-1]) * 5))
    assert [(one.carrier, one.span.asked) for one in await health(rooms)] == [("dhl", 10), ("gls", 10), ("ups", 10)]


async def test_when_it_was_last_asked_and_last_told_something(rooms: OrderRooms) -> None:
    told_at = rooms.clock.now()
    await ask(rooms, Outcome.TOLD)
    rooms.clock.advance(timedelta(hours=30))
    await ask(rooms, Outcome.UNCHANGED)
    asked_at = rooms.clock.now()
    (dhl,) = await health(rooms)
    assert (dhl.last_asked_at, dhl.last_told_at, dhl.span.asked) == (asked_at, told_at, 1)
    rooms.clock.advance(timedelta(minutes=20))
    await hear(rooms, 60)
    (dhl,) = await health(rooms)
    assert (dhl.last_asked_at, dhl.last_told_at) == (asked_at, rooms.clock.now()), "it was told unasked"


async def test_a_span_has_whole_hours_and_the_state_is_that_of_now(rooms: OrderRooms) -> None:
    await ask(rooms, Outcome.UNREACHABLE, 40)
    rooms.clock.advance(timedelta(hours=5, minutes=30))
    await ask(rooms, Outcome.TOLD, 25)
    (hour,), (day,) = await health(rooms, timedelta(hours=1)), await health(rooms)
    assert (hour.span.asked, day.span.asked) == (25, 65)
    assert hour.verdict == day.verdict
    assert day.verdict.state is State.HEALTHY
    rooms.clock.advance(timedelta(hours=4))
    (later,) = await health(rooms, timedelta(hours=1))
    assert (later.span.asked, later.verdict.state) == (0, State.DEGRADED), "by the last day: few were asked since"
    rooms.clock.advance(timedelta(days=2))
    assert await health(rooms) == []
    (long_ago,) = await health(rooms, timedelta(days=3))
    assert (long_ago.span.asked, long_ago.verdict.state) == (65, State.QUIET)


async def test_parcels_that_are_followed_due_and_behind_their_time(rooms: OrderRooms) -> None:
    now = rooms.clock.now()
    await follow(rooms, "1", now + timedelta(minutes=1))
    await follow(rooms, "2", now)
    await follow(rooms, "3", now - timedelta(minutes=59))
    await follow(rooms, "4", now - timedelta(hours=1))
    await follow(rooms, "5", "infinity")
    await follow(rooms, "6", now, carrier="dhl-express")
    dhl, express = await health(rooms)
    assert (dhl.followed, dhl.due, dhl.overdue) == (4, 3, 1)
    assert (express.carrier, express.followed, express.due, express.overdue) == ("dhl-express", 1, 1, 0)
    assert dhl.verdict.reason == "Nothing was asked in the last day."
    await ask(rooms, Outcome.TOLD, carrier="gls")
    assert [(one.carrier, one.followed) for one in await health(rooms)] == [("dhl", 4), ("dhl-express", 1), ("gls", 0)]


async def test_nothing_is_noted_of_nothing(rooms: OrderRooms) -> None:
    await ask(rooms, Outcome.TOLD, 0)
    await hear(rooms)
    assert await rooms.count("carrier_hours") == 0
    assert await health(rooms) == []


async def test_hours_are_forgotten_after_ninety_days(rooms: OrderRooms) -> None:
    await ask(rooms, Outcome.TOLD)
    rooms.clock.advance(timedelta(hours=1))
    await ask(rooms, Outcome.TOLD)
    rooms.clock.advance(KEPT - timedelta(minutes=30))
    await rooms.db.write(EVERYWHERE, prune_hours)
    assert await rooms.count("carrier_hours") == 1
    assert await rooms.db.write(EVERYWHERE, prune_hours) == 0
