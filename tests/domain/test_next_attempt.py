"""When the next attempt of a delivery is, as far as its row tells."""

from datetime import datetime, timedelta

import msgspec
import pytest

from karla.domain.subscribers.records.deliveries import Attempt, Delivery, DeliveryStatus
from karla.domain.subscribers.rules.deliveries import next_attempt_at
from karla.infra.ids import new_id
from tests.support.clocks import NOON


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def delivery(due_at: datetime, *attempted_at: datetime, status: DeliveryStatus = DeliveryStatus.PENDING) -> Delivery:
    attempts = [
        Attempt(started_at=at, duration_ms=2000, status_code=500, error=None, response_excerpt="")
        for at in attempted_at
    ]
    return Delivery(
        id=new_id(),
        webhook_id=new_id(),
        event_id=new_id(),
        replay_id=None,
        test=False,
        ref="shipments/delivered/SUCCESSFULLY_DELIVERED",
        triggered_at=NOON,
        status=status,
        due_at=due_at,
        created_at=NOON,
        finished_at=None,
        attempts=attempts,
    )


@pytest.mark.parametrize("status", [DeliveryStatus.DELIVERED, DeliveryStatus.FAILED, DeliveryStatus.CANCELLED])
def test_what_is_over_has_none(status: DeliveryStatus) -> None:
    assert next_attempt_at(delivery(NOON + seconds(60), NOON, status=status), NOON) is None


def test_what_waits_for_its_turn_has_been_due_since() -> None:
    assert next_attempt_at(delivery(NOON), NOON + seconds(3)) == NOON


def test_the_end_of_a_lease_is_no_attempt() -> None:
    claimed_at = NOON + seconds(1)
    assert next_attempt_at(delivery(claimed_at + seconds(30)), claimed_at + seconds(4)) is None
    third = delivery(claimed_at + seconds(30), NOON - seconds(100), NOON - seconds(60))
    assert next_attempt_at(third, claimed_at + seconds(4)) is None


def test_what_waits_behind_another_one_has_no_time() -> None:
    assert next_attempt_at(delivery(NOON + timedelta(hours=1)), NOON) is None


@pytest.mark.parametrize("passed", [2, 3, 31, 60, 91.9])
def test_the_schedule_is_shown_until_a_claim_would_look_the_same(passed: float) -> None:
    due_at = NOON + seconds(122)
    assert next_attempt_at(delivery(due_at, NOON), NOON + seconds(passed)) == due_at
    assert next_attempt_at(delivery(due_at, NOON), NOON + seconds(92)) is None
    assert next_attempt_at(delivery(due_at, NOON), due_at) == due_at


@pytest.mark.parametrize("passed", [2, 15, 30])
def test_one_that_is_tried_again_sooner_than_a_lease_takes_is_always_shown(passed: float) -> None:
    due_at = NOON + seconds(31.9)
    assert next_attempt_at(delivery(due_at, NOON), NOON + seconds(passed)) == due_at


def test_one_that_could_not_be_sent_is_due_soon_or_waits_behind_another_one() -> None:
    unsent = msgspec.structs.replace(
        delivery(NOON + seconds(7)),
        attempts=[
            Attempt(
                started_at=NOON,
                duration_ms=2000,
                status_code=None,
                error="proxy_connect",
                response_excerpt=None,
                sent=False,
            )
        ],
    )
    assert next_attempt_at(unsent, NOON + seconds(3)) == NOON + seconds(7)
    put_off = msgspec.structs.replace(unsent, due_at=NOON + timedelta(hours=1))
    assert next_attempt_at(put_off, NOON + seconds(3)) is None
