"""Where the database of a data directory lies: in it, or, recorded there, in a folder of the system's."""

from dataclasses import dataclass
from pathlib import Path

from karla.infra.embedded_postgres.errors import PostgresUnavailable

# Used by root only: for what the unprivileged account can't reach where it lies.
SYSTEM_HOME = Path("/var/lib/karla")
BINARIES_STORE = SYSTEM_HOME / "postgres-binaries"
CLUSTERS = SYSTEM_HOME / "clusters"

# In a data directory whose cluster lies in CLUSTERS: the path of its home.
RECORD = "postgres.location"


@dataclass(frozen=True)
class Home:
    """The folder around a cluster: the data directory itself, or one in CLUSTERS."""

    path: Path

    @property
    def cluster(self) -> Path:
        """PostgreSQL's data directory."""
        return self.path / "postgres"

    @property
    def draft(self) -> Path:
        """A cluster in the making; only a finished one gets its name."""
        return self.path / "postgres.new"

    @property
    def run(self) -> Path:
        """The socket directory, if the path is short enough."""
        return self.path / "run"


def find_home(data_dir: Path) -> Home:
    """Where the cluster of this data directory lies, or would lie."""
    record = data_dir / RECORD
    if not record.exists():
        return Home(data_dir)
    recorded = Path(record.read_text(encoding="utf-8").strip())
    if recorded.parent != CLUSTERS:
        raise PostgresUnavailable(f"{record} names {recorded}, which is no folder of {CLUSTERS}.")
    return Home(recorded)


def major_of_existing(home: Home, data_dir: Path) -> int | None:
    """The major version that wrote the cluster, or None if there is no cluster yet."""
    try:
        return int((home.cluster / "PG_VERSION").read_text(encoding="utf-8"))
    except FileNotFoundError:
        if home.path != data_dir:
            # Never begin with an empty database where there was a full one.
            message = f"The database of {data_dir} is gone: {home.cluster} is missing. Bring it back,"
            raise PostgresUnavailable(f"{message} or delete {data_dir / RECORD} to begin with an empty one.") from None
        if home.cluster.exists() and any(home.cluster.iterdir()):
            message = f"{home.cluster} holds something else than a PostgreSQL cluster; move it away."
            raise PostgresUnavailable(message) from None
        return None


def make_passable_folder(path: Path) -> None:
    """A folder of root's that other accounts can pass through, not list; an existing one stays as it is."""
    if path.exists():
        return
    make_passable_folder(path.parent)
    path.mkdir(exist_ok=True)
    path.chmod(0o711)  # whatever the umask says
