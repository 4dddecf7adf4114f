"""Running Karla: all in one (`up`), or part by part (`serve`, `work`, `migrate`)."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from karla.entrypoints.cli.supervising import (
    Children,
    KeptDatabase,
    StopSignal,
    environment_of,
    supervise,
)
from karla.infra import migrations
from karla.infra.embedded_postgres import StartCancelled
from karla.infra.instance import database, held, running_database
from karla.infra.lifeline import end_with_supervisor
from karla.infra.ports import demand_port
from karla.infra.settings import Settings, secret_key_of, settings_from

Port = Annotated[int | None, typer.Option(help="The API's port.", show_default="8080")]
DataDir = Annotated[Path | None, typer.Option(help="Where everything is kept.", show_default="./.karla")]
BackTo = Annotated[
    str | None,
    typer.Option(
        metavar="NNNN",
        help="Take back the migrations after this one, for the minutes after an upgrade: what is kept in what they "
        "added is lost. Where one is not safe while old code runs, stop all processes before.",
        show_default=False,
    ),
]

# A Karla that was killed a moment ago leaves children that are just ending.
_PORT_PATIENCE_SECONDS = 2.0


def up(port: Port = None, data_dir: DataDir = None) -> None:
    """Run everything: PostgreSQL, API, worker. Ctrl-C or SIGTERM stops it all."""
    started = time.monotonic()
    settings = settings_from(port=port, data_dir=data_dir)
    console = Console(highlight=False)
    stop = StopSignal()
    end_with_supervisor()
    with stop.listening(), held(settings.data_dir, settings.base_url):
        demand_port(settings.host, settings.port, _PORT_PATIENCE_SECONDS)
        secret_key_of(settings)
        kept = KeptDatabase(settings)
        children = Children(("serve", "work"), lambda: environment_of(settings, kept))
        exit_code = 0
        try:
            with stop.insisting(), console.status("Starting …"):
                kept.start(stop.told)
                applied = migrations.migrate(kept.url)
            children.start()
            exit_code = supervise(
                stop,
                kept,
                children,
                settings,
                on_ready=lambda: _greet(console, settings, len(applied), time.monotonic() - started),
            )
            console.print("Stopping …")
        except StartCancelled:
            console.print("Stopping …")
        finally:
            children.stop()
            kept.stop()
    console.print("Stopped.")
    raise typer.Exit(exit_code)


def serve(ctx: typer.Context, port: Port = None, data_dir: DataDir = None) -> None:
    """Run the API alone, on a database that is there already."""
    settings = settings_from(port=port, data_dir=data_dir)
    demand_port(settings.host, settings.port)
    ctx.obj.serve(settings, running_database(settings))


def work(ctx: typer.Context, data_dir: DataDir = None) -> None:
    """Run the worker alone, on a database that is there already."""
    settings = settings_from(data_dir=data_dir)
    if settings.worker_port:
        demand_port(settings.host, settings.worker_port)
    ctx.obj.work(settings, running_database(settings))


def migrate(data_dir: DataDir = None, back_to: BackTo = None) -> None:
    """Bring the database to this version's schema, or back to the one of an earlier version."""
    with database(settings_from(data_dir=data_dir)) as url:
        if back_to:
            undone = migrations.migrate_back(url, back_to)
            for name in undone:
                typer.echo(f"took back {name}")
            typer.echo(f"{_migrations(len(undone))} taken back." if undone else "There is nothing to take back.")
            return
        applied = migrations.migrate(url)
    for name in applied:
        typer.echo(f"applied {name}")
    typer.echo(f"{_migrations(len(applied))} applied." if applied else "The schema is up to date.")


def _greet(console: Console, settings: Settings, migrated: int, seconds: float) -> None:
    database_place = "KARLA_DATABASE_URL" if settings.database_url else f"embedded, in {settings.data_dir}"
    console.print(f"[bold green]Karla is up[/] after {seconds:.1f} s.")
    console.print(f"  API        {settings.base_url}/v1")
    console.print(f"  API docs   {settings.base_url}/docs")
    console.print(f"  OpenAPI    {settings.base_url}/public/openapi.json")
    # Where it listens: a proxy keeps them inside.
    console.print(f"  Metrics    http://{settings.host}:{settings.port}/metrics")
    console.print(f"  Database   {database_place}" + (f" ({_migrations(migrated)} applied)" if migrated else ""))
    console.print("Ctrl-C stops everything.")


def _migrations(count: int) -> str:
    return f"{count} migration" if count == 1 else f"{count} migrations"
