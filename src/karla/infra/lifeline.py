"""A child process that ends when its supervisor is gone, however that went."""

import os
import signal
import threading

SUPERVISED = "KARLA_SUPERVISED"


def end_with_supervisor() -> None:
    """If a supervisor started us, send ourselves SIGTERM once it no longer holds our standard input open."""
    if os.environ.get(SUPERVISED):
        threading.Thread(target=_wait, name="lifeline", daemon=True).start()


def _wait() -> None:
    # os.read and not sys.stdin: a thread that waits in there would hold a lock at the interpreter's end.
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
