"""The audit trail: each administrative change leaves one entry, in its own transaction, for those who may read it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from typer.testing import CliRunner

from karla.domain.tenants import commands
from karla.entrypoints.cli.program import app
from karla.infra.access import NOWHERE
from karla.infra.errors import Conflict
from karla.infra.work import Work
from karla.vocabulary.scope import Role
from tests.support.connections import DHL, Played, dhl_played
from tests.support.documents import Operation, operations
from tests.support.images import PNG
from tests.support.inhabited import inhabit, options
from tests.support.karla import Karla, ShopClient


@pytest_asyncio.fixture(scope="module")
async def dhl() -> AsyncIterator[Played]:
    async with dhl_played() as played:
        yield played


def keys_of(client: ShopClient) -> str:
    return f"/v1/orgs/{client.shop.organisation}/keys"


async def trail(client: ShopClient, **filters: Any) -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/orgs/{client.shop.organisation}/audit", **filters)
    assert answer.status_code == 200, answer.text
    return list(answer.json())


def told(entry: dict[str, Any]) -> tuple[str, str]:
    return entry["action"], entry["object"]["id"]


async def test_an_entry_tells_who_what_when_and_from_where(karla: Karla) -> None:
    admin = await karla.shop(whole_organisation=True)
    headers = {"X-Request-Id": "request-of-the-test", "User-Agent": "Terminal/1"}
    answer = await admin.call("PATCH", "", json={"name": "New", "language": "de"}, headers=headers)
    (entry, *_) = await trail(admin)
    uuid = entry.pop("uuid")
    assert len(uuid) == 36
    key = (await admin.get(keys_of(admin))).json()[0]
    assert entry == {
        "changed_at": answer.json()["updated_at"],
        "action": "shop.updated",
        "object": {"kind": "shop", "id": str(admin.shop.id)},
        "actor": {"kind": "key", "name": admin.username, "key_uuid": key["uuid"]},
        "shop_slug": admin.slug,
        "before": {"name": "Test", "language": "en", "updated_at": entry["before"]["updated_at"]},
        "after": {"name": "New", "language": "de", "updated_at": entry["after"]["updated_at"]},
        "ip_address": "127.0.0.1",
        "user_agent": "Terminal/1",
        "request_id": "request-of-the-test",
    }


SECRET = "a-secret-of-the-test-0123"

CHANGES: dict[str, tuple[str, str, Callable[[ShopClient], dict[str, Any]]]] = {
    "shop.created": (
        "POST",
        "/v1/shops",
        lambda client: {
            "json": {
                "name": "B",
                "slug": f"{client.slug}-b",
                "organization": client.shop.organisation,
                "klaviyo_enabled": False,
            }
        },
    ),
    "shop.deleted": ("DELETE", "", lambda _: {}),
    "settings.updated": ("PUT", "/settings/segments", lambda _: {"json": {"klaviyo": True}}),
    "image.uploaded": ("POST", "/images/logo", lambda _: {"files": {"image": ("logo.png", PNG, "image/png")}}),
    "key.created": (
        "POST",
        "/v1/orgs/{organisation}/keys",
        lambda client: {"json": {"shops": [{"shop_slug": client.slug, "role": "viewer"}]}},
    ),
    "key.revoked": ("DELETE", "/v1/orgs/{organisation}/keys/{key}", lambda _: {}),
    "webhook.created": ("POST", "/webhooks", lambda _: {"json": {"url": "https://shop.example", "secret": SECRET}}),
    "webhook.updated": ("PATCH", "/webhooks/{webhook}", lambda _: {"json": {"description": "New"}}),
    "webhook.secret_rotated": ("POST", "/webhooks/{webhook}/rotate-secret", lambda _: {"json": {"secret": SECRET}}),
    "webhook.deleted": ("DELETE", "/webhooks/{webhook}", lambda _: {}),
    "connection.updated": ("PATCH", DHL, lambda _: {"json": {"paused": True}}),
    "connection.deleted": ("DELETE", DHL, lambda _: {}),
    "key.rotated": ("POST", "/v1/orgs/{organisation}/keys/{key}/rotate", lambda _: {"json": {"overlap_hours": 1}}),
}


@pytest.mark.parametrize("action", CHANGES)
async def test_each_change_leaves_its_entry_and_no_secret(karla: Karla, action: str) -> None:
    here = await inhabit(karla)
    admin = here.callers["organisation"]
    method, path, body = CHANGES[action]
    names = {"key": here.names["uuid of keys"], "webhook": here.names["uuid of webhooks"]}
    path = path.format(organisation=admin.shop.organisation, **names)
    before = await trail(admin, per_page=100)
    answer = await admin.call(method, path, **body(admin))
    assert answer.status_code < 300, answer.text
    entries = await trail(admin, per_page=100)
    new = [entry for entry in entries if entry not in before]
    (entry,) = (entry for entry in new if entry["action"] == action)
    assert entry["object"]["kind"] == action.partition(".")[0]
    assert (entry["before"] is None) == action.endswith((".created", ".uploaded"))
    assert (entry["after"] is None) == action.endswith(".deleted")
    also = {"key.rotated": {"key.created"}, "shop.deleted": {"key.revoked"}}.get(action, set())
    assert {one["action"] for one in new} == {action, *also}
    assert SECRET not in str(entries)
    if action.startswith("key.") and method == "POST":
        assert answer.json()["key"] not in str(entries)


# What a shop does all day is told by its journal; a look at a domain or a connection changes nothing that anybody set.
DAILY = ("/orders", "/shipments", "/products", "/domain/check", "/{integration}/test")
# Where the document's example says what is so already.
CHANGING: dict[str, dict[str, Any]] = {
    "v1WebhooksReplay": {"status": "all"},
    "v1ShopsSettingsUpdateCarriers": {"shipment_updates": False},
    "v1ShopsSettingsSet": {"carriers": {"shipment_updates": False}, "triggers": {}},
}
ADMINISTRATIVE = [
    operation
    for operation in operations()
    if operation.method != "GET"
    and operation.needs.of not in ("nobody", "shopper")
    and not any(part in operation.path for part in DAILY)
]


@pytest.mark.parametrize("operation", ADMINISTRATIVE, ids=str)
async def test_no_administrative_operation_goes_untold(operation: Operation, karla: Karla, dhl: Played) -> None:
    here = await inhabit(karla, dhl.credentials)
    admin = here.callers["organisation"]
    before = await trail(admin, per_page=100)
    body = {"json": CHANGING[operation.id]} if operation.id in CHANGING else options(operation, here)
    answer = await admin.call(operation.method, here.path(operation), **body)
    assert answer.status_code < 300, answer.text
    assert len(await trail(admin, per_page=100)) > len(before)


async def test_what_changes_nothing_leaves_nothing(karla: Karla) -> None:
    admin = await karla.shop(whole_organisation=True)
    key = (await admin.get(keys_of(admin))).json()[0]
    before = await trail(admin)
    for method, path, body, status in (
        ("PATCH", "", {"name": "Test"}, 200),
        ("PATCH", "", {"organization": "elsewhere"}, 422),
        ("PUT", "/settings/segments", {}, 200),
        ("POST", keys_of(admin), {"shops": []}, 422),
        ("POST", f"{keys_of(admin)}/{key['uuid']}/rotate", {"overlap_hours": -1}, 422),
    ):
        answer = await admin.call(method, path, json=body)
        assert answer.status_code == status, answer.text
    assert await trail(admin) == before


async def test_an_entry_comes_and_goes_with_its_change(karla: Karla) -> None:
    admin = await karla.shop(whole_organisation=True)
    before = await trail(admin)

    async def fails_at_its_end(work: Work) -> None:
        await commands.add_member(work, organisation=admin.shop.organisation, email_id="ops@acme.example")
        raise Conflict

    with pytest.raises(Conflict):
        await karla.services.db.write(NOWHERE, fails_at_its_end)
    assert await trail(admin) == before


async def test_a_shop_reads_its_own_trail_and_an_organisation_those_of_all(karla: Karla) -> None:
    here = await inhabit(karla)
    admin, organisation, sibling = (here.callers[name] for name in ("admin", "organisation", "sibling"))
    await sibling.patch("", {"name": "Of the sibling"})
    whole = await trail(organisation, per_page=100)
    slugs = {entry["shop_slug"] for entry in whole}
    assert slugs == {admin.slug, sibling.slug, None}
    for caller in (admin, sibling):
        own = (await caller.get("/audit", per_page=100)).json()
        assert own == [entry for entry in whole if entry["shop_slug"] == caller.slug]
        assert own == await trail(caller, per_page=100)
        assert own
    await organisation.delete("")
    assert told((await trail(organisation, action="shop.deleted"))[0]) == ("shop.deleted", str(admin.shop.id))


async def test_filters_narrow_and_pages_go_on(karla: Karla) -> None:
    here = await inhabit(karla)
    admin, editor = here.callers["admin"], here.callers["editor"]
    for name in ("One", "Two", "Three"):
        await editor.patch("", {"name": name})
    audit = "/audit"
    shown = (await admin.get(audit, action="shop.updated")).json()
    assert [entry["after"]["name"] for entry in shown] == ["Three", "Two", "One"]
    everything = (await admin.get(audit, per_page=100)).json()
    actor = shown[0]["actor"]["key_uuid"]
    for filters, kept in (
        ({"action": "shop"}, lambda entry: entry["object"]["kind"] == "shop"),
        ({"action": "sho"}, lambda _: False),
        ({"actor": actor}, lambda entry: entry["actor"]["key_uuid"] == actor),
        ({"actor": admin.username}, lambda entry: entry["actor"]["name"] == admin.username),
        ({"object": str(admin.shop.id), "action": "key"}, lambda _: False),
        ({"since": shown[1]["changed_at"]}, lambda entry: entry["changed_at"] >= shown[1]["changed_at"]),
        ({"until": shown[1]["changed_at"]}, lambda entry: entry["changed_at"] < shown[1]["changed_at"]),
    ):
        assert (await admin.get(audit, **filters, per_page=100)).json() == [e for e in everything if kept(e)], filters
    pages, answer = [], await admin.get(audit, per_page=2)
    while "Link" in answer.headers:
        pages += answer.json()
        answer = await admin.call("GET", answer.headers["Link"][1:].partition(">")[0])
    assert [*pages, *answer.json()] == everything
    for wrong in ({"per_page": 101}, {"cursor": "x"}, {"since": "yesterday"}, {"acton": "shop.updated"}):
        assert (await admin.get(audit, **wrong)).status_code == 422


async def test_the_operator_at_the_command_line_leaves_a_trail_too(
    karla: Karla, database_url: str, tmp_path: Path
) -> None:
    admin = await karla.shop(Role.ADMIN, whole_organisation=True)
    environment = {"KARLA_DATABASE_URL": database_url, "KARLA_DATA_DIR": str(tmp_path), "LOGNAME": "ada"}
    arguments = ["member", "add", "--org", admin.shop.organisation, "--email", "Ops@acme.example"]
    for shops in ([], ["--shop", admin.slug]):
        done = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, *shops], env=environment)
        assert done.exit_code == 0, done.output
    updated, added = (await trail(admin))[:2]
    assert [told(updated), told(added)] == [
        ("member.updated", "ops@acme.example"),
        ("member.added", "ops@acme.example"),
    ]
    assert updated["actor"] == {"kind": "operator", "name": "ada", "key_uuid": None}
    assert (updated["before"], updated["after"]) == ({"shops": []}, {"shops": [admin.slug]})
    assert (updated["ip_address"], updated["request_id"]) == (None, None)
