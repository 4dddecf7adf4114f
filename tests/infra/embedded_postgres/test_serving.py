"""How a cluster serves: by its socket, with our settings, and with a log that tells no values."""

import asyncio
from pathlib import Path

import asyncpg
import psycopg
import pytest

from karla.infra.embedded_postgres import EmbeddedPostgres
from tests.infra.embedded_postgres.clusters import cluster_of, is_alive, mode_of, remember, setting, words


def test_a_data_directory_begins_empty_and_keeps_what_is_written(passable: Path) -> None:
    data_dir = passable / "new" / "data"
    with EmbeddedPostgres.start(data_dir) as server:
        assert server.running
        remember(server.url, "bread")
    assert not is_alive(server.pid)
    assert cluster_of(data_dir) == data_dir / "postgres"
    with EmbeddedPostgres.start(data_dir) as server:
        remember(server.url, "butter")
        assert words(server.url) == ["bread", "butter"]
    EmbeddedPostgres.remove(data_dir)
    assert [path.name for path in data_dir.iterdir()] == ["log"]


def test_both_drivers_connect_by_the_url(used: Path) -> None:
    async def ask(url: str) -> list[str]:
        connection = await asyncpg.connect(url)
        try:
            return [row["word"] for row in await connection.fetch("SELECT word FROM words")]
        finally:
            await connection.close()

    with EmbeddedPostgres.start(used) as server:
        assert asyncio.run(ask(server.url)) == words(server.url)


def test_the_port_is_a_part_of_the_sockets_name(used: Path) -> None:
    with EmbeddedPostgres.start(used, port=6001) as server:
        assert "kept" in words(server.url)
        assert EmbeddedPostgres.url_of_running(used) == server.url
        assert (used / "run" / ".s.PGSQL.6001").is_socket()


def test_the_server_is_reached_by_its_private_socket_only(used: Path) -> None:
    with EmbeddedPostgres.start(used) as server:
        assert setting(server.url, "listen_addresses") == ""
        assert mode_of(used / "postgres") == mode_of(used / "run") == 0o700
        socket = used / "run" / ".s.PGSQL.5432"
        assert mode_of(socket) == 0o700
        assert socket.stat().st_uid == (used / "run").stat().st_uid != 0


def test_the_server_is_set_for_durability_and_for_utf8_everywhere(used: Path) -> None:
    with EmbeddedPostgres.start(used) as server:
        assert setting(server.url, "synchronous_commit") == "on"
        assert setting(server.url, "fsync") == "on"
        assert setting(server.url, "shared_buffers") == "128MB"
        assert setting(server.url, "shared_preload_libraries") == "pg_stat_statements"
        assert setting(server.url, "TimeZone") == "UTC"
        with psycopg.connect(server.url) as connection:
            row = connection.execute(
                "SELECT lower('ÄÉŻ'), 'ä' < 'z', encoding, collation_version FROM"
                " (SELECT pg_encoding_to_char(encoding) AS encoding, datcollate AS collation_version"
                "  FROM pg_database WHERE datname = current_database()) AS own"
            ).fetchone()
        assert row is not None
        assert row[:3] == ("äéż", False, "UTF8")


def test_an_operators_setting_overrides_ours(used: Path) -> None:
    with EmbeddedPostgres.start(used) as server, psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET max_connections = 50")
        connection.execute("ALTER SYSTEM SET listen_addresses = '*'")
    with EmbeddedPostgres.start(used) as server:
        assert setting(server.url, "max_connections") == "50"
        assert setting(server.url, "listen_addresses") == ""
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM RESET ALL")


def test_no_value_of_a_failing_statement_reaches_the_log(used: Path) -> None:
    with EmbeddedPostgres.start(used) as server, psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE shoppers (email text UNIQUE)")
        for statement in ("INSERT INTO shoppers VALUES ('jo@example.com')", "SELECT 'jo@example.com'::int"):
            with pytest.raises(psycopg.Error):
                connection.execute(f"{statement}; {statement}")
    assert "jo@example" not in (used / "log" / "postgres.log").read_text()


def test_a_large_log_is_put_aside(used: Path) -> None:
    log = used / "log" / "postgres.log"
    with log.open("ab") as file:
        file.truncate(21 * 1024 * 1024)
    with EmbeddedPostgres.start(used):
        assert log.stat().st_size < 100_000
    assert (used / "log" / "postgres.log.1").stat().st_size == 21 * 1024 * 1024


def test_another_process_finds_the_running_server(used: Path) -> None:
    assert EmbeddedPostgres.url_of_running(used) is None
    with EmbeddedPostgres.start(used) as server:
        assert EmbeddedPostgres.url_of_running(used) == server.url
    assert EmbeddedPostgres.url_of_running(used) is None
    assert EmbeddedPostgres.url_of_running(used / "nothing-here") is None
