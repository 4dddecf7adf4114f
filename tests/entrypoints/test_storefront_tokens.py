"""Tokens and sessions open orders, so that no log, metric or trail may hold one; and who came by one is told by it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from karla.infra.ports import free_port
from karla.infra.settings import Settings
from tests.support.karla import Karla
from tests.support.visitors import Visited, visited
from tests.support.waiting import until


@asynccontextmanager
async def served_at_debug(settings: Settings, url: str, log: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A `karla serve` of its own process, that logs all it can into this file."""
    port = free_port("127.0.0.1")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KARLA_")}
    told = {
        "KARLA_DATABASE_URL": url,
        "KARLA_DATA_DIR": str(settings.data_dir),
        "KARLA_SECRET_KEY": str(settings.secret_key),
        "KARLA_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "KARLA_PORT": str(port),
        "KARLA_LOG_LEVEL": "debug",
        "PYTHONASYNCIODEBUG": "1",
    }
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "karla", "serve"), env=clean | told, stdout=output, stderr=output
        )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
            await asyncio.to_thread(until, lambda: _ready(f"http://127.0.0.1:{port}"), "the server is ready", 60)
            yield http
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


async def ask_everything(http: httpx.AsyncClient, here: Visited) -> int:
    """Send each secret in each way that there is, right and wrong ones; how many answers were refusals."""
    slug, number = here.shop.slug, here.number
    answers = []
    for secret in {**here.shoppers, **here.strangers}.values():
        bearer = {"Authorization": f"Bearer {secret}"}
        answers += [
            await http.post(f"/v1/shops/{slug}/storefront/sessions", json={"token": secret}),
            await http.post(f"/v1/shops/{slug}/storefront/sessions", json={"token": secret, "zip_code": 1}),
            await http.post(f"/v1/shops/{slug}/storefront/sessions", content=secret.encode()),
            await http.get(f"/v1/shops/{slug}/storefront/order", headers=bearer),
            await http.get(f"/v1/shops/{slug}/storefront/order/{secret}", headers=bearer),
            await http.get(f"/v1/shops/{slug}/orders", headers=bearer),
            await http.get(f"/v1/shops/{slug}/orders/{secret}", headers=here.shop.headers),
            await http.get(f"/track/{slug}", params={"orderNumber": number, "token": secret}),
            await http.get(f"/track/{secret}"),
            await http.get(f"/v1/shops/{secret}/storefront/shop"),
            await http.post(f"/track/{slug}/cancel", data={"orderNumber": number, "token": secret}),
        ]
    link = await http.post(f"/v1/shops/{slug}/orders/trackpage-url", json={"id": number}, headers=here.shop.headers)
    assert link.json()["token"] == here.shoppers["token"], "it is the same Karla"
    assert not [answer for answer in answers if answer.status_code >= 500]
    return sum(answer.status_code >= 400 for answer in answers)


async def test_no_token_and_no_session_gets_into_a_log_or_a_metric(
    karla: Karla, settings: Settings, database_url: str, tmp_path: Path
) -> None:
    here = await visited(karla)
    log = tmp_path / "server.log"
    async with served_at_debug(settings, database_url, log) as http:
        assert await ask_everything(http, here) > 20
        metrics = (await http.get("/metrics")).text
    logged = log.read_text(errors="replace")
    assert "/v1/shops/{slug}/storefront/order" in logged, "the log is the one that requests are told in"
    assert "/track/{slug}" in logged
    for name, secret in {**here.shoppers, **here.others, **here.strangers}.items():
        # Neither whole nor in a part that would be missed only by who looks for the whole.
        for part in (secret, secret[4:24], secret[-20:]):
            assert part not in logged, name
            assert part not in metrics, name


async def test_no_token_is_in_the_trail(karla: Karla) -> None:
    here = await visited(karla)
    trail = (await here.shop.get("/audit")).text
    assert "order.tokens_revoked" in trail
    assert not [name for name, secret in {**here.shoppers, **here.strangers}.items() if secret[4:24] in trail]


@pytest.mark.parametrize("name", ["token", "token session"])
async def test_what_a_shopper_did_is_told_as_theirs_without_their_address(karla: Karla, name: str) -> None:
    here = await visited(karla)
    answer = await karla.http.post(
        f"/v1/shops/{here.shop.slug}/storefront/order/cancel",
        headers={"Authorization": f"Bearer {here.shoppers[name]}", "User-Agent": "Their browser"},
    )
    assert answer.status_code == 200, answer.text
    (entry,) = (await here.shop.get("/audit", action="order.cancelled")).json()
    assert entry["actor"] == {"kind": "shopper", "name": "order token", "key_uuid": None}
    assert (entry["ip_address"], entry["user_agent"]) == (None, None)
    assert entry["request_id"] == answer.headers["x-request-id"]
