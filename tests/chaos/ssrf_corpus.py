"""The corpus of forbidden targets, and the two records that tell whether one was dialled."""

import csv
import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import msgspec
import pytest
from yarl import URL

from karla.infra.http import Egress, Unreachable
from tests.support.listeners import Listener, hang_up, listening

Dialled = list[tuple[str, int]]


class Target(msgspec.Struct, frozen=True):
    """`form` is a URL, PORT its port; `leads_to` what a name server says of its host, where it is a name."""

    form: str
    leads_to: tuple[str, ...]
    why: str

    def at(self, port: int) -> str:
        return self.form.replace("PORT", str(port))


def corpus() -> Iterator[Target]:
    with Path(__file__).with_name("ssrf_corpus.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield Target(json.loads(f'"{row["form"]}"'), tuple(row["leads_to"].split()), row["why"])


CORPUS = tuple(corpus())
FORMS = [target for target in CORPUS if not target.leads_to]
NAMES = [target for target in CORPUS if target.leads_to]
ZONE = {str(URL(name.at(443)).raw_host): name.leads_to for name in NAMES}
ADDRESSES = sorted({address for name in NAMES for address in name.leads_to})


class _Dials:
    """The addresses that this process connects to, whoever does it and however, while `on`."""

    def __init__(self) -> None:
        self.on = False
        self.seen: Dialled = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.on and event == "socket.connect" and isinstance(address := arguments[1], tuple):
            self.seen.append(address[:2])


_DIALS = _Dials()  # a hook stays for good


@contextmanager
def dialling() -> Iterator[Dialled]:
    """What is dialled from now on."""
    _DIALS.seen.clear()
    _DIALS.on = True
    try:
        yield _DIALS.seen
    finally:
        _DIALS.on = False


@asynccontextmanager
async def baiting(dials: Dialled) -> AsyncIterator[Listener]:
    """A server on loopback; at the end nobody has connected to it, and one who does is seen in both records."""
    async with listening(hang_up) as bait:
        yield bait
        assert not bait.connects
        assert not [dial for dial in dials if dial[1] == bait.port]
        async with Egress(allow_private=True) as allowed:
            with pytest.raises(Unreachable):
                await allowed.post(f"http://127.0.0.1:{bait.port}/", b"", {})
        assert (bait.connects, dials[-1]) == (1, ("127.0.0.1", bait.port))
