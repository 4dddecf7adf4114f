"""What processes take, by /proc: memory, and time of the cores."""

import os
from pathlib import Path

_PARTS = {" serve": "API", " work": "worker", " up": "supervisor"}


def memory(root: int) -> dict[str, float]:
    """Proportional set sizes in MB of `karla up`'s process tree, by part and in all."""
    parts = {"supervisor": 0.0, "API": 0.0, "worker": 0.0, "PostgreSQL": 0.0}
    for pid in tree(root):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            told = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:  # it has just ended
            continue
        size = sum(int(line.split()[1]) for line in told.splitlines() if line.startswith("Pss:"))
        part = next((name for verb, name in _PARTS.items() if f"karla{verb}" in command), "PostgreSQL")
        parts[part] += size / 1024
    return {**parts, "all": sum(parts.values())}


def core_seconds(root: int) -> float:
    """Time that a process and those below it have had of the cores."""
    ticks = 0
    for pid in tree(root):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def tree(root: int) -> list[int]:
    """A process and those below it."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = [root]
    for pid in found:
        found += [below for below, parent in parents.items() if parent == pid]
    return found
