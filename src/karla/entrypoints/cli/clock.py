"""`karla clock`: the test clock of a shop, over the public API."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from karla.client import AsyncKarla
from karla.client.clock import Clock
from karla.entrypoints.cli.calling import Action, calling
from karla.entrypoints.cli.words import span_of, time_of

clock = typer.Typer(help="The test clock of a shop, by which parcels of the sandbox live.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@clock.command("show")
@calling
def show(as_json: Json = False) -> Action:
    """Tell what time it is for the shop's parcels in the sandbox."""
    return _telling(lambda client: client.clock.get(), as_json=as_json)


@clock.command("freeze")
@calling
def freeze(
    at: Annotated[
        datetime | None,
        typer.Option(parser=time_of, metavar="TIME", help="What it is to show.", show_default="what it shows now"),
    ] = None,
    as_json: Json = False,
) -> Action:
    """Stop the clock."""
    return _telling(lambda client: client.clock.freeze(at), as_json=as_json)


@clock.command("advance")
@calling
def advance(
    by: Annotated[
        timedelta,
        typer.Argument(parser=span_of, metavar="SPAN", help="Such as 90s, 30m, 6h or 2d.", show_default=False),
    ],
    as_json: Json = False,
) -> Action:
    """Move the clock ahead; what is due meanwhile happens."""
    return _telling(lambda client: client.clock.advance(by), as_json=as_json)


@clock.command("speed")
@calling
def speed(
    factor: Annotated[
        float, typer.Argument(help="How many of its seconds one lasts: 3600 is an hour a second.", show_default=False)
    ],
    as_json: Json = False,
) -> Action:
    """Let the clock run."""
    return _telling(lambda client: client.clock.speed(factor), as_json=as_json)


@clock.command("release")
@calling
def release(as_json: Json = False) -> Action:
    """Give the shop the real time again."""
    return _telling(lambda client: client.clock.release(), as_json=as_json)


def _telling(call: Callable[[AsyncKarla], Awaitable[Clock]], *, as_json: bool) -> Action:
    async def tell(client: AsyncKarla) -> None:
        told = await call(client)
        if as_json:
            typer.echo(msgspec.json.encode(told).decode())
        else:
            Console(highlight=False, soft_wrap=True).print(_sentence(told))

    return tell


def _sentence(told: Clock) -> str:
    time = told.now.isoformat(sep=" ", timespec="seconds")
    if told.set_at is None:
        return f"{time}, the real time: the shop has no test clock."
    return f"{time} by the test clock, which {_pace(told.factor)}."


def _pace(factor: float) -> str:
    return "stands still" if factor == 0 else f"runs, {factor:,.10g} seconds a second"
