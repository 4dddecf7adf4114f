"""Due parcels are asked about at their carriers; what is told is stored as it came, to be read by the normaliser."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import structlog

from karla.domain.connections.commands import note_uses, refuse
from karla.domain.connections.queries import account_of
from karla.domain.connections.records import Account, ConnectionStatus, Use
from karla.domain.tracking.commands.accounts import enrol, give_back, take_turns
from karla.domain.tracking.commands.parcels import adopt, first_place, settle
from karla.domain.tracking.queries.parcels import due_parcels, next_due
from karla.domain.tracking.records import Asked, Budget, Followed, Place, Turn
from karla.domain.tracking.rules.answers import digest_of
from karla.domain.tracking.rules.asking import after_failure, next_ask
from karla.domain.tracking.rules.budgets import allowance, calls_on, when_allowed
from karla.infra.access import EVERYWHERE, scope_of
from karla.infra.clock import Clock
from karla.infra.db import Database
from karla.infra.http import Egress
from karla.infra.sealing import Seals
from karla.infra.telemetry import CARRIER_CALL_SECONDS
from karla.integrations import registry
from karla.integrations.calling import Called
from karla.integrations.carriers import zones
from karla.integrations.carriers.contract import Answer, Carrier, Parcel, Registrar
from karla.integrations.contract import Busy, Failure, Kind, Manifest, NotFound, Pace, Unauthorised, Unreachable
from karla.integrations.manifests import pace_of

log = structlog.get_logger()

ACCOUNTS = 32
_TURN = timedelta(seconds=30)
# New parcels are found so soon, and so is an account that was connected.
_LOOK_EVERY = timedelta(seconds=10)
_BUSY = timedelta(minutes=1)
_AWAY = timedelta(seconds=30)
_LONGEST_PAUSE_SECONDS = 2.0


class Poller:
    """Turns of a loop. An account has one worker at a time, so its pace is kept and no parcel is asked about twice.

    `pause` waits for so many seconds between the calls of one account.
    """

    def __init__(
        self,
        db: Database,
        egress: Egress,
        clock: Clock,
        seals: Seals,
        on_answers: Callable[[], None],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._db = db
        self._egress = egress
        self._clock = clock
        self._seals = seals
        self._on_answers = on_answers
        self._pause = pause

    async def enrol(self) -> int:
        """Give a turn to accounts that were connected, and none to those that are gone; how many changed."""
        providers = registry.slugs(Kind.CARRIERS)
        return await self._db.write(EVERYWHERE, lambda work: enrol(work, providers))

    async def turn(self) -> bool:
        """Let the accounts have their turns whose turn it is; whether there were any."""
        turns = await self._db.write(EVERYWHERE, lambda work: take_turns(work, ACCOUNTS))
        async with asyncio.TaskGroup() as group:
            for turn in turns:
                group.create_task(self._take(turn), name=f"poll {turn.provider}")
        return bool(turns)

    async def _take(self, turn: Turn) -> None:
        scope = scope_of([turn.shop_id])
        async with self._db.read(scope) as connection:
            account = await account_of(scope, connection, self._seals, Kind.CARRIERS, turn.provider)
        if account is None or account.connection.status is not ConnectionStatus.ACTIVE:
            return  # it is taken off the list soon
        taken = _Account(self._db, self._egress, self._clock, turn, account, self._pause)
        try:
            await taken.follow()
        except Exception:
            # One account's trouble is no other's; its lease ends by itself.
            log.exception("account failed", provider=turn.provider, shop=str(turn.shop_id))
        finally:
            if taken.answers:
                self._on_answers()


class _Account:
    """One turn of one account."""

    def __init__(
        self,
        db: Database,
        egress: Egress,
        clock: Clock,
        turn: Turn,
        account: Account,
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        self.answers = 0
        self._db = db
        self._clock = clock
        self._turn = turn
        self._account = account
        self._pause = pause
        self._scope = scope_of([turn.shop_id])
        self._manifest: Manifest = registry.manifest(Kind.CARRIERS, turn.provider)
        self._calls = calls_on(turn.day, turn.calls, clock.now())
        self._error: str | None = None
        self._used = False
        if account.credentials is not None:
            self._pace: Pace = pace_of(self._manifest, account.credentials)
            self._carrier: Carrier = registry.carrier(
                turn.provider, account.credentials, egress, clock, watch=self._called
            )

    async def follow(self) -> None:
        """Find new parcels, ask about those that are due as far as the pace allows, and give the turn back."""
        now = self._clock.now()
        if self._account.credentials is None:
            await self._give_back(now + _LOOK_EVERY, self._turn.adopted_until)
            log.error("credentials unreadable", provider=self._turn.provider, shop=str(self._turn.shop_id))
            return
        await self._adopt(now)
        again = await self._ask_while_allowed(now + _TURN)
        await self._give_back(again, now)
        if self._used:
            use = Use(
                shop_id=self._turn.shop_id,
                connection_id=self._account.connection.id,
                used_at=self._clock.now(),
                error=self._error,
            )
            await self._db.write(self._scope, lambda work: note_uses(work, [use]))

    async def _adopt(self, now: datetime) -> None:
        any_carrier = "any_carrier" in self._manifest.capabilities
        place: Place | None = first_place(self._turn, now)
        while place is not None:
            looked = partial(
                adopt,
                turn=self._turn,
                carriers=self._manifest.carriers,
                since=place,
                any_carrier=any_carrier,
            )
            place = await self._db.write(self._scope, looked)

    async def _ask_while_allowed(self, until: datetime) -> datetime:
        """Ask; when it is the account's turn again."""
        budget = Budget(per_second=self._pace.calls_per_second, per_day=self._pace.calls_per_day)
        while (now := self._clock.now()) < until:
            allowed = allowance(budget, self._calls, now)
            if allowed == 0:
                return max(when_allowed(budget, self._calls, now), now + _LOOK_EVERY)
            parcels = await self._due(now, allowed)
            if not parcels:
                break
            for batch in _batches(parcels, self._pace.batch):
                asked, stay_away = await self._about(batch)
                await self._db.write(self._scope, partial(settle, turn=self._turn, asked=asked))
                self.answers += sum(one.body is not None for one in asked)
                if stay_away is not None:
                    return self._clock.now() + stay_away
                if self._pace.calls_per_second:
                    between = 1 / self._pace.calls_per_second
                    if between > _LONGEST_PAUSE_SECONDS:  # others wait for the end of this turn
                        return self._clock.now() + timedelta(seconds=between)
                    await self._pause(between)
        async with self._db.read(self._scope) as connection:
            due = await next_due(self._scope, connection, self._turn)
        soon = self._clock.now() + _LOOK_EVERY
        return min(due, soon) if due else soon

    async def _due(self, now: datetime, allowed: int | None) -> Sequence[Followed]:
        at_once = self._pace.batch * max(1, self._pace.concurrency)
        limit = at_once if allowed is None else min(at_once, allowed * self._pace.batch)
        async with self._db.read(self._scope) as connection:
            return await due_parcels(self._scope, connection, self._turn, now, limit)

    async def _about(self, parcels: Sequence[Followed]) -> tuple[list[Asked], timedelta | None]:
        """What became of asking about these, and for how long the account is to stay away, if it is."""
        self._used = True
        asked = [_parcel(parcel) for parcel in parcels]
        try:
            registered = await self._register(parcels, asked)
            answers: Sequence[Answer] = await self._carrier.track(asked)
        except Unauthorised as failure:
            self._error = failure.message
            await self._refused(failure.message)
            return [], _BUSY
        except Busy as failure:
            self._error = str(failure)
            return [], _away(failure.after)
        except Failure as failure:
            # It may be the fault of one of these parcels alone: they wait longer each time, and let others go first.
            self._error = str(failure)
            away = _AWAY if isinstance(failure, Unreachable) else None
            return [self._failed(parcel, None) for parcel in parcels], away
        self._error = None
        settled = [
            self._after(parcel, answer, registered=told)
            for parcel, answer, told in zip(parcels, answers, registered, strict=True)
        ]
        pauses = [answer.after for answer in answers if isinstance(answer, Busy)]
        return settled, _away(max(pause or 0.0 for pause in pauses)) if pauses else None

    async def _register(self, parcels: Sequence[Followed], asked: Sequence[Parcel]) -> list[bool]:
        """Tell the provider of those that it hasn't heard of; which it knows now. Raises a Failure."""
        if not isinstance(self._carrier, Registrar):
            return [False for _ in parcels]
        new = [told for told, parcel in zip(asked, parcels, strict=True) if not parcel.registered]
        outcomes = iter(await self._carrier.register(new) if new else [])
        return [parcel.registered or not isinstance(next(outcomes), Failure) for parcel in parcels]

    def _failed(self, parcel: Followed, pause: float | None) -> Asked:
        return Asked(parcel=parcel, next=after_failure(parcel, self._clock.now(), pause), failed=True)

    def _after(self, parcel: Followed, answer: Answer, *, registered: bool) -> Asked:
        now = self._clock.now()
        if isinstance(answer, Failure):
            pause = answer.after if isinstance(answer, Busy) else None
            self._error = str(answer)
            return self._failed(parcel, pause)
        following = next_ask(parcel.situation, now, hour_at(parcel.country, parcel.postal_code, now))
        if isinstance(answer, NotFound) or digest_of(answer.body) == parcel.digest:
            return Asked(parcel=parcel, next=following, registered=registered)
        return Asked(
            parcel=parcel,
            next=following,
            registered=registered,
            body=answer.body,
            content_type=answer.content_type,
        )

    async def _refused(self, reason: str) -> None:
        account = self._account.connection
        await self._db.write(self._scope, lambda work: refuse(work, account.id, account.updated_at, reason))
        log.warning("account refused", provider=self._turn.provider, shop=str(self._turn.shop_id))

    async def _give_back(self, due_at: datetime, adopted_until: datetime | None) -> None:
        await self._db.write(
            self._scope,
            lambda work: give_back(work, self._turn, calls=self._calls, due_at=due_at, adopted_until=adopted_until),
        )

    def _called(self, called: Called) -> None:
        self._calls += 1
        CARRIER_CALL_SECONDS.labels(self._turn.provider, called.failure or "ok").observe(called.duration_ms / 1000)


def _away(pause: float | None) -> timedelta:
    """How long to stay away from a provider that is busy; one that says "at once" is left alone a little as well."""
    return _BUSY if pause is None else max(timedelta(seconds=pause), _AWAY)


def _batches(parcels: Sequence[Followed], size: int) -> Iterator[Sequence[Followed]]:
    for start in range(0, len(parcels), size):
        yield parcels[start : start + size]


def _parcel(parcel: Followed) -> Parcel:
    return Parcel(
        tracking_number=parcel.tracking_number,
        carrier_reference=parcel.carrier,
        destination_country=parcel.country,
        destination_postal_code=parcel.postal_code,
        registered=parcel.registered,
        placed_at=parcel.placed_at,
    )


def hour_at(country: str | None, postal_code: str | None, now: datetime) -> int:
    """What hour it is there, as far as that is known."""
    zone = zones.zone_of(zones.Place(country, None, postal_code))
    return now.astimezone(ZoneInfo(zone)).hour if zone else now.hour
