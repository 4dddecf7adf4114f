"""Due parcels are asked about at their carriers: as many calls at once as the account may make, at its pace."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from datetime import timedelta

import structlog

from karla.domain.tracking.records import Ask, Asked, Followed, Outcome, Question
from karla.domain.tracking.rules.answers import digest_of
from karla.domain.tracking.rules.asking import after_failure, next_ask
from karla.infra.clock import Clock
from karla.infra.telemetry import CARRIER_CALL_SECONDS
from karla.integrations.calling import Called
from karla.integrations.carriers.contract import Answer, Carrier, Parcel, Registrar
from karla.integrations.carriers.countries import language_at
from karla.integrations.carriers.zones import hour_at
from karla.integrations.contract import Busy, Failure, NotFound, Pace, Refused, Unauthorised, Unreachable
from karla.pipeline.pacing import Pacer
from karla.pipeline.shop_time import NEVER, ShopTime

log = structlog.get_logger()

_BUSY = timedelta(minutes=1)
_AWAY = timedelta(seconds=30)
_FAILURES: Mapping[type[Failure], Outcome] = {
    Refused: Outcome.REFUSED,
    Unauthorised: Outcome.UNAUTHORISED,
    Busy: Outcome.BUSY,
    Unreachable: Outcome.UNREACHABLE,
}

_NOW: ContextVar["Asker"] = ContextVar("who makes the call")
_TOOK: ContextVar[list[int]] = ContextVar("how many milliseconds the calls about a batch took")


def tell_the_asker(called: Called) -> None:
    """The `watch` of every account's calls: an adapter outlives the turns in which it is used."""
    _TOOK.get().append(called.duration_ms)
    _NOW.get().called(called)


async def wait_for_the_asker() -> None:
    """The `turn` of every account's calls, whatever they are for: each begins at the account's pace."""
    await _NOW.get().pace()


