"""Times, windows and amounts as people say them: by CLDR, and relative to the day it is where the parcel goes."""

import math
import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

import msgspec
from babel import Locale
from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.numbers import format_currency

from karla.entrypoints.storefront.words.catalogues import Words

_NEAR_DAYS = 6
"""So many days ahead the weekday alone says which one is meant."""
_FAR_DAYS = 180
"""So many days away a date without its year may be taken for another year's."""
_YEAR = re.compile(r"(?:,|،)?\s*(?:'de'\s*)?y+\s*(?:'г'\.?)?\s*$")
_MONTH = re.compile(r"(?<![ML])[ML]{3,}")


class Phrases(msgspec.Struct, frozen=True):
    """How things are said in one language and region, seen from `now` in `zone`."""

    words: Words
    locale: Locale
    zone: ZoneInfo
    now: datetime

    @property
    def today(self) -> date:
        """The day it is in the zone."""
        return self.now.astimezone(self.zone).date()

    def at(self, zone: ZoneInfo) -> "Phrases":
        """The same for things that happen in another zone."""
        return self if zone == self.zone else msgspec.structs.replace(self, zone=zone)

    def time(self, moment: datetime) -> str:
        """`14:05`, or `2:05 PM` where the day has twice twelve hours."""
        local = moment.astimezone(self.zone)
        return _time(local.hour, local.minute, self.locale)

    def long_date(self, moment: datetime) -> str:
        """`22 November 2026`."""
        return _date(moment.astimezone(self.zone).date(), "long", self.locale)

    def day(self, day: date) -> str:
        """`today`, `tomorrow`, `yesterday` or `Tuesday, 24 November`, as they stand within a sentence."""
        match (day - self.today).days:
            case 0:
                return self.words.gettext("today")
            case 1:
                return self.words.gettext("tomorrow")
            case -1:
                return self.words.gettext("yesterday")
        return self.full_day(day)

    def full_day(self, day: date) -> str:
        """`Tuesday, 24 November`, with its year where that is not plain."""
        pattern = "full" if abs((day - self.today).days) > _FAR_DAYS else _yearless(self.locale)
        return _date(day, pattern, self.locale)

    def heading(self, moment: datetime) -> str:
        """The day over what happened on it: `Today`, `Yesterday`, `Monday, 16 November`."""
        return capitalised(self.day(moment.astimezone(self.zone).date()))

    def weekday(self, day: date) -> str:
        """`Tuesday`."""
        return str(self.locale.days["format"]["wide"][day.weekday()])

    def moment(self, moment: datetime) -> str:
        """`today, 14:05`; `Tuesday, 24 November, 14:05`."""
        local = moment.astimezone(self.zone)
        return self.words.gettext("%(day)s, %(time)s", day=self.day(local.date()), time=self.time(moment))

    def lately(self, moment: datetime) -> str:
        """`14:05`, with the day when it was another one."""
        if moment.astimezone(self.zone).date() == self.today:
            return self.time(moment)
        return self.moment(moment)

    def soon(self, moment: datetime) -> str:
        """`today, 18:00`; `Saturday, 18:00` within a week; else as `moment`."""
        said = self._near_day(moment.astimezone(self.zone).date())
        return self.words.gettext("%(day)s, %(time)s", day=said, time=self.time(moment))

    def until(self, moment: datetime) -> str:
        """As `soon`; of a whole day, which ends at midnight or a minute before, the day alone: `Saturday`."""
        last = (moment - timedelta(seconds=1)).astimezone(self.zone)
        return self._near_day(last.date()) if (last.hour, last.minute) in ((23, 58), (23, 59)) else self.soon(moment)

    def _near_day(self, day: date) -> str:
        near = 1 < (day - self.today).days <= _NEAR_DAYS
        return self.weekday(day) if near else self.day(day)

    def after(self, seconds: float) -> str:
        """`in 2 minutes`."""
        whole = max(1, math.ceil(seconds))
        wait = timedelta(minutes=math.ceil(whole / 60)) if whole > 90 else timedelta(seconds=whole)
        return format_timedelta(wait, threshold=2, add_direction=True, locale=self.locale)

    def window_day(self, start: datetime, end: datetime, *, whole_days: bool) -> str:
        """The days of a window by themselves: `Tomorrow`; `Tuesday, 24 November`; `Between Tuesday and Thursday`."""
        if not whole_days and self.hours(start, end) is None:
            return capitalised(self._from_moment_to_moment(start, end))
        return capitalised(self.days(start, end))

    def hours(self, start: datetime, end: datetime) -> str | None:
        """`14:00–16:00`, `2 – 4 PM`; None when they are of different days."""
        first, last = start.astimezone(self.zone), end.astimezone(self.zone)
        if first.date() != last.date():
            return None
        return self.time(start) if first >= last else _hours(self.locale, first, last)

    def days(self, start: datetime, end: datetime) -> str:
        """The days from one moment to another: `tomorrow`, `between Tuesday and Thursday`, `24–26 November`."""
        return self._days(*self._both(start, end))

    def _both(self, start: datetime, end: datetime) -> tuple[date, date]:
        first = start.astimezone(self.zone).date()
        return first, max(first, end.astimezone(self.zone).date())

    def _from_moment_to_moment(self, start: datetime, end: datetime) -> str:
        return self.words.gettext("%(first)s – %(last)s", first=self.soon(start), last=self.soon(end))

    def _days(self, first: date, last: date) -> str:
        if first < self.today <= last:
            first = self.today  # what is left of it
        if first == last:
            return self.day(first)
        ahead = (first - self.today).days
        if ahead < 0 or (last - self.today).days > _NEAR_DAYS:
            return _date_range(self.locale, first, last)
        until = self.weekday(last)
        if last - first == timedelta(1):
            one, other = (self.day(day) if (day - self.today).days < 2 else self.weekday(day) for day in (first, last))
            return self.words.gettext("%(first)s or %(last)s", first=one, last=other)
        if ahead == 0:
            return self.words.gettext("between today and %(last)s", last=until)
        if ahead == 1:
            return self.words.gettext("between tomorrow and %(last)s", last=until)
        return self.words.gettext("between %(first)s and %(last)s", first=self.weekday(first), last=until)

    def short_date(self, moment: datetime) -> str:
        """`20 Nov`."""
        return _date(moment.astimezone(self.zone).date(), _short_day(self.locale), self.locale)

    def price(self, amount: float, currency: str) -> str:
        """`€49.90`, as the language writes it."""
        return _price(amount, currency, self.locale)


