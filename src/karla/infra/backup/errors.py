"""What keeps a backup from being made or restored; each message says what to do about it."""


class BackupError(Exception):
    """Base of them all."""


class BackupFailed(BackupError):
    """The backup could not be made; nothing is left of it."""


class BackupUnreadable(BackupError):
    """The file is no backup, is damaged, or comes from a newer Karla."""


class RestoreRefused(BackupError):
    """The backup is sound, but can't or mustn't go where it was to go; the message says so if anything was changed."""
