"""What plays a third party: `StandIn` in the folder of each integration, and the recordings that it answers with."""

import csv
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any, Protocol, runtime_checkable

import msgspec

from karla.infra.http.standin import Asked, Entry, Reply, Server


class StandIn(Protocol):
    """Checks requests as the real one does and answers as it does; it does no I/O, that is the server's.

    Of each carrier it has `recordings`, and a number plays one after the other of what it was given.
    """

    recordings: "Recordings"

    def answer(self, asked: Asked) -> Reply:
        """What the real one would answer."""
        ...

    def busy(self) -> Reply:
        """What the real one says to too many calls, with its own headers."""
        ...

    def credentials(self, url: str) -> dict[str, str]:
        """Those that it takes, and its own address in the fields that lead to it."""
        ...

    def wrong_credentials(self, url: str) -> dict[str, str]:
        """Of the right form, but not taken."""
        ...


@runtime_checkable
class PushingStandIn(StandIn, Protocol):
    """Of a provider that tells us by itself."""

    def push(self, number: str) -> tuple[Mapping[str, str], bytes]:
        """Headers, names in lower case, and body of the push about a number, signed for its own credentials."""
        ...


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `recordings/index.csv`: a file, the parcel that it is about, and what is to be read from it.

    `events` are the names of the scans' events, oldest first, with `?` for an unknown code and `-` for one that
    says nothing; `expected_from` and `expected_to` have ISO 8601 with zone, or are empty.
    """

    file: str
    number: str
    carrier: str
    country: str
    postal_code: str
    language: str
    events: tuple[str, ...]
    expected_from: str
    expected_to: str
    body: bytes


class Recordings:
    """The recordings of one integration, and which of them each number answers with."""

    def __init__(self, package: str) -> None:
        folder = files(package).joinpath("recordings")
        self.all: dict[str, Recording] = {}
        for row in csv.DictReader(folder.joinpath("index.csv").read_text(encoding="utf-8").splitlines()):
            body = folder.joinpath(row["file"]).read_bytes()
            events = tuple(row.pop("events").split())
            self.all[row["file"]] = Recording(**row, events=events, body=body)
        self._left: dict[str, list[Recording]] = {recording.number: [recording] for recording in self.all.values()}

    def play(self, number: str, *names: str) -> None:
        """Let a number answer with these files, one a request, the last one for ever; ValueError for an unknown one."""
        if unknown := [name for name in names if name not in self.all]:
            raise ValueError(f"There is no recording {', '.join(unknown)}; there are {', '.join(self.all)}.")
        self._left[number] = [self.all[name] for name in names]

    def next(self, number: str) -> bytes | None:
        """What the number answers with now, about itself; None: nothing is known of it."""
        left = self._left.get(number)
        if not left:
            return None
        recording = left.pop(0) if len(left) > 1 else left[0]
        return recording.body.replace(recording.number.encode(), number.encode())

    def told(self, order: Any) -> None:
        """`play`, by `{"number": …, "recordings": […]}`; a KeyError or TypeError where it is something else."""
        self.play(str(order["number"]), *order["recordings"])


def serving(standin: StandIn, *, port: int = 0, heard: Callable[[Entry], None] | None = None) -> Server:
    """A server for it, not listening yet, with the control verb `play`: `{"number": …, "recordings": […]}`."""
    return Server(
        standin.answer, port=port, busy=standin.busy(), controls={"play": standin.recordings.told}, heard=heard
    )
