"""A shop's own domain: links lead there once it leads here, and what stands against it is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from msgspec.structs import replace
from typer.testing import CliRunner

from karla.domain.branding.commands import claim_due_domains, forget_lapsed_domains
from karla.domain.branding.rules.domains import LAPSE
from karla.entrypoints.api.app import with_services
from karla.entrypoints.cli.program import app
from karla.infra.access import EVERYWHERE
from karla.infra.db import Database
from karla.infra.http import Egress
from karla.infra.work import Silence
from karla.pipeline.domains import DomainChecks
from karla.vocabulary.scope import Role
from tests.support.clocks import StandingClock
from tests.support.domains import DOMAIN, Domain, domain_before
from tests.support.karla import Karla, ShopClient
from tests.support.samples import sample

STATE = "/settings/trackpages/domain"


class World:
    """A Karla whose requests to domains end at the stand-in, and its worker's checks."""

    def __init__(self, karla: Karla, domain: Domain, egress: Egress) -> None:
        self.karla = karla
        self.domain = domain
        services = replace(karla.services, egress=egress)
        transport = httpx.ASGITransport(app=with_services(services))  # type: ignore[arg-type]
        self.http = httpx.AsyncClient(transport=transport, base_url="http://karla.test")
        self.checks = DomainChecks(services.db, egress, services.domain_keys)

    async def shop(self, role: Role = Role.ADMIN) -> ShopClient:
        """A shop with an order, whose calls this Karla answers."""
        client = await self.karla.shop(role)
        shop = ShopClient(self.http, client.shop, client.username, client.key)
        assert (await shop.put("/orders", sample("order_upsert.request.headless"))).is_success
        return shop


@pytest_asyncio.fixture
async def world(karla: Karla, tmp_path: Path) -> AsyncIterator[World]:
    async with domain_before(karla.http, tmp_path) as (domain, egress):
        made = World(karla, domain, egress)
        async with made.http:
            yield made
    await karla.services.db.write(
        EVERYWHERE, lambda work: work.connection.execute("delete from page_domains where domain = $1", DOMAIN)
    )


async def name_it(shop: ShopClient, domain: str | None = DOMAIN) -> httpx.Response:
    return await shop.put("/settings/trackpages", {"data": {"domain": domain} if domain else {}})


async def link(shop: ShopClient) -> str:
    order = sample("order_upsert.request.headless")
    answer = await shop.post("/orders/trackpage-url", {"id": order["order"]["order_number"]})
    url: str = answer.json()["url"]
    return url.partition("?")[0]


async def state(shop: ShopClient) -> dict[str, Any]:
    answer = await shop.get(STATE)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def checked(shop: ShopClient) -> dict[str, Any]:
    answer = await shop.post(f"{STATE}/check")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_links_lead_to_the_domain_once_it_leads_here(world: World) -> None:
    shop = await world.shop()
    ordinary = await link(shop)
    assert (await name_it(shop)).status_code == 200

    waiting = await state(shop)
    assert (waiting["domain"], waiting["status"], waiting["page_url"]) == (DOMAIN, "pending", ordinary)
    assert (waiting["proven_at"], waiting["checked_at"], waiting["problem"]) == (None, None, None)
    early = await checked(shop)
    assert (early["status"], early["problem"]["key"]) == ("pending", "dns")
    assert await link(shop) == ordinary

    world.domain.lead_here()
    await hurry(world)
    await look(world)

    now = await state(shop)
    assert (now["status"], now["page_url"], now["problem"]) == ("active", f"https://{DOMAIN}/", None)
    assert now["proven_at"] == now["checked_at"]
    assert await link(shop) == f"https://{DOMAIN}/"


async def test_saving_the_settings_has_the_domain_checked_at_once(world: World) -> None:
    shop = await world.shop()
    world.domain.lead_here()
    await name_it(shop)
    await look(world)
    assert (await state(shop))["status"] == "active"
    asked = len(world.domain.asked)
    await look(world)
    assert len(world.domain.asked) == asked, "what was just checked isn't due"
    await name_it(shop)
    await look(world)
    assert len(world.domain.asked) == asked + 1


