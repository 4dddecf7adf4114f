"""The OpenAPI document, made at the first request for it."""

import asyncio
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, get
from litestar.di import NamedDependency

from karla.entrypoints.api.access import PUBLIC
from karla.entrypoints.api.assets import answer
from karla.entrypoints.api.openapi.document import document
from karla.entrypoints.api.services import Services
from karla.infra.assets import REVALIDATED, Asset, asset_of


@get("/public/openapi.json", opt=PUBLIC, include_in_schema=False)
async def openapi_json(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[bytes]:
    """OpenAPI 3.1 of everything under `/v1`, and of every event under `webhooks`."""
    state = request.app.state
    if (made := state.get("openapi")) is None:
        made = state["openapi"] = await asyncio.to_thread(_asset, request.app, services.settings.base_url)
    response = answer(request, made, REVALIDATED)
    # Tools on other pages may read it too: it holds nothing that is not public.
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _asset(app: Litestar, base_url: str) -> Asset:
    return asset_of(msgspec.json.encode(document(app, base_url)), "application/json")


HANDLERS = (openapi_json,)
