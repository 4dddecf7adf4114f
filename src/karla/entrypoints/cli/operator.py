"""Who types the commands, as the audit trail names them."""

import getpass
import os

from karla.infra.work import Origin


def operator() -> Origin:
    """The user of this machine, by name if there is one; in a container there may be a number alone."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return Origin(kind="operator", name=name)
