"""`karla connections`: a shop's accounts with third parties, over the public API; and their seals, for the operator."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from karla.client import AsyncKarla, NotFound
from karla.client.connections import Connection
from karla.domain.connections import commands
from karla.domain.connections.records import Resealed
from karla.domain.connections.rules import SEALED_FOR
from karla.entrypoints.cli.calling import Action, calling
from karla.entrypoints.cli.failures import reaching
from karla.entrypoints.cli.tables import print_table
from karla.infra.access import EVERYWHERE
from karla.infra.db import Database
from karla.infra.instance import database
from karla.infra.sealing import Seals
from karla.infra.settings import Settings, secret_keys_of, settings_from
from karla.infra.work import Silence
from karla.integrations import registry
from karla.integrations.contract import CredentialField, Kind, Manifest

connections = typer.Typer(help="A shop's accounts with third parties.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Integration = Annotated[str, typer.Argument(help="The integration's slug, such as dhl.", show_default=False)]
OfKind = Annotated[Kind, typer.Option("--kind", help="The kind of integration.")]
Fields = Annotated[
    list[str] | None,
    typer.Option("--field", metavar="NAME=VALUE", help="A field; may be given several times.", show_default=False),
]


@connections.command("list")
@calling
def list_connections(as_json: Json = False) -> Action:
    """List the shop's connections, and how each is doing."""

    async def show(client: AsyncKarla) -> None:
        found = [one async for one in client.connections.search()]
        if as_json:
            typer.echo(msgspec.json.encode(found).decode())
        elif found:
            print_table(("kind", "integration", "name", "status", "last used", "trouble"), [*map(_row, found)])
        else:
            _console().print("The shop has no connections.")

    return show


def _row(one: Connection) -> tuple[str, ...]:
    used = one.last_used_at.astimezone().strftime("%Y-%m-%d %H:%M") if one.last_used_at else "never"
    return one.kind, one.integration, one.name, one.status, used, one.refused_reason or one.last_error or ""


@connections.command("connect")
@calling
def connect(
    integration: Integration,
    kind: OfKind = Kind.CARRIERS,
    field: Fields = None,
    name: Annotated[
        str | None, typer.Option(help="What the shop calls the account.", show_default="the integration's name")
    ] = None,
) -> Action:
    """Connect an account with a third party, or change it; the credentials are tried before they are saved.

    A field is taken from --field, else from the environment variable KARLA_ and the names of integration and field in
    capitals, such as KARLA_DHL_API_KEY. What is needed and still missing is asked for at a terminal, secrets unseen.
    Of a connection that is there all other fields stay as they are; `--field NAME=` empties one.
    """
    about = _manifest(kind, integration)
    given = _from_environment(about) | _from_options(about, field or ())
    if sys.stdin.isatty():
        given |= _asked(about, given)

    async def put(client: AsyncKarla) -> None:
        before = await _shown(client, about)
        done = await client.connections.connect(kind, integration, credentials={**before, **given}, name=name)
        _console().print(f"{escape(done.name)} is connected; its credentials were taken. Status: {done.status}.")

    return put


@connections.command("test")
@calling
def test(integration: Integration, kind: OfKind = Kind.CARRIERS) -> Action:
    """Try the stored credentials now; the exit code is 1 unless they are taken."""

    async def ask(client: AsyncKarla) -> None:
        done = await client.connections.test(kind, integration)
        if done.outcome != "ok":
            Console(stderr=True, highlight=False).print(escape(done.message or done.outcome), soft_wrap=True)
            raise typer.Exit(1)
        _console().print(f"{escape(done.connection.name)} takes the credentials. Status: {done.connection.status}.")

    return ask


@connections.command("pause")
@calling
def pause(integration: Integration, kind: OfKind = Kind.CARRIERS) -> Action:
    """Keep a connection and don't use it."""
    return _paused(kind, integration, paused=True)


@connections.command("resume")
@calling
def resume(integration: Integration, kind: OfKind = Kind.CARRIERS) -> Action:
    """Use a paused connection again."""
    return _paused(kind, integration, paused=False)


