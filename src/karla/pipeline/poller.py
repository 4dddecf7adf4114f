"""Accounts have their turns at asking about their parcels, as many at once as there are slots."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import structlog

from karla.domain.connections.queries import account_of
from karla.domain.connections.records import Account, ConnectionStatus
from karla.domain.tracking.commands.accounts import enrol, take_turns
from karla.domain.tracking.queries.clocks import clock_of
from karla.domain.tracking.records import Turn
from karla.infra.access import EVERYWHERE, scope_of
from karla.infra.clock import Clock
from karla.infra.db import Database
from karla.infra.http import Egress
from karla.infra.sealing import Seals
from karla.integrations import registry
from karla.integrations.carriers.contract import Carrier
from karla.integrations.contract import Kind
from karla.pipeline.account_turn import AccountTurn
from karla.pipeline.asking import tell_the_asker, wait_for_the_asker
from karla.pipeline.pacing import Pause
from karla.pipeline.shop_time import ShopTime

log = structlog.get_logger()

ACCOUNTS = 32
_STOP_SECONDS = 6.0
_CARRIERS_KEPT = 1_000


class Poller:
    """Turns of a loop. An account has one worker at a time, so its pace is kept and no parcel is asked about twice.

    `on_answers` is called when something was told, `on_ended` when a turn has ended, with whether its parcels live by
    a test clock; `pause` waits for so many seconds between the calls of one account.
    """

    def __init__(
        self,
        db: Database,
        egress: Egress,
        clock: Clock,
        seals: Seals,
        *,
        on_answers: Callable[[], None],
        on_ended: Callable[[bool], None],
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._db = db
        self._egress = egress
        self._clock = clock
        self._seals = seals
        self._on_answers = on_answers
        self._on_ended = on_ended
        self._pause = pause
        self._running: set[asyncio.Task[bool]] = set()
        self._stopping = False
        # By account and the state of its credentials: with them go their access tokens.
        self._carriers: OrderedDict[tuple[UUID, datetime], Carrier] = OrderedDict()

    async def enrol(self) -> int:
        """Give a turn to accounts that were connected, and none to those that are gone; how many changed."""
        providers = registry.slugs(Kind.CARRIERS)
        return await self._db.write(EVERYWHERE, lambda work: enrol(work, providers))

    async def turn(self) -> bool:
        """Let accounts begin their turns whose turn it is, while slots are free; whether there may be more."""
        free = ACCOUNTS - len(self._running)
        if self._stopping or not free:
            return False
        turns = await self._db.write(EVERYWHERE, lambda work: take_turns(work, free))
        for turn in turns:
            task = asyncio.create_task(self._take(turn), name=f"poll {turn.provider}")
            self._running.add(task)
            task.add_done_callback(self._ended)
        return len(turns) == free

    async def settled(self) -> bool:
        """Wait until no account has its turn; whether one had."""
        had = bool(self._running)
        while self._running:
            await asyncio.wait(self._running)
        return had

    async def stop(self) -> None:
        """Begin no more calls; those that are under way may end, and every account's turn is given back."""
        self._stopping = True
        if self._running:
            await asyncio.wait(self._running, timeout=_STOP_SECONDS)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _ended(self, task: asyncio.Task[bool]) -> None:
        self._running.discard(task)
        self._on_ended(not task.cancelled() and task.result())

    async def _take(self, turn: Turn) -> bool:
        """Whether it was by a test clock."""
        taken: AccountTurn | None = None
        try:
            scope = scope_of([turn.shop_id])
            async with self._db.read(scope) as connection:
                account = await account_of(scope, connection, self._seals, Kind.CARRIERS, turn.provider)
                clock = await clock_of(scope, connection, turn.shop_id)
            if account is None or account.connection.status is not ConnectionStatus.ACTIVE:
                return False  # it is taken off the list soon
            time = ShopTime.of(turn.provider, clock, self._clock)
            taken = AccountTurn(
                self._db, self._clock, turn, account, time, self._pause, stopping=lambda: self._stopping
            )
            await taken.take(None if account.credentials is None else self._carrier(turn, account, time))
        except Exception:
            # One account's trouble is no other's; its lease ends by itself.
            log.exception("account failed", provider=turn.provider, shop=str(turn.shop_id))
        finally:
            if taken and taken.answers:
                self._on_answers()
        return taken is not None and taken.by_test_clock

    def _carrier(self, turn: Turn, account: Account, time: ShopTime) -> Carrier:
        def make() -> Carrier:
            credentials = account.credentials or {}
            return registry.carrier(
                turn.provider, credentials, self._egress, time.clock, watch=tell_the_asker, turn=wait_for_the_asker
            )

        if time.shop_clock:  # which may be another one at the next turn
            return make()
        made = account.connection.id, account.connection.updated_at
        if made not in self._carriers:
            self._carriers[made] = make()
            if len(self._carriers) > _CARRIERS_KEPT:
                self._carriers.popitem(last=False)
        self._carriers.move_to_end(made)
        return self._carriers[made]
