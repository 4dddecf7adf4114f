"""Receivers of the simulation: what each answers to each attempt follows from the seed alone."""

import random
from collections.abc import Callable
from datetime import timedelta

import msgspec

from karla.infra.http import Answer, Unreachable
from karla.infra.http.failures import Reason

SECOND = timedelta(seconds=1)
TIMEOUT = 10 * SECOND


class Reply(msgspec.Struct, frozen=True):
    """What an attempt meets, and after how long: without a `status` it is `reason` that there is no answer."""

    after: timedelta
    status: int | None = None
    reason: Reason | None = None
    retry_after: int | None = None
    body: bytes = b"ok"

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    def given(self) -> Answer:
        """As `Egress.post` gives it."""
        milliseconds = int(self.after / timedelta(milliseconds=1))
        if self.status is None:
            raise Unreachable(self.reason or "reset", milliseconds)
        headers = {} if self.retry_after is None else {"retry-after": str(self.retry_after)}
        return Answer(self.status, headers, self.body, truncated=len(self.body) > 1000, duration_ms=milliseconds)


OK = Reply(SECOND / 20, 200)
HANGS = Reply(TIMEOUT, reason="timeout")

# What a receiver does at a time since the beginning, by chance: a number in [0, 1).
Kind = Callable[[float, timedelta], Reply]


def _well(chance: float, at: timedelta) -> Reply:
    return OK


def _slow(chance: float, at: timedelta) -> Reply:
    return Reply(2 * SECOND + 6 * SECOND * chance, 200)


def _fails(chance: float, at: timedelta) -> Reply:
    return Reply(SECOND / 10, 500 if chance < 0.2 else 503) if chance < 0.35 else OK


def _cuts(chance: float, at: timedelta) -> Reply:
    return Reply(SECOND / 100, reason="reset") if chance < 0.3 else OK


def _hangs(chance: float, at: timedelta) -> Reply:
    return HANGS if chance < 0.3 else OK


def _busy(chance: float, at: timedelta) -> Reply:
    if chance >= 0.15:
        return OK
    return Reply(SECOND / 20, 429, retry_after=30) if chance < 0.1 else Reply(SECOND / 20, 429)


def _redirects(chance: float, at: timedelta) -> Reply:
    return Reply(SECOND / 20, 302) if chance < 0.2 else OK


def _chatty(chance: float, at: timedelta) -> Reply:
    return Reply(SECOND / 4, 200 if chance < 0.9 else 500, body=b"\0\xff" + b"x" * 16_000)


def _flaps(chance: float, at: timedelta) -> Reply:
    """Down for seven minutes of every twenty."""
    return Reply(SECOND / 100, reason="connect") if at % timedelta(minutes=20) > timedelta(minutes=13) else OK


def _returns(chance: float, at: timedelta) -> Reply:
    """Down for the first hour."""
    return HANGS if at < timedelta(hours=1) else OK


def _dead(chance: float, at: timedelta) -> Reply:
    return HANGS if chance < 0.5 else Reply(3 * SECOND, reason="connect")


def _gone(chance: float, at: timedelta) -> Reply:
    return Reply(SECOND / 20, 410) if chance < 0.01 else OK


KINDS: dict[str, Kind] = {
    "well": _well,
    "slow": _slow,
    "fails": _fails,
    "cuts": _cuts,
    "hangs": _hangs,
    "busy": _busy,
    "redirects": _redirects,
    "chatty": _chatty,
    "flaps": _flaps,
    "returns": _returns,
    "dead": _dead,
    "gone": _gone,
}
# Twelve kinds, and for each of the sick ones as many that are well.
FLEET = [*KINDS, *["well"] * 12]
FOR_GOOD = frozenset({"dead", "gone"})
"""Kinds that never take anything again: what waits for them is given up unsent."""


def reply(seed: int, kind: str, webhook: int, event: int, attempt: int, at: timedelta) -> Reply:
    """What this attempt meets."""
    return KINDS[kind](random.Random(f"{seed} {webhook} {event} {attempt}").random(), at)
