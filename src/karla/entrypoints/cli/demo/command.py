"""`karla demo`: a shop's life through the public API, counted."""

import asyncio
import sys
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from typing import Annotated

import typer

from karla.entrypoints.cli.demo.api import ShopApi
from karla.entrypoints.cli.demo.counts import Seen, sections, wrong
from karla.entrypoints.cli.demo.following import Following
from karla.entrypoints.cli.demo.instance import DemoFailed, OwnKarla, own_karla
from karla.entrypoints.cli.demo.parcels import PARCELS
from karla.entrypoints.cli.demo.photos import pictures_served
from karla.entrypoints.cli.demo.player import Player
from karla.entrypoints.cli.demo.providers import providers_of
from karla.entrypoints.cli.demo.screen import Screen
from karla.entrypoints.cli.demo.story import ORGANISATION, SHOP, SUBSCRIBERS, story
from karla.infra.clock import SystemClock
from karla.infra.http import Egress
from karla.infra.http.receiver import Receiver
from karla.infra.signals import on_ending

_LONGEST_SECONDS = 90.0


Stay = Annotated[
    bool | None,
    typer.Option(
        "--stay/--no-stay",
        help="Whether it goes on running until Ctrl-C, so that the pages can be opened.",
        show_default="in a terminal it does",
    ),
]


def demo(stay: Stay = None) -> None:
    """Play a shop's life on a Karla of its own, and check that every count is right.

    Starts a Karla in a temporary folder, with webhook receivers and stand-ins of carriers on this machine, and leaves
    nothing behind. Some parcels are followed at DHL, an aggregator and the sandbox, and told of in two languages.
    In the end there are links to the tracking pages of six orders.
    Ends with 0 only if every count is right.
    """
    screen = Screen()
    try:
        exit_code = asyncio.run(_demo(screen, sys.stdout.isatty() if stay is None else stay))
    except (KeyboardInterrupt, asyncio.CancelledError):
        screen.say("Stopped before the end.")
        exit_code = 130
    raise typer.Exit(exit_code)


async def _demo(screen: Screen, stay: bool) -> int:
    began = time.monotonic()
    task = asyncio.current_task()
    assert task is not None, "it runs as one"  # noqa: S101
    on_ending(_once(task))
    async with AsyncExitStack() as stack:
        karla = await stack.enter_async_context(own_karla())
        pages: list[Seen] = []
        try:
            async with asyncio.timeout(_LONGEST_SECONDS):
                mistakes, pages = await _play(karla, screen, stack)
        except (DemoFailed, TimeoutError) as error:
            mistakes = [str(error) or f"It took longer than {_LONGEST_SECONDS:.0f} s."]
        if mistakes:
            screen.say("\n[bold red]Wrong:[/]")
            for mistake in mistakes:
                screen.say(f"  {mistake}")
            screen.say(f"[dim]{karla.log_end()}[/]")
            return 1
        screen.links(pages)
        screen.say(f"\n[bold green]Every count is right[/], after {time.monotonic() - began:.1f} s in all.")
        if stay:
            await _until_ended(screen, task)
    return 0


def _once(task: asyncio.Task[object]) -> Callable[[], None]:
    """Cancels it at the first call: a second Ctrl-C must not interrupt what is tidied up after the first."""
    ways = [task.cancel]

    def cancel() -> None:
        if ways:
            ways.pop()()

    return cancel


async def _until_ended(screen: Screen, task: asyncio.Task[object]) -> None:
    """Ctrl-C or a signal is how it ends well, once all is told."""
    screen.say("The pages can be opened now, and life goes on. Ctrl-C ends it, and leaves nothing behind.")
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    task.uncancel()


async def _play(karla: OwnKarla, screen: Screen, stack: AsyncExitStack) -> tuple[list[str], list[Seen]]:
    """The rows of the closing table that are wrong, and the shoppers' pages; what it starts goes on for `stack`."""
    clock = SystemClock()
    egress = await stack.enter_async_context(Egress(allow_private=True))
    screen.say("[bold cyan]A Karla of its own[/]")
    seconds = await karla.start(egress)
    screen.say(f"  karla up              {karla.base_url}, ready after {seconds:.1f} s, on a new database")
    shop = await karla.command("shop", "create", SHOP, "--org", ORGANISATION, "--name", SHOP.title())
    screen.say(f"  karla shop create     {shop['slug']} of {shop['org']}")
    key = await karla.command("key", "create", "--org", ORGANISATION, "--shop", SHOP, "--role", "admin")
    screen.say(f"  karla key create      user name {key['username']}, an admin of {SHOP}")
    receivers = {s.name: Receiver(lambda: clock.now().timestamp()) for s in SUBSCRIBERS}
    for receiver in receivers.values():
        stack.push_async_callback(receiver.close)
    pictures = await stack.enter_async_context(pictures_served())
    api = ShopApi(egress, karla.base_url, SHOP, key["username"], key["key"])
    following = Following(api, await stack.enter_async_context(providers_of(PARCELS)), screen)
    acts = story(clock.now(), pictures)
    outcome = await Player(api, receivers, following, screen).play(acts)
    table = sections(acts, outcome)
    screen.table(table)
    return wrong(table), list(outcome.pages)