class Wave:
    """What became of some calls.

    `asked` is to be stored and `questions` to be counted. For so long the account is to stay `away`, if it is;
    `refused` is the provider's reason for taking the credentials no more.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.questions: list[Question] = []
        self.away: timedelta | None = None
        self.refused: str | None = None

    def keep_away(self, span: timedelta) -> None:
        """For so long at least."""
        self.away = max(self.away or span, span)


class Asker:
    """Of one account for one turn: `time` is the one that its parcels live by.

    Once `stopping`, no more calls are begun. `calls` were made, none where a provider needs none though it was `used`;
    `error` is what went wrong with the latest one.
    """

    def __init__(
        self,
        provider: str,
        carrier: Carrier,
        pace: Pace,
        pacer: Pacer,
        clock: Clock,
        time: ShopTime,
        stopping: Callable[[], bool],
    ) -> None:
        self.calls = 0
        self.used = False
        self.error: str | None = None
        self._provider = provider
        self._carrier = carrier
        self._pace = pace
        self._pacer = pacer
        self._clock = clock
        self._time = time
        self._stopping = stopping

    @property
    def calls_a_batch(self) -> int:
        """How many calls it may take to ask about one batch."""
        return 2 if isinstance(self._carrier, Registrar) else 1

    async def ask(self, parcels: Sequence[Followed]) -> Wave:
        """About these; about no more of them once the account is to stay away."""
        _NOW.set(self)
        self.used = True
        wave = Wave()
        batches = _batches(parcels, self._pace.batch)

        async def caller() -> None:
            for batch in batches:
                if wave.away is not None or self._stopping():
                    return
                await self._about(batch, wave)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._pace.concurrency, -(-len(parcels) // self._pace.batch))):
                group.create_task(caller())
        return wave

    async def pace(self) -> None:
        """Wait until a call may begin."""
        await self._pacer.slot()

    def called(self, called: Called) -> None:
        """A call was made."""
        self.calls += 1
        CARRIER_CALL_SECONDS.labels(self._provider, called.failure or "ok").observe(called.duration_ms / 1000)

    async def _about(self, parcels: Sequence[Followed], wave: Wave) -> None:
        """One batch."""
        took: list[int] = []
        _TOOK.set(took)
        told = [_parcel(parcel) for parcel in parcels]
        answers: Sequence[Answer]
        try:
            registered = await self._register(parcels, told)
            answers = await self._carrier.track(told)
        except Failure as failure:
            answers = [failure for _ in parcels]
            self._failed(failure, parcels, wave)
        except Exception:
            # A fault of an adapter's with one parcel holds up no other of the account.
            log.exception("asking failed", provider=self._provider)
            self.error = "Karla could not ask; the operator's log says why"
            answers = [Unreachable(self.error) for _ in parcels]
            wave.asked += [self._later(parcel, None) for parcel in parcels]
        else:
            self.error = None
            for parcel, answer, known in zip(parcels, answers, registered, strict=True):
                wave.asked.append(self._after(parcel, answer, registered=known))
                if isinstance(answer, Busy):
                    wave.keep_away(_away(answer.after or 0.0))
        wave.questions += [
            Question(carrier=parcel.carrier, outcome=_outcome(parcel, answer), call_ms=took[-1] if took else None)
            for parcel, answer in zip(parcels, answers, strict=True)
        ]

    def _failed(self, failure: Failure, parcels: Sequence[Followed], wave: Wave) -> None:
        """A call failed wholly."""
        self.error = str(failure)
        match failure:
            case Unauthorised():
                wave.refused = failure.message
                wave.keep_away(_BUSY)
            case Busy():
                wave.keep_away(_away(failure.after))
            case _:
                # It may be the fault of one of these alone: they wait longer each time, and let others go first.
                wave.asked += [self._later(parcel, None) for parcel in parcels]
                if isinstance(failure, Unreachable):
                    wave.keep_away(_AWAY)

    async def _register(self, parcels: Sequence[Followed], told: Sequence[Parcel]) -> list[bool]:
        """Tell the provider of those that it hasn't heard of; which it knows now. Raises a Failure."""
        if not isinstance(self._carrier, Registrar):
            return [False for _ in parcels]
        new = [one for one, parcel in zip(told, parcels, strict=True) if not parcel.registered]
        outcomes = iter(await self._carrier.register(new) if new else [])
        return [parcel.registered or not isinstance(next(outcomes), Failure) for parcel in parcels]

    def _later(self, parcel: Followed, pause: float | None) -> Asked:
        # What failed is tried again in real time, whatever a test clock shows.
        return Asked(parcel=parcel, next=after_failure(parcel, self._clock.now(), pause), failed=True)

    def _after(self, parcel: Followed, answer: Answer, *, registered: bool) -> Asked:
        if isinstance(answer, Failure):
            self.error = str(answer)
            return self._later(parcel, answer.after if isinstance(answer, Busy) else None)
        now = self._time.now()
        following = next_ask(parcel.situation, now, hour_at(parcel.country, parcel.postal_code, now))
        if following.at is not None:
            following = Ask(self._time.real(following.at) or NEVER, following.urgency)
        if isinstance(answer, NotFound) or _outcome(parcel, answer) is Outcome.UNCHANGED:
            return Asked(parcel=parcel, next=following, at=now, registered=registered)
        return Asked(
            parcel=parcel,
            next=following,
            at=now,
            registered=registered,
            body=answer.body,
            content_type=answer.content_type,
        )


def _away(pause: float | None) -> timedelta:
    """How long to stay away from a provider that is busy; one that says "at once" is left alone a little as well."""
    return _BUSY if pause is None else max(timedelta(seconds=pause), _AWAY)


def _outcome(parcel: Followed, answer: Answer) -> Outcome:
    if isinstance(answer, Failure):
        return _FAILURES[type(answer)]
    if isinstance(answer, NotFound):
        return Outcome.NOT_FOUND
    return Outcome.UNCHANGED if digest_of(answer.body) == parcel.digest else Outcome.TOLD


def _batches(parcels: Sequence[Followed], size: int) -> Iterator[Sequence[Followed]]:
    for start in range(0, len(parcels), size):
        yield parcels[start : start + size]


def _parcel(parcel: Followed) -> Parcel:
    return Parcel(
        tracking_number=parcel.tracking_number,
        carrier_reference=parcel.carrier,
        destination_country=parcel.country,
        destination_postal_code=parcel.postal_code,
        language=language_at(parcel.country),
        registered=parcel.registered,
        placed_at=parcel.placed_at,
    )
