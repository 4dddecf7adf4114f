"""One turn of one account: new parcels are found, due ones asked about, and what is told is stored as it came."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog

from karla.domain.connections.commands import note_uses, refuse
from karla.domain.connections.records import Account, Use
from karla.domain.tracking.commands.accounts import give_back
from karla.domain.tracking.commands.clocks import hurry, standing_clock
from karla.domain.tracking.commands.parcels import adopt, first_place, settle
from karla.domain.tracking.queries.parcels import due_parcels, next_due
from karla.domain.tracking.records import Asked, Interest, Place, Turn
from karla.domain.tracking.rules.budgets import allowance, calls_on, when_allowed
from karla.infra.access import scope_of
from karla.infra.clock import Clock
from karla.infra.db import Database
from karla.infra.work import Work
from karla.integrations import registry
from karla.integrations.carriers.contract import Carrier
from karla.integrations.contract import Kind
from karla.integrations.manifests import pace_of
from karla.pipeline.asking import Asker
from karla.pipeline.health import Health
from karla.pipeline.pacing import Pacer, Pause
from karla.pipeline.shop_time import ShopTime, providers_by_test_clock

log = structlog.get_logger()

_TURN = timedelta(seconds=30)
# New parcels are found so soon, and so is an account that was connected.
_LOOK_EVERY = timedelta(seconds=10)
# Others wait for the end of the turn rather than for an account whose pace is slower than this.
_LONGEST_PAUSE = timedelta(seconds=2)
# What is asked between two transactions: as much as takes so long, and so many rounds of calls at most.
_WAVE_SECONDS = 5.0
_WAVE_ROUNDS = 16


class AccountTurn:
    """`time` is the one that the account's parcels live by; once `stopping`, no more calls are begun.

    `answers` counts what was told; `by_test_clock`: that time is one of a test clock.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        turn: Turn,
        account: Account,
        time: ShopTime,
        pause: Pause,
        *,
        stopping: Callable[[], bool],
    ) -> None:
        self.answers = 0
        self.by_test_clock = time.shop_clock is not None
        self._db = db
        self._clock = clock
        self._turn = turn
        self._account = account
        self._time = time
        self._stopping = stopping
        self._scope = scope_of([turn.shop_id])
        self._manifest = registry.manifest(Kind.CARRIERS, turn.provider)
        self._pace = pace_of(self._manifest, account.credentials or {})
        self._pacer = Pacer(self._pace.calls_per_second, clock, pause)
        self._calls = calls_on(turn.day, turn.calls, clock.now())
        self._health = Health(db)

    async def take(self, carrier: Carrier | None) -> None:
        """Find new parcels, ask about those that are due as far as the pace allows, and give the turn back.

        Without a carrier, as the credentials can't be read, it is given back at once.
        """
        now = self._clock.now()
        if carrier is None:
            log.error("credentials unreadable", provider=self._turn.provider, shop=str(self._turn.shop_id))
            await self._give_back(now + _LOOK_EVERY, self._turn.adopted_until, calls=0)
            return
        asker = Asker(self._turn.provider, carrier, self._pace, self._pacer, self._clock, self._time, self._stopping)
        adopted_until, again = self._turn.adopted_until, now + _LOOK_EVERY
        try:
            await self._adopt(now)
            adopted_until = now
            again = await self._ask_while_allowed(asker, now + _TURN)
        finally:
            # What was called is counted, whatever happened.
            await self._give_back(max(again, self._pacer.free_at), adopted_until, calls=asker.calls)
        if asker.used:
            use = Use(
                shop_id=self._turn.shop_id,
                connection_id=self._account.connection.id,
                used_at=self._clock.now(),
                error=asker.error,
            )
            await self._db.write(self._scope, lambda work: note_uses(work, [use]))

    async def _adopt(self, now: datetime) -> None:
        prefix = self._manifest.number_prefix
        interest = Interest(
            carriers=self._manifest.carriers,
            any_carrier="any_carrier" in self._manifest.capabilities,
            prefix=prefix,
            other_prefixes=[other for other in registry.number_prefixes() if other != prefix],
        )
        began_at = self._time.now() if self._time.shop_clock else None
        place: Place | None = first_place(self._turn, now)
        while place is not None:
            looked = partial(
                adopt, turn=self._turn, interest=interest, since=place, now=self._time.now(), began_at=began_at
            )
            place = await self._db.write(self._scope, looked)

    async def _ask_while_allowed(self, asker: Asker, until: datetime) -> datetime:
        """Ask; when it is the account's turn again."""
        per_day = self._pace.calls_per_day
        while not self._stopping() and (now := self._clock.now()) < until:
            if self._pacer.free_at - now > _LONGEST_PAUSE:
                return self._pacer.free_at
            allowed = allowance(per_day, self._calls + asker.calls, now)
            if allowed == 0:
                return max(when_allowed(per_day, self._calls + asker.calls, now), now + _LOOK_EVERY)
            limit = self._at_once(asker, allowed)
            async with self._db.read(self._scope) as connection:
                parcels = await due_parcels(self._scope, connection, self._turn, now, limit)
            if not parcels:
                break
            wave = await asker.ask(parcels)
            if wave.refused is not None:
                await self._refuse(wave.refused)
            changed = False
            if wave.asked:
                changed = await self._db.write(self._scope, partial(self._settle, asked=wave.asked))
            self.answers += sum(one.body is not None for one in wave.asked)
            await self._health.asked(self._turn.shop_id, self._turn.provider, wave.questions)
            if wave.away is not None:
                return self._clock.now() + wave.away
            if changed:
                return self._clock.now()
        async with self._db.read(self._scope) as connection:
            due = await next_due(self._scope, connection, self._turn)
        soon = self._clock.now() + _LOOK_EVERY
        return min(due, soon) if due else soon

    def _at_once(self, asker: Asker, allowed: int | None) -> int:
        """About how many parcels at most it is asked before what was told is stored."""
        calls = _WAVE_ROUNDS * self._pace.concurrency
        if self._pace.calls_per_second:
            calls = min(calls, max(1, int(_WAVE_SECONDS * self._pace.calls_per_second)))
        if allowed is not None:
            calls = min(calls, max(1, allowed // asker.calls_a_batch))
        return calls * self._pace.batch

    async def _settle(self, work: Work, asked: Sequence[Asked]) -> bool:
        """Keep it; whether the clock that the parcels live by was changed meanwhile: then a turn is to begin anew."""
        provider = self._turn.provider
        if provider not in providers_by_test_clock():
            await settle(work, self._turn, asked)
            return False
        clock = await standing_clock(work, self._turn.shop_id)
        await settle(work, self._turn, asked)
        changed = clock != self._time.shop_clock
        if changed:  # these were planned by the one before
            await hurry(work, self._turn.shop_id, [provider])
        return changed

    async def _refuse(self, reason: str) -> None:
        account = self._account.connection
        await self._db.write(self._scope, lambda work: refuse(work, account.id, account.updated_at, reason))
        log.warning("account refused", provider=self._turn.provider, shop=str(self._turn.shop_id))

    async def _give_back(self, due_at: datetime, adopted_until: datetime | None, *, calls: int) -> None:
        counted = self._calls + calls
        await self._db.write(
            self._scope,
            lambda work: give_back(work, self._turn, calls=counted, due_at=due_at, adopted_until=adopted_until),
        )
