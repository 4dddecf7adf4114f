"""The processes of this machine, by /proc."""

import sys
from pathlib import Path

_IN_THE_BACKGROUND = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""
# Before a command: it runs with SIGINT ignored, as a shell has it for what a script starts in the background; and
# with SIGHUP as at a terminal, whatever these tests were started by.
IN_THE_BACKGROUND = (sys.executable, "-c", _IN_THE_BACKGROUND)


def alive(pid: int) -> bool:
    """Whether it runs; one that has ended and that nobody has asked about doesn't."""
    return _state(pid) not in {"", "Z", "X"}


def descendants(pid: int) -> dict[int, str]:
    """The processes below one, with their command lines."""
    parents = {int(entry.name): _parent(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    found = [pid]
    for above in found:
        found += [below for below, parent in parents.items() if parent == above]
    return {below: _command(below) for below in found[1:]}


def that_mention(text: str) -> dict[int, str]:
    """The processes, with their command lines, in whose command or environment this stands."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and alive(int(entry.name)):
            told = _read(entry / "cmdline") + _read(entry / "environ")
            if text.encode() in told:
                found[int(entry.name)] = _command(int(entry.name))
    return found


def _command(pid: int) -> str:
    return _read(Path(f"/proc/{pid}/cmdline")).replace(b"\0", b" ").decode(errors="replace").strip()


def _state(pid: int) -> str:
    # `pid (name) state parent …`
    return _read(Path(f"/proc/{pid}/stat")).decode(errors="replace").rpartition(") ")[2][:1]


def _parent(pid: int) -> int:
    fields = _read(Path(f"/proc/{pid}/stat")).decode(errors="replace").rpartition(") ")[2].split()
    return int(fields[1]) if len(fields) > 1 else 0


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has just ended
        return b""
