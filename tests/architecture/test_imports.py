"""Imports stand where a reader looks for them, and go round in no circle."""

import ast
import graphlib
from collections.abc import Iterable

import grimp
import pytest

from tests.architecture.source import Offence, functions, modules, verdict

LATE_IMPORTS = {
    "src/karla/main.py::serve": "only this command needs a web server; the others start without loading one",
    "src/karla/infra/backup/rebuilding.py::rebuilt": "yoyo again, whose import warns",
    "src/karla/infra/migrations.py::_backend": "the import of yoyo warns, and only here are warnings set aside",
}


def test_imports_stand_at_the_top() -> None:
    found = [
        Offence(f"{module.path}::{name}", f"line {inner.lineno}")
        for module in modules("src/karla", "benchmarks")
        for name, node in functions(module.tree)
        for inner in ast.walk(node)
        if isinstance(inner, (ast.Import, ast.ImportFrom))
    ]
    verdict(
        found, LATE_IMPORTS, "Imports stand at the top of a file; one in a function needs a reason in LATE_IMPORTS."
    )


@pytest.fixture(scope="module")
def imports() -> list[tuple[str, str]]:
    graph = grimp.build_graph("karla", cache_dir=None)
    return [(one, other) for one in sorted(graph.modules) for other in graph.find_modules_directly_imported_by(one)]


def test_modules_import_in_no_circle(imports: list[tuple[str, str]]) -> None:
    demand_no_circle(imports)


def test_neighbouring_packages_import_in_no_circle(imports: list[tuple[str, str]]) -> None:
    demand_no_circle(pair for pair in map(neighbours, imports) if pair)


def neighbours(pair: tuple[str, str]) -> tuple[str, str] | None:
    """The two packages, side by side in one folder, that an import leads from and to."""
    one, other = (name.split(".") for name in pair)
    for depth, (left, right) in enumerate(zip(one, other, strict=False), 1):
        if left != right:
            return ".".join(one[:depth]), ".".join(other[:depth])
    return None


def demand_no_circle(pairs: Iterable[tuple[str, str]]) -> None:
    wanted: dict[str, set[str]] = {}
    for one, other in pairs:
        wanted.setdefault(one, set()).add(other)
    try:
        graphlib.TopologicalSorter(wanted).prepare()
    except graphlib.CycleError as error:
        pytest.fail(
            f"These import each other in a circle; a noun is missing between them: {' <- '.join(error.args[1])}"
        )
