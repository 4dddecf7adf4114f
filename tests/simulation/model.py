"""What must be true of every attempt: worked out from the answers alone, without the engine's code."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from functools import cache

import msgspec

from tests.simulation.receivers import Reply

RETRIES, BASE, LONGEST = 8, timedelta(seconds=30), timedelta(hours=14)
OPEN_AFTER, SHORTEST_PAUSE, LONGEST_PAUSE = 10, timedelta(seconds=5), timedelta(minutes=5)
LEAST, MOST = 0.9, 1.1
ZERO = timedelta()


class Trip(msgspec.Struct):
    """One event on its way to one webhook."""

    attempts: int = 0
    # Between these the next attempt is planned.
    not_before: datetime | None = None
    not_after: datetime | None = None
    in_flight: bool = False
    over: bool = False
    delivered: bool = False


@cache
def ended_trip(attempts: int, delivered: bool) -> Trip:
    """One that is over; all that ended alike share it, as there may be a million of them."""
    return Trip(attempts=attempts, over=True, delivered=delivered)


class Lane(msgspec.Struct):
    """An endpoint, as the answers tell of it."""

    failures: int = 0
    failing_since: datetime | None = None
    not_before: datetime | None = None
    in_flight: int = 0
    probing: bool = False
    gone: bool = False


class Model:
    """Watches all attempts, `trips` by webhook and event; `wrong` says what should not have been."""

    def __init__(self) -> None:
        self.trips: defaultdict[int, defaultdict[int, Trip]] = defaultdict(lambda: defaultdict(Trip))
        self.lanes: defaultdict[int, Lane] = defaultdict(Lane)
        self.places: list[tuple[str, int]] = []
        self.reached: Counter[tuple[int, str]] = Counter()
        self.ordered: set[int] = set()
        self.attempts = 0
        self.plans = 0
        self.wrong: list[str] = []

    def happened(self, shipment: str, place: int) -> int:
        """An event of a shipment, and which one of it; the number that it goes by, from 0."""
        self.places.append((shipment, place))
        return len(self.places) - 1

    def started(self, webhook: int, event: int, now: datetime) -> int:
        """An attempt begins; which one of its delivery it is."""
        trip, lane = self.trips[webhook][event], self.lanes[webhook]
        told = f"webhook {webhook}, event {event}, attempt {trip.attempts + 1} at {now}"
        self._demand(not trip.in_flight, f"{told}: sent twice at once")
        self._demand(not trip.delivered, f"{told}: sent after a success")
        self._demand(not trip.over, f"{told}: sent after the last attempt")
        self._demand(trip.attempts <= RETRIES, f"{told}: one attempt too many")
        self._demand(trip.not_before is None or now >= trip.not_before, f"{told}: before {trip.not_before}")
        self._demand(lane.not_before is None or now >= lane.not_before, f"{told}: paused until {lane.not_before}")
        self._demand(not lane.gone, f"{told}: the endpoint is gone")
        if lane.failures >= OPEN_AFTER:
            self._demand(not lane.probing, f"{told}: two probes at once")
            lane.probing = True
        if webhook in self.ordered:
            shipment, place = self.places[event]
            self._demand(self.reached[webhook, shipment] == place, f"{told}: out of its order")
        if trip.over:
            trip = self.trips[webhook][event] = msgspec.structs.replace(trip)
        trip.attempts += 1
        trip.in_flight = True
        lane.in_flight += 1
        self.attempts += 1
        return trip.attempts

    def ended(self, webhook: int, event: int, reply: Reply, began: datetime, now: datetime) -> None:
        """An attempt has met this."""
        trip, lane = self.trips[webhook][event], self.lanes[webhook]
        trip.in_flight = False
        lane.in_flight -= 1
        lane.probing = False
        if reply.accepted:
            trip.over = trip.delivered = True
            if lane.failures >= OPEN_AFTER:
                lane.not_before = None
            lane.failures, lane.failing_since = 0, None
        else:
            lane.gone |= reply.status == 410
            trip.over = lane.gone or trip.attempts > RETRIES
            asked = timedelta(seconds=reply.retry_after or 0)
            wait = min(BASE * 2 ** (trip.attempts - 1), LONGEST)
            trip.not_before, trip.not_after = now + max(wait * LEAST, asked), now + max(wait * MOST, asked)
            lane.failures += 1
            lane.failing_since = lane.failing_since or began
            pause = max(asked, SHORTEST_PAUSE if reply.status == 429 else ZERO)
            if lane.failures >= OPEN_AFTER:
                pause = max(pause, min(max(now - lane.failing_since, SHORTEST_PAUSE), LONGEST_PAUSE) * LEAST)
            if pause:
                lane.not_before = max(lane.not_before or now, now + pause)
        if trip.over:
            self.trips[webhook][event] = ended_trip(trip.attempts, trip.delivered)
            if webhook in self.ordered:
                self.reached[webhook, self.places[event][0]] += 1

    def planned(self, webhook: int, event: int, due_at: datetime) -> None:
        """The engine means to make the next attempt of a delivery then; one that is under way plans nothing."""
        trip = self.trips[webhook][event]
        if trip.in_flight or not trip.not_before or not trip.not_after:
            return
        self.plans += 1
        told = f"webhook {webhook}, event {event}, after attempt {trip.attempts}"
        fits = trip.not_before <= due_at <= trip.not_after
        self._demand(fits, f"{told}: planned for {due_at}, not {trip.not_before} to {trip.not_after}")

    def _demand(self, true: bool, otherwise: str) -> None:
        if not true:
            self.wrong.append(otherwise)
