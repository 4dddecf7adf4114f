"""The corpus from the API to the delivery: no webhook is made for it, and none that was made is delivered to it."""

from collections.abc import AsyncIterator, Iterator, Sequence

import asyncpg
import msgspec
import pytest
import pytest_asyncio
from psycopg.conninfo import conninfo_to_dict

from karla.domain.subscribers.records.deliveries import DeliveryStatus
from karla.domain.subscribers.rules.webhooks import WEBHOOKS_AT_MOST
from karla.infra.http import Egress, target_problem
from karla.infra.settings import Settings
from karla.pipeline.belt import Belt
from tests.chaos.ssrf_corpus import CORPUS, FORMS, ZONE, Dialled, Target, baiting, dialling
from tests.support.benches import Bench, bench_of
from tests.support.karla import Karla, running_karla
from tests.support.listeners import Listener, Zone


@pytest.fixture
def dials() -> Iterator[Dialled]:
    with dialling() as dialled:
        yield dialled


@pytest.fixture
async def bait(dials: Dialled) -> AsyncIterator[Listener]:
    async with baiting(dials) as listener:
        yield listener


@pytest_asyncio.fixture
async def strict(settings: Settings, database_url: str) -> AsyncIterator[Karla]:
    """A Karla as in production."""
    async with running_karla(msgspec.structs.replace(settings, allow_private_targets=False), database_url) as running:
        yield running


async def test_no_webhook_is_made_for_a_form_nor_changed_to_it(strict: Karla, bait: Listener) -> None:
    shop = await strict.shop()
    made = (await shop.post("/webhooks", {"url": "https://hook.example.com/"})).json()
    kinds = {target.why: target for target in FORMS}
    answers = [(target, await shop.post("/webhooks", {"url": target.at(bait.port)})) for target in FORMS]
    answers += [
        (target, await shop.patch(f"/webhooks/{made['uuid']}", {"url": target.at(bait.port)}))
        for target in kinds.values()
    ]
    for target, answer in answers:
        assert answer.status_code == 422, (target, answer.text)
        assert {tuple(fault["loc"]) for fault in answer.json()["errors"]} == {("body", "url")}, (target, answer.text)
    listed = (await shop.get("/webhooks")).json()
    assert listed == [made]


async def test_a_webhook_that_has_come_to_lead_inside_is_not_delivered_to(
    karla: Karla, settings: Settings, database_url: str, bait: Listener, dials: Dialled
) -> None:
    rows = [target for target in CORPUS if "\0" not in target.form]  # PostgreSQL has no such text
    database_port = int(conninfo_to_dict(database_url).get("port") or 5432)
    async with Egress(allow_private=False, resolver=Zone(ZONE)) as egress:
        for start in range(0, len(rows), WEBHOOKS_AT_MOST):
            async with bench_of((await karla.shop()).shop, settings, database_url) as bench:
                dials.clear()  # a bench first delivers what other tests have left
                await _lead_inside(bench, egress, rows[start : start + WEBHOOKS_AT_MOST], bait.port, database_url)
                assert not [dial for dial in dials if dial[1] != database_port]


async def _lead_inside(bench: Bench, egress: Egress, rows: Sequence[Target], port: int, database_url: str) -> None:
    webhooks = [await bench.webhook(f"https://hook.example.com/{number}") for number in range(len(rows))]
    connection = await asyncpg.connect(database_url)
    try:
        await connection.executemany(
            "update webhooks set url = $2 where id = $1",
            [(webhook.id, row.at(port)) for webhook, row in zip(webhooks, rows, strict=True)],
        )
    finally:
        await connection.close()
    await bench.happen()
    await Belt(bench.settings, bench.db, egress, bench.clock).drain()
    for webhook, row in zip(webhooks, rows, strict=True):
        (delivery,) = await bench.deliveries(webhook)
        (attempt,) = delivery.attempts
        assert (delivery.status, attempt.status_code) == (DeliveryStatus.PENDING, None), row
        assert attempt.error == target_problem(row.at(port), allow_private=False) or (
            row.leads_to and attempt.error == "the address is not public"
        ), row
