"""`karla carriers`: the catalogue of carriers, its matcher, what carriers told read again, and how they are doing."""

import os
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from msgspec import Meta

from karla.client import AsyncKarla
from karla.client.carriers import CarrierHealth
from karla.domain.shipments.rules.carrier_search import search_carriers
from karla.domain.shipments.rules.carriers import Match, match
from karla.domain.tracking.commands.answers import read_again
from karla.entrypoints.cli.acting import acting
from karla.entrypoints.cli.calling import Action, calling
from karla.entrypoints.cli.tables import print_table
from karla.entrypoints.cli.words import time_of
from karla.infra.access import EVERYWHERE
from karla.infra.db import Database
from karla.infra.errors import KarlaError
from karla.infra.validation import Shape
from karla.integrations import registry
from karla.integrations.contract import Kind

carriers = typer.Typer(help="The carriers that Karla knows.", no_args_is_help=True)

Country = Annotated[str, Meta(pattern="^([A-Za-z]{2})?$")]
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Clues(msgspec.Struct, frozen=True, kw_only=True):
    """One line of input; what is absent or null isn't known, and other members are ignored."""

    tracking_company: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = None
    country: Country | None = None


_LINE = Shape(Clues)


class BadLine(msgspec.Struct, frozen=True):
    """A line that is no clues: its number, from 1, and everything that is wrong with it."""

    number: int
    problem: str


def matches(lines: Iterable[bytes]) -> Iterator[Match | BadLine]:
    """One for each line as it comes; blank lines are passed over, but counted."""
    for number, line in enumerate(lines, 1):
        if not (told := line.removeprefix(_BYTE_ORDER_MARK).strip()):
            continue
        try:
            clues = _LINE.decode(told)
        except KarlaError as error:
            yield BadLine(number, _problem(error))
        else:
            yield match(clues.tracking_number, clues.tracking_url, clues.tracking_company, clues.country)


def _problem(error: KarlaError) -> str:
    faults = [f"{'.'.join(map(str, fault.loc[1:])) or 'the line'}: {fault.msg}" for fault in error.faults]
    return "; ".join(faults) or error.message


@carriers.command("match")
def match_lines() -> None:
    """Name the carrier of each parcel that is read from standard input.

    Each line is a JSON object with any of tracking_company, tracking_number, tracking_url and country (the
    destination, ISO 3166 alpha-2). For each a line {"reference", "confidence", "reasons"} is written at once; the
    reference is null where no carrier can be named. A line that can't be read is told of on standard error by its
    number and has no answer; then the exit code is 1.
    """
    encoder = msgspec.json.Encoder()
    output = sys.stdout.buffer
    bad = 0
    try:
        for found in matches(sys.stdin.buffer):
            if isinstance(found, BadLine):
                bad += 1
                typer.echo(f"line {found.number}: {found.problem}", err=True)
            else:
                output.write(encoder.encode(found) + b"\n")
                output.flush()
    except BrokenPipeError:
        # Whoever reads has seen enough; the interpreter would complain once more when it closes the output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None
    if bad:
        raise typer.Exit(1)


@carriers.command("list")
def list_carriers(
    q: Annotated[
        str | None, typer.Argument(help="A part of the name, an alias or the reference.", show_default=False)
    ] = None,
    country: Annotated[
        str | None, typer.Option(help="Only those at home in this country (ISO 3166 alpha-2).", show_default=False)
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="Only of this kind, such as parcel or post.", show_default=False)
    ] = None,
) -> None:
    """List carriers, exact names first, then the best-known."""
    found = search_carriers(q, country, kind)
    rows = [[carrier.reference, carrier.name, carrier.country, carrier.kind] for carrier in found]
    print_table(["reference", "name", "country", "kind"], rows)


@carriers.command("replay")
def replay(
    since: Annotated[
        datetime,
        typer.Option(parser=time_of, metavar="TIME", help="From when on they were told.", show_default=False),
    ],
    provider: Annotated[
        str | None, typer.Option(help="Only what this one told, such as dhl.", show_default="all of them")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where everything is kept.", show_default="./.karla")] = None,
) -> None:
    """Read what carriers told again, by the mappings of today: what is new by them goes out as events.

    Scans that are on a timeline already stay as they are and are told to nobody. The worker does the reading.
    """
    known = registry.slugs(Kind.CARRIERS)
    if provider is not None and provider not in known:
        raise typer.BadParameter(f"There is no {provider!r}; there are {', '.join(known)}", param_hint="--provider")
    count = acting(data_dir, lambda db: _read_again(db, since, provider))
    typer.echo(f"{count} answers are read again." if count else "Nothing was told since then.")


async def _read_again(db: Database, since: datetime, provider: str | None) -> int:
    """In several transactions: months of answers are too many for one."""
    count, place = 0, None
    while True:
        some = await db.write(EVERYWHERE, partial(read_again, since=since, provider=provider, after=place))
        count, place = count + some.answers, some.place
        if place is None:
            return count


@carriers.command("health")
@calling
def health(
    hours: Annotated[int, typer.Option(min=1, max=720, help="Count the last so many hours.")] = 24,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> Action:
    """Tell how the shop's carriers are doing: how often they answer, how quickly, and how fresh their news are."""

    async def show(client: AsyncKarla) -> None:
        found = await client.carriers.health(hours=hours)
        if as_json:
            typer.echo(msgspec.json.encode(found).decode())
        elif found:
            head = ("provider", "carrier", "state", "answered", "p95", "news", "parcels", "overdue", "last told", "why")
            print_table(head, [*map(_row, found)])
        else:
            typer.echo("The shop follows no parcels, and asked no carrier.")

    return show


def _row(one: CarrierHealth) -> tuple[str, ...]:
    told = one.last_told_at.astimezone().strftime("%Y-%m-%d %H:%M") if one.last_told_at else "never"
    return (
        one.provider,
        one.carrier,
        one.state,
        "-" if one.success_rate is None else f"{one.success_rate * 100:.1f} % of {one.asked}",
        "-" if one.latency.p95_ms is None else f"{one.latency.p95_ms} ms",
        "-" if one.freshness.p50_seconds is None else f"{one.freshness.p50_seconds / 60:.0f} min",
        str(one.parcels.followed),
        str(one.parcels.overdue),
        told,
        one.reason,
    )