async def test_a_domain_that_is_lost_keeps_its_links_and_is_told(world: World) -> None:
    shop = await world.shop()
    world.domain.lead_here()
    await name_it(shop)
    await look(world)
    world.domain.says = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nWelcome"
    await hurry(world)
    await look(world)
    lost = await state(shop)
    assert (lost["status"], lost["problem"]["key"]) == ("lost", "elsewhere")
    assert await link(shop) == f"https://{DOMAIN}/"
    world.domain.says = None
    await hurry(world)
    await look(world)
    assert (await state(shop))["status"] == "active"


async def test_nothing_but_this_karlas_answer_for_this_shop_is_a_proof(world: World) -> None:
    shop, other = await world.shop(), await world.shop()
    await name_it(other, f"track.{other.slug}.example")
    await name_it(shop)
    world.domain.lead_here()
    world.domain.says = b"HTTP/1.1 301 -\r\nLocation: https://karla.test/\r\nContent-Length: 0\r\n\r\n"
    await look(world)
    assert (await state(shop))["problem"]["key"] == "elsewhere"

    # The answer to another question, as a cache on the way or a copy on another server would give it.
    challenge = "0" * 32
    kept = await world.http.get(f"/.well-known/karla-domain?challenge={challenge}", headers={"Host": DOMAIN})
    assert kept.text.startswith("karla-domain-1 ")
    assert kept.headers["cache-control"] == "no-store"
    body = kept.content
    world.domain.says = b"HTTP/1.1 200 -\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body)
    await hurry(world)
    await look(world)
    assert (await state(shop))["status"] == "pending"

    # A server that leads here, and hands on another name than it was asked by.
    world.domain.says, world.domain.host = None, f"track.{other.slug}.example"
    await hurry(world)
    await look(world)
    assert ((await state(shop))["status"], await link(shop)) == ("pending", f"http://karla.test/track/{shop.slug}")


async def test_what_is_no_shops_host_and_no_question_is_not_answered(world: World) -> None:
    shop = await world.shop()
    await name_it(shop)
    for host, challenge in (("nobody.example", "0" * 32), (DOMAIN, ""), (DOMAIN, "0" * 31), (DOMAIN, "x" * 32)):
        answer = await world.http.get(f"/.well-known/karla-domain?challenge={challenge}", headers={"Host": host})
        assert (answer.status_code, answer.json()["key"]) == (404, "host_unknown")


async def test_private_addresses_are_not_asked(world: World) -> None:
    shop = await world.shop()
    await name_it(shop)
    world.domain.lead_here()
    async with Egress(allow_private=False, resolver=world.domain.names) as guarded:
        while await DomainChecks(world.karla.services.db, guarded, world.karla.services.domain_keys).turn():
            pass
    assert (await state(shop))["problem"]["key"] == "not_public"
    assert world.domain.asked == []


async def test_who_asks_again_and_again_is_told_what_is_known(world: World) -> None:
    shop = await world.shop()
    await name_it(shop)
    world.domain.lead_here()
    assert {one["status"] for one in [await checked(shop) for _ in range(3)]} == {"active"}
    assert len(world.domain.asked) == 1


async def test_a_shop_without_a_domain_has_none_to_tell_of(world: World) -> None:
    shop = await world.shop()
    for told in (await state(shop), await checked(shop)):
        assert (told["domain"], told["status"], told["page_url"]) == (None, "none", await link(shop))
    viewer = await world.shop(Role.EDITOR)
    assert (await (await world.karla.key_for(viewer.shop, Role.VIEWER)).post(f"{STATE}/check")).status_code == 403


async def test_a_domain_that_never_led_here_is_free_again_after_two_weeks(world: World, database_url: str) -> None:
    shop, other = await world.shop(), await world.shop()
    await name_it(shop)
    assert (await name_it(other)).json()["key"] == "domain_taken"

    clock = StandingClock(world.karla.services.clock.now() + LAPSE + timedelta(minutes=1))
    async with later(database_url, clock) as db:
        await db.write(EVERYWHERE, forget_lapsed_domains)

    assert (await state(shop))["status"] == "unclaimed"
    assert (await name_it(other)).status_code == 200
    assert (await name_it(shop)).json()["key"] == "domain_taken"
    world.domain.lead_here()
    assert (await checked(other))["status"] == "active"
    async with later(database_url, clock) as db:
        await db.write(EVERYWHERE, forget_lapsed_domains)
    assert (await state(other))["status"] == "active", "what was proven stays"


