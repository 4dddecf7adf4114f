"""TCP ports of this machine: whether one can be listened on."""

import errno
import socket
import time

_PAUSE_SECONDS = 0.05
_REASONS = {
    errno.EADDRINUSE: "another program listens there",
    errno.EACCES: "this user may not listen there",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}


class PortUnavailable(Exception):
    """Nothing can listen on this port; the message says why and what to do about it."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"Port {port} on {host} can't be used: {reason}. Choose another by --port or KARLA_PORT.")


def demand_port(host: str, port: int, patience_seconds: float = 0.0) -> None:
    """PortUnavailable unless a server could listen there, now or when the patience ends."""
    deadline = time.monotonic() + patience_seconds
    while error := _failure(host, port):
        if error.errno != errno.EADDRINUSE or time.monotonic() >= deadline:
            raise PortUnavailable(host, port, _REASONS.get(error.errno or 0, str(error.strerror or error)))
        time.sleep(_PAUSE_SECONDS)


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _failure(host: str, port: int) -> OSError | None:
    """Why a server that starts as ours do can't listen there."""
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
    except OSError as error:
        return error
    return None
