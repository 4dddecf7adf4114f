"""`python -m benchmarks.carrier PORT PARCELS WAIT`: a provider's stand-in that answers each request after WAIT seconds.

It knows so many parcels of `benchmarks.followed`, and counts what it was asked: beside the verbs of every stand-in,
`POST /_standin/counts`, `/_standin/requests` (those since then, to be sent again) and `/_standin/forget`.
"""

import asyncio
import sys
import time
from collections.abc import Mapping

import msgspec
import uvloop

from karla.infra.http.standin import Entry, Server
from karla.integrations import registry
from karla.integrations.contract import Kind
from karla.integrations.standins import StandIn

SLUG = "postat"
"""It takes one parcel a call, several calls at once, and lets a merchant state a greater pace."""
_RECORDING = "transit.de.json"
_GOOD = 200


class Counts(msgspec.Struct, frozen=True):
    """Answers, how many of them were the first to their question, and those that weren't good.

    `began_at` and `last_at` are the wall-clock times of the first request and of the last answer.
    """

    answers: int = 0
    distinct: int = 0
    refused: int = 0
    most_at_once: int = 0
    began_at: float = 0.0
    last_at: float = 0.0

    @property
    def per_second(self) -> float:
        """From the first request to the last answer."""
        return self.answers / (self.last_at - self.began_at)


class Counting:
    """Plays the provider, and notes what comes."""

    def __init__(self, port: int, parcels: int, wait: float) -> None:
        self._wait = wait
        self._standin: StandIn = registry.standin(Kind.CARRIERS, SLUG)
        for place in range(parcels):
            self._standin.recordings.play(number(place), _RECORDING)
        self.server = Server(
            self._standin.answer,
            port=port,
            controls={"counts": self._told, "requests": self._requests, "forget": self._forget},
            heard=self._heard,
        )
        if wait:
            self.server.slow(wait, times=None)
        self._forget(None)

    def _forget(self, _: object) -> None:
        self._seen: set[tuple[str, tuple[tuple[str, str], ...], bytes]] = set()
        self._refused = 0
        self._began_at = self._last_at = 0.0
        self.server.journal.clear()
        self.server.most_at_once = 0

    def _heard(self, entry: Entry) -> None:
        self._last_at = time.time()
        self._began_at = self._began_at or self._last_at - self._wait
        self._refused += entry.status != _GOOD
        self._seen.add((entry.asked.path, tuple(entry.asked.query.items()), entry.asked.body))

    def _told(self, _: object) -> object:
        return Counts(
            len(self.server.journal),
            len(self._seen),
            self._refused,
            self.server.most_at_once,
            self._began_at,
            self._last_at,
        )

    def _requests(self, _: object) -> object:
        return [entry.asked for entry in self.server.journal]


def number(place: int) -> str:
    """The tracking number of a parcel, of the length that the provider's have."""
    return f"10190125{place:014}"


def credentials(url: str) -> Mapping[str, str]:
    """Those that the stand-in at this address takes, with the greatest pace that can be stated."""
    return {**registry.standin(Kind.CARRIERS, SLUG).credentials(url), "calls_per_second": "999"}


async def _serve(port: int, parcels: int, wait: float) -> None:
    await Counting(port, parcels, wait).server.up()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
