"""The secret key of a Karla on its way into a backup, and out of one."""

import os

from karla.infra.backup.errors import BackupFailed, RestoreRefused
from karla.infra.settings import Settings


def key_to_back_up(settings: Settings) -> str:
    """The key that is in force here; BackupFailed when there is none. Unlike a start, this makes none."""
    key = settings.secret_key or _kept(settings)
    if not key:
        raise BackupFailed(f"There is no secret key: KARLA_SECRET_KEY is not set, and none is in {settings.data_dir}.")
    return key


def demand_room(key: str, settings: Settings, *, force: bool) -> None:
    """RestoreRefused where another key is in force, unless it is one in the data directory and `force` is on."""
    if settings.secret_key not in (None, key):
        message = "The backup holds another secret key than KARLA_SECRET_KEY. Set that to the backup's key"
        raise RestoreRefused(f"{message} (`tar -xzOf FILE secret.key` shows it), or unset it.")
    if settings.secret_key is None and _kept(settings) not in (None, key) and not force:
        message = f"{settings.data_dir} has another secret key than the backup."
        raise RestoreRefused(f"{message} With --force it is replaced by the one in the backup.")


def put_back(key: str, settings: Settings) -> None:
    """Write the key into the data directory, unless the environment has it. RestoreRefused."""
    if settings.secret_key is not None or _kept(settings) == key:
        return
    draft = settings.data_dir / "secret.key.part"
    try:
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(key + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(settings.data_dir / "secret.key")
    except OSError as error:
        raise RestoreRefused(f"The database is restored, but the secret key can't be written: {error}.") from error


def _kept(settings: Settings) -> str | None:
    try:
        return (settings.data_dir / "secret.key").read_text().strip()
    except FileNotFoundError:
        return None
