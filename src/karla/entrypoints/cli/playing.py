"""`karla standin SLUG`: the third parties that Karla calls, played on this machine."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from karla.infra.clock import SystemClock
from karla.infra.http import Egress, EgressError
from karla.infra.http.standin import HOST, Entry, Server
from karla.infra.ports import demand_port
from karla.infra.signals import on_ending
from karla.integrations import registry
from karla.integrations.contract import Kind
from karla.integrations.standins import PushingStandIn, serving

_PORT = 9100


def offer(group: typer.Typer) -> None:
    """Add a command for every integration that has a stand-in."""
    for kind in Kind:
        for slug in registry.slugs(kind):
            _offer(group, kind, slug)


def _offer(group: typer.Typer, kind: Kind, slug: str) -> None:
    def play(
        port: Annotated[int, typer.Option(help="Where to listen, on 127.0.0.1.", min=1, max=65535)] = _PORT,
    ) -> None:
        demand_port(HOST, port)
        asyncio.run(_play(kind, slug, port))

    def play_or_push(
        port: Annotated[int, typer.Option(help="Where to listen, on 127.0.0.1.", min=1, max=65535)] = _PORT,
        push_to: Annotated[
            str | None, typer.Option(metavar="URL", help="Don't listen, but push once to this address of a Karla.")
        ] = None,
        number: Annotated[str | None, typer.Option(help="Of which parcel to push news: one that it knows.")] = None,
    ) -> None:
        if push_to is None:
            play(port)
        else:
            asyncio.run(_push(kind, slug, push_to, number))

    about = registry.manifest(kind, slug)
    play.__doc__ = f"Play {about.name}: answer as it does, and misbehave when told to, until Ctrl-C."
    play_or_push.__doc__ = play.__doc__
    group.command(slug)(play_or_push if "push" in about.capabilities else play)


async def _push(kind: Kind, slug: str, address: str, number: str | None) -> None:
    standin = registry.standin(kind, slug)
    known = [recording.number for recording in standin.recordings.all.values()]
    if number not in known or not isinstance(standin, PushingStandIn):
        raise typer.BadParameter(f"Give one of {', '.join(known)}", param_hint="--number")
    headers, body = standin.push(number)
    try:
        async with Egress(allow_private=True) as egress:
            answer = await egress.post(address, body, headers)
    except EgressError as failure:
        typer.echo(f"Nothing was pushed: {failure.reason}", err=True)
        raise typer.Exit(1) from failure
    typer.echo(f"{answer.status} {answer.excerpt.decode(errors='replace')}")
    if answer.status >= 300:
        raise typer.Exit(1)


async def _play(kind: Kind, slug: str, port: int) -> None:
    clock, console = SystemClock(), Console(highlight=False)
    stop = asyncio.Event()
    on_ending(stop.set)
    standin = registry.standin(kind, slug)
    server = serving(standin, port=port, heard=lambda entry: _print(console, clock, entry))
    await server.up()
    _tell(console, server, standin.credentials(server.url))
    for recording in standin.recordings.all.values():
        console.print(f"  {recording.number}  {recording.file}", soft_wrap=True)
    await stop.wait()
    await server.close()
    console.print(f"{len(server.journal)} requests received.")


def _tell(console: Console, server: Server, credentials: dict[str, str]) -> None:
    console.print(
        f"Listening on [bold]{server.url}[/]; Karla must run with KARLA_ALLOW_PRIVATE_TARGETS=1.", soft_wrap=True
    )
    for name, value in credentials.items():
        console.print(f"  {name} = {escape(value)}", soft_wrap=True)
    console.print(
        f"Tell it how to misbehave by POST {server.url}/_standin/VERB. Numbers that it knows:", soft_wrap=True
    )


def _print(console: Console, clock: SystemClock, entry: Entry) -> None:
    time = clock.now().astimezone().strftime("%H:%M:%S")
    status = "no answer" if entry.status is None else str(entry.status)
    console.print(f"{time}  {escape(entry.asked.method)} {escape(entry.asked.path)}  → {status}", soft_wrap=True)
