"""The test clock of a shop as its developer uses it: stopped, moved, sped up, released."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from karla.infra import bell
from karla.infra.access import scope_of
from karla.infra.bell import Bell
from karla.infra.work import Work
from karla.vocabulary.scope import Role
from tests.support.karla import Karla, ShopClient
from tests.support.samples import sample

THEN = "2026-03-16T09:00:00+00:00"
DAY = 86_400


@pytest.fixture
async def shop(karla: Karla) -> ShopClient:
    return await karla.shop(Role.EDITOR)


async def clock_of(shop: ShopClient) -> dict[str, Any]:
    answer = await shop.get("/clock")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def turned(shop: ShopClient, **body: Any) -> dict[str, Any]:
    answer = await shop.post("/clock", body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def time(told: str | None) -> datetime:
    assert told is not None
    assert told.endswith("+00:00")
    return datetime.fromisoformat(told)


async def test_without_a_test_clock_a_shop_has_the_real_time(shop: ShopClient) -> None:
    told = await clock_of(shop)
    assert told == {"now": told["real"], "running": True, "factor": 1.0, "set_at": None, "real": told["real"]}
    assert abs(time(told["real"]) - datetime.now(UTC)) < timedelta(minutes=1)


async def test_a_stopped_clock_stands_still_and_goes_ahead_step_by_step(shop: ShopClient) -> None:
    stopped = await turned(shop, action="freeze", at=THEN)
    assert (stopped["now"], stopped["running"], stopped["factor"]) == (THEN, False, 0.0)
    assert time(stopped["set_at"]) <= time(stopped["real"])
    assert (await clock_of(shop))["now"] == THEN
    assert (await turned(shop, action="advance", by_seconds=DAY))["now"] == "2026-03-17T09:00:00+00:00"
    assert (await turned(shop, action="advance", by_seconds=0.5))["now"] == "2026-03-17T09:00:00.500000+00:00"
    assert (await turned(shop, action="freeze"))["now"] == "2026-03-17T09:00:00.500000+00:00"
    assert (await turned(shop, action="freeze", at="2026-03-16T10:00:00+01:00"))["now"] == THEN
    assert (await clock_of(shop))["running"] is False


async def test_a_running_clock_runs_so_many_seconds_a_second(shop: ShopClient) -> None:
    await turned(shop, action="freeze", at=THEN)
    first = await turned(shop, action="speed", factor=3600)
    assert (first["running"], first["factor"]) == (True, 3600.0)
    later = await clock_of(shop)
    assert later["set_at"] == first["set_at"]
    for told in (first, later):
        passed = (time(told["real"]) - time(told["set_at"])) * 3600
        assert time(told["now"]) == time(THEN) + passed
    moved = await turned(shop, action="advance", by_seconds=DAY)
    assert moved["factor"] == 3600.0
    assert time(moved["now"]) >= time(later["now"]) + timedelta(days=1)
    stopped = await turned(shop, action="freeze")
    assert time(stopped["now"]) >= time(moved["now"])
    assert stopped["factor"] == 0.0


async def test_a_released_clock_is_gone(shop: ShopClient) -> None:
    await turned(shop, action="freeze", at=THEN)
    for _ in range(2):
        told = await turned(shop, action="release")
        assert told == {"now": told["real"], "running": True, "factor": 1.0, "set_at": None, "real": told["real"]}
    # Without a clock a step begins at the real time.
    moved = await turned(shop, action="advance", by_seconds=60)
    assert moved["running"] is False
    assert time(moved["now"]) == time(moved["set_at"]) + timedelta(minutes=1)


async def test_each_shop_has_a_clock_of_its_own(shop: ShopClient, karla: Karla) -> None:
    other = await karla.shop(Role.EDITOR)
    await turned(shop, action="freeze", at=THEN)
    assert (await clock_of(other))["set_at"] is None
    await turned(other, action="release")
    assert (await clock_of(shop))["now"] == THEN


async def test_of_changes_at_the_same_time_none_is_lost(shop: ShopClient) -> None:
    await turned(shop, action="freeze", at=THEN)
    await asyncio.gather(*(turned(shop, action="advance", by_seconds=60) for _ in range(8)))
    assert (await clock_of(shop))["now"] == "2026-03-16T09:08:00+00:00"


async def test_first_steps_at_the_same_time_count_too(shop: ShopClient) -> None:
    before = await clock_of(shop)
    await asyncio.gather(*(turned(shop, action="advance", by_seconds=DAY) for _ in range(8)))
    assert time((await clock_of(shop))["now"]) - time(before["real"]) >= timedelta(days=8)


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, {"action": "missing"}),
        ([], {"body": "object_type"}),
        ({"action": "fly"}, {"action": "enum"}),
        ({"action": None}, {"action": "enum"}),
        ({"action": "advance"}, {"by_seconds": "missing"}),
        ({"action": "advance", "by_seconds": 0}, {"by_seconds": "too_small"}),
        ({"action": "advance", "by_seconds": 1e-9}, {"by_seconds": "too_small"}),
        ({"action": "advance", "by_seconds": -60}, {"by_seconds": "too_small"}),
        ({"action": "advance", "by_seconds": 400 * DAY + 1}, {"by_seconds": "too_large"}),
        ({"action": "advance", "by_seconds": "60"}, {"by_seconds": "number_type"}),
        ({"action": "advance", "by_seconds": 1e999}, {"by_seconds": "too_large"}),
        (
            {"action": "advance", "by_seconds": -1, "factor": 2, "at": THEN},
            {"by_seconds": "too_small", "factor": "value", "at": "value"},
        ),
        ({"action": "speed", "factor": 0}, {"factor": "too_small"}),
        ({"action": "speed", "factor": 1_000_001}, {"factor": "too_large"}),
        ({"action": "speed", "by_seconds": 60}, {"factor": "missing", "by_seconds": "value"}),
        ({"action": "freeze", "at": "2026-03-16T09:00:00"}, {"at": "datetime_invalid"}),
        ({"action": "freeze", "at": "tomorrow"}, {"at": "datetime_invalid"}),
        ({"action": "freeze", "at": "1989-12-31T23:59:59+00:00"}, {"at": "datetime_out_of_range"}),
        ({"action": "freeze", "at": "2200-01-02T00:00:00+00:00"}, {"at": "datetime_out_of_range"}),
        ({"action": "release", "factor": 1, "when": "now"}, {"factor": "value", "when": "value"}),
    ],
)
async def test_every_fault_is_named_and_nothing_changes(shop: ShopClient, body: Any, faults: dict[str, str]) -> None:
    await turned(shop, action="freeze", at=THEN)
    # One of the numbers is greater than any that Python has.
    sent = json.dumps(body).replace("Infinity", "1e999")
    answer = await shop.call("POST", "/clock", content=sent, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text
    assert {fault["field"]: fault["type"] for fault in answer.json()["errors"]} == faults
    assert (await clock_of(shop))["now"] == THEN


async def test_a_step_beyond_the_end_of_the_calendar_is_refused(shop: ShopClient) -> None:
    await turned(shop, action="freeze", at="2199-12-31T00:00:00+00:00")
    answer = await shop.post("/clock", {"action": "advance", "by_seconds": 2 * DAY})
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert (fault["field"], fault["type"]) == ("by_seconds", "datetime_out_of_range")


async def test_a_step_by_a_slip_of_the_pen_is_refused(shop: ShopClient) -> None:
    answer = await shop.call("POST", "/clock", params={"by_seconds": "60"}, json={"action": "release"})
    assert answer.status_code == 422


async def test_a_viewer_looks_and_an_editor_turns(shop: ShopClient, karla: Karla) -> None:
    viewer = await karla.key_for(shop.shop, Role.VIEWER)
    assert (await viewer.get("/clock")).status_code == 200
    assert (await viewer.post("/clock", {"action": "freeze"})).status_code == 403
    assert (await clock_of(shop))["set_at"] is None


async def test_the_trail_tells_who_turned_it(shop: ShopClient, karla: Karla) -> None:
    admin = await karla.key_for(shop.shop, Role.ADMIN)
    await turned(shop, action="freeze", at=THEN)
    await turned(shop, action="speed", factor=60)
    await turned(shop, action="release")
    await turned(shop, action="release")
    released, sped, stopped = (await admin.get("/audit", action="clock")).json()
    assert [one["action"] for one in (stopped, sped, released)] == ["clock.set", "clock.set", "clock.released"]
    assert {one["actor"]["name"] for one in (stopped, sped, released)} == {shop.username}
    assert stopped["object"] == {"kind": "clock", "id": str(shop.shop.id)}
    assert stopped["before"] is None
    assert (stopped["after"]["factor"], datetime.fromisoformat(stopped["after"]["showed_at"])) == (0, time(THEN))
    assert (sped["before"]["factor"], sped["after"]["factor"]) == (0, 60)
    assert released["before"]["factor"] == 60
    assert released["after"] is None


async def test_the_belt_is_told_at_once(shop: ShopClient, database_url: str) -> None:
    rung = asyncio.Event()
    listening = Bell(database_url)
    listening.on(bell.TRACKING, rung.set)
    await listening.start()
    rung.clear()
    for body in ({"action": "freeze"}, {"action": "release"}):
        await turned(shop, **body)
        async with asyncio.timeout(10):
            await rung.wait()
        rung.clear()
    await listening.stop()


class Followed:
    """Parcels that wait for their time, each named by its number, and the accounts that follow them."""

    def __init__(self, karla: Karla, shop: ShopClient) -> None:
        self.karla = karla
        self.shop = shop
        self.scope = scope_of([shop.shop.id])

    async def follow(self, number: str, provider: str, due: str) -> None:
        order = sample("order_upsert.request.headless")
        order["id"] = number
        order["order"] |= {"order_number": number, "external_id": number}
        order["trackings"] = [{"tracking_number": number, "carrier_reference": "dhl"}]
        answer = await self.shop.put("/orders", order)
        assert answer.is_success, answer.text
        shipment_id = UUID(answer.json()["trackings"][0]["id"])

        async def insert(work: Work) -> None:
            await work.connection.execute(
                """
                insert into followed_parcels (shop_id, shipment_id, provider, carrier, tracking_number, due_at,
                                              urgency, changed_at)
                values ($1, $2, $3, 'dhl', $4, $5::text::timestamptz, 2, $6)
                """,
                self.shop.shop.id,
                shipment_id,
                provider,
                number,
                due,
                work.now,
            )
            await work.connection.execute(
                """
                insert into trackers (shop_id, provider, due_at, leased_until, day)
                values ($1, $2, '2100-01-01', '2100-01-01', '2026-03-16') on conflict do nothing
                """,
                self.shop.shop.id,
                provider,
            )

        await self.karla.services.db.write(self.scope, insert)

    async def due(self) -> dict[str, bool]:
        """Which parcels and accounts are due now."""
        async with self.karla.services.db.read(self.scope) as connection:
            rows = await connection.fetch(
                """
                select tracking_number as name, due_at <= now() as due from followed_parcels where shop_id = $1
                union all
                select provider, due_at <= now() and leased_until > now() from trackers where shop_id = $1
                """,
                self.shop.shop.id,
            )
        return {row["name"]: row["due"] for row in rows}


async def test_what_lives_by_the_clock_is_due_at_once_and_nothing_else(shop: ShopClient, karla: Karla) -> None:
    followed = Followed(karla, shop)
    await followed.follow("1", "sandbox", "2099-01-01")
    await followed.follow("2", "sandbox", "infinity")
    await followed.follow("3", "dhl", "2099-01-01")
    assert set((await followed.due()).values()) == {False}
    await turned(shop, action="freeze", at=THEN)
    # A lease is not touched: whoever has the account goes on with it.
    assert await followed.due() == {"1": True, "2": False, "3": False, "sandbox": True, "dhl": False}


async def test_days_of_a_parcel_pass_in_a_moment_and_in_order(shop: ShopClient, karla: Karla) -> None:
    admin = await karla.key_for(shop.shop, Role.ADMIN)
    answer = await admin.put("/connections/carriers/sandbox", {"credentials": {}})
    assert answer.status_code == 201, answer.text
    await turned(shop, action="freeze", at=THEN)
    order = sample("order_upsert.request.headless")
    order["trackings"] = [{"tracking_number": "SBX-A.3H.T.1D.O.2H.D-1", "carrier_reference": "sandbox"}]
    shipment_id = (await shop.put("/orders", order)).json()["trackings"][0]["id"]
    for seconds, phase in ((0, "order_processed"), (DAY, "in_transit"), (4 * 3600, "in_delivery"), (DAY, "delivered")):
        if seconds:
            await turned(shop, action="advance", by_seconds=seconds)
        await karla.drain()
        parcel = (await shop.get(f"/shipments/{shipment_id}")).json()
        assert parcel["phase"] == phase
    told = [
        (event["event_key"], (time(event["time"]) - time(THEN)) / timedelta(hours=1))
        for event in reversed(parcel["events"])
        if event["origin"] == "sandbox" and event["event_key"] != "ESTIMATED_DELIVERY_UPDATED"
    ]
    assert told == [
        ("SHIPMENT_DATA_RECEIVED_BY_CARRIER", 0),
        ("SORTED_AT_TRANSPORT_HUB", 3),
        ("OUT_FOR_DELIVERY", 27),
        ("SUCCESSFULLY_DELIVERED", 29),
    ]
