"""`karla events`: what happens in a shop, seen and made to happen from a terminal, over the public API."""

from typing import Annotated
from uuid import uuid4

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from karla.client import AsyncKarla, Event
from karla.entrypoints.cli.calling import Action, calling
from karla.infra.clock import SystemClock
from karla.vocabulary.events import GROUPS
from karla.vocabulary.filters import canonical_filter, filter_problem

events = typer.Typer(help="What happens in a shop, over the API.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@events.command("tail")
@calling
def tail(
    ref: Annotated[
        str | None,
        typer.Option(help="Only this ref, what begins with it in whole segments, or this group.", show_default=False),
    ] = None,
    include_test: Annotated[
        bool, typer.Option("--include-test", help="Also what was made up to test a webhook.")
    ] = False,
    as_json: Json = False,
) -> Action:
    """Print events as they happen, until Ctrl-C."""
    if ref and (problem := filter_problem(ref)):
        raise typer.BadParameter(f"{ref}: {problem}", param_hint="--ref")

    group = ref if ref and canonical_filter(ref) in GROUPS else None
    begins_with = None if group or ref == "*" else ref

    async def show(client: AsyncKarla) -> None:
        console = Console(highlight=False)
        # Whatever is wrong with the key or the address shows at once, and not after hours of trying.
        async for _ in client.events.list(per_page=1):
            break
        if not as_json:
            Console(stderr=True, highlight=False).print("Waiting for events. Ctrl-C ends it.", style="dim")
        follow = client.events.follow(ref=begins_with, group=group, include_test=include_test, patience=None)
        async for event in follow:
            if as_json:
                typer.echo(msgspec.json.encode(event).decode())
            else:
                console.print(_line(event), soft_wrap=True)

    return show


def _line(event: Event) -> str:
    time = event.triggered_at.astimezone().strftime("%H:%M:%S")
    order = event.context.get("order") or {}
    about = [order.get("order_number"), event.event_data.get("tracking_number"), event.event_data.get("url")]
    told = "  ".join(escape(str(one)) for one in about if one)
    return f"{time}  [cyan]{escape(event.ref)}[/]  {escape(event.event_group or 'no group')}  [dim]{told}[/]"


@events.command("trigger")
@calling
def trigger(
    event_name: Annotated[str, typer.Argument(help="An event of the catalogue, such as OUT_FOR_DELIVERY.")],
    shipment: Annotated[
        str, typer.Option(help="The shipment's uuid, tracking number or external id.", show_default=False)
    ],
    as_json: Json = False,
) -> Action:
    """Let an event happen to a shipment now; it is stored and goes out like any other."""

    async def tell(client: AsyncKarla) -> None:
        appended = await client.shipments.append_event(
            shipment, event_name=event_name, event_time=SystemClock().now(), external_id=f"cli-{uuid4()}"
        )
        if as_json:
            typer.echo(msgspec.json.encode(appended).decode())
        else:
            told = f"{escape(appended.event_key)} has happened, in phase [bold]{escape(appended.phase)}[/]."
            Console(highlight=False).print(told, soft_wrap=True)

    return tell
