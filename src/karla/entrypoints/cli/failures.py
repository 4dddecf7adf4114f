"""How a command speaks of what is no fault of Karla's: in one line, and without a secret."""

import contextlib
import errno
import os
import socket
from collections.abc import Iterator

import psycopg
from psycopg.conninfo import conninfo_to_dict

from karla.infra.settings import DATABASE_URL_EXPECTED, Settings, SettingsInvalid, variable_of
from karla.infra.storage import ObjectStore, StoreUnavailable

_NO_ADDRESS = f"{variable_of('database_url')}: {DATABASE_URL_EXPECTED}."


class DatabaseUnreachable(Exception):
    """There is no database at the address, or it takes no sessions of ours."""


@contextlib.contextmanager
def reaching(url: str, *refusals: type[Exception]) -> Iterator[None]:
    """What opens connections to `url` ends in DatabaseUnreachable when it can't; `refusals` are the server's own."""
    kinds: tuple[type[Exception], ...] = (OSError, OverflowError, *refusals)
    try:
        yield
    except ValueError as error:  # first, since asyncpg's is a refusal too
        # Its own words may quote the address, and with it the password.
        raise DatabaseUnreachable(_NO_ADDRESS) from error
    except kinds as error:
        raise DatabaseUnreachable(f"The database at {_place(url)} can't be reached: {_reason(error)}.") from error


def in_words(error: Exception) -> str | None:
    """What to tell the one at the terminal of an error from below; None when it is a fault of ours."""
    match error:
        case psycopg.OperationalError() | psycopg.errors.InsufficientPrivilege():
            # Lines that begin with a tab are guesses of libpq's.
            return " ".join(line.strip() for line in str(error).splitlines() if not line.startswith("\t"))
        case psycopg.ProgrammingError(sqlstate=None):
            return _NO_ADDRESS
        case OSError(filename=str(name), strerror=str(reason)):
            return f"{name}: {reason}"
        case OSError(errno=errno.ENOSPC | errno.EDQUOT, strerror=str(reason)):
            return f"{reason}."
    return None


def object_store(settings: Settings) -> ObjectStore:
    """The one that the settings name; SettingsInvalid when there is none of that kind."""
    try:
        return ObjectStore.open(settings.object_store_url, settings.data_dir / "objects")
    except StoreUnavailable as error:
        name = "KARLA_OBJECT_STORE_URL" if settings.object_store_url else "KARLA_DATA_DIR"
        raise SettingsInvalid(f"{name}: {error}") from error


def _place(url: str) -> str:
    try:
        told = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        return "KARLA_DATABASE_URL"
    host, port = told.get("host") or "this machine", told.get("port")
    return f"{host}:{port}" if port else str(host)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, socket.gaierror) and error.strerror:
        return error.strerror
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return " ".join(str(error).split()).rstrip(".")
