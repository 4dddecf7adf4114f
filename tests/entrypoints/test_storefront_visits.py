"""The beacon of pages: always quick, without anybody's traces, and only people count."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from karla.domain.insights.records import Page, Visit, VisitKind
from karla.entrypoints.api.app import with_services
from karla.entrypoints.api.visit_log import BEACONS_A_MINUTE, VisitLog
from karla.infra.access import scope_of
from karla.infra.db import Database
from karla.infra.errors import Unavailable
from karla.infra.ids import new_id
from karla.infra.in_process import InProcess, on_behalf_of
from karla.infra.work import Work
from karla.vocabulary.scope import Scope
from tests.support.asgi import http_scope
from tests.support.clocks import NOON
from tests.support.karla import Karla, ShopClient
from tests.support.samples import sample
from tests.support.visits import PHONE, beacon, session_of


@pytest.fixture
async def shop(karla: Karla) -> ShopClient:
    return await karla.shop()


async def stored(karla: Karla, shop: ShopClient) -> list[dict[str, Any]]:
    """What is written down of a shop's visits."""
    await karla.services.visits.write()
    async with karla.services.db.read(scope_of([shop.shop.id])) as connection:
        rows = await connection.fetch("select * from page_visits where shop_id = $1 order by kind", shop.shop.id)
    return [dict(row) for row in rows]


async def test_what_is_told_is_counted_and_nothing_else_is_kept(karla: Karla, shop: ShopClient) -> None:
    slot = {"kind": "slot", "slot": "banner", "campaign": "spring-2026", "after_ms": 4200}
    answer = await beacon(
        karla, shop, "opened", slot, language="de-AT", headers={"Cookie": "me=1", "X-Forwarded-For": "198.51.100.7"}
    )
    assert (answer.status_code, answer.content, answer.headers.get("set-cookie")) == (202, b"", None)
    opened, clicked = await stored(karla, shop)
    assert datetime.now(UTC) - opened["at"] < timedelta(minutes=5)
    times = {"shop_id", "at", "id"}
    assert {name: value for name, value in opened.items() if name not in times} == {
        "kind": "opened",
        "page": "track",
        "phase": None,
        "language": "de",
        "slot": None,
        "campaign": None,
        "after_ms": None,
    }
    assert (clicked["slot"], clicked["campaign"], clicked["after_ms"]) == ("banner", "spring-2026", 4200)
    assert not {"iPhone", "127.0.0.1", "198.51.100.7"} & set(str(opened).split("'"))


async def test_a_whole_network_of_ipv6_is_one_address(karla: Karla, shop: ShopClient) -> None:
    api = InProcess(with_services(karla.services))
    for number in range(BEACONS_A_MINUTE + 20):
        body = {"page": "track", "visits": [{"kind": "opened"}]}
        with on_behalf_of(f"2001:db8:5:6::{number:x}"):
            async with httpx.AsyncClient(transport=api, base_url="http://karla.test") as http:
                path = f"/v1/shops/{shop.slug}/storefront/visits"
                assert (await http.post(path, json=body, headers={"User-Agent": PHONE})).status_code == 202
    assert len(await stored(karla, shop)) < BEACONS_A_MINUTE + 20


async def test_with_a_session_the_order_counts_as_opened_and_the_parcels_phase_is_known(
    karla: Karla, shop: ShopClient
) -> None:
    order = (await shop.put("/orders", sample("order_upsert.request.headless"))).json()
    await beacon(karla, shop, {"kind": "opened", "shipment_number": 1}, session=session_of(karla, shop, order))
    (visit,) = await stored(karla, shop)
    assert visit["phase"] == order["trackings"][0]["phase"]
    async with karla.services.db.read(scope_of([shop.shop.id])) as connection:
        row = await connection.fetchrow("select * from page_openings where shop_id = $1", shop.shop.id)
    assert row is not None
    assert (row["order_id"], row["openings"], row["engaged"]) == (UUID(order["uuid"]), 1, False)


async def test_another_shops_session_opens_nothing_here(karla: Karla, shop: ShopClient) -> None:
    other = await karla.shop()
    order = (await other.put("/orders", sample("order_upsert.request.headless"))).json()
    for session in (session_of(karla, other, order), "ks1_nonsense", "x" * 4096):
        assert (await beacon(karla, shop, "opened", session=session)).status_code == 202
    assert len(await stored(karla, shop)) == 3
    async with karla.services.db.read(scope_of([shop.shop.id, other.shop.id])) as connection:
        shops = [shop.shop.id, other.shop.id]
        assert await connection.fetchval("select count(*) from page_openings where shop_id = any ($1)", shops) == 0


async def test_send_beacon_may_say_that_it_is_plain_text(karla: Karla, shop: ShopClient) -> None:
    body = msgspec.json.encode({"page": "finder", "visits": [{"kind": "opened"}]})
    for content_type in ("text/plain;charset=UTF-8", "application/json"):
        answer = await karla.http.post(
            f"/v1/shops/{shop.slug}/storefront/visits",
            content=body,
            headers={"Content-Type": content_type, "User-Agent": PHONE},
        )
        assert answer.status_code == 202
    assert [visit["page"] for visit in await stored(karla, shop)] == ["finder", "finder"]


@pytest.mark.parametrize(
    "headers", [{"User-Agent": "Googlebot/2.1"}, {"User-Agent": ""}, {"Sec-Purpose": "prefetch;prerender"}]
)
async def test_programs_are_answered_and_not_counted(karla: Karla, shop: ShopClient, headers: dict[str, str]) -> None:
    assert (await beacon(karla, shop, "opened", headers=headers)).status_code == 202
    assert await stored(karla, shop) == []


