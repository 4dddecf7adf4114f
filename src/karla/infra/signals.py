"""The signals that end a process, taken in whatever way it inherited them."""

import asyncio
import signal
import sys
from collections.abc import Callable
from types import FrameType


def ending_signals() -> tuple[signal.Signals, ...]:
    """SIGINT, SIGTERM, and SIGHUP (a closed terminal) unless that is ignored (`nohup`).

    A SIGINT that is ignored counts: shells ignore it for what a script starts in the background.
    """
    hung_up = () if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (signal.SIGHUP,)
    return (signal.SIGINT, signal.SIGTERM, *hung_up)


def end_in_order() -> None:
    """Let each of them unwind what runs: no half file, and no server, stays behind.

    SIGINT is a KeyboardInterrupt, the others are a SystemExit with 128 and their number.
    """
    for number in ending_signals():
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else _end)


def on_ending(told: Callable[[], object]) -> None:
    """Call this, within the running loop, in place of that; also for those that come later."""
    for number in ending_signals():
        asyncio.get_running_loop().add_signal_handler(number, told)


def _end(number: int, frame: FrameType | None) -> None:
    del frame
    sys.exit(128 + number)
