"""A cluster looked at from outside: its words, its settings, its processes and files."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import psycopg

from karla.infra.embedded_postgres.home import RECORD

IS_ROOT = os.geteuid() == 0


def remember(url: str, word: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS words (word text)")
        connection.execute("INSERT INTO words VALUES (%s)", [word])


def words(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [word for (word,) in connection.execute("SELECT word FROM words ORDER BY word")]


def setting(url: str, name: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])


def cluster_of(data_dir: Path) -> Path:
    record = data_dir / RECORD
    return Path(record.read_text().strip() if record.exists() else data_dir) / "postgres"


def is_alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    # An orphan that has ended may wait for init to take notice.
    return status.exists() and "State:\tZ" not in status.read_text()


def python(program: str, *arguments: Path | str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
