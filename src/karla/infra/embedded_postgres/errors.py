"""What goes wrong with the embedded server, told to the person who starts Karla."""

WAY_OUT = "Set KARLA_DATABASE_URL to use a PostgreSQL server of your own."


class PostgresUnavailable(Exception):
    """The embedded server can't run here; the message says why and what to do about it."""


class StartCancelled(Exception):
    """The server was told to stop before it took connections."""
