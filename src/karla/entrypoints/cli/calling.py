"""Commands that call the public API of a Karla, here or elsewhere, with a key as every other program does."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Annotated, Any, ParamSpec, TypeAlias

import typer

from karla.client import AsyncKarla, NotConfigured
from karla.entrypoints.cli.options import made_of, spread
from karla.infra.settings import settings_from
from karla.infra.signals import on_ending

P = ParamSpec("P")
Action: TypeAlias = Callable[[AsyncKarla], Awaitable[None]]


def _option(variable: str, meaning: str, otherwise: str = "") -> Any:
    default = f"{variable} {otherwise}".strip()
    return typer.Option(help=f"{meaning}.", envvar=variable, show_envvar=False, show_default=default)


def _connection(
    *,
    shop: Annotated[str | None, _option("KARLA_SHOP", "The shop's slug")] = None,
    api_url: Annotated[str | None, _option("KARLA_API_URL", "Where Karla is", "or this machine's Karla")] = None,
    username: Annotated[str | None, _option("KARLA_API_USERNAME", "The key's user name", "or the shop's slug")] = None,
    key: Annotated[str | None, _option("KARLA_API_KEY", "An API key of the shop")] = None,
) -> AsyncKarla:
    """The client that the options name; NotConfigured says what is missing, and how to come by it."""
    if not shop:
        raise NotConfigured(
            "No shop is named: give --shop, or set KARLA_SHOP. `karla shop list` tells which there are."
        )
    if not key:
        raise NotConfigured(
            "There is no API key: give --key, or set KARLA_API_KEY. One is made on the machine that runs Karla by\n"
            f"  karla key create --org ORGANISATION --shop {shop} --role editor"
        )
    url = api_url or settings_from().base_url
    try:
        return AsyncKarla(url, username or shop, key, shop)
    except ValueError as error:
        raise NotConfigured(f"--api-url {url}: {error}") from error


def calling(command: Callable[P, Action]) -> Callable[..., None]:
    """A command that says what to do with a client becomes one with the options that name the client.

    It runs until it is done, or until Ctrl-C or SIGTERM, which is no failure.
    """
    makers = {"client": _connection}

    @wraps(command)
    def run(**options: Any) -> None:
        made = made_of(options, makers)
        client = made.pop("client")
        asyncio.run(_perform(client, command(**made)))  # type: ignore[call-arg]

    spread(run, command, makers)
    return run


async def _perform(client: AsyncKarla, action: Action) -> None:
    async def perform() -> None:
        async with client:
            await action(client)

    task = asyncio.create_task(perform())
    with contextlib.suppress(ValueError, RuntimeError):  # not in the main thread
        on_ending(task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task
