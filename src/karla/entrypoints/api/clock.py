"""The test clock of a shop: what the sandbox's parcels live by."""

from datetime import datetime, timedelta
from typing import Annotated, TypeAlias

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta

from karla.domain.tracking.commands import clocks as commands
from karla.domain.tracking.queries.clocks import clock_of
from karla.domain.tracking.records import ShopClock
from karla.domain.tracking.rules.clocks import FASTEST, LONGEST_STEP, shown
from karla.entrypoints.api.access import Access, shop_role
from karla.entrypoints.api.bodies import json_body, no_query
from karla.entrypoints.api.services import Services
from karla.entrypoints.api.times import Timestamp, stamp
from karla.infra.work import Work
from karla.pipeline.shop_time import providers_by_test_clock
from karla.vocabulary.scope import Role

TAGS = ["Shops"]
_PATH = "/v1/shops/{slug:str}/clock"


class ClockFreeze(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag_field="action", tag="freeze"):
    """Stop the clock."""

    at: (
        Annotated[
            datetime,
            Meta(description="What it is to show, from 1990 to 2200, also an earlier moment; else what it shows now."),
        ]
        | None
    ) = None


class ClockAdvance(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag_field="action", tag="advance"):
    """Move the clock ahead. One that runs goes on running; one that the shop hadn't yet stands still afterwards."""

    by_seconds: Annotated[float, Meta(gt=0, le=LONGEST_STEP.total_seconds(), description="At most 400 days.")]


class ClockSpeed(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag_field="action", tag="speed"):
    """Let the clock run, from what it shows now on."""

    factor: Annotated[float, Meta(gt=0, le=FASTEST, description="How many of its seconds one lasts.")]


class ClockRelease(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag_field="action", tag="release"):
    """Give the shop the real time again."""


ClockChange: TypeAlias = ClockFreeze | ClockAdvance | ClockSpeed | ClockRelease


class ClockDetail(msgspec.Struct, kw_only=True):
    """What time it is for the shop's parcels in the sandbox: `now`; a shop without a test clock has the `real` time."""

    now: Timestamp
    running: bool
    factor: Annotated[float, Meta(description="How many of its seconds one lasts: 0 while it stands still.")]
    set_at: Annotated[
        Timestamp | None, Meta(description="When the test clock was last set, in real time; null without one.")
    ]
    real: Timestamp


def clock_detail(clock: ShopClock | None, real: datetime) -> ClockDetail:
    """The clock as the API shows it at a real moment."""
    factor = 1.0 if clock is None else clock.factor
    return ClockDetail(
        now=stamp(shown(clock, real)),
        running=factor > 0,
        factor=factor,
        set_at=stamp(clock.set_at) if clock else None,
        real=stamp(real),
    )


@get(
    _PATH,
    opt=shop_role(Role.VIEWER),
    operation_id="v1ShopsClockGet",
    summary="Get the test clock",
    tags=TAGS,
)
async def get_clock(access: NamedDependency[Access], services: NamedDependency[Services]) -> ClockDetail:
    """What time it is for the shop's parcels in the sandbox."""
    async with services.db.read(access.scope) as connection:
        clock = await clock_of(access.scope, connection, access.shop.id)
    return clock_detail(clock, services.clock.now())


@post(
    _PATH,
    opt=shop_role(Role.EDITOR),
    dto=json_body(ClockChange),
    before_request=no_query,
    status_code=200,
    operation_id="v1ShopsClockSet",
    summary="Set the test clock",
    tags=TAGS,
)
async def set_clock(
    data: JSONBody[ClockChange], access: NamedDependency[Access], services: NamedDependency[Services]
) -> ClockDetail:
    """Stop the shop's test clock, move it ahead, let it run fast, or give the shop the real time again.

    The parcels of the sandbox live by it, and what is due by then happens at once. All else goes on in real time:
    the other carriers, deliveries of webhooks with their attempts and signatures, keys. Of changes at the same time
    none is lost.
    """
    clock = await services.db.write(access.scope, lambda work: _change(work, data))
    return clock_detail(clock, services.clock.now())


async def _change(work: Work, change: ClockChange) -> ShopClock | None:
    shop_id, providers = work.scope.shop, providers_by_test_clock()
    match change:
        case ClockFreeze(at=at):
            return await commands.freeze(work, shop_id, at, providers)
        case ClockAdvance(by_seconds=seconds):
            return await commands.advance(work, shop_id, timedelta(seconds=seconds), providers)
        case ClockSpeed(factor=factor):
            return await commands.speed(work, shop_id, factor, providers)
        case ClockRelease():
            await commands.release_clock(work, shop_id, providers)
            return None


HANDLERS = (get_clock, set_clock)
