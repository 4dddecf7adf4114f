"""`karla webhooks`: a shop's webhooks, seen and tried from a terminal, over the public API."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from karla.client import AsyncKarla
from karla.client.administration import Delivery, Replayed, Webhook
from karla.client.bodies import ReplaySelection
from karla.entrypoints.cli.calling import Action, calling
from karla.entrypoints.cli.listening import Forwarded, Forwarder, listen
from karla.entrypoints.cli.options import taking
from karla.entrypoints.cli.tables import print_table
from karla.entrypoints.cli.words import time_of, uuid_from, uuid_of
from karla.infra.clock import SystemClock
from karla.infra.http import Egress, target_problem
from karla.infra.ids import new_signing_secret
from karla.vocabulary.filters import filter_problem

webhooks = typer.Typer(help="A shop's webhooks, over the API.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Events = Annotated[
    list[str] | None,
    typer.Option(
        "--events", help="Only these: a ref, its beginning, or a group; may be given several times.", show_default=False
    ),
]
Since = Annotated[
    datetime | None,
    typer.Option(parser=time_of, metavar="TIME", help="Triggered at this time or later.", show_default=False),
]
Until = Annotated[
    datetime | None,
    typer.Option(parser=time_of, metavar="TIME", help="Triggered before this time.", show_default=False),
]


@webhooks.command("list")
@calling
def list_webhooks(as_json: Json = False) -> Action:
    """List the shop's webhooks, and how each is doing."""

    async def show(client: AsyncKarla) -> None:
        found = [webhook async for webhook in client.webhooks.list()]
        if as_json:
            shown = [{**msgspec.structs.asdict(webhook), "secret": None} for webhook in found]
            typer.echo(msgspec.json.encode(shown).decode())
            return
        if not found:
            _console().print("The shop has no webhooks.")
            return
        print_table(("uuid", "health", "pending", "events", "url"), [*map(_row, found)])

    return show


def _row(webhook: Webhook) -> tuple[str, ...]:
    health = webhook.health
    events = ", ".join(webhook.enabled_events)
    return str(webhook.uuid), health.status, str(health.pending_deliveries), events, webhook.url


@webhooks.command("listen")
@calling
def listen_to_webhooks(
    forward: Annotated[str, typer.Option(help="Where each event is sent by POST.", show_default=False)],
    events: Events = None,
    secret: Annotated[
        str | None,
        typer.Option(help="What to sign with, so that the receiver's stays the same.", show_default="a new one"),
    ] = None,
    print_json: Annotated[bool, typer.Option("--print-json", help="Print each event as a line of JSON.")] = False,
) -> Action:
    """Send a shop's events to a receiver on this machine as they happen, signed, until Ctrl-C.

    No webhook is made for it, and Karla need not reach this machine. An event is tried once; a lost connection to
    Karla is made again, and what happened meanwhile is sent then.
    """
    if problem := target_problem(forward, allow_private=True):
        reason = problem.rstrip(".")
        raise typer.BadParameter(
            f"{forward!r} is no receiver: {reason}. Give its address, such as http://127.0.0.1:3000/hook",
            param_hint="--forward",
        )
    if secret == "":
        raise typer.BadParameter("A secret has a character at least", param_hint="--secret")
    _demand_filters(events)
    signing = secret or new_signing_secret()

    async def play(client: AsyncKarla) -> None:
        console = _console()
        # Whatever is wrong with the key or the address shows at once, and not after hours of trying.
        async for _ in client.events.list(per_page=1):
            break
        # Where a program reads the output, whoever looks on still needs the secret.
        greeting = Console(stderr=print_json, highlight=False)
        greeting.print(f"Events go to [bold]{escape(forward)}[/] from now on. Ctrl-C ends it.", soft_wrap=True)
        if secret is None:
            greeting.print(f"They are signed with the secret [bold]{signing}[/]", soft_wrap=True)

        def tell(done: Forwarded) -> None:
            if print_json:
                typer.echo(msgspec.json.encode(done).decode())
            else:
                console.print(_line(done), soft_wrap=True)

        async with Egress(allow_private=True) as egress:
            await listen(client, Forwarder(egress, SystemClock(), forward, signing), events or (), tell)

    return play


