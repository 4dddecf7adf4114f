"""What the demo prints: at most 100 columns, and readable without colours too."""

import itertools
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from karla.entrypoints.cli.demo.api import Answer
from karla.entrypoints.cli.demo.counts import Section, Seen, Tracked
from karla.entrypoints.cli.demo.steps import Call, Page
from karla.infra.http.receiver import Received

_WIDTH = 100
_NARROW = 80
_MARGIN = " " * 16
_SHOPS_ZONE = "Europe/Berlin"
_STANDINGS = {"delivered": ("sent", "green"), "pending": ("waits", "yellow")}


class Screen:
    """Prints line by line, as things happen."""

    def __init__(self) -> None:
        width = None if sys.stdout.isatty() else _WIDTH
        self._console = Console(highlight=False, width=width)
        self._marks = ("✓", "✗")
        if not self._console.encoding.startswith("utf"):
            self._marks = ("ok", "WRONG")
            sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]

    def say(self, text: str) -> None:
        """A line of markup."""
        self._console.print(text, soft_wrap=True)

    def act(self, title: str) -> None:
        """A headline."""
        self.say(f"\n[bold cyan]{title}[/]")

    def call(self, call: Call, path: str, answer: Answer) -> None:
        """A call with its answer: green as the story has it, else red."""
        colour = "green" if answer.status == call.status else "bold red"
        self.say(
            f"  [bold]{call.method:<5}[/]{escape(path):<29}[{colour}]{answer.status}[/] "
            f"[dim]{answer.milliseconds:>3} ms[/]  {escape(call.what)}"
        )
        if answer.status >= 400:
            self.say(f"       {answer.body['key']}: {escape(answer.body['message'])}")
            for fault in answer.body.get("errors") or ():
                place = ".".join(str(part) for part in fault["loc"])
                self.say(f"       {escape(place)}: {escape(fault['msg'])}")
        elif call.method == "GET":
            self._seen(answer.body)

    def subscribed(self, name: str, filters: Sequence[str], up: bool, answer: Answer) -> None:
        """A webhook that was made."""
        colour = "green" if answer.status == 201 else "bold red"
        state = "which is up" if up else "[yellow]which is down: it refuses connections[/]"
        self.say(
            f"  [bold]POST [/]{'/webhooks':<29}[{colour}]{answer.status}[/] "
            f"[dim]{answer.milliseconds:>3} ms[/]  [magenta]{name}[/], {state}"
        )
        self.say(f"       {escape(', '.join(filters))}")

    def event(self, entry: dict[str, Any]) -> None:
        """An event of the journal."""
        group = entry["event_group"] or "no group, so it is sent to nobody"
        self.say(f"       [cyan]event[/] {entry['ref']}  [dim]{group}[/]")

    def nothing(self) -> None:
        """A call that brought no event."""
        self.say("       [dim]no event[/]")

    def delivery(self, name: str, log: dict[str, Any], received: Sequence[Received], ref: str = "") -> None:
        """A delivery with all its attempts as the log has them, and what the receiver found of its signatures."""
        told = ", then ".join(
            f"{text} {times}×" if times > 1 else text
            for text, group in itertools.groupby(_attempt(attempt) for attempt in log["attempts"])
            for times in [len(list(group))]
        )
        word, colour = _STANDINGS.get(log["status"], (log["status"], "bold red"))
        marks = "".join(f" {self._mark(good)}" for one in received for good in (one.karla_signed, one.standard_signed))
        self.say(
            f"       [{colour}]{word:<6}[/] [magenta]{name:<10}[/] {ref + '  ' if ref else ''}{told}"
            f"{'  signatures' + marks if marks else ''}"
        )

    def connected(self, path: str, name: str, played: bool, answer: Answer) -> None:
        """An account that was connected, with a provider that is played or that calls nobody."""
        colour = "green" if answer.status == 201 else "bold red"
        self.say(
            f"  [bold]PUT  [/]{path:<37}[{colour}]{answer.status}[/] "
            f"[dim]{answer.milliseconds:>3} ms[/]  {name} ({'stand-in' if played else 'built in'})"
        )

    def told(self, provider: str, shipment: dict[str, Any], scans: int, seconds: float) -> None:
        """All is known of a parcel."""
        self.say(
            f"       [cyan]told[/]   {provider:<8} {shipment['tracking_number']:<21} {scans} scans, "
            f"{shipment['phase']:<10} [dim]after {seconds:.1f} s[/]"
        )

    def timeline(self, provider: str, tracked: Tracked) -> None:
        """What became of a parcel: local time, each language's words in a column, below them the carrier's own."""
        carrier, phase = tracked.shipment["carrier"], tracked.shipment["phase"]
        title = f"[bold]{carrier['name']}[/] {carrier['tracking_number']}"
        self.say(f"\n  {title}[dim], told by {provider}:[/] [green]{phase}[/]")
        for entry, *others in zip(*tracked.timelines.values(), strict=False):
            words = [one["event_strings"]["list_label"] for one in (entry, *others)]
            self.say(f"  [cyan]{_local(entry)}[/]  {escape(words[0]):<28} {escape(' '.join(words[1:]))}")
            if said := _said(entry):
                self.say(f"{_MARGIN}[dim]{escape(_cut(said, _NARROW - len(_MARGIN)))}[/]")

    def deliveries(self, settled: Mapping[str, Sequence[tuple[dict[str, Any] | None, Sequence[Received]]]]) -> None:
        """How many of a parcel's events each receiver got, by its name, and whether all signatures are good."""
        told = []
        for name, pairs in settled.items():
            sent = sum(log is not None and log["status"] == "delivered" for log, _ in pairs)
            got = [one for _, received in pairs for one in received]
            marks = [all(one.karla_signed for one in got), all(one.standard_signed for one in got)]
            count = f"{sent} of {len(pairs)}" if sent == len(pairs) else f"[bold red]{sent} of {len(pairs)}[/]"
            told.append(f"[magenta]{name}[/] {count}  signatures {' '.join(map(self._mark, marks))}")
        self.say(f"  [green]sent[/]  {'   '.join(told)}")

    def page(self, page: Page, seen: Seen) -> None:
        """A shopper's page that was opened."""
        good = seen.status == 200 and seen.shown and seen.state == page.state
        told = seen.headline or f"no page, but {seen.status}"
        self.say(
            f"  {self._mark(good)} {page.order_number}  {page.state.replace('_', ' '):<17} [bold]{escape(told)}[/]"
        )

    def links(self, pages: Sequence[Seen]) -> None:
        """The links to open, each in a line of its own: they are as long as they are."""
        self.say("\n[bold cyan]Six orders as their shoppers see them[/]")
        for seen in pages:
            self.say(f"  {seen.order_number}  {seen.state.replace('_', ' ')}\n    {seen.url}")

    def missing(self, name: str) -> None:
        """A delivery that should be in the log, and isn't."""
        self.say(f"       [bold red]nothing in the delivery log of {name}[/]")

    def waiting(self, name: str) -> None:
        """A receiver comes back."""
        self.say(f"  [magenta]{name}[/] listens again; what waits for it comes as soon as its next attempt is due")

    def table(self, sections: Sequence[Section]) -> None:
        """The closing table."""
        table = Table(title="The counts", title_justify="left", min_width=70)
        for heading, justify in (("", "left"), ("expected", "right"), ("found", "right"), ("", "center")):
            table.add_column(heading, justify=justify)  # type: ignore[arg-type]
        for section in sections:
            table.add_section()
            table.add_row(f"[bold]{section.title}[/]")
            for row in section.rows:
                table.add_row(f"  {row.what}", row.expected, row.got, self._mark(row.ok))
        self._console.print()
        self._console.print(table)

    def _mark(self, good: bool) -> str:
        return f"[green]{self._marks[0]}[/]" if good else f"[bold red]{self._marks[1]}[/]"

    def _seen(self, body: Any) -> None:
        for found in body if isinstance(body, list) else [body]:
            if "trackings" in found:
                self.say(f"       order {found['order_number']}  {found['status']}")
            else:
                number = found["tracking_number"] or "(draft)"
                carrier = found["carrier_reference"] or ""
                self.say(f"       parcel {number:<21} {carrier:<10} {found['phase']}")


def _attempt(attempt: dict[str, Any]) -> str:
    if attempt["status_code"] is None:
        return "refused" if attempt["error"] == "connect" else str(attempt["error"])
    return f"{attempt['status_code']} in {attempt['duration_ms']} ms"


def _local(entry: dict[str, Any]) -> str:
    """When it happened, by the clocks of the place; what the shop did, by its own."""
    zone = ZoneInfo(entry["timezone"] or _SHOPS_ZONE)
    return datetime.fromisoformat(entry["time"]).astimezone(zone).strftime("%d %b %H:%M")


def _said(entry: dict[str, Any]) -> str:
    """The carrier's own words, behind the city if it is known."""
    parts = (entry["location"].get("city"), entry["additional_info"].get("carrier_text"))
    return ": ".join(part for part in parts if part)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1].rstrip()}…"
