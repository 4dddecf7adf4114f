"""Where the time goes: `karla serve` during upserts and `karla work` during deliveries, by py-spy, by area.

It writes docs/performance.md; its section in results.md only leads there.
"""

import asyncio
import subprocess
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks.api import api_of
from benchmarks.areas import API, WORKER, Profile
from benchmarks.backlog import Backlog
from benchmarks.comparison import table
from benchmarks.hooks import Hooks, hooks
from benchmarks.load import CONNECTIONS, drive, request_bytes
from benchmarks.orders import bodies
from benchmarks.plan import Plan
from benchmarks.processes import core_seconds
from benchmarks.results import Section, where
from benchmarks.stage import SHOP, Stage, free_port, stage
from benchmarks.tools import tool

_DOCUMENT = Path(__file__).parent.parent / "docs" / "performance.md"
_SAMPLES_PER_SECOND = 200
_TOP = 12
WEBHOOKS = 16
_HEAD = """# Where the time goes

`python -m benchmarks profile` writes this page anew: py-spy looks {rate} times a second at what a process does, while
it is under full load on a machine whose cores it shares with PostgreSQL, the load generator and the receiver. A sample
counts for the innermost frame that belongs to an area; compiled code counts for the Python function that called it, so
what uvloop does with sockets is the event loop's. How fast all that is stands in
[benchmarks/results.md](../benchmarks/results.md).

Taken on {where}.
"""


class Observed:
    """A process under load: its samples, and who had how much of the cores meanwhile."""

    def __init__(self, profile: Profile, cores: dict[str, float], seconds: float) -> None:
        self._profile = profile
        self._cores = cores
        self._seconds = seconds

    def text(self) -> list[str]:
        """As Markdown."""
        shares = [[f"`{name}`", f"{100 * share:.1f} %"] for name, share in self._profile.frames(_TOP)]
        return [
            *table(["area", "share"], [[name, f"{100 * share:.1f} %"] for name, share in self._profile.areas()]),
            "",
            *table(["process", "cores"], [[name, f"{took / self._seconds:.2f}"] for name, took in self._cores.items()]),
            "",
            "The functions in which it was found most often:",
            "",
            *table(["function", "share"], shares),
        ]


async def run(plan: Plan) -> Section:
    """The API first, then the worker."""
    seconds = plan.of(20.0, 2.0)
    tool("py-spy", "py-spy")
    with stage() as it, hooks() as receiver:
        backlog, port = Backlog(it.url), free_port()
        with it.karla("serve", port=port) as serve:
            api = api_of(it, port)
            await backlog.prepare(api)
            upserts = await _observed(it, serve, API, seconds, lambda: _upserts(it, port, seconds + 2))
            for number in range(WEBHOOKS):
                await api.webhook(receiver.url(f"hook-{number}"), "shipments/delivered")
        waiting = int(seconds * plan.of(5_000, 2_000))
        await backlog.pile_up("SUCCESSFULLY_DELIVERED", waiting // WEBHOOKS)
        with it.karla("work") as work:
            await receiver.until(1, 30)
            deliveries = await _observed(it, work, WORKER, seconds, lambda: _deliveries(receiver, seconds))
    lines = [
        _HEAD.format(rate=_SAMPLES_PER_SECOND, where=where()),
        "## `karla serve` during order upserts",
        "",
        *upserts.text(),
        "",
        "## `karla work` during webhook deliveries",
        "",
        *deliveries.text(),
    ]
    text = "\n".join(lines) + "\n"
    if plan.quick:
        print(text)
    else:
        _DOCUMENT.write_text(text)
    return Section("profile", "Where the time goes", "Stands in [docs/performance.md](../docs/performance.md).")


async def _observed(
    it: Stage,
    process: "subprocess.Popen[bytes]",
    areas: dict[str, tuple[str, ...]],
    seconds: float,
    load: Callable[[], Awaitable[object]],
) -> Observed:
    with tempfile.NamedTemporaryFile() as kept:
        loading = asyncio.ensure_future(load())
        await asyncio.sleep(0.5)
        roots = {"the process itself": process.pid, "PostgreSQL": it.postgres_pid}
        before = {name: core_seconds(pid) for name, pid in roots.items()}
        command = [str(tool("py-spy", "py-spy")), "record", "--pid", str(process.pid), "--format", "raw"]
        command += ["--duration", str(int(seconds)), "--rate", str(_SAMPLES_PER_SECOND), "--full-filenames"]
        spy = await asyncio.create_subprocess_exec(
            *command, "--output", kept.name, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        if await spy.wait():
            raise RuntimeError("py-spy may not look at the process: it needs root or CAP_SYS_PTRACE")
        cores = {name: core_seconds(pid) - before[name] for name, pid in roots.items()}
        await loading
        return Observed(Profile(Path(kept.name).read_text(), areas), cores, seconds)


async def _upserts(it: Stage, port: int, seconds: float) -> None:
    requests = (request_bytes("PUT", f"/v1/shops/{SHOP}/orders", it.authorization, body) for body in bodies("seen-"))
    await drive(port, requests, seconds, CONNECTIONS)


async def _deliveries(receiver: Hooks, seconds: float) -> None:
    before = (await receiver.counts()).requests
    await asyncio.sleep(seconds)
    print(f"  {((await receiver.counts()).requests - before) / seconds:.0f} deliveries/s under observation", flush=True)
