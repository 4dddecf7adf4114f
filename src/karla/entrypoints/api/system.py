"""Is it alive, is it ready, how is it doing."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.enums import MediaType

from karla.entrypoints.api.access import PUBLIC
from karla.entrypoints.api.services import Services


@get("/healthz", opt=PUBLIC, media_type=MediaType.TEXT, include_in_schema=False)
async def healthz() -> str:
    """The process answers."""
    return "ok\n"


@get("/readyz", opt=PUBLIC, media_type=MediaType.TEXT, include_in_schema=False)
async def readyz(services: NamedDependency[Services]) -> Response[str]:
    """The process and its database answer: 200, else 503."""
    try:
        await services.db.ping()
    except Exception:  # noqa: BLE001 - whatever keeps the database from answering, we are not ready
        return Response("database unreachable\n", status_code=503, media_type=MediaType.TEXT)
    return Response("ready\n", media_type=MediaType.TEXT)


@get("/metrics", opt=PUBLIC, include_in_schema=False)
async def metrics(services: NamedDependency[Services]) -> Response[bytes]:
    """Prometheus' text format."""
    return Response(await services.backlog.text(), media_type="text/plain; version=0.0.4")


HANDLERS = (healthz, readyz, metrics)
