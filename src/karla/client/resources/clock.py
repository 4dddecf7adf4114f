"""A shop's test clock."""

from datetime import timedelta
from typing import Unpack

from karla.client.bodies import Time
from karla.client.calls import Given
from karla.client.clock import Clock, ClockChange
from karla.client.operations import Resource, S, operation


class ShopClock(Resource[S]):
    """The test clock of a shop, by which the parcels of the sandbox live; each change answers the clock after it."""

    @operation("v1ShopsClockGet", "GET /v1/shops/{slug}/clock", Clock)
    def get(self) -> Given:
        """What time it is for the shop's parcels in the sandbox."""
        return Given()

    @operation("v1ShopsClockSet", "POST /v1/shops/{slug}/clock", Clock)
    def freeze(self, at: Time | None = None, *, idempotency_key: str | None = None) -> Given:
        """Stop it, at what it shows now or at another moment."""
        return Given(body={"action": "freeze", "at": at}, idempotency_key=idempotency_key)

    @operation("v1ShopsClockSet", "POST /v1/shops/{slug}/clock", Clock)
    def advance(self, by: timedelta | float, *, idempotency_key: str | None = None) -> Given:
        """Move it ahead, by a timedelta or by seconds; what is due meanwhile happens."""
        seconds = by.total_seconds() if isinstance(by, timedelta) else by
        return Given(body={"action": "advance", "by_seconds": seconds}, idempotency_key=idempotency_key)

    @operation("v1ShopsClockSet", "POST /v1/shops/{slug}/clock", Clock)
    def speed(self, factor: float, *, idempotency_key: str | None = None) -> Given:
        """Let it run, so many of its seconds a second."""
        return Given(body={"action": "speed", "factor": factor}, idempotency_key=idempotency_key)

    @operation("v1ShopsClockSet", "POST /v1/shops/{slug}/clock", Clock)
    def release(self, *, idempotency_key: str | None = None) -> Given:
        """Give the shop the real time again."""
        return Given(body={"action": "release"}, idempotency_key=idempotency_key)

    @operation("v1ShopsClockSet", "POST /v1/shops/{slug}/clock", Clock)
    def set(self, *, idempotency_key: str | None = None, **change: Unpack[ClockChange]) -> Given:
        """What the four above do, in the words of the API."""
        return Given(body=change, idempotency_key=idempotency_key)
