"""A shop's test clock is set or released, and what lives by it is due at once."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from uuid import UUID

from karla.domain.audit.commands import record
from karla.domain.audit.records import Action
from karla.domain.tracking.queries.clocks import clock_of
from karla.domain.tracking.records import ShopClock
from karla.domain.tracking.rules import clocks as rules
from karla.infra import bell
from karla.infra.errors import NotFound
from karla.infra.work import Work


async def freeze(work: Work, shop_id: UUID, at: datetime | None, providers: Collection[str]) -> ShopClock:
    """Stop the clock, at what it shows or at `at`; Invalid. `providers` as for `set_clock`."""
    return await _changed(work, shop_id, providers, lambda clock, now: rules.frozen(clock, shop_id, now, at))


async def advance(work: Work, shop_id: UUID, by: timedelta, providers: Collection[str]) -> ShopClock:
    """Move the clock ahead; Invalid. Two steps at once are both made. `providers` as for `set_clock`."""
    return await _changed(work, shop_id, providers, lambda clock, now: rules.advanced(clock, shop_id, now, by))


async def speed(work: Work, shop_id: UUID, factor: float, providers: Collection[str]) -> ShopClock:
    """Let the clock run, so many seconds a second; Invalid. `providers` as for `set_clock`."""
    return await _changed(work, shop_id, providers, lambda clock, now: rules.sped(clock, shop_id, now, factor))


async def _changed(
    work: Work,
    shop_id: UUID,
    providers: Collection[str],
    decide: Callable[[ShopClock | None, datetime], ShopClock],
) -> ShopClock:
    await _hold(work, shop_id)
    clock = decide(await clock_of(work.scope, work.connection, shop_id), work.now)
    await set_clock(work, clock, providers)
    return clock


async def set_clock(work: Work, clock: ShopClock, providers: Collection[str]) -> None:
    """Give the shop this clock, and have its parcels asked about by it at once; NotFound when the shop went.

    `providers` are those whose parcels live by the clocks of shops.
    """
    await _hold(work, clock.shop_id)
    before = await clock_of(work.scope, work.connection, clock.shop_id)
    await work.connection.execute(
        """
        insert into test_clocks (shop_id, set_at, showed_at, factor) values ($1, $2, $3, $4)
        on conflict (shop_id) do update set
            set_at = excluded.set_at, showed_at = excluded.showed_at, factor = excluded.factor
        """,
        clock.shop_id,
        clock.set_at,
        clock.showed_at,
        clock.factor,
    )
    await record(work, Action.CLOCK_SET, clock.shop_id, before=before, after=clock)
    await hurry(work, clock.shop_id, providers)


async def release_clock(work: Work, shop_id: UUID, providers: Collection[str]) -> None:
    """Let the shop live by the real time again; without a clock it does. `providers` as for `set_clock`."""
    await _hold(work, shop_id)
    before = await clock_of(work.scope, work.connection, shop_id)
    if before is None:
        return
    await work.connection.execute("delete from test_clocks where shop_id = $1", shop_id)
    await record(work, Action.CLOCK_RELEASED, shop_id, before=before)
    await hurry(work, shop_id, providers)


async def standing_clock(work: Work, shop_id: UUID) -> ShopClock | None:
    """The shop's clock, which nobody changes until this transaction ends; to be asked for before parcels are written.

    Whoever changes the clock waits for that, and then hurries what was planned by the one before.
    """
    await work.connection.execute(
        "select from shops where id = $1 and id = any ($2::uuid[]) for share", shop_id, list(work.scope.shops)
    )
    return await clock_of(work.scope, work.connection, shop_id)


async def _hold(work: Work, shop_id: UUID) -> None:
    """Keep others from the shop's clock, which it may not have yet, until the transaction ends; NotFound."""
    found = await work.connection.fetchval(
        "select true from shops where id = $1 and id = any ($2::uuid[]) for no key update",
        shop_id,
        list(work.scope.shops),
    )
    if not found:
        raise NotFound("shop_not_found", "The requested shop does not exist.")


async def hurry(work: Work, shop_id: UUID, providers: Collection[str]) -> None:
    """Have the parcels that are followed by these asked about now. One at its end stays there.

    Whoever has such an account just now keeps it until its turn ends.
    """
    await work.connection.execute(
        """
        update followed_parcels set due_at = $3
        where shop_id = $1 and provider = any ($2::text[]) and due_at > $3 and due_at < 'infinity'
        """,
        shop_id,
        list(providers),
        work.now,
    )
    await work.connection.execute(
        """
        update trackers set due_at = $3
        where shop_id = $1 and provider = any ($2::text[]) and due_at > $3 and due_at < 'infinity'
        """,
        shop_id,
        list(providers),
        work.now,
    )
    await bell.ring(work.connection, bell.TRACKING)
