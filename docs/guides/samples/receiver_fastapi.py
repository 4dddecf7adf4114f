"""A receiver of webhooks with FastAPI."""

import os

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool

from karla.client import VerificationFailed
from karla.client.webhooks import verify

from .inbox import put

SECRETS = os.environ["KARLA_WEBHOOK_SECRETS"].split(",")  # two while a secret is rotated

app = FastAPI()


@app.post("/karla")
async def receive(request: Request) -> Response:
    """Verify, keep, answer; the work comes afterwards."""
    try:
        event = verify(await request.body(), request.headers, SECRETS)
    except VerificationFailed as error:
        return Response(error.message, status_code=401)
    await run_in_threadpool(put, event)
    return Response(status_code=204)
