"""What `karla simulate` prints: how far it is, and what came of it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from types import TracebackType
from typing import Self

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from karla.entrypoints.cli.simulate.planning import Plan, Wish
from karla.entrypoints.cli.simulate.sending import Refusal, Sender
from karla.entrypoints.cli.tables import print_table
from karla.integrations.carriers.sandbox.stories import STORIES
from karla.vocabulary.carriers import CARRIERS

_REFUSALS_TOLD = 10


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to the shop.

    `countries`, `carriers` and `stories` count what was sent, `phases` where the parcels stand now, and `ended` how
    many of them stand where their story ends. `clock` is what the shop's clock showed at last; it runs at
    `clock_factor` since, or stands still at 0.
    """

    shop: str
    mix: str
    seed: int
    start: datetime
    clock: datetime
    clock_factor: float
    orders: int
    parcels: int
    countries: dict[str, int]
    carriers: dict[str, int]
    stories: dict[str, int]
    phases: dict[str, int]
    ended: int
    refused: Sequence[Refusal]
    seconds: float


class Progress:
    """A line that changes at a terminal, and elsewhere one for each of the shop's days."""

    def __init__(self, wish: Wish, plans: Sequence[Plan], sender: Sender, *, aside: bool) -> None:
        self.now = wish.start
        self._planned = (len(plans), sum(len(plan.parcels) for plan in plans))
        self._sender = sender
        self._console = Console(stderr=aside, highlight=False, soft_wrap=True)
        self._line = self._console.status("Looking at the shop") if self._console.is_terminal else None
        self._told: date | None = None

    def __enter__(self) -> Self:
        if self._line:
            self._line.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._line:
            self._line.stop()

    def say(self, text: str) -> None:
        """A line that stays."""
        self._console.print(escape(text))

    def tell(self, now: datetime) -> None:
        """The shop's clock shows this now."""
        self.now = now.astimezone(UTC)
        if self._line:
            self._line.update(f"{self.now:%a %Y-%m-%d %H:%M}  {self.sent()}")
        elif self.now.date() != self._told:
            self._told = self.now.date()
            self.say(f"{self.now:%a %Y-%m-%d}  {self.sent()}")

    def sent(self) -> str:
        """How much of the plan was carried out."""
        orders, parcels = self._planned
        sent = self._sender
        return f"{len(sent.orders)} of {orders} orders, {len(sent.parcels)} of {parcels} parcels sent"


def print_json(summary: Summary) -> None:
    """The summary for programs."""
    typer.echo(msgspec.json.encode(summary).decode())


def print_summary(summary: Summary) -> None:
    """The summary for people."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"\n[bold]{summary.orders} orders with {summary.parcels} parcels[/] to {len(summary.countries)} countries: "
        f"mix {escape(summary.mix)}, seed {summary.seed}, from {_written(summary.start)} on by the shop's clock, "
        f"in {summary.seconds:.1f} s.\n"
    )
    carriers = [(CARRIERS[one].name, one, str(count)) for one, count in summary.carriers.items()]
    stories = [(one, str(count), STORIES[one].title) for one, count in summary.stories.items()]
    _print(("carrier", "reference", "parcels"), carriers)
    _print(("story", "parcels", "what happens"), stories)
    _print(("phase now", "parcels"), [(phase, str(count)) for phase, count in summary.phases.items()])
    console.print(escape(_standing(summary)))
    console.print(escape(_clock(summary)))
    for refusal in summary.refused[:_REFUSALS_TOLD]:
        console.print(f"[red]{escape(refusal.order)} was refused: {refusal.key}: {escape(refusal.message)}[/]")
    if len(summary.refused) > _REFUSALS_TOLD:
        console.print(f"[red]So were {len(summary.refused) - _REFUSALS_TOLD} others.[/]")


def _print(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if rows:
        print_table(columns, rows)
        typer.echo()


def _standing(summary: Summary) -> str:
    if summary.clock_factor == 0 and summary.parcels and not summary.ended:
        return "No parcel stands where its story ends: is there a worker? `karla up` has one, and `karla work` is one."
    return f"{summary.ended} of {summary.parcels} parcels stand where their stories end."


def _clock(summary: Summary) -> str:
    runs = f"shows {{}} and runs, {summary.clock_factor:,.10g} seconds a second"
    state = (runs if summary.clock_factor else "stands still at {}").format(_written(summary.clock))
    return f"The shop's clock {state}. `karla clock release` gives it the real time again."


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def counted_phases(phases: Mapping[str, str]) -> dict[str, int]:
    """How many parcels stand in each phase, the most frequent first."""
    counts = {phase: [*phases.values()].count(phase) for phase in set(phases.values())}
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))
