"""The isolation matrix: every operation of the OpenAPI document × every kind of caller.

Generated from the document, so a new operation is in it from its first day.
"""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from karla.vocabulary.scope import Role
from tests.support.documents import Operation, operations
from tests.support.images import PNG
from tests.support.karla import Karla, ShopClient, basic
from tests.support.samples import sample

OPERATIONS = [operation for operation in operations() if operation.needs.of != "nobody"]


class Inhabited(NamedTuple):
    """A shop with one of everything, and callers of every kind."""

    names: dict[str, str]
    callers: dict[str, ShopClient]

    def path(self, operation: Operation, slug: str | None = None) -> str:
        """The operation's path with this shop's own things in it."""
        names = {**self.names, "slug": self.names["organisation" if operation.needs.of == "organisation" else "slug"]}
        if slug is not None:
            names["slug"] = slug
        return operation.path.format_map({**names, "uuid": names[f"uuid of {operation.resource}"]})


async def inhabit(karla: Karla) -> Inhabited:
    admin = await karla.shop(Role.ADMIN)
    viewer = await karla.key_for(admin.shop, Role.VIEWER)
    editor = await karla.key_for(admin.shop, Role.EDITOR)
    organisation = await karla.key_for(admin.shop, Role.ADMIN, whole_organisation=True)
    revoked = await revoked_key(organisation)
    org = admin.shop.organisation
    keys = (await organisation.get(f"/v1/orgs/{org}/keys")).json()
    upsert = sample("order_upsert.request.headless")
    order = (await admin.put("/orders", upsert)).json()
    webhook = (await admin.post("/webhooks", {"url": "https://hooks.shop.example/karla"})).json()
    products = sample("products_bulk.request")
    await admin.post("/products", products)
    event = order["trackings"][0]["events"][0]["event_id"]
    return Inhabited(
        names={
            "slug": admin.slug,
            "organisation": org,
            "ref": order["uuid"],
            "shipment_id": order["trackings"][0]["id"],
            "uuid of webhooks": webhook["uuid"],
            "uuid of keys": next(key["uuid"] for key in keys if key["revoked_at"] is None),
            "uuid of ": "",
            "event_id": event,
            "product_id": products[0]["product_id"],
            "variant_id": products[0]["variant_id"],
            "image_type": "logo",
        },
        callers={"viewer": viewer, "editor": editor, "admin": admin, "organisation": organisation, "revoked": revoked},
    )


async def revoked_key(organisation: ShopClient) -> ShopClient:
    keys = f"/v1/orgs/{organisation.shop.organisation}/keys"
    issued = (await organisation.post(keys, {"shops": [{"shop_slug": "*", "role": "admin"}]})).json()
    answer = await organisation.delete(f"{keys}/{issued['uuid']}")
    assert answer.status_code == 204, answer.text
    return ShopClient(organisation.http, organisation.shop, issued["username"], issued["key"])


@pytest_asyncio.fixture(scope="module")
async def lived_in(karla: Karla) -> AsyncIterator[Inhabited]:
    yield await inhabit(karla)


@pytest_asyncio.fixture(scope="module")
async def stranger(karla: Karla) -> AsyncIterator[ShopClient]:
    """The admin of another shop in another organisation."""
    yield await karla.shop(Role.ADMIN, whole_organisation=True)


def options(operation: Operation, here: Inhabited | None = None) -> dict[str, Any]:
    if operation.multipart:
        return {"files": {"image": ("logo.png", PNG, "image/png")}}
    if operation.method in ("GET", "DELETE"):
        return {}
    body = operation.example
    if here and "organization" in body:
        body = {**body, "organization": here.names["organisation"]}
    return {"json": body}


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
async def test_strangers_are_kept_out(operation: Operation, lived_in: Inhabited, stranger: ShopClient) -> None:
    path = lived_in.path(operation)
    username = lived_in.callers["admin"].username
    for header, status in (
        (None, 400),
        ("Basic no-base64!", 400),
        ("Bearer token", 400),
        (basic(username, "karla_wrong"), 401),
        (lived_in.callers["revoked"].headers["Authorization"], 401),
    ):
        headers = {} if header is None else {"Authorization": header}
        answer = await stranger.http.request(operation.method, path, headers=headers, **options(operation))
        assert answer.status_code == status, (header, answer.text)
        assert answer.json()["key"].startswith("credentials_")
    if operation.needs.of in ("shop", "organisation"):
        answer = await stranger.call(operation.method, path, **options(operation))
        assert answer.status_code == 403, answer.text
        assert answer.json()["key"] == "access_denied"


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
async def test_each_role_may_what_it_may_and_no_more(operation: Operation, karla: Karla) -> None:
    # A shop of its own, as some operations change or delete it.
    here = await inhabit(karla)
    for name, role in (("viewer", Role.VIEWER), ("editor", Role.EDITOR), ("admin", Role.ADMIN)):
        caller = here.callers[name]
        if not role.covers(operation.needs.role):
            answer = await caller.call(operation.method, here.path(operation), **options(operation))
            assert answer.status_code == 403, (name, answer.text)
    allowed = "organisation" if operation.needs.role is Role.ADMIN else operation.needs.role.value
    answer = await here.callers[allowed].call(operation.method, here.path(operation), **options(operation, here))
    assert answer.status_code not in (400, 401, 403), (allowed, answer.text)
    assert answer.status_code < 500


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.names_a_thing and o.needs.of == "shop"], ids=str)
async def test_another_shops_things_are_not_there(
    operation: Operation, lived_in: Inhabited, stranger: ShopClient
) -> None:
    """With one's own shop in the path and another's thing behind it there is nothing to find or change."""
    path = lived_in.path(operation, slug=stranger.slug)
    answer = await stranger.call(operation.method, path, **options(operation))
    if operation.creates_by_name:
        assert answer.status_code in (200, 201)
    else:
        assert answer.status_code == 404, answer.text


async def test_lists_show_only_ones_own(lived_in: Inhabited, stranger: ShopClient) -> None:
    secret = [lived_in.names[name] for name in ("ref", "shipment_id", "uuid of webhooks", "event_id")]
    for operation in OPERATIONS:
        if operation.method == "GET" and not operation.names_a_thing and operation.needs.of == "shop":
            answer = await stranger.call("GET", operation.path.format(slug=stranger.slug))
            assert answer.status_code == 200, answer.text
            assert not [name for name in secret if name in answer.text], operation