async def test_the_operator_gives_a_domain_to_the_shop_that_it_belongs_to(
    world: World, database_url: str, tmp_path: Path
) -> None:
    squatter, owner = await world.shop(), await world.shop()
    store = f"{owner.slug}.myshopify.com"
    world.domain.lead_here()
    await squatter.put("/settings/trackpages", {"data": {"domain": DOMAIN, "shopify_domain": store}})
    assert (await checked(squatter))["status"] == "active"

    def karla(*words: str) -> str:
        told = {"KARLA_DATABASE_URL": database_url, "KARLA_DATA_DIR": str(tmp_path), "COLUMNS": "200"}
        result = CliRunner().invoke(app, ["domains", *words], env=told, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    def listed() -> dict[str, tuple[str, str]]:
        return {one["domain"]: (one["shop"], one["status"]) for one in json.loads(karla("list", "--json"))}

    before = await asyncio.to_thread(listed)
    assert (before[DOMAIN], before[store]) == ((squatter.slug, "active"), (squatter.slug, "signed by Shopify"))
    for host in (DOMAIN, store):
        assert f"{host} belongs to {owner.slug}" in await asyncio.to_thread(karla, "give", host, "--shop", owner.slug)
    after = await asyncio.to_thread(listed)
    assert (after[DOMAIN], after[store][0]) == ((owner.slug, "pending"), owner.slug)

    assert (await name_it(squatter)).json()["key"] == "domain_taken"
    assert ((await state(squatter))["status"], await link(squatter)) == (
        "unclaimed",
        f"http://karla.test/track/{squatter.slug}",
    )
    taken = await owner.put("/settings/trackpages", {"data": {"domain": DOMAIN, "shopify_domain": store}})
    assert (taken.status_code, (await checked(owner))["status"]) == (200, "active")
    (entry,) = [
        one for one in (await owner.get("/audit", action="domain.given")).json() if one["object"]["id"] == store
    ]
    assert (entry["actor"]["kind"], entry["after"]) == (
        "operator",
        {"domain": store, "proven": False},
    )

    world.domain.says = b"HTTP/1.1 502 -\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    await asyncio.to_thread(karla, "give", DOMAIN, "--shop", squatter.slug, "--proven")
    assert (await name_it(squatter)).status_code == 200
    assert await link(squatter) == f"https://{DOMAIN}/"
    await look(world)
    assert ((await state(squatter))["status"], await link(squatter)) == ("lost", f"https://{DOMAIN}/")


@pytest.mark.parametrize(
    ("age", "soonest"), [(timedelta(0), 60), (timedelta(days=1), 4320), (timedelta(days=13), 21600)]
)
async def test_the_longer_a_domain_leads_nowhere_the_more_seldom_it_is_asked(
    world: World, database_url: str, age: timedelta, soonest: int
) -> None:
    shop = await world.shop()
    await name_it(shop)
    now = world.karla.services.clock.now() + age
    async with (
        later(database_url, StandingClock(now)) as db,
        Egress(allow_private=True, resolver=world.domain.names) as egress,
    ):
        while await DomainChecks(db, egress, world.karla.services.domain_keys).turn():
            pass
    for moment, due in ((now + timedelta(seconds=soonest - 5), False), (now + timedelta(seconds=soonest + 5), True)):
        async with later(database_url, StandingClock(moment)) as db:
            found = await db.write(EVERYWHERE, lambda work: claim_due_domains(work, 100))
        assert (DOMAIN in {one.domain for one in found}) is due


@asynccontextmanager
async def later(url: str, clock: StandingClock) -> AsyncIterator[Database]:
    """The database as a worker has it when it is that time."""
    db = await Database.open(url, announce=Silence, clock=clock, pool_size=1)
    try:
        yield db
    finally:
        await db.close()


async def hurry(world: World) -> None:
    """Have every domain due now."""
    await world.karla.services.db.write(
        EVERYWHERE, lambda work: work.connection.execute("update page_domains set check_at = $1", work.now)
    )


async def look(world: World) -> None:
    """Have the worker check what is due."""
    while await world.checks.turn():
        pass
