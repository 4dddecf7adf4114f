"""What a key has done, and how much it may do: times of last use, and limits by the minute."""

from datetime import timedelta
from typing import Any

import httpx

from karla.vocabulary.scope import Role
from tests.support.clocks import NOON, StandingClock
from tests.support.karla import Karla, ShopClient
from tests.support.neighbours import neighbour


def keys_of(client: ShopClient) -> str:
    return f"/v1/orgs/{client.shop.organisation}/keys"


async def created(admin: ShopClient, **members: Any) -> tuple[ShopClient, str]:
    """A new key of the admin's shop, and its uuid."""
    body = {"shops": [{"shop_slug": admin.slug, "role": "editor"}], **members}
    answer = await admin.post(keys_of(admin), body)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    return ShopClient(admin.http, admin.shop, made["username"], made["key"]), made["uuid"]


async def last_used(admin: ShopClient, uuid: str) -> str | None:
    answer = (await admin.get(f"{keys_of(admin)}/{uuid}")).json()
    at: str | None = answer["last_used_at"]
    return at


async def test_a_key_tells_when_it_was_last_used(karla: Karla, database_url: str) -> None:
    admin = await karla.shop(whole_organisation=True)
    editor, uuid = await created(admin)
    clock = StandingClock()
    assert await last_used(admin, uuid) is None
    async with neighbour(karla, database_url, clock) as process:
        for seconds, shown in ((0, "12:00:00"), (59, "12:00:00"), (1, "12:01:00"), (90, "12:02:30")):
            clock.advance(timedelta(seconds=seconds))
            assert (await process.get(f"/v1/shops/{editor.slug}", editor)).status_code == 200
            await process.keyring.uses.write()
            # Within a minute of the last one it is not written again.
            assert await last_used(admin, uuid) == f"2026-03-16T{shown}+00:00"


async def test_a_process_writes_down_at_its_end_what_it_noted(karla: Karla, database_url: str) -> None:
    admin = await karla.shop(whole_organisation=True)
    editor, uuid = await created(admin)
    async with neighbour(karla, database_url, StandingClock()) as process:
        async with process.keyring.uses.written():
            assert (await process.get(f"/v1/shops/{editor.slug}", editor)).status_code == 200
            assert await last_used(admin, uuid) is None
        assert await last_used(admin, uuid) == NOON.isoformat()


async def test_a_refused_key_counts_as_unused(karla: Karla, database_url: str) -> None:
    admin = await karla.shop(whole_organisation=True)
    editor, uuid = await created(admin)
    await admin.delete(f"{keys_of(admin)}/{uuid}")
    async with neighbour(karla, database_url, StandingClock()) as process:
        assert (await process.get(f"/v1/shops/{editor.slug}", editor)).status_code == 401
        await process.keyring.uses.write()
    assert await last_used(admin, uuid) is None


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["key"]


async def test_each_key_has_its_own_allowance(karla: Karla, database_url: str) -> None:
    admin = await karla.shop(whole_organisation=True)
    one, other = await karla.key_for(admin.shop, Role.VIEWER), await karla.key_for(admin.shop, Role.VIEWER)
    clock = StandingClock()
    async with neighbour(karla, database_url, clock, per_minute=3) as process:
        path = f"/v1/shops/{admin.slug}"
        assert [(await process.get(path, one)).status_code for _ in range(3)] == [200] * 3
        refused = await process.get(path, one)
        assert refusal(refused) == (429, "rate_limited")
        told = {name: refused.headers[name] for name in ("ratelimit-limit", "ratelimit-remaining", "retry-after")}
        assert told == {"ratelimit-limit": "3", "ratelimit-remaining": "0", "retry-after": "20"}
        assert (await process.get(path, other)).status_code == 200
        clock.advance(timedelta(seconds=20))
        assert [(await process.get(path, one)).status_code for _ in range(2)] == [200, 429]


async def test_a_key_may_have_a_lower_limit_and_hands_it_on(karla: Karla, database_url: str) -> None:
    admin = await karla.shop(whole_organisation=True)
    editor, uuid = await created(admin, requests_per_minute=2)
    rotated = (await admin.post(f"{keys_of(admin)}/{uuid}/rotate")).json()
    fresh = ShopClient(admin.http, admin.shop, rotated["username"], rotated["key"])
    assert rotated["requests_per_minute"] == 2
    async with neighbour(karla, database_url, StandingClock(), per_minute=100) as process:
        for key in (editor, fresh):
            statuses = [(await process.get(f"/v1/shops/{admin.slug}", key)).status_code for _ in range(3)]
            assert statuses == [200, 200, 429]


def told_of_limit(answer: httpx.Response) -> tuple[int, str | None, str | None, str | None]:
    names = ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset")
    limit, remaining, reset = (answer.headers.get(name) for name in names)
    return answer.status_code, limit, remaining, reset


async def test_a_key_with_a_limit_of_its_own_is_told_with_every_answer(karla: Karla, database_url: str) -> None:
    admin = await karla.shop(whole_organisation=True)
    editor, _ = await created(admin, requests_per_minute=6)
    async with neighbour(karla, database_url, StandingClock()) as process:
        shop, bounded = f"/v1/shops/{admin.slug}", process.client(editor)
        assert told_of_limit(await bounded.get(shop)) == (200, "6", "5", "0")
        assert told_of_limit(await bounded.get(f"{shop}/orders")) == (200, "6", "4", "0")
        assert told_of_limit(await bounded.get(f"{shop}/orders/none")) == (404, "6", "3", "0")
        assert told_of_limit(await bounded.post(f"{shop}/webhooks", {"url": 1})) == (422, "6", "2", "0")
        in_bulk = await bounded.put(f"{shop}/orders/bulk", [])
        assert told_of_limit(in_bulk)[:2] == (200, "120")
        assert len(in_bulk.headers.get_list("ratelimit-limit")) == 1
        assert told_of_limit(await bounded.get(f"{shop}/orders")) == (200, "6", "0", "10")
        refused = await bounded.get(shop)
        assert told_of_limit(refused) == (429, "6", "0", "10")
        assert len(refused.headers.get_list("retry-after")) == 1
        assert told_of_limit(await process.get(shop, admin)) == (200, None, None, None)
