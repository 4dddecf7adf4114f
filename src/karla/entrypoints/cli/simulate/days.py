"""When orders are placed and parcels handed over: pure, by the weights and working days of a mix."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from karla.entrypoints.cli.simulate.mix import WEEKDAYS, Handling, Mix, Weekday

_ONE_HOUR, _ONE_DAY = timedelta(hours=1), timedelta(days=1)
_MONDAY_MORNING = timedelta(hours=6)


class Hours(msgspec.Struct, frozen=True):
    """Hours in which orders are placed, each by the moment in UTC that it begins at, and the weight of each."""

    begin: Sequence[datetime]
    weights: Sequence[float]


def hours_of(mix: Mix, start: datetime, days: int) -> Hours:
    """The hours of so many days from a moment on; one that falls on a day or hour without weight has none."""
    first = start.astimezone(UTC)
    begin = [first + place * _ONE_HOUR for place in range(days * 24)]
    weekdays, zone = mix.orders.weekdays, mix.local
    local = [moment.astimezone(zone) for moment in begin]
    weights = [weekdays.get(weekday(moment), 0.0) * mix.orders.hours[moment.hour] for moment in local]
    return Hours(begin, weights)


def handed_over(handling: Handling, zone: ZoneInfo, placed_at: datetime, later: int, share: float) -> datetime:
    """When a parcel of an order is handed over, in UTC: `later` working days after the first that it can.

    `share`, from 0 to 1, says when of the time that the carriers come.
    """
    local = placed_at.astimezone(zone)
    day = local.date()
    if local.time() > handling.closes:
        day += _ONE_DAY
    day = _working(handling, day)
    for _ in range(later):
        day = _working(handling, day + _ONE_DAY)
    first, last = (datetime.combine(day, moment, zone) for moment in handling.window)
    return (first + share * (last - first)).replace(microsecond=0).astimezone(UTC)


def _working(handling: Handling, day: date) -> date:
    """That day, or the first after it that parcels are handed over on."""
    while weekday(day) not in handling.days:
        day += _ONE_DAY
    return day


def weekday(day: date) -> Weekday:
    """The day of the week as mixes write it."""
    return WEEKDAYS[day.weekday()]


def first_monday(now: datetime, days: int) -> datetime:
    """The last Monday, at 06:00 UTC, that is at least so many days ago."""
    latest = (now - days * _ONE_DAY).astimezone(UTC)
    midnight = datetime(latest.year, latest.month, latest.day, tzinfo=UTC)
    monday = midnight - latest.weekday() * _ONE_DAY + _MONDAY_MORNING
    return monday if monday <= latest else monday - 7 * _ONE_DAY
