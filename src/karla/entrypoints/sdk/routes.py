"""Where browsers of any host get the SDK: by its version for ever, as `latest` for five minutes."""

import asyncio
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from karla.entrypoints.sdk.files import current, file
from karla.infra.assets import FOREVER, answer_of
from karla.infra.errors import NotFound

LATEST = "latest"
_FOR_MINUTES = "public, max-age=300, must-revalidate"
# With `integrity` a browser demands both before it runs what another origin serves.
_FOR_ALL = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}


@get("/sdk/{version:str}/{name:str}", include_in_schema=False)
async def sdk_file(version: FromPath[str], name: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
    """A file of the browser SDK: `karla.min.js`, `karla.d.ts`, or `integrity.json` with the hashes of this version."""
    is_latest = version == LATEST
    found = await asyncio.to_thread(file, current() if is_latest else version, name)
    if found is None:
        raise NotFound("sdk_file_not_found", "The SDK has no such version, or the version no such file.")
    said = answer_of(request.headers, found, _FOR_MINUTES if is_latest else FOREVER)
    return Response(
        said.body, status_code=said.status, headers={**said.headers, **_FOR_ALL}, media_type=found.media_type
    )


HANDLERS = (sdk_file,)