def _line(done: Forwarded) -> str:
    time = done.at.astimezone().strftime("%H:%M:%S")
    good = done.status_code is not None and 200 <= done.status_code < 300
    answer = done.status_code or f"no answer: {escape(done.error or '')}"
    colour = "green" if good else "red"
    return f"{time}  [cyan]{escape(done.event.ref)}[/]  [{colour}]{answer}[/]  {done.duration_ms} ms"


def _selection(
    *,
    status: Annotated[
        Literal["failed", "delivered", "cancelled", "all"] | None,
        typer.Option(help="What became of the event here at last.", show_default="failed"),
    ] = None,
    everything: Annotated[
        bool | None,
        typer.Option("--all/--failed", help="The same as --status all, or --status failed.", show_default=False),
    ] = None,
    source: Annotated[
        Literal["deliveries", "journal"] | None,
        typer.Option(
            help="Look among what was sent to it; or in the journal, for what it never got too: takes --since.",
            show_default="deliveries",
        ),
    ] = None,
    since: Since = None,
    until: Until = None,
    events: Events = None,
) -> ReplaySelection:
    """Which events, where anything is said of it."""
    _demand_filters(events)
    if everything is not None:
        if status:
            raise typer.BadParameter("Give either this or --all/--failed.", param_hint="--status")
        status = "all" if everything else "failed"
    return ReplaySelection(source=source, status=status, events=events, since=since, until=until)


@webhooks.command("replay")
@calling
@taking(selection=_selection)
def replay(
    webhook: Annotated[
        UUID,
        typer.Argument(
            parser=uuid_from("karla webhooks list"),
            metavar="WEBHOOK",
            help="The webhook's uuid, from `karla webhooks list`.",
        ),
    ],
    selection: ReplaySelection,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would be sent.")] = False,
    delivery: Annotated[
        UUID | None,
        typer.Option(
            parser=uuid_of,
            metavar="UUID",
            help="This delivery alone, whatever became of it.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> Action:
    """Send events to a webhook again, under the same ids: what failed for good, unless told otherwise.

    Times without an offset are this machine's.
    """
    if delivery and (any(selection.values()) or dry_run):
        raise typer.BadParameter(
            "It is one delivery: it goes with no other choice and no --dry-run.", param_hint="--delivery"
        )

    async def send(client: AsyncKarla) -> None:
        answer: Delivery | Replayed
        if delivery:
            answer = await client.webhooks.replay_delivery(webhook, delivery)
        else:
            answer = await client.webhooks.replay(webhook, dry_run=dry_run, **selection)
        if as_json:
            typer.echo(msgspec.json.encode(answer).decode())
        elif isinstance(answer, Delivery):
            _console().print(f"{escape(answer.ref)} is on its way again: delivery {answer.uuid}.")
        else:
            _tell_replayed(answer)

    return send


def _tell_replayed(answer: Replayed) -> None:
    console = _console()
    what = "delivery" if answer.deliveries == 1 else "deliveries"
    if answer.dry_run:
        console.print(f"{answer.deliveries} {what} would be sent again.")
    elif answer.replay_id is None:
        console.print("Nothing fits, so nothing is sent.")
    else:
        console.print(f"{answer.deliveries} {what} on the way: replay {answer.replay_id}.")
        if answer.more:
            console.print("That is as many as one replay takes: repeat the command for the rest.")


def _demand_filters(events: list[str] | None) -> None:
    for written in events or ():
        if problem := filter_problem(written):
            raise typer.BadParameter(f"{written}: {problem}", param_hint="--events")


def _console() -> Console:
    return Console(highlight=False)
