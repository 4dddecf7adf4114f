"""A webhook receiver on loopback for the length of a test; it is the one of `karla standin receiver`."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from karla.infra.clock import SystemClock
from karla.infra.http.receiver import Received, Receiver

__all__ = ["Received", "Receiver", "receiving"]


@asynccontextmanager
async def receiving(now: Callable[[], float] | None = None) -> AsyncIterator[Receiver]:
    """A receiver that is up; `now` is its clock, in seconds."""
    clock = SystemClock()
    receiver = Receiver(now or (lambda: clock.now().timestamp()))
    await receiver.up()
    try:
        yield receiver
    finally:
        await receiver.close()
