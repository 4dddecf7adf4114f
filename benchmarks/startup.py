"""Cold and warm start of `karla up` until it is ready, and the memory of the idle whole."""

import asyncio
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.plan import Plan
from benchmarks.processes import memory as memory_of
from benchmarks.results import Section
from benchmarks.stage import child, free_port, wait_for
from karla.infra.embedded_postgres import EmbeddedPostgres


async def run(plan: Plan) -> Section:
    """Each round begins with an empty data directory."""
    rounds, settle = plan.of(3, 1), plan.of(5.0, 1.0)
    cold: list[float] = []
    warm: list[float] = []
    stop: list[float] = []
    memory: list[dict[str, float]] = []
    for _ in range(rounds):
        folder = Path(tempfile.mkdtemp(prefix="karla-start-"))
        folder.chmod(0o755)
        try:
            cold.append(_start(folder, None, settle, stop))
            warm.append(_start(folder, memory, settle, stop))
        finally:
            EmbeddedPostgres.remove(folder)
            shutil.rmtree(folder, ignore_errors=True)
    lines = [
        f"`karla up`, median of {rounds}; ready is the first 200 of `/readyz`. Memory is the proportional set size",
        f"{settle:.0f} s after that.",
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


def _start(folder: Path, memory: list[dict[str, float]] | None, settle: float, stop: list[float]) -> float:
    port = free_port()
    environment = {**os.environ, "KARLA_LOG_LEVEL": "warning"}
    command = [sys.executable, "-m", "karla", "up", "--port", str(port), "--data-dir", str(folder)]
    began = time.perf_counter()
    with child(command, environment) as process:
        wait_for(f"http://127.0.0.1:{port}/readyz")
        took = time.perf_counter() - began
        if memory is not None:
            time.sleep(settle)
            memory.append(memory_of(process.pid))
        ending = time.perf_counter()
    stop.append(time.perf_counter() - ending)
    return took
