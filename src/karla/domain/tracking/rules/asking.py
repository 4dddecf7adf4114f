"""When a carrier is asked about a parcel again."""

from datetime import datetime, timedelta
from typing import Final

from karla.domain.tracking.records import Ask, Followed, Situation, Urgency
from karla.vocabulary.events import TERMINAL, Phase

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

# After the last scan of a life there may come a photo, a signature or a correction.
_GRACE: Final = (6 * _HOUR, 24 * _HOUR, 72 * _HOUR)
GIVEN_UP_AFTER: Final = 60 * _DAY
"""A parcel of which nothing new was heard for so long is not asked about any more."""
SILENT_AFTER: Final = 5 * _DAY
"""A parcel on its way that was not seen for so long is a problem that its shop hears of."""

SILENT: Final = "NO_SCAN_FOR_EXTENDED_PERIOD"
"""How that is told."""
ON_THE_WAY: Final = (Phase.IN_TRANSIT, Phase.IN_DELIVERY, Phase.DELIVERY_FAILED, Phase.RETURN_TRANSIT)

_BY_PHASE: Final = {
    Phase.ORDER_CREATED: (6 * _HOUR, Urgency.ANNOUNCED),
    Phase.ORDER_PROCESSED: (4 * _HOUR, Urgency.ANNOUNCED),
    Phase.IN_TRANSIT: (2 * _HOUR, Urgency.MOVING),
    Phase.IN_DELIVERY: (20 * _MINUTE, Urgency.ARRIVING),
    Phase.COLLECT: (6 * _HOUR, Urgency.WAITING),
    Phase.DELIVERY_FAILED: (2 * _HOUR, Urgency.TROUBLED),
    Phase.RETURN_CREATED: (12 * _HOUR, Urgency.ANNOUNCED),
    Phase.RETURN_TRANSIT: (6 * _HOUR, Urgency.MOVING),
    Phase.RETURN_FAILED: (6 * _HOUR, Urgency.TROUBLED),
}
_NIGHT: Final = range(21, 30)  # hours from 21 to 6, counted on
_FAILURES_BASE: Final = 5 * _MINUTE
_LONGEST: Final = 24 * _HOUR


def next_ask(parcel: Situation, now: datetime, hour: int) -> Ask:
    """When the parcel is asked about again after it was asked about now; `hour` is the destination's, 0 to 23."""
    silent = now - parcel.changed_at
    if parcel.phase in TERMINAL:
        return _grace(parcel, now)
    if silent > GIVEN_UP_AFTER:
        return Ask(None, Urgency.ENDED)
    every, urgency = _BY_PHASE.get(parcel.phase, (4 * _HOUR, Urgency.MOVING))
    if urgency is Urgency.ARRIVING and _is_night(hour):
        every = 2 * _HOUR
    elif _arrives_within(parcel, now, _DAY) and parcel.phase is Phase.IN_TRANSIT:
        every, urgency = _HOUR, Urgency.ARRIVING
    return Ask(now + _slowed(every, silent), urgency)


def after_failure(parcel: Followed, now: datetime, pause: float | None) -> Ask:
    """When it is tried again after a failure; `pause` is what the provider asked for, in seconds."""
    wait = min(_FAILURES_BASE * 2 ** min(parcel.failures, 12), _LONGEST)
    if pause is not None:
        wait = max(wait, timedelta(seconds=pause))
    _, urgency = _BY_PHASE.get(parcel.phase, (_HOUR, Urgency.ENDED))
    return Ask(now + wait, urgency)


def _grace(parcel: Situation, now: datetime) -> Ask:
    ended = parcel.event_time or parcel.changed_at
    for wait in _GRACE:
        if ended + wait > now:
            return Ask(ended + wait, Urgency.ENDED)
    return Ask(None, Urgency.ENDED)


def _is_night(hour: int) -> bool:
    return hour in _NIGHT or hour + 24 in _NIGHT


def _arrives_within(parcel: Situation, now: datetime, span: timedelta) -> bool:
    # One whose window has long passed is no more likely to come today than any other.
    return parcel.expected_from is not None and -2 * _DAY <= parcel.expected_from - now <= span


def _slowed(every: timedelta, silent: timedelta) -> timedelta:
    """A parcel that tells nothing new for days is asked about less and less: a ship takes its weeks."""
    days = silent / _DAY
    if days <= 2:
        return every
    return min(every * (1 + days / 3), _LONGEST)