async def test_the_demo_is_nobodys_order(karla: Karla, shop: ShopClient) -> None:
    assert (await beacon(karla, shop, "opened", page="demo")).status_code == 202
    assert await stored(karla, shop) == []


@pytest.mark.parametrize(
    ("visits", "page", "field"),
    [
        ([], {}, "visits"),
        (["opened"] * 51, {}, "visits"),
        (["hovered"], {}, "kind"),
        (["opened"], {"page": "elsewhere"}, "page"),
        (["opened"], {"language": "Mara Lindqvist"}, "language"),
        ([{"kind": "slot", "slot": "mara@mail.example"}], {}, "slot"),
        ([{"kind": "slot", "campaign": "a" * 65}], {}, "campaign"),
        ([{"kind": "opened", "after_ms": -1}], {}, "after_ms"),
        ([{"kind": "opened", "shipment_number": 0}], {}, "shipment_number"),
    ],
)
async def test_what_is_wrong_is_named(
    karla: Karla, shop: ShopClient, visits: list[Any], page: dict[str, Any], field: str
) -> None:
    answer = await beacon(karla, shop, *visits, **page)
    assert answer.status_code == 422
    assert field in {fault["field"] or fault["loc"][-2] for fault in answer.json()["errors"]}


async def test_a_body_of_more_than_16_kb_is_refused(karla: Karla, shop: ShopClient) -> None:
    assert (await beacon(karla, shop, "opened", session="x" * 17_000)).status_code == 413


async def test_a_shop_that_is_none_has_no_pages(karla: Karla, shop: ShopClient) -> None:
    answer = await karla.http.post("/v1/shops/nobody/storefront/visits", json={}, headers={"User-Agent": PHONE})
    assert answer.status_code in (404, 422)


def visit(shop: ShopClient, number: int = 1) -> list[Visit]:
    return [
        Visit(shop_id=shop.shop.id, id=new_id(), at=NOON, kind=VisitKind.OPENED, page=Page.TRACK) for _ in range(number)
    ]


async def test_one_address_is_answered_always_and_not_counted_without_end(karla: Karla, shop: ShopClient) -> None:
    application = with_services(karla.services)
    body = {"page": "track", "visits": [{"kind": "opened"}]}
    sent = BEACONS_A_MINUTE + 60
    async with httpx.AsyncClient(transport=InProcess(application), base_url="http://karla.test") as http:
        path, headers = f"/v1/shops/{shop.slug}/storefront/visits", {"User-Agent": PHONE}
        with on_behalf_of("198.51.100.30"):
            answers = [(await http.post(path, json=body, headers=headers)).status_code for _ in range(sent)]
        assert answers == [202] * sent
        assert BEACONS_A_MINUTE <= len(await stored(karla, shop)) < sent
        before = len(await stored(karla, shop))
        with on_behalf_of("198.51.100.31"):
            await http.post(path, json=body, headers=headers)
    assert len(await stored(karla, shop)) == before + 1


async def test_a_page_may_lie_open_for_weeks(karla: Karla, shop: ShopClient) -> None:
    await beacon(karla, shop, {"kind": "faq", "after_ms": 10**10}, {"kind": "opened", "after_ms": 0})
    assert [visit["after_ms"] for visit in await stored(karla, shop)] == [86_400_000, 0]


async def test_at_its_end_a_process_writes_down_what_it_knows(karla: Karla, shop: ShopClient) -> None:
    log = VisitLog(karla.services.db)
    async with log.written():
        log.note(visit(shop, 3))
    assert len(await stored(karla, shop)) == 3


class FailingDatabase:
    """Fails by these errors, one after the other, and then writes as the other does."""

    def __init__(self, db: Database, *errors: Exception) -> None:
        self._db = db
        self._errors = list(errors)

    async def write(self, scope: Scope, command: Callable[[Work], Awaitable[Any]]) -> Any:
        if self._errors:
            raise self._errors.pop(0)
        return await self._db.write(scope, command)


async def test_while_the_database_is_away_visits_stay_noted(karla: Karla, shop: ShopClient) -> None:
    log = VisitLog(FailingDatabase(karla.services.db, Unavailable(), Unavailable()))  # type: ignore[arg-type]
    log.note(visit(shop, 2))
    await log.write()
    await log.write()
    assert await stored(karla, shop) == []
    await log.write()
    assert len(await stored(karla, shop)) == 2


async def test_what_can_never_be_written_holds_up_nothing(karla: Karla, shop: ShopClient) -> None:
    log = VisitLog(FailingDatabase(karla.services.db, ValueError("odd")))  # type: ignore[arg-type]
    log.note(visit(shop, 2))
    await log.write()
    log.note(visit(shop, 1))
    await log.write()
    assert len(await stored(karla, shop)) == 1


async def test_a_beacon_that_its_browser_cuts_off_is_no_fault_of_ours(karla: Karla, shop: ShopClient) -> None:
    path = f"/v1/shops/{shop.slug}/storefront/visits"
    heard = iter([{"type": "http.request", "body": b'{"visits"', "more_body": True}, {"type": "http.disconnect"}])
    told: list[Any] = []

    async def receive() -> Any:
        return next(heard)

    async def send(message: Any) -> None:
        told.append(message)

    await with_services(karla.services)(http_scope("POST", path), receive, send)
    assert told[0]["status"] == 400
    assert msgspec.json.decode(told[1]["body"])["key"] == "body_incomplete"
