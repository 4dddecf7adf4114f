"""How large things may grow, and what may import what in which way."""

import ast
import graphlib
from collections.abc import Iterable, Mapping

import grimp
import pytest

from tests.architecture.source import Offence, functions, modules, verdict

LINES_OF_FUNCTION, LINES_OF_FILE, PARAMETERS = 60, 400, 7

LATE_IMPORTS = {
    "src/karla/main.py::serve": "only this command needs a web server; the others start without loading one",
    "src/karla/infra/migrations.py::_apply": "the import of yoyo warns, and only here are warnings set aside",
}

CODE = modules("src/karla", "benchmarks")


def test_functions_are_short() -> None:
    found = []
    for module in CODE:
        for name, node in functions(module.tree):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > LINES_OF_FUNCTION:
                found.append(Offence(f"{module.path}::{name}", f"{lines} lines"))
    verdict(found, {}, f"A function has up to {LINES_OF_FUNCTION} lines: name its parts and call them.")


def test_files_are_short() -> None:
    counted = [(module.path, len(module.text.splitlines())) for module in CODE]
    found = [Offence(path, f"{lines} lines") for path, lines in counted if lines > LINES_OF_FILE]
    verdict(found, {}, f"A file has up to {LINES_OF_FILE} lines: make it a package, one module a verb.")


def test_parameters_are_few() -> None:
    found = []
    for module in CODE:
        for name, node in functions(module.tree):
            given = node.args
            all_of_them = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
            names = [one.arg for one in all_of_them if one and one.arg not in ("self", "cls")]
            if len(names) > PARAMETERS:
                found.append(Offence(f"{module.path}::{name}", f"{len(names)} parameters"))
    verdict(found, {}, f"A function has up to {PARAMETERS} parameters: what belongs together is a record.")


def test_imports_stand_at_the_top() -> None:
    found = [
        Offence(f"{module.path}::{name}", f"line {inner.lineno}")
        for module in CODE
        for name, node in functions(module.tree)
        for inner in ast.walk(node)
        if isinstance(inner, (ast.Import, ast.ImportFrom))
    ]
    verdict(found, LATE_IMPORTS, "Imports stand at the top of a file; one in a function needs a reason in LATE_IMPORTS.")


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
    wanted: Mapping[str, set[str]] = {}
    wanted = {}
    for one, other in pairs:
        wanted.setdefault(one, set()).add(other)
    try:
        graphlib.TopologicalSorter(wanted).prepare()
    except graphlib.CycleError as error:
        pytest.fail(f"These import each other in a circle; a noun is missing between them: {' <- '.join(error.args[1])}")