def capitalised(text: str) -> str:
    """A phrase as it stands at the beginning of a line."""
    return text[:1].upper() + text[1:]


# The same amounts and days come again and again, and CLDR's patterns take their time.
@lru_cache(10_000)
def _price(amount: float, currency: str, locale: Locale) -> str:
    return format_currency(amount, currency, locale=locale)


@lru_cache(10_000)
def _date(day: date, pattern: str, locale: Locale) -> str:
    return format_date(day, pattern, locale=locale)


@lru_cache(10_000)
def _time(hour: int, minute: int, locale: Locale) -> str:
    return format_time(time(hour, minute), _short_time(locale), locale=locale)


@cache
def _short_time(locale: Locale) -> str:
    return str(locale.time_formats["short"].pattern)


@cache
def _yearless(locale: Locale) -> str:
    """The pattern of a full date without its year: CLDR has none with the whole words of weekday and month."""
    return _YEAR.sub("", str(locale.date_formats["full"].pattern))


@cache
def _short_day(locale: Locale) -> str:
    return str(locale.datetime_skeletons["MMMd"].pattern)


@cache
def _intervals(locale: Locale, skeleton: str) -> dict[str, Sequence[str]]:
    return dict(locale.interval_formats[skeleton])


def _hours(locale: Locale, first: datetime, last: datetime) -> str:
    """`14:00–16:00`; `2 – 4 PM`."""
    if "H" in _short_time(locale):
        return _joined(_intervals(locale, "Hm")["H" if first.hour != last.hour else "m"], locale, first, last)
    full = first.minute == last.minute == 0 and first.hour != last.hour
    forms = _intervals(locale, "h" if full else "hm")
    halves_differ = (first.hour < 12) != (last.hour < 12)
    return _joined(forms["a" if halves_differ else "h" if first.hour != last.hour else "m"], locale, first, last)


def _date_range(locale: Locale, first: date, last: date) -> str:
    """`24–26 November`; `30 November – 2 December`."""
    same = (first.year, first.month) == (last.year, last.month)
    return _joined(_day_ranges(locale)["d" if same else "M"], locale, first, last)


@cache
def _day_ranges(locale: Locale) -> dict[str, Sequence[str]]:
    """The forms of a range of days, with the whole word of the month and no zero before a day."""
    known = locale.interval_formats
    forms = known["MMMMd"] if "MMMMd" in known else known["MMMd"]
    return {field: [_MONTH.sub("MMMM", part).replace("dd", "d") for part in forms[field]] for field in ("d", "M")}


def _joined(parts: Sequence[str], locale: Locale, first: date, last: date) -> str:
    return "".join(
        format_datetime(moment, part, locale=locale)
        if isinstance(moment, datetime)
        else format_date(moment, part, locale)
        for moment, part in zip((first, last), parts, strict=True)
    )
