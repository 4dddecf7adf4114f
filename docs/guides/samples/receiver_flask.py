"""A receiver of webhooks with Flask."""

import os

from flask import Flask, request

from karla.client import VerificationFailed
from karla.client.webhooks import verify

from .inbox import put

SECRETS = os.environ["KARLA_WEBHOOK_SECRETS"].split(",")  # two while a secret is rotated

app = Flask(__name__)


@app.post("/karla")
def receive() -> tuple[str, int]:
    """Verify, keep, answer; the work comes afterwards."""
    try:
        event = verify(request.get_data(), dict(request.headers), SECRETS)
    except VerificationFailed as error:
        return error.message, 401
    put(event)
    return "", 204
