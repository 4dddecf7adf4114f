"""Samples of a profiler by the area of the code that they were taken in."""

from collections import Counter
from collections.abc import Mapping, Sequence

_REST = "the rest"
# A thread of a pool that waits for something to do, which py-spy now and then takes for busy.
_WAITING = ("_worker (", "concurrent/futures/thread.py")
# An area's places are parts of file names; the first area that has one of a frame's is the frame's.
_SHARED = {
    "SQL driver": ("asyncpg/", "infra/db.py"),
    "event loop": ("uvloop/", "asyncio/"),
    "logs and metrics": ("structlog/", "prometheus_client/", "infra/telemetry", "api/observing"),
}
API: dict[str, tuple[str, ...]] = {
    "authentication and roles": ("api/access.py", "tenants/"),
    "validation, and the body as a command": ("infra/validation/", "api/bodies.py", "orders/requests.py"),
    "journal entries (envelopes)": ("domain/subscribers/",),
    "planning and SQL of orders and parcels": ("karla/domain/",),
    "answer": ("responses.py", "api/times.py", "api/languages.py", "karla/vocabulary/", "litestar/serialization"),
    "group commit": ("infra/batching.py",),
    **_SHARED,
    "framework": ("litestar/", "api/"),
    "HTTP server": ("uvicorn/", "httptools/"),
}
WORKER: dict[str, tuple[str, ...]] = {
    "signatures": ("infra/signing.py",),
    "HTTP client": ("aiohttp/", "yarl/", "multidict/", "frozenlist/", "aiosignal/"),
    "egress guard": ("infra/http/",),
    "claims, results and their SQL": ("domain/subscribers/",),
    "belt": ("karla/pipeline/",),
    **_SHARED,
}


class Profile:
    """py-spy's raw form: a line a stack, frames from the outermost to the innermost, and how often it was seen."""

    def __init__(self, raw: str, areas: Mapping[str, Sequence[str]]) -> None:
        self._areas: Counter[str] = Counter()
        self._frames: Counter[str] = Counter()
        for line in raw.splitlines():
            stack, _, count = line.rpartition(" ")
            frames = stack.split(";")
            if all(part in frames[-1] for part in _WAITING):
                continue
            self._areas[_area(frames, areas)] += int(count)
            self._frames[_named(frames[-1])] += int(count)

    def areas(self) -> list[tuple[str, float]]:
        """Shares by area, the largest first."""
        return _shares(self._areas, None)

    def frames(self, top: int) -> list[tuple[str, float]]:
        """Shares of the innermost functions, the largest first."""
        return _shares(self._frames, top)


def _area(frames: Sequence[str], areas: Mapping[str, Sequence[str]]) -> str:
    for frame in reversed(frames):
        for area, places in areas.items():
            if any(place in frame for place in places):
                return area
    return _REST


def _named(frame: str) -> str:
    """`function (package/module.py)` of `function (/where/it/lies/package/module.py:12)`."""
    function, _, place = frame.rpartition(" (")
    path = place.rstrip(")").rpartition(":")[0] or place.rstrip(")")
    return f"{function} ({'/'.join(path.split('/')[-2:])})"


def _shares(counts: Counter[str], top: int | None) -> list[tuple[str, float]]:
    total = counts.total() or 1
    return [(name, count / total) for name, count in counts.most_common(top)]
