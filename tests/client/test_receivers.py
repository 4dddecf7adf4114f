"""The receivers of the guide, each in its own framework, get what Karla signs."""

import importlib
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings as django_settings
from django.core.wsgi import get_wsgi_application

from karla.infra.signing import karla_signature, standard_headers
from tests.client.test_verification import BODY, EVENT_ID, OLD, SECRET

FRAMEWORKS = ["litestar", "fastapi", "flask", "django"]
GUIDE = Path("docs/guides/webhooks.md").read_text(encoding="utf-8")


def transport(framework: str) -> httpx.AsyncBaseTransport:
    """The receiver's application."""
    module = importlib.import_module(f"docs.guides.samples.receiver_{framework}")
    if framework == "django":
        if not django_settings.configured:
            django_settings.configure(ROOT_URLCONF=module.__name__, ALLOWED_HOSTS=["*"])
        return Threaded(get_wsgi_application())
    return Threaded(module.app) if framework == "flask" else httpx.ASGITransport(module.app)


class Threaded(httpx.AsyncBaseTransport):
    """A WSGI application for a client that is async."""

    def __init__(self, app: Any) -> None:
        self._wsgi = httpx.WSGITransport(app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._wsgi.handle_request(
            httpx.Request(request.method, request.url, headers=request.headers, content=await request.aread())
        )
        return httpx.Response(answer.status_code, content=answer.read())


@pytest.fixture(params=FRAMEWORKS)
async def receiver(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """A receiver in the middle of a rotation."""
    monkeypatch.setenv("KARLA_WEBHOOK_SECRETS", f"{SECRET},{OLD}")
    monkeypatch.setenv("KARLA_INBOX", str(tmp_path / "inbox.db"))
    async with httpx.AsyncClient(transport=transport(request.param), base_url="http://shop.test") as client:
        yield client


async def test_a_delivery_is_kept_once(receiver: httpx.AsyncClient, tmp_path: Path) -> None:
    now = int(time.time())
    deliveries = [
        {"Karla-Signature": karla_signature([SECRET], now, BODY)},
        {"Karla-Signature": karla_signature([OLD], now, BODY)},
        standard_headers([SECRET], EVENT_ID, now, BODY),
    ]
    answers = [await receiver.post("/karla", content=BODY, headers=headers) for headers in deliveries]
    assert [answer.status_code for answer in answers] == [204, 204, 204]
    with closing(sqlite3.connect(tmp_path / "inbox.db")) as inbox:
        rows = inbox.execute("select event_id, ref, order_number from inbox").fetchall()
    assert rows == [(EVENT_ID, "shipments/delivered/SUCCESSFULLY_DELIVERED", "1")]


async def test_what_karla_did_not_sign_is_refused(receiver: httpx.AsyncClient, tmp_path: Path) -> None:
    now = int(time.time())
    forged = karla_signature(["somebody else's secret"], now, BODY)
    late = karla_signature([SECRET], now - 400, BODY)
    for headers in ({}, {"Karla-Signature": forged}, {"Karla-Signature": late}):
        answer = await receiver.post("/karla", content=BODY, headers=headers)
        assert (answer.status_code, bool(answer.text)) == (401, True)
    assert not (tmp_path / "inbox.db").exists()


@pytest.mark.parametrize("name", [*(f"receiver_{framework}" for framework in FRAMEWORKS), "inbox"])
def test_the_guide_shows_what_is_tested(name: str) -> None:
    code = Path(f"docs/guides/samples/{name}.py").read_text(encoding="utf-8").strip()
    assert f"```py\n{code}\n```" in GUIDE
