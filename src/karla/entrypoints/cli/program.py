"""The `karla` command: its verbs by group, and how it speaks of failure."""

import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated, Any, NoReturn, cast

import msgspec
import typer
from rich.console import Console

from karla import client
from karla.entrypoints.cli import (
    backup,
    carriers,
    clock,
    connections,
    domains,
    events,
    playing,
    serving,
    standins,
    tenants,
    webhooks,
)
from karla.entrypoints.cli.demo.command import demo
from karla.entrypoints.cli.failures import DatabaseUnreachable, in_words
from karla.entrypoints.cli.simulate.command import simulate
from karla.infra.backup import BackupError
from karla.infra.embedded_postgres import PostgresUnavailable
from karla.infra.errors import KarlaError
from karla.infra.instance import AlreadyRunning, NotRunning
from karla.infra.migrations import MigrationUnknown
from karla.infra.ports import PortUnavailable
from karla.infra.sessions import NotIsolated
from karla.infra.settings import Settings, SettingsInvalid
from karla.infra.signals import end_in_order


class Runtime(msgspec.Struct, frozen=True):
    """What the composition root lends to the commands: each runs until a signal."""

    serve: Callable[[Settings, str], None]
    work: Callable[[Settings, str], None]


app = typer.Typer(
    name="karla",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(version("karla"))
        raise typer.Exit


@app.callback()
def _karla(
    _: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="The version, and nothing else.")
    ] = False,
) -> None:
    """Karla: an open post-purchase platform for e-commerce."""


app.command("up")(serving.up)
app.command("serve")(serving.serve)
app.command("work")(serving.work)
app.command("migrate")(serving.migrate)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("demo")(demo)
app.command("simulate")(simulate)
app.add_typer(tenants.shops, name="shop")
app.add_typer(tenants.keys, name="key")
app.add_typer(tenants.members, name="member")
app.add_typer(webhooks.webhooks, name="webhooks")
app.add_typer(events.events, name="events")
app.add_typer(carriers.carriers, name="carriers")
app.add_typer(connections.connections, name="connections")
app.add_typer(clock.clock, name="clock")
app.add_typer(domains.domains, name="domains")
playing.offer(standins.standins)
app.add_typer(standins.standins, name="standin")

_EXPECTED = (
    AlreadyRunning,
    BackupError,
    DatabaseUnreachable,
    MigrationUnknown,
    NotIsolated,
    NotRunning,
    PortUnavailable,
    SettingsInvalid,
    client.KarlaError,
    PostgresUnavailable,
)


# What every error about the words of a command is one of; Typer doesn't export it, only its heir's heir.
_Misuse = cast("type[Exception]", typer.BadParameter.__mro__[2])


def program(obj: Runtime) -> None:
    """Run the command line; expected failures end with one clear line and code 1, words that don't fit with 2."""
    end_in_order()
    try:
        sys.exit(app(obj=obj, prog_name="karla", standalone_mode=False))
    except KarlaError as error:
        _fail(error.message)
    except _EXPECTED as error:
        _fail(str(error))
    except _Misuse as error:
        _refuse(error)
    except typer.Abort:
        _fail("Aborted.")
    except Exception as error:
        if (told := in_words(error)) is None:
            raise
        _fail(told)


def _refuse(error: Any) -> NoReturn:
    # It is empty where the help has been shown in its place.
    if message := error.format_message().replace(": Value error, ", ": ", 1):
        end = "" if message.endswith(("?", ".")) else "."
        context = getattr(error, "ctx", None)
        more = f" `{context.command_path} --help` tells more." if context else ""
        _fail(f"{message}{end}{more}", error.exit_code)
    sys.exit(error.exit_code)


def _fail(message: str, code: int = 1) -> NoReturn:
    Console(stderr=True, highlight=False).print(f"karla: {message}", style="red", markup=False, soft_wrap=True)
    sys.exit(code)
