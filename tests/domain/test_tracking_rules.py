"""How often a carrier is asked about a parcel, and how an account's calls last the day."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from karla.domain.tracking.records import Followed, Urgency
from karla.domain.tracking.rules.answers import moved_out
from karla.domain.tracking.rules.asking import GIVEN_UP_AFTER, after_failure, next_ask
from karla.domain.tracking.rules.budgets import allowance, calls_on, when_allowed
from karla.vocabulary.events import TERMINAL, Phase
from tests.support.clocks import NOON

MIDNIGHT = datetime(2026, 3, 16, tzinfo=UTC)
DAY_TIME, NIGHT = 12, 23


def parcel(phase: Phase, **members: Any) -> Followed:
    told: dict[str, Any] = {
        "shop_id": uuid4(),
        "shipment_id": uuid4(),
        "carrier": "dhl",
        "tracking_number": "1",
        "phase": phase,
        "event_time": NOON,
        "expected_from": None,
        "expected_to": None,
        "placed_at": NOON,
        "country": "DE",
        "postal_code": None,
        "registered": False,
        "asked_at": None,
        "changed_at": NOON,
        "failures": 0,
        "digest": None,
    }
    return Followed(**(told | members))


def wait(phase: Phase, hour: int = DAY_TIME, **members: Any) -> timedelta:
    ask = next_ask(parcel(phase, **members).situation, NOON, hour)
    assert ask.at is not None
    return ask.at - NOON


def test_the_nearer_the_door_the_oftener() -> None:
    waits = [wait(phase) for phase in (Phase.IN_DELIVERY, Phase.IN_TRANSIT, Phase.ORDER_PROCESSED, Phase.COLLECT)]
    assert waits == sorted(waits)
    assert waits[0] <= timedelta(minutes=30)


def test_a_van_that_stands_in_its_depot_at_night_is_asked_about_seldom() -> None:
    assert wait(Phase.IN_DELIVERY, NIGHT) > wait(Phase.IN_DELIVERY, DAY_TIME)
    assert wait(Phase.IN_DELIVERY, 5) == wait(Phase.IN_DELIVERY, NIGHT)


def test_what_is_expected_within_a_day_is_urgent() -> None:
    soon = next_ask(parcel(Phase.IN_TRANSIT, expected_from=NOON + timedelta(hours=20)).situation, NOON, DAY_TIME)
    late = next_ask(parcel(Phase.IN_TRANSIT, expected_from=NOON + timedelta(days=20)).situation, NOON, DAY_TIME)
    assert (soon.urgency, late.urgency) == (Urgency.ARRIVING, Urgency.MOVING)
    assert soon.at is not None
    assert late.at is not None
    assert soon.at < late.at


def test_a_ship_is_asked_about_less_and_less_but_once_a_day() -> None:
    waits = [wait(Phase.IN_TRANSIT, changed_at=NOON - timedelta(days=days)) for days in (0, 2, 5, 20, 59)]
    assert waits == sorted(waits)
    assert waits[0] == waits[1] < waits[2]
    assert waits[-1] == timedelta(days=1)


@pytest.mark.parametrize("phase", sorted(TERMINAL))
def test_after_the_end_there_is_a_grace_and_then_nothing(phase: Phase) -> None:
    ended = parcel(phase, event_time=NOON)
    at, asked = NOON, []
    while (ask := next_ask(ended.situation, at, DAY_TIME)).at is not None:
        asked.append(ask.at - NOON)
        at = ask.at
        assert ask.urgency is Urgency.ENDED
    assert asked == [timedelta(hours=6), timedelta(hours=24), timedelta(hours=72)]


def test_what_nothing_was_heard_of_for_long_is_given_up() -> None:
    silent = parcel(Phase.IN_TRANSIT, changed_at=NOON - GIVEN_UP_AFTER - timedelta(hours=1))
    assert next_ask(silent.situation, NOON, DAY_TIME).at is None


def test_every_phase_has_its_pace() -> None:
    for phase in Phase:
        assert timedelta(minutes=10) <= wait(phase, event_time=NOON) <= timedelta(days=1)


def test_failures_are_tried_again_later_and_later() -> None:
    waits = []
    for failures in range(15):
        at = after_failure(parcel(Phase.IN_TRANSIT, failures=failures), NOON, None).at
        assert at is not None
        waits.append(at - NOON)
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (timedelta(minutes=5), timedelta(days=1))
    assert after_failure(parcel(Phase.IN_TRANSIT), NOON, 900).at == NOON + timedelta(seconds=900)
    assert after_failure(parcel(Phase.IN_TRANSIT), NOON, 0).at == NOON + timedelta(minutes=5)


def test_the_calls_of_a_day_last_until_its_evening() -> None:
    assert allowance(240, 0, MIDNIGHT) == 12, "a twentieth may be used ahead"
    assert allowance(240, 12, MIDNIGHT) == 0
    assert allowance(240, 12, MIDNIGHT + timedelta(hours=6)) == 60
    assert allowance(240, 240, MIDNIGHT + timedelta(hours=23)) == 0
    assert allowance(240, 0, MIDNIGHT + timedelta(hours=23, minutes=59)) == 240
    assert allowance(None, 10_000, NOON) is None


@pytest.mark.parametrize("calls", [0, 5, 12, 100, 239, 240, 300])
@pytest.mark.parametrize("hours", [0, 0.3, 6, 12, 23.9])
def test_when_it_says_that_a_call_may_be_made_one_may(calls: int, hours: float) -> None:
    now = MIDNIGHT + timedelta(hours=hours)
    when = when_allowed(240, calls, now)
    assert when >= now or allowance(240, calls, now)
    today = calls_on(now.date(), calls, when)
    assert allowance(240, today, when + timedelta(seconds=1))


def test_a_small_budget_is_used_too() -> None:
    assert allowance(3, 0, MIDNIGHT) == 3
    assert when_allowed(3, 3, NOON) == MIDNIGHT + timedelta(days=1)


def test_calls_of_yesterday_do_not_count() -> None:
    assert calls_on(NOON.date(), 9, NOON) == 9
    assert calls_on(NOON.date(), 9, NOON + timedelta(days=1)) == 0


def test_a_window_moves_out_when_its_end_is_hours_later() -> None:
    assert moved_out(NOON, NOON + timedelta(hours=4))
    assert not moved_out(NOON, NOON + timedelta(hours=2))
    assert not moved_out(NOON, NOON - timedelta(days=1))
    assert not moved_out(None, NOON)
    assert not moved_out(NOON, None)
