"""Data directories for embedded clusters."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from karla.infra.embedded_postgres import EmbeddedPostgres
from tests.infra.embedded_postgres.clusters import remember


@pytest.fixture
def passable() -> Iterator[Path]:
    """A folder that every account can pass through."""
    with tempfile.TemporaryDirectory(prefix="karla-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def closed(passable: Path) -> Iterator[Path]:
    """A data directory below a folder that only we can enter."""
    parent = passable / "closed"
    parent.mkdir(mode=0o700)
    data_dir = parent / "data"
    yield data_dir
    if data_dir.exists():
        EmbeddedPostgres.remove(data_dir)


@pytest.fixture(scope="module")
def used() -> Iterator[Path]:
    """A data directory with a word in its database, whose server is stopped."""
    with tempfile.TemporaryDirectory(prefix="karla-test-") as folder:
        Path(folder).chmod(0o755)
        data_dir = Path(folder, "data")
        with EmbeddedPostgres.start(data_dir) as server:
            remember(server.url, "kept")
        yield data_dir
        EmbeddedPostgres.remove(data_dir)
