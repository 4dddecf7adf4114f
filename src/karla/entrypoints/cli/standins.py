"""`karla standin NAME`: the outsides of a Karla, played on this machine."""

import asyncio
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from karla.infra.clock import SystemClock
from karla.infra.http.receiver import HOST, Received, Receiver
from karla.infra.ports import demand_port
from karla.infra.signals import on_ending

standins = typer.Typer(help="Stand-ins for what is around a Karla, to try things locally.", no_args_is_help=True)


@standins.command("receiver")
def receiver(
    port: Annotated[int, typer.Option(help="Where to listen, on 127.0.0.1.", min=1, max=65535)] = 9099,
    secret: Annotated[
        list[str] | None, typer.Option(help="The webhook's secret; may be given several times.", show_default=False)
    ] = None,
    status: Annotated[int, typer.Option(help="What to answer to good requests.", min=200, max=599)] = 200,
) -> None:
    """Receive webhooks: print each delivery, and whether its signatures verify, until Ctrl-C."""
    demand_port(HOST, port)
    asyncio.run(_receive(port, secret or [], status))


async def _receive(port: int, secrets: list[str], status: int) -> None:
    clock = SystemClock()
    console = Console(highlight=False)
    stop = asyncio.Event()
    on_ending(stop.set)
    listening = Receiver(
        lambda: clock.now().timestamp(), port=port, heard=lambda got: _print(console, clock, got, bool(secrets))
    )
    listening.secrets.extend(secrets)
    if status != 200:
        listening.always(status)
    await listening.up()
    console.print(
        f"Listening on [bold]{listening.url}[/]; Karla must run with KARLA_ALLOW_PRIVATE_TARGETS=1.", soft_wrap=True
    )
    if not secrets:
        console.print("Without --secret no signature can be verified.")
    await stop.wait()
    await listening.close()
    console.print(f"{len(listening.journal)} requests received.")


def _print(console: Console, clock: SystemClock, got: Received, secrets_known: bool) -> None:
    ref, group, about = _told_of(got)
    time = clock.now().astimezone().strftime("%H:%M:%S")
    signatures = (
        f"Karla-Signature {_mark(got.karla_signed)} webhook-signature {_mark(got.standard_signed)}"
        if secrets_known
        else "signatures not verified"
    )
    console.print(f"{time}  [cyan]{escape(str(ref))}[/]  {escape(str(group))}  → {got.status}", soft_wrap=True)
    console.print(
        f"          {escape(about)}  {signatures}  [dim]delivery {escape(got.delivery_id)}[/]", soft_wrap=True
    )


def _told_of(got: Received) -> tuple[str, str, str]:
    """Ref, group and subject of what came; whatever comes, it is no failure."""
    try:
        told: Any = got.json
        if "specversion" in told:  # CloudEvents
            told = told["data"]
        event, order = told["event_data"], (told["context"] or {}).get("order")
        if order:
            about = f"order {order['order_number']}, parcel {event['tracking_number'] or '(draft)'}"
        else:
            about = f"webhook {event['webhook_id']}"
        return str(told["ref"]), str(told["event_group"]), about
    except (ValueError, KeyError, TypeError, AttributeError):
        return "no event", f"{len(got.body)} bytes", ""


def _mark(good: bool) -> str:
    return "[green]✓[/]" if good else "[bold red]✗[/]"
