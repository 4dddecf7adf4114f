"""Cold and warm start of `karla up` until it is ready, and the memory of the idle whole."""

import asyncio
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.results import Section
from benchmarks.stage import child, free_port, wait_for
from karla.infra.embedded_postgres import EmbeddedPostgres

ROUNDS = 3
_SETTLE_SECONDS = 5


async def run() -> Section:
    """Each round begins with an empty data directory."""
    cold: list[float] = []
    warm: list[float] = []
    stop: list[float] = []
    memory: list[dict[str, float]] = []
    for _ in range(ROUNDS):
        folder = Path(tempfile.mkdtemp(prefix="karla-start-"))
        folder.chmod(0o755)
        try:
            cold.append(_start(folder, None, stop))
            warm.append(_start(folder, memory, stop))
        finally:
            EmbeddedPostgres.remove(folder)
            shutil.rmtree(folder, ignore_errors=True)
    lines = [
        f"`karla up`, median of {ROUNDS}; ready is the first 200 of `/readyz`. Memory is the proportional set size",
        f"{_SETTLE_SECONDS} s after that.",
        "",
        "| | |",
        "|---|---|",
        f"| cold start (empty data directory: initdb, migrations, API, worker) | {statistics.median(cold):.2f} s |",
        f"| warm start | {statistics.median(warm):.2f} s |",
        f"| stop by SIGTERM, PostgreSQL too | {statistics.median(stop):.2f} s |",
        *(f"| idle memory: {name} | {statistics.median(m[name] for m in memory):.0f} MB |" for name in memory[0]),
    ]
    await asyncio.sleep(0)
    return Section("startup", "Start and idle memory", "\n".join(lines))


def _start(folder: Path, memory: list[dict[str, float]] | None, stop: list[float]) -> float:
    port = free_port()
    environment = {**os.environ, "KARLA_LOG_LEVEL": "warning"}
    command = [sys.executable, "-m", "karla", "up", "--port", str(port), "--data-dir", str(folder)]
    began = time.perf_counter()
    with child(command, environment) as process:
        wait_for(f"http://127.0.0.1:{port}/readyz")
        took = time.perf_counter() - began
        if memory is not None:
            time.sleep(_SETTLE_SECONDS)
            memory.append(_memory(process.pid))
        ending = time.perf_counter()
    stop.append(time.perf_counter() - ending)
    return took


def _memory(root: int) -> dict[str, float]:
    """Proportional set sizes in MB of the process tree, by part."""
    parts = {"supervisor": 0.0, "API": 0.0, "worker": 0.0, "PostgreSQL": 0.0}
    for pid in _tree(root):
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        size = sum(
            int(line.split()[1])
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            if line.startswith("Pss:")
        )
        verbs = {" serve": "API", " work": "worker", " up": "supervisor"}
        part = next((name for verb, name in verbs.items() if f"karla{verb}" in command), "PostgreSQL")
        parts[part] += size / 1024
    return {**parts, "all": sum(parts.values())}


def _tree(root: int) -> list[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = [root]
    for pid in found:
        found += [child_pid for child_pid, parent in parents.items() if parent == pid]
    return found
