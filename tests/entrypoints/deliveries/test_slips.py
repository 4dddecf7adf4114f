"""Members and parameters that are not known."""

from typing import Any

import pytest

from tests.entrypoints.deliveries.sending import delivered
from tests.support.karla import Karla, ShopClient
from tests.support.receiver import Receiver


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("replay", {"status": "all", "dryrun": True, "untill": None}),
        ("test", {"event": "OUT_FOR_DELIVERY"}),
        ("rotate-secret", {"overlap": 0}),
        ("deliveries/{delivery}/replay", {"dry_run": True}),
    ],
)
async def test_a_member_that_is_not_known_is_refused(
    karla: Karla, shop: ShopClient, webhook: str, receiver: Receiver, path: str, body: dict[str, Any]
) -> None:
    await delivered(karla, shop)
    before = (await shop.get(webhook)).json()
    (delivery,) = (await shop.get(f"{webhook}/deliveries")).json()
    answer = await shop.post(f"{webhook}/{path.format(delivery=delivery['uuid'])}", body)
    assert answer.status_code == 422
    faults = [(fault["loc"], fault["msg"]) for fault in answer.json()["errors"]]
    assert faults == [(["body", name], "Not a known field") for name in body if name != "status"]
    assert (await shop.get(f"{webhook}/deliveries")).json() == [delivery]
    assert (await shop.get(webhook)).json() == before


@pytest.mark.parametrize("path", ["replay", "test", "rotate-secret", "deliveries/{delivery}/replay"])
async def test_so_is_what_stands_in_the_address_and_belongs_in_the_body(
    karla: Karla, shop: ShopClient, webhook: str, path: str
) -> None:
    await delivered(karla, shop)
    (delivery,) = (await shop.get(f"{webhook}/deliveries")).json()
    where = f"{webhook}/{path.format(delivery=delivery['uuid'])}"
    answer = await shop.call("POST", f"{where}?dry_run=true&status=all")
    assert answer.status_code == 422
    assert [fault["loc"] for fault in answer.json()["errors"]] == [["query", "dry_run"], ["query", "status"]]
    assert (await shop.get(f"{webhook}/deliveries")).json() == [delivery]
    stranger = await shop.http.post(f"/v1/shops/{shop.slug}{where}?dry_run=true", headers={})
    assert stranger.status_code == 400


async def test_lists_refuse_filters_that_they_do_not_know(shop: ShopClient, webhook: str) -> None:
    for path in (f"{webhook}/deliveries", f"{webhook}/replays"):
        answer = await shop.get(path, statuss="failed", page=0)
        assert answer.status_code == 422
        assert [fault["loc"] for fault in answer.json()["errors"]] == [["query", "page"], ["query", "statuss"]]


async def test_calls_of_the_contract_ignore_them(shop: ShopClient, webhook: str, receiver: Receiver) -> None:
    assert (await shop.get("/webhooks", colour="red")).status_code == 200
    assert (await shop.patch(webhook, {"description": "mine", "colour": "red"})).status_code == 200
    made = await shop.post("/webhooks", {"url": f"{receiver.url}/other", "colour": "red"})
    assert made.status_code == 201
