"""What the handlers work with: made once a process by `karla.main`."""

from typing import TYPE_CHECKING

import msgspec

from karla.infra.clock import Clock
from karla.infra.db import Database
from karla.infra.settings import Settings

if TYPE_CHECKING:
    from karla.entrypoints.api.access import Keyring


class Services(msgspec.Struct, frozen=True):
    """The parts of a running API process."""

    settings: Settings
    db: Database
    clock: Clock
    keyring: "Keyring"
