"""A receiver of webhooks with Litestar."""

import asyncio
import os
from typing import Any

from litestar import Litestar, Request, Response, post

from karla.client import VerificationFailed
from karla.client.webhooks import verify

from .inbox import put

SECRETS = os.environ["KARLA_WEBHOOK_SECRETS"].split(",")  # two while a secret is rotated


@post("/karla")
async def receive(request: Request[Any, Any, Any]) -> Response[str]:
    """Verify, keep, answer; the work comes afterwards."""
    try:
        event = verify(await request.body(), request.headers, SECRETS)
    except VerificationFailed as error:
        return Response(error.message, status_code=401)
    await asyncio.to_thread(put, event)
    return Response("", status_code=204)


app = Litestar([receive])
