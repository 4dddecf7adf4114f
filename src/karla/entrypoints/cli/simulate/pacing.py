"""How the shop's time passes while it is filled: in steps, as fast as Karla keeps up, or by a clock that runs."""

import asyncio
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from karla.client import AsyncKarla, NotFound
from karla.entrypoints.cli.simulate.agenda import Due, Sight, agenda_of, end_of, sights_of, steps_of
from karla.entrypoints.cli.simulate.planning import Plan
from karla.entrypoints.cli.simulate.sending import Sender
from karla.integrations.carriers.sandbox.stories import STORIES

Tell = Callable[[datetime], None]
"""Is told what the shop's clock shows, each time that it was moved or looked at."""

STEP = timedelta(hours=6)
_SECOND = timedelta(seconds=1)
_LOOK_SECONDS = 0.05
# A worker finds an account that was connected within five seconds, and then follows at once. One that never answered
# is waited for less and less: there may be none.
_FIRST_PATIENCE_SECONDS = 8.0
_PATIENCE_SECONDS = 3.0
_LEAST_PATIENCE_SECONDS = 0.05
# An account may be left alone for ten seconds between its turns.
_SETTLED_SECONDS = 15.0
_SETTLING_SECONDS = 0.5
# The bulk calls of a shop are limited to 120 a minute, unless its operator says otherwise.
_TICK_SECONDS = 1.0


async def at_once(client: AsyncKarla, sender: Sender, plans: Sequence[Plan], start: datetime, tell: Tell) -> None:
    """Live through all plans in steps of the clock, from `start` until every story is told, and wait for the end."""
    left, sights, now = agenda_of(plans), sights_of(plans), start
    watch = _Watch(client, sights)
    # Only where there is something to wait for, or else a worker may still be at the step before.
    stops = steps_of([*(sight.told_at for sight in sights), end_of(plans)], start, STEP)
    await client.clock.freeze(start)
    for stop in stops:
        due = bisect_right(left, stop, key=_moment_of)
        await sender.send(left[:due])
        del left[:due]
        await client.clock.advance(stop - now)
        await watch.caught_up(now, stop)
        now = stop
        tell(now)
    await _settled(sender)


async def by_clock(
    client: AsyncKarla, sender: Sender, plans: Sequence[Plan], start: datetime, factor: float, tell: Tell
) -> None:
    """Send each thing when the shop's clock shows its time; the clock runs on afterwards."""
    left = agenda_of(plans)
    await client.clock.freeze(start)
    await client.clock.speed(factor)
    began = time.monotonic()
    while left:
        now = start + (time.monotonic() - began) * factor * _SECOND
        due = bisect_right(left, now, key=_moment_of)
        await sender.send(left[:due])
        del left[:due]
        tell(now)
        if left:
            await asyncio.sleep(max(_TICK_SECONDS, (left[0].at - now) / _SECOND / factor))


def ended(sender: Sender, phases: dict[str, str]) -> int:
    """How many parcels stand where their stories end."""
    return sum(phases.get(parcel.number) == STORIES[parcel.story].ends for parcel in sender.parcels)


class _Watch:
    """Sees by single parcels whether Karla has learnt what was told until now."""

    def __init__(self, client: AsyncKarla, sights: Sequence[Sight]) -> None:
        self._client = client
        self._sights = sights
        self._patience, self._least = _FIRST_PATIENCE_SECONDS, _LEAST_PATIENCE_SECONDS

    async def caught_up(self, before: datetime, now: datetime) -> None:
        """Wait for the last thing that was told between these moments, but not for ever."""
        place = bisect_right(self._sights, now, key=lambda sight: sight.told_at) - 1
        if place < 0 or self._sights[place].told_at <= before:
            return
        until = time.monotonic() + self._patience
        while True:
            if await self._seen(self._sights[place]):
                self._patience, self._least = _PATIENCE_SECONDS, _PATIENCE_SECONDS / 3
                return
            if time.monotonic() > until:
                self._patience = max(self._least, self._patience / 4)
                return
            await asyncio.sleep(_LOOK_SECONDS)

    async def _seen(self, sight: Sight) -> bool:
        try:
            shipment = await self._client.shipments.get(sight.number)
        except NotFound:  # it was refused
            return True
        return any(event.time >= sight.time for event in shipment.events)


async def _settled(sender: Sender) -> None:
    """Wait until every parcel stands where its story ends, or none moves any more."""
    before: dict[str, str] = {}
    moved = time.monotonic()
    while True:
        phases = await sender.phases()
        if phases != before:
            before, moved = phases, time.monotonic()
        if ended(sender, phases) == len(sender.parcels) or time.monotonic() - moved > _SETTLED_SECONDS:
            return
        await asyncio.sleep(_SETTLING_SECONDS)


def _moment_of(due: Due) -> datetime:
    return due.at
