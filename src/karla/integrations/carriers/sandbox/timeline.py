"""When the scans of a story are told and what is promised meanwhile: pure, and the same whenever it is asked."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from karla.integrations.carriers.sandbox.grammar import Step, Story, Verb
from karla.integrations.carriers.sandbox.route import drawn
from karla.integrations.carriers.sandbox.stories import code_of

BETWEEN_SCANS = timedelta(hours=1)
"""How long it is from scan to scan where no wait stands between them."""

_ONE_DAY = timedelta(days=1)
_ONE_HOUR = timedelta(hours=1)
_SOON = timedelta(hours=20)
"""A van that goes out delivers within this time, or it isn't known when."""
_TENTH, _LATEST_MINUTES = 10, 40


class Told(msgspec.Struct, frozen=True):
    """A scan: `told_at` is when the sandbox begins to tell it, `time` when it says that it happened; both in UTC.

    `position` counts scans from 1. A scan that is told again has the one that it had.
    """

    position: int
    code: str
    told_at: datetime
    time: datetime
    correction: bool = False

    @property
    def kind(self) -> str:
        """What it does to the expected delivery, as the table of codes has it."""
        return code_of(self.code).kind


class Promise(msgspec.Struct, frozen=True):
    """From `made_at` on the delivery is expected at `moment`: that day where `whole_day`, else within an hour of it."""

    made_at: datetime
    moment: datetime
    whole_day: bool


class Life(msgspec.Struct, frozen=True):
    """A whole story in time; both lists in the order of telling."""

    scans: tuple[Told, ...]
    promises: tuple[Promise, ...]

    def told_by(self, now: datetime) -> tuple[Told, ...]:
        """The scans that are told by now: what was told once is told for ever."""
        return tuple(scan for scan in self.scans if scan.told_at <= now)


class Window(msgspec.Struct, frozen=True):
    """When the delivery is expected; both ends in UTC."""

    opens: datetime
    closes: datetime


def life_of(story: Story, start: datetime, zone: str | None) -> Life:
    """A story that begins at `start`; times of day are of this IANA zone, UTC where there is none."""
    writing = _Writing(story, start.astimezone(UTC), ZoneInfo(zone or "UTC"))
    for place, step in enumerate(story.steps):
        writing.take(place, step)
    return Life(tuple(writing.scans), tuple(writing.promises))


class _Writing:
    """A life while it is written, step by step."""

    def __init__(self, story: Story, start: datetime, zone: ZoneInfo) -> None:
        self.scans: list[Told] = []
        self.promises: list[Promise] = []
        self._seed = story.number if story.ready and story.suffix else ""
        self._at, self._zone = start, zone
        self._waited = True
        self._back, self._mistake = timedelta(), False

    def take(self, place: int, step: Step) -> None:
        if step.verb is Verb.WAIT:
            self._at, self._waited = self._at + self._varied(place, step.amount), True
        elif step.verb is Verb.UNTIL:
            self._at, self._waited = self._next(step.amount) + self._later(place), True
        elif step.verb is Verb.PROMISE:
            self.promises.append(Promise(self._at, self._at + step.amount, step.word.endswith("D")))
        elif step.verb is Verb.BACK:
            self._back += step.amount
        elif step.verb is Verb.MISTAKE:
            self._mistake = True
        else:
            self._scan(step)

    def _scan(self, step: Step) -> None:
        self._at += timedelta() if self._waited else BETWEEN_SCANS
        if step.verb is Verb.AGAIN:
            told = msgspec.structs.replace(self.scans[-1], told_at=self._at)
        else:
            position = self.scans[-1].position + 1 if self.scans else 1
            told = Told(position, step.word, self._at, self._at - self._back, self._mistake)
            self._back, self._mistake = timedelta(), False
        self.scans.append(told)
        self._waited = False

    def _next(self, time_of_day: timedelta) -> datetime:
        """The next moment that has this time of day, never the present one."""
        local = self._at.astimezone(self._zone)
        clock = time(time_of_day.seconds // 3600, time_of_day.seconds % 3600 // 60)
        today = datetime.combine(local.date(), clock, self._zone).astimezone(UTC)
        if today > self._at:
            return today
        return datetime.combine(local.date() + _ONE_DAY, clock, self._zone).astimezone(UTC)

    def _varied(self, place: int, amount: timedelta) -> timedelta:
        """Of a ready story with a suffix a wait is up to a tenth longer or shorter, in whole minutes."""
        span = int(amount / _TENTH / timedelta(minutes=1))
        if not self._seed or not span:
            return amount
        return amount + timedelta(minutes=drawn(self._seed, f"wait {place}", 2 * span + 1) - span)

    def _later(self, place: int) -> timedelta:
        return timedelta(minutes=drawn(self._seed, f"until {place}", _LATEST_MINUTES)) if self._seed else timedelta()


def expected(life: Life, told: Sequence[Told], zone: str | None) -> Window | None:
    """When the sandbox expects to deliver, as of the last of these scans, which are the first ones of the life.

    A story that promises nothing expects the day that it delivers on. Once a van is out it is an hour before and
    after, and nothing once it is delivered, is to be collected, or goes back.
    """
    if not told:
        return None
    standing = max((scan for scan in told if scan.kind != "note"), key=_latest, default=None)
    if standing and standing.kind in ("handover", "end"):
        return None
    now = told[-1].told_at
    delivery = next((scan.time for scan in life.scans if scan.kind == "handover" and scan.told_at > now), None)
    promise = next((one for one in reversed(life.promises) if one.made_at <= now), None)
    out = standing if standing and standing.kind == "van" else None
    if out and delivery and delivery - out.time <= _SOON and not (promise and promise.made_at >= out.told_at):
        return _around(delivery)
    if promise:
        return _day(promise.moment, zone) if promise.whole_day else _around(promise.moment)
    return _day(delivery, zone) if delivery and not life.promises else None


def _latest(scan: Told) -> tuple[datetime, datetime]:
    return scan.time, scan.told_at


def _around(moment: datetime) -> Window:
    return Window(moment - _ONE_HOUR, moment + _ONE_HOUR)


def _day(moment: datetime, zone: str | None) -> Window:
    """The whole day at a place that a moment is in."""
    at = ZoneInfo(zone or "UTC")
    first = moment.astimezone(at).date()
    opens, closes = (datetime.combine(day, time(), at).astimezone(UTC) for day in (first, first + _ONE_DAY))
    return Window(opens, closes)
