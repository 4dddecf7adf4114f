"""Ids are v4 by their form, and lie side by side in the order in which they were made."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import RFC_4122, UUID

import asyncpg

from karla.infra.ids import id_sql, id_start, new_id, new_webhook_secret


def test_an_id_is_a_v4_for_whoever_checks() -> None:
    made = UUID(str(new_id()))
    assert (made.version, made.variant) == (4, RFC_4122)


def test_ids_are_led_by_the_time_at_which_they_were_made() -> None:
    before = time.time_ns() // 1_000_000
    made = [new_id() for _ in range(1_000)]
    after = time.time_ns() // 1_000_000
    assert all(before <= one.int >> 80 <= after for one in made)
    assert datetime.fromtimestamp((made[0].int >> 80) / 1000, UTC).year >= 2026


async def test_those_made_by_a_statement_are_of_the_same_kind(database_url: str) -> None:
    before = time.time_ns() // 1_000_000
    connection = await asyncpg.connect(database_url)
    try:
        statement = f"select {id_sql('$1', '$2')} as id from generate_series(1, 1000)"  # noqa: S608
        rows = [row for _ in range(2) for row in await connection.fetch(statement, *id_start())]
    finally:
        await connection.close()
    after = time.time_ns() // 1_000_000
    made = [UUID(str(row["id"])) for row in rows]
    assert {(one.version, one.variant) for one in made} == {(4, RFC_4122)}
    assert all(before <= one.int >> 80 <= after for one in made)
    assert len(set(made)) == 2_000


def test_no_two_are_alike() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000


def test_no_two_threads_make_the_same() -> None:
    with ThreadPoolExecutor(4) as pool:
        made = [one for many in pool.map(lambda _: [new_id() for _ in range(5_000)], range(4)) for one in many]
    assert len({one.int & (1 << 62) - 1 for one in made}) == 20_000


def test_no_two_processes_of_one_make_the_same() -> None:
    script = (
        "import os; from karla.infra.ids import new_id; new_id(); child = os.fork(); "
        "child and os.waitpid(child, 0); print(*(new_id().hex[17:] for _ in range(100)), flush=True)"
    )
    made = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    assert len(set(made)) == len(made) == 200


def test_a_secret_is_not_led_by_the_time() -> None:
    starts = {new_webhook_secret()[:8] for _ in range(100)}
    assert len(starts) > 90
