"""Assets as answers of Litestar's."""

from typing import Any

from litestar import Request, Response

from karla.infra.assets import Asset, answer_of


def answer(request: Request[Any, Any, Any], asset: Asset, cache_control: str) -> Response[bytes]:
    """The asset in the form that the caller takes, or 304 when they have it."""
    said = answer_of(request.headers, asset, cache_control)
    return Response(said.body, status_code=said.status, headers=said.headers, media_type=asset.media_type)