def _paused(kind: Kind, integration: str, *, paused: bool) -> Action:
    async def change(client: AsyncKarla) -> None:
        done = await client.connections.update(kind, integration, paused=paused)
        _console().print(f"{escape(done.name)} is {done.status}.")

    return change


@connections.command("disconnect")
@calling
def disconnect(
    integration: Integration,
    kind: OfKind = Kind.CARRIERS,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> Action:
    """Forget a connection and its credentials for good."""
    if not yes:
        typer.confirm(f"Forget the connection with {integration} and its credentials?", abort=True)

    async def forget(client: AsyncKarla) -> None:
        await client.connections.disconnect(kind, integration)
        _console().print(f"The connection with {escape(integration)} is gone.")

    return forget


@connections.command("reseal")
def reseal(
    data_dir: Annotated[Path | None, typer.Option(help="Where everything is kept.", show_default="./.karla")] = None,
) -> None:
    """Encrypt all credentials with today's KARLA_SECRET_KEY, on the machine that runs Karla.

    It reads what was encrypted with one of KARLA_PREVIOUS_SECRET_KEYS. The exit code is 1 where no key opens some.
    """
    settings = settings_from(data_dir=data_dir)
    with database(settings) as url:
        done = asyncio.run(_resealed(url, settings))
    _console().print(f"{done.done} encrypted anew.")
    if done.unreadable:
        text = f"{done.unreadable} can't be read with any key that is set: keep the old keys, or connect these anew."
        Console(stderr=True, highlight=False).print(text, soft_wrap=True)
        raise typer.Exit(1)


async def _resealed(url: str, settings: Settings) -> Resealed:
    seals = Seals(secret_keys_of(settings), SEALED_FOR)
    with reaching(url):
        db = await Database.open(url, announce=Silence, pool_size=1)
    try:
        return await db.write(EVERYWHERE, lambda work: commands.reseal(work, seals))
    finally:
        await db.close()


def _manifest(kind: Kind, integration: str) -> Manifest:
    try:
        return registry.manifest(kind, integration)
    except registry.IntegrationUnknown:
        known = ", ".join(registry.slugs(kind)) or "none"
        text = f"There is no {integration!r} among {kind}; there is {known}"
        raise typer.BadParameter(text, param_hint="INTEGRATION") from None


def _from_environment(about: Manifest) -> dict[str, str]:
    told = {field.name: os.environ.get(f"KARLA_{about.slug}_{field.name}".upper()) for field in about.credentials}
    return {name: value for name, value in told.items() if value}


def _from_options(about: Manifest, fields: Sequence[str]) -> dict[str, str]:
    known = [field.name for field in about.credentials]
    given: dict[str, str] = {}
    for place, written in enumerate(fields, 1):
        name, equals, value = written.partition("=")
        # What has no name before it may be a secret, so it isn't repeated.
        if not equals or name not in known:
            text = f"Number {place} is not NAME=VALUE with a NAME of {', '.join(known)}"
            raise typer.BadParameter(text, param_hint="--field")
        given[name] = value
    return given


def _asked(about: Manifest, given: Mapping[str, str]) -> dict[str, str]:
    """What only a person can tell; left empty it is what is stored."""
    missing = [field for field in about.credentials if _needed(field) and field.name not in given]
    told = {
        field.name: typer.prompt(
            f"{field.label} (empty: the stored one)", default="", show_default=False, hide_input=field.sensitive
        )
        for field in missing
    }
    return {name: value for name, value in told.items() if value}


def _needed(field: CredentialField) -> bool:
    return field.default is None and not field.optional


async def _shown(client: AsyncKarla, about: Manifest) -> dict[str, str]:
    """Of a connection that is there the fields that are no secret."""
    try:
        stored = await client.connections.get(about.kind, about.slug)
    except NotFound:
        return {}
    secret = {field.name for field in about.credentials if field.sensitive}
    return {name: value for name, value in stored.credentials.items() if name not in secret}


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True)
