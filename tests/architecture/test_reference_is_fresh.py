"""`docs/reference` is what `make docs` would write now, and leaves nothing out."""

import msgspec
import pytest
import typer
from litestar.routes import HTTPRoute

from docs.generate import REFERENCE, group_rows, pages, verbs
from docs.raised import errors_raised
from karla.entrypoints.api.app import litestar_app
from karla.entrypoints.api.resources import RESOURCES
from karla.entrypoints.cli.program import app
from karla.infra.settings import Settings, variable_of
from karla.vocabulary.events import CATALOGUE, CLAIM_ACTIONS, GROUPS, Notice
from tests.architecture.source import Offence, verdict

WRITTEN = {path.name: path.read_text(encoding="utf-8") for path in REFERENCE.glob("*.md")}


def demand(page: str, wanted: list[str]) -> None:
    """Each is on the page, as code."""
    assert wanted
    missing = [Offence(page, name) for name in wanted if f"`{name}`" not in WRITTEN.get(page, "")]
    verdict(missing, {}, "Run `make docs`; these are not in docs/reference:")


def test_no_page_is_stale() -> None:
    wanted = pages()
    stale = sorted(name for name in wanted.keys() | WRITTEN.keys() if wanted.get(name) != WRITTEN.get(name))
    if stale:
        pytest.fail(f"Run `make docs`: docs/reference is not what the code says any more: {stale}", pytrace=False)


def test_writing_twice_is_as_once() -> None:
    assert pages() == pages()


def test_every_setting_is_there() -> None:
    demand("settings.md", [variable_of(field.name) for field in msgspec.structs.fields(Settings)])


def test_every_event_is_there() -> None:
    refs = [kind.ref for kind in CATALOGUE.values()]
    claims = [f"claims/{action}" for action in CLAIM_ACTIONS]
    demand("events.md", [*refs, *claims, *(notice.ref for notice in Notice)])


def test_every_group_is_there_with_what_it_matches() -> None:
    rows = dict(group_rows())
    assert rows.keys() == {f"`{group}`" for group in GROUPS}
    assert all(rows.values())
    demand("events.md", sorted(GROUPS))


def test_every_operation_is_there() -> None:
    handlers = [
        handler
        for route in litestar_app([*RESOURCES]).routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if handler.include_in_schema is not False and handler.fn.__module__.startswith("karla.")
    ]
    demand("api.md", [str(handler.operation_id) for handler in handlers])


def test_every_error_key_is_there() -> None:
    demand("errors.md", [raised.key for raised in errors_raised()])


def test_every_command_is_there() -> None:
    called = [" ".join(["karla", *words]) for words, _ in verbs(typer.main.get_command(app))]
    assert called
    missing = [Offence("cli.md", name) for name in called if f"`{name}" not in WRITTEN.get("cli.md", "")]
    verdict(missing, {}, "Run `make docs`; these commands are not in docs/reference:")
