"""Webhooks as a merchant's developer manages them."""
import pytest
from tests.support.karla import Karla
async def test_smoke(karla: Karla) -> None:
    shop = await karla.shop()
    answer = await shop.post("/webhooks", {"url": "http://127.0.0.1:9/x"})
    print(answer.status_code, answer.text)
    answer = await shop.get("/webhooks")
    print(answer.status_code, answer.text)
    answer = await shop.put("/orders", {"id":"1","trackings":[],"order":{"order_number":"1","products":[],"address":{"zip_code":"10119","name":"Jö Doe"}, "total_order_price": 5.5}})
    print(answer.status_code, answer.text)
    await karla.drain()
    answer = await shop.get("/events?limit=1")
    print(answer.status_code, answer.headers, answer.text)
    u=(await shop.get("/webhooks")).json()[0]["uuid"]
    answer = await shop.get(f"/webhooks/{u}/deliveries")
    print(answer.status_code, answer.headers, answer.text)
    answer = await shop.get("/metrics")
    assert 0
