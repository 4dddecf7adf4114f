"""`karla simulate`: fill a shop with believable life, over the public API."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from karla.client import AsyncKarla, KarlaError
from karla.entrypoints.cli.calling import Action, calling
from karla.entrypoints.cli.options import Maker, made_of, spread
from karla.entrypoints.cli.simulate.days import first_monday
from karla.entrypoints.cli.simulate.mix import MixInvalid, mix_of
from karla.entrypoints.cli.simulate.pacing import at_once, by_clock, ended
from karla.entrypoints.cli.simulate.planning import Plan, Wish, plans_of
from karla.entrypoints.cli.simulate.screen import Progress, Summary, counted_phases, print_json, print_summary
from karla.entrypoints.cli.simulate.sending import Sender, connect_sandbox
from karla.entrypoints.cli.words import time_of
from karla.infra.clock import SystemClock

_FASTEST = 1_000_000
_YEARS = range(1990, 2190)


class Pace:
    """How fast the shop's time passes; a factor of 0 is as fast as Karla keeps up."""

    def __init__(self, factor: float) -> None:
        self.factor = factor


def _wish(
    *,
    orders: Annotated[int, typer.Option(help="How many orders.", min=1, max=100_000)] = 500,
    mix: Annotated[str, typer.Option(help="europe, germany, worldwide, or the path of a .toml file.")] = "europe",
    days: Annotated[int, typer.Option(help="Over how many days they are placed.", min=1, max=365)] = 14,
    start: Annotated[
        datetime | None,
        typer.Option(
            parser=time_of,
            metavar="TIME",
            help="When the first day begins.",
            show_default="the last Monday that is --days ago, 06:00 UTC",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Another one makes other orders.", min=0, max=999_999_999)] = 1,
) -> tuple[Wish, list[Plan]]:
    """What is asked for, and what it comes to."""
    begins = start or first_monday(SystemClock().now(), days)
    if begins.year not in _YEARS:
        raise typer.BadParameter(f"It is a year from {_YEARS[0]} to {_YEARS[-1]}", param_hint="--start")
    try:
        wish = Wish(name=Path(mix).stem, mix=mix_of(mix), orders=orders, seed=seed, start=begins, days=days)
        return wish, plans_of(wish)
    except MixInvalid as error:
        raise typer.BadParameter(str(error), param_hint="--mix") from error


def _pace(
    *,
    speed: Annotated[
        float, typer.Option(help="How many seconds of the shop pass in one; 0 is --at-once.", min=0, max=_FASTEST)
    ] = 3600,
    all_at_once: Annotated[
        bool, typer.Option("--at-once", help="Move the clock in steps, as fast as Karla keeps up.")
    ] = False,
) -> Pace:
    return Pace(0 if all_at_once else speed)


def _simulate(
    wish: tuple[Wish, list[Plan]],
    pace: Pace,
    as_json: Annotated[bool, typer.Option("--json", help="Print one summary in JSON, for programs.")] = False,
) -> Action:
    """Fill a shop with believable life: orders, parcels of many carriers, delays, failures, returns.

    For shops for tests: their parcels are the sandbox's, and the shop's clock is set. The key must be an admin's. The
    same --seed has the same orders, so a second run with it makes none twice. Ctrl-C stops it.
    """
    wanted, plans = wish

    async def live(client: AsyncKarla) -> None:
        summary = await _lived(client, wanted, plans, pace.factor, as_json=as_json)
        if as_json:
            print_json(summary)
        else:
            print_summary(summary)
        if summary.refused:
            raise typer.Exit(1)

    return live


def _flat(command: Callable[..., Action]) -> Callable[..., Action]:
    """The command with the options of which its wish and its pace are made."""
    makers: dict[str, Maker] = {"wish": _wish, "pace": _pace}

    @wraps(command)
    def run(**options: Any) -> Action:
        return command(**made_of(options, makers))

    spread(run, command, makers)
    return run


simulate = calling(_flat(_simulate))


async def _lived(client: AsyncKarla, wish: Wish, plans: list[Plan], factor: float, *, as_json: bool) -> Summary:
    """Send all that was planned, and look at what came of it."""
    began = time.monotonic()
    sender = Sender(client)
    with Progress(wish, plans, sender, aside=as_json) as progress:
        shop = (await client.shops.get()).slug
        try:
            if await connect_sandbox(client):
                progress.say(f"The sandbox is connected with {shop} now.")
            if factor:
                await by_clock(client, sender, plans, wish.start, factor, progress.tell)
            else:
                await at_once(client, sender, plans, wish.start, progress.tell)
        except (asyncio.CancelledError, KarlaError):
            progress.say(f"Stopped with {progress.sent()}. The same command again sends the rest.")
            raise
        phases = await sender.phases()
    return Summary(
        shop=shop,
        mix=wish.name,
        seed=wish.seed,
        start=wish.start,
        clock=progress.now,
        clock_factor=factor,
        orders=len(sender.orders),
        parcels=len(sender.parcels),
        **sender.counted(),
        phases=counted_phases(phases),
        ended=ended(sender, phases),
        refused=sender.refused,
        seconds=round(time.monotonic() - began, 1),
    )
