"""What a delivery's row tells of it."""

from datetime import datetime, timedelta

from karla.domain.subscribers.records.deliveries import Delivery, DeliveryStatus
from karla.domain.subscribers.rules.lanes import LEASE


def next_attempt_at(delivery: Delivery, now: datetime) -> datetime | None:
    """From when on the next attempt is made, where that is certain; a time that has passed is "at its next turn".

    None where there is none to come, and while one is or may be under way: a claimed row is due when its lease ends,
    and so looks like one that is to be tried then. None, too, for one that waits for another of its shipment.
    """
    if delivery.status is not DeliveryStatus.PENDING:
        return None
    if delivery.due_at <= now:
        return delivery.due_at
    # Due at once when it is made, one that was never tried is due later only by a lease or behind another one.
    if not delivery.attempts:
        return None
    latest = delivery.attempts[-1]
    # Nor does one that could not be sent wait for longer than a lease, unless it is behind another one.
    if not latest.sent and delivery.due_at > now + LEASE:
        return None
    ended_at = latest.started_at + timedelta(milliseconds=latest.duration_ms)
    # No lease begins before the attempt before it has ended, nor after now.
    may_be_leased = ended_at + LEASE <= delivery.due_at <= now + LEASE
    return None if may_be_leased else delivery.due_at
