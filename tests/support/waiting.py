"""Waits for what happens in other processes: they tell nobody, so they are looked at again and again."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def until(look: Callable[[], Found], what: str, seconds: float = 20) -> Found:
    """The first thing seen that counts as true; AssertionError after that many seconds."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain: {what}"
        time.sleep(0.02)
    return found
