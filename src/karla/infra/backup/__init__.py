"""A whole Karla in one file: made while it runs, restored where nothing runs."""

from karla.infra.backup.contents import About, Sums
from karla.infra.backup.errors import BackupError, BackupFailed, BackupUnreadable, RestoreRefused
from karla.infra.backup.making import Source, back_up, replacing
from karla.infra.backup.progress import Progress
from karla.infra.backup.restoring import Restored, Target, checked, restore, secret_key_in

__all__ = [
    "About",
    "BackupError",
    "BackupFailed",
    "BackupUnreadable",
    "Progress",
    "RestoreRefused",
    "Restored",
    "Source",
    "Sums",
    "Target",
    "back_up",
    "checked",
    "replacing",
    "restore",
    "secret_key_in",
]
