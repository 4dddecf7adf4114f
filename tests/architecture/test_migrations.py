"""Every migration can be taken back, and says whether old code may run beside it."""

import re

from tests.architecture.source import Offence, migrations, verdict

MIGRATIONS = migrations()
FORWARD = {name: text for name, text in MIGRATIONS.items() if not name.endswith(".rollback.sql")}
SAFETY = re.compile(r"^-- (Safe|Not safe) while old code runs: \w", re.MULTILINE)


def test_migrations_are_numbered_without_gap() -> None:
    numbers = [name.partition(".")[0] for name in FORWARD]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)], "One more than the last, four digits."


def renamed(table: str, text: str) -> str:
    """What the migration calls it in the end."""
    new = re.search(rf"^alter table {table} rename to (\w+);", text, re.MULTILINE)
    return new[1] if new else table


def test_migrations_can_be_taken_back() -> None:
    backward = {name: MIGRATIONS.get(name.removesuffix(".sql") + ".rollback.sql", "") for name in FORWARD}
    found = [
        Offence(f"migrations/{name}", f"its rollback leaves the table {made}")
        for name, text in FORWARD.items()
        for made in re.findall(r"^create table (\w+)(?! partition of)\b", text, re.MULTILINE)
        if not re.search(rf"\b{renamed(made, text)}\b", backward[name])
    ]
    found += [Offence(f"migrations/{name}", "has no rollback beside it") for name, text in backward.items() if not text]
    verdict(found, {}, "Beside NNNN.name.sql stands NNNN.name.rollback.sql, which undoes it:")


def test_migrations_say_whether_old_code_may_run() -> None:
    found = [Offence(f"migrations/{name}", "doesn't say") for name, text in FORWARD.items() if not SAFETY.search(text)]
    verdict(found, {}, "Say `-- Safe while old code runs: why` or `-- Not safe while old code runs: why`:")
