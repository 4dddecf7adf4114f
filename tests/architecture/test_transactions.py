"""Only the edge commits, and only the clock knows the time."""

import ast
import re
from collections.abc import Iterator

from tests.architecture.source import Module, Offence, literals, modules, verdict

CODE = modules("src/karla")

COMMITS = frozenset({"commit", "rollback", "transaction"})
COMMIT_IN_SQL = re.compile(r"\s*(begin|start\s+transaction|commit|rollback|savepoint)\s*(;|$)", re.IGNORECASE)
MAY_COMMIT = {
    "src/karla/infra/db.py": "the one place: it opens a transaction for a Work and commits it",
    "src/karla/infra/migrations.py": "taking migrations back is one transaction, as applying each of them is",
    "src/karla/infra/backup/rebuilding.py": "a restore is one transaction, from the first drop to the last row",
}

MOMENTS = {
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "time": {"time", "time_ns", "localtime", "gmtime", "ctime"},
}
NOW_IN_SQL = re.compile(
    r"\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\s*\(\s*\)"
    r"|\b(current_timestamp|current_date|current_time|localtimestamp)\b",
    re.IGNORECASE,
)
MAY_ASK_THE_TIME = {
    "src/karla/infra/clock.py": "the one place: everything else is told the time",
    "src/karla/client/webhooks.py": "published, so it imports nothing of infra; who calls it may tell it the time",
}


def commits(module: Module) -> Iterator[int]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in COMMITS:
            yield node.lineno
    yield from (literal.line for literal in literals(module.tree) if COMMIT_IN_SQL.match(literal.text))


def moments(module: Module) -> Iterator[int]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute):
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            if node.attr in MOMENTS.get(owner, ()):
                yield node.lineno
        if (
            isinstance(node, ast.ImportFrom)
            and node.module == "time"
            and MOMENTS["time"] & {n.name for n in node.names}
        ):
            yield node.lineno
    yield from (literal.line for literal in literals(module.tree) if NOW_IN_SQL.search(literal.text))


def test_only_the_edge_commits() -> None:
    found = [Offence(module.path, f"line {line}") for module in CODE for line in commits(module)]
    verdict(found, MAY_COMMIT, "A command works in the transaction of its Work; the edge opens it by Database.write:")


def test_only_the_clock_asks_for_the_time() -> None:
    found = [Offence(module.path, f"line {line}") for module in CODE for line in moments(module)]
    verdict(found, MAY_ASK_THE_TIME, "Time is an argument: use work.now, or the clock's now() at the edge:")
