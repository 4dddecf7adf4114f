"""How many webhooks a shop may have."""

import asyncio
from typing import Any

from httpx import Response

from karla.domain.subscribers.rules.webhooks import WEBHOOKS_AT_MOST
from tests.support.karla import Karla


def numbered(number: int) -> dict[str, Any]:
    return {"url": f"http://127.0.0.1:9/{number}", "enabled_events": ["shipments"]}


async def test_a_shop_has_no_more_webhooks_than_an_event_can_become_deliveries(karla: Karla) -> None:
    shop, other = await karla.shop(), await karla.shop()
    # They are made one after the other, whoever comes at once: of more than there are connections the last would wait
    # for one until it is refused, where commits are slow.
    at_once = asyncio.Semaphore(10)

    async def made_webhook(number: int) -> Response:
        async with at_once:
            return await shop.post("/webhooks", numbered(number))

    answers = await asyncio.gather(*(made_webhook(number) for number in range(WEBHOOKS_AT_MOST + 5)))
    assert sorted(answer.status_code for answer in answers) == [201] * WEBHOOKS_AT_MOST + [409] * 5
    refused = next(number for number, answer in enumerate(answers) if answer.status_code == 409)
    made = next(number for number, answer in enumerate(answers) if answer.status_code == 201)
    assert answers[refused].json()["key"] == "webhooks_limit"
    assert str(WEBHOOKS_AT_MOST) in answers[refused].json()["message"]
    assert (await shop.post("/webhooks", numbered(made))).status_code == 200, "it has that one already"
    assert (await other.post("/webhooks", numbered(refused))).status_code == 201
    await shop.delete(f"/webhooks/{answers[made].json()['uuid']}")
    assert (await shop.post("/webhooks", numbered(refused))).status_code == 201
