"""Reads the source for the architecture tests, and passes their verdict."""

import ast
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ROOT / "src/karla/domain"


class Module(NamedTuple):
    """A parsed file; `path` is relative to the repository."""

    path: str
    text: str
    tree: ast.Module


class Offence(NamedTuple):
    """`key` is what an exception names: a path, or `path::name`. It holds no line number, so that it lasts."""

    key: str
    detail: str


class Literal(NamedTuple):
    """A string of the code; `{}` stands for what an f-string interpolates. Docstrings are not among them."""

    line: int
    text: str
    interpolated: bool


@cache
def modules(*folders: str) -> tuple[Module, ...]:
    """Every Python file below the folders."""
    files = sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py"))
    return tuple(
        Module(file.relative_to(ROOT).as_posix(), text, ast.parse(text))
        for file in files
        for text in [file.read_text(encoding="utf-8")]
    )


def migrations() -> Mapping[str, str]:
    """The SQL files by name, in their order."""
    return {file.name: file.read_text(encoding="utf-8") for file in sorted((ROOT / "migrations").glob("*.sql"))}


@cache
def tracked_texts() -> Mapping[str, str]:
    """Every text file that is, or is about to be, in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    contents = {path: (ROOT / path).read_bytes() for path in listed.split("\0") if (ROOT / path).is_file()}
    return {path: content.decode() for path, content in contents.items() if b"\0" not in content}


def functions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Every function with its dotted name, methods and inner ones too."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            name = f"{prefix}{node.name}"
            if not isinstance(node, ast.ClassDef):
                yield name, node
            yield from functions(node, f"{name}.")
        else:
            yield from functions(node, prefix)


def literals(tree: ast.AST) -> Iterator[Literal]:
    """The strings of the code below a node."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
            yield Literal(node.lineno, "".join(str(part) for part in parts), interpolated=True)
            for part in node.values:
                yield from literals(part)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield Literal(node.lineno, node.value, interpolated=False)
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            yield from literals(node)


SQL = re.compile(
    r"\b(select\b.+\bfrom|insert\s+into|update\s+\w+(\s+\w+)?\s+set|delete\s+from)\b", re.IGNORECASE | re.DOTALL
)


def verdict(offences: Sequence[Offence], exceptions: Mapping[str, str], advice: str) -> None:
    """Fail with each offence that no exception covers, and each exception that covers none.

    `exceptions` gives a reason by the key of an offence.
    """
    listed = [f"  {key}: {detail}" for key, detail in offences if key not in exceptions]
    if listed:
        pytest.fail("\n".join([advice, *listed]), pytrace=False)
    unused = sorted(exceptions.keys() - {offence.key for offence in offences})
    if unused:
        pytest.fail(f"These exceptions are no longer needed; take them off the list: {unused}", pytrace=False)
