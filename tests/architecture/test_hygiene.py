"""What never gets into the repository: loose ends, patches, naps, and traces of one machine."""

import ast
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import pytest

from tests.architecture.source import Offence, modules, tracked_texts, verdict


class Ban(NamedTuple):
    """`within` is a pattern that the path of a file begins with."""

    pattern: str
    advice: str
    within: str = ""
    exceptions: Mapping[str, str] = MappingProxyType({})


BANS = {
    "loose ends": Ban(r"\b(T[O]DO|F[I]XME|X[X]X|H[A]CK)\b", "Do it now, or open an issue:"),
    "skipped tests": Ban(
        r"pytest\.(mark\.)?(skip|skipif|xfail|importorskip)\b|unittest\.skip",
        "A test runs, or goes; what it needs is a stand-in:",
        within=r"(tests|src)/.*\.py",
        exceptions={
            "tests/browser/conftest.py": "no stand-in plays a browser; without one the summary says so, and CI refuses"
        },
    ),
    "patches": Ban(
        r"\b(mock\.patch|unittest\.mock|monkeypatch\.(setattr|delattr|setitem|delitem)|mocker\.)",
        "Outsides are replaced, never patched: pass a stand-in of tests/support:",
        within=r"(tests|src)/.*\.py",
    ),
    "blanket ignores": Ban(r"#\s*type:\s*ignore(?!\[)", "Name the error: type: ignore[code]", within=r".*\.py"),
    "addresses of registries": Ban(
        r"\b(pypi\.org|pythonhosted\.org|npmjs\.(org|com)|yarnpkg\.com|debian\.(org|net)|crates\.io|proxy\.golang\.org)",
        "Where packages come from is each machine's own setting:",
    ),
    "paths of a machine": Ban(
        r"(?<![\w.~-])/(root|work|home)(?=[/\s\"'`)]|$)",
        "Name a place relative to the repository, or by a setting:",
        exceptions={
            "src/karla/infra/embedded_postgres/binaries.py": "names root's home as an example of a closed folder"
        },
    ),
}


@pytest.mark.parametrize("name", BANS)
def test_the_repository_is_free_of(name: str) -> None:
    ban = BANS[name]
    found = [
        Offence(path, f"line {number}: {line.strip()[:100]}")
        for path, text in tracked_texts().items()
        if re.match(ban.within, path)
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(ban.pattern, line)
    ]
    verdict(found, ban.exceptions, ban.advice)


NAPS: dict[str, str] = {
    "tests/support/waiting.py": "other processes tell nobody of what happens in them: this is the one poll",
}
SLEEPS = ("time.sleep", "asyncio.sleep")
YIELDS = ("asyncio.sleep(0)",)  # lets others run, and waits for no time


def test_tests_do_not_sleep() -> None:
    found = [
        Offence(module.path, f"line {node.lineno}")
        for module in modules("tests")
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.Call) and ast.unparse(node.func) in SLEEPS and ast.unparse(node) not in YIELDS)
        or (isinstance(node, ast.ImportFrom) and node.module in ("time", "asyncio") and "sleep" in ast.unparse(node))
    ]
    verdict(found, NAPS, "Wait for the thing itself (an event, drain()), or move the test's clock:")
