"""What a simulated shop sends when, and what the sandbox tells of its parcels afterwards: pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from karla.client.bodies import OrderUpsert
from karla.entrypoints.cli.simulate.planning import Parcel, Plan
from karla.integrations.carriers import contract
from karla.integrations.carriers.sandbox import grammar
from karla.integrations.carriers.sandbox.route import route_of
from karla.integrations.carriers.sandbox.timeline import Life, life_of

_LONGEST_STEP = timedelta(days=1)

# Of these the newest event isn't the newest scan, or not for certain.
_WINDING = frozenset({"CORRECTION", "DISORDER", "DUPLICATES", "RETURN", "UNKNOWN"})


class Due(msgspec.Struct, frozen=True):
    """A call of the shop's software: an order is placed, or where there is a parcel, that is handed over."""

    at: datetime
    plan: Plan
    parcel: Parcel | None

    @property
    def body(self) -> OrderUpsert:
        """What is sent."""
        return self.plan.placed() if self.parcel is None else self.plan.with_parcel(self.parcel)


class Sight(msgspec.Struct, frozen=True, order=True):
    """From `told_at` on Karla can know that this happened to a parcel at `time`."""

    told_at: datetime
    number: str
    time: datetime


def agenda_of(plans: Sequence[Plan]) -> list[Due]:
    """All calls in their order; none of a parcel comes before that of its order."""
    placed = [Due(plan.placed_at, plan, None) for plan in plans]
    left = [Due(parcel.handed_over_at, plan, parcel) for plan in plans for parcel in plan.parcels]
    return sorted([*placed, *left], key=lambda due: (due.at, due.parcel is not None, due.plan.reference))


def life_told(plan: Plan, parcel: Parcel) -> Life:
    """The parcel's story in time, as the sandbox is going to tell it."""
    story = grammar.parse(parcel.number)
    told = contract.Parcel(
        tracking_number=parcel.number,
        destination_country=plan.country,
        destination_postal_code=plan.postal_code,
    )
    route = route_of(story, told)
    return life_of(story, parcel.handed_over_at, route.door.zone or route.depot.zone)


def sights_of(plans: Sequence[Plan]) -> list[Sight]:
    """What shows that Karla knows all that was told until then, in order."""
    return sorted(
        Sight(scan.told_at, parcel.number, scan.time)
        for plan in plans
        for parcel in plan.parcels
        if parcel.story not in _WINDING
        for scan in life_told(plan, parcel).scans[1:]  # the first is as old as the label
    )


def end_of(plans: Sequence[Plan]) -> datetime:
    """When the last thing is sent, or told by the sandbox."""
    lives = [life_told(plan, parcel) for plan in plans for parcel in plan.parcels]
    return max([agenda_of(plans)[-1].at, *(scan.told_at for life in lives for scan in life.scans)])


def steps_of(moments: Sequence[datetime], start: datetime, step: timedelta) -> list[datetime]:
    """The moments that a clock is set to one after the other: each a whole number of steps from the start.

    Steps in which nothing happens are left out, as far as a day has something at its end.
    """
    now, found = start, []
    for moment in moments:
        while now < moment:
            count = -((now - moment) // step)
            now += min(count * step, max(_LONGEST_STEP, step))
            found.append(now)
    return found
