"""A receiver of webhooks with Django: the view, and its line in the URLs."""

import os

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from karla.client import VerificationFailed
from karla.client.webhooks import verify

from .inbox import put

SECRETS = os.environ["KARLA_WEBHOOK_SECRETS"].split(",")  # two while a secret is rotated


def receive(request: HttpRequest) -> HttpResponse:
    """Verify, keep, answer; the work comes afterwards."""
    try:
        event = verify(request.body, request.headers, SECRETS)
    except VerificationFailed as error:
        return HttpResponse(error.message, status=401)
    put(event)
    return HttpResponse(status=204)


# Without CSRF protection: the signature is what tells who sends.
urlpatterns = [path("karla", csrf_exempt(require_POST(receive)))]
