"""The shop's own server of pictures: what is in the orders, and the photo of a delivery."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from karla.infra.http.standin import Asked, Reply, Server

_FOLDER = Path(__file__).with_name("pictures")


@asynccontextmanager
async def pictures_served() -> AsyncIterator[str]:
    """The address below which they are; Karla fetches them from there, so that shoppers' browsers don't."""
    server = Server(_answer)
    await server.up()
    try:
        yield server.url
    finally:
        await server.close()


def _answer(asked: Asked) -> Reply:
    names = {file.name: file for file in _FOLDER.iterdir()}
    picture = names.get(asked.path.lstrip("/"))
    if picture is None:
        return Reply(status=404)
    return Reply(headers={"Content-Type": "image/webp"}, body=picture.read_bytes())
