"""The isolation matrix: every operation of the OpenAPI document × every kind of caller.

Generated from the document, so a new operation is in it from its first day.
"""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from karla.domain.shoppers.records import Level
from karla.vocabulary.scope import Role
from tests.support.connections import Played, dhl_played
from tests.support.documents import Operation, operations
from tests.support.inhabited import Inhabited, inhabit, options, with_ending_streams
from tests.support.karla import Karla, ShopClient, basic
from tests.support.visitors import Visited, visited

OPERATIONS = [operation for operation in operations() if operation.needs.of not in ("nobody", "shopper")]
SHOPPERS = [operation for operation in operations() if operation.needs.of == "shopper"]
WRITES = [operation for operation in OPERATIONS if operation.method != "GET"]


@pytest_asyncio.fixture(scope="module", name="karla")
async def karla_with_ending_streams(karla: Karla) -> AsyncIterator[Karla]:
    async with with_ending_streams(karla) as ending:
        yield ending


@pytest_asyncio.fixture(scope="module")
async def dhl() -> AsyncIterator[Played]:
    async with dhl_played() as played:
        yield played


@pytest_asyncio.fixture(scope="module")
async def lived_in(karla: Karla, dhl: Played) -> AsyncIterator[Inhabited]:
    yield await inhabit(karla, dhl.credentials)


@pytest_asyncio.fixture(scope="module")
async def stranger(karla: Karla) -> AsyncIterator[ShopClient]:
    """The admin of another shop in another organisation."""
    yield await karla.shop(Role.ADMIN, whole_organisation=True)


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
        (lived_in.callers["expired"].headers["Authorization"], 401),
    ):
        headers = {} if header is None else {"Authorization": header}
        answer = await stranger.http.request(operation.method, path, headers=headers, **options(operation))
        assert answer.status_code == status, (header, answer.text)
        assert answer.json()["key"].startswith("credentials_")
    if operation.needs.of in ("shop", "organisation"):
        answer = await stranger.call(operation.method, path, **options(operation))
        assert answer.status_code == 403, answer.text
        assert answer.json()["key"] == "access_denied"


@pytest.mark.parametrize(
    "operation",
    [o for o in OPERATIONS if o.needs.of == "shop" or (o.needs.of == "organisation" and o.names_a_thing)],
    ids=str,
)
async def test_the_admin_of_another_shop_of_the_organisation_is_a_stranger_too(
    operation: Operation, lived_in: Inhabited
) -> None:
    answer = await lived_in.callers["sibling"].call(operation.method, lived_in.path(operation), **options(operation))
    assert answer.status_code == 403, answer.text
    assert answer.json()["key"] == "access_denied"


@pytest.mark.parametrize("operation", WRITES, ids=str)
async def test_a_refused_write_changes_nothing(
    operation: Operation, lived_in: Inhabited, stranger: ShopClient, database_url: str
) -> None:
    before = await lived_in.rows(database_url)
    assert before["orders by shop_id"], "the look is at the rows that are there"
    paths = [lived_in.path(operation)]
    if operation.needs.of == "shop" and operation.names_a_thing and not operation.creates_by_name:
        paths.append(lived_in.path(operation, slug=stranger.slug))
    refused = ["revoked", "expired"]
    if operation.needs.of == "shop":
        refused += ["sibling", *(name for name in ("viewer", "editor") if not Role(name).covers(operation.needs.role))]
    for path in paths if operation.needs.of != "key" else ():
        answer = await stranger.call(operation.method, path, **options(operation, lived_in))
        assert 400 <= answer.status_code < 500, (path, answer.text)
    for name in refused:
        answer = await lived_in.callers[name].call(operation.method, paths[0], **options(operation, lived_in))
        assert answer.status_code in (401, 403), (name, answer.text)
    assert await lived_in.rows(database_url) == before


ROLES = {"viewer": Role.VIEWER, "editor": Role.EDITOR, "admin": Role.ADMIN, "organisation": Role.ADMIN}


def may(operation: Operation, caller: str) -> bool:
    """Shops are made by a key for the whole organisation alone."""
    return ROLES[caller].covers(operation.needs.role) and (caller == "organisation" or operation.id != "v1ShopsCreate")


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
async def test_each_role_may_what_it_may_and_no_more(operation: Operation, karla: Karla, dhl: Played) -> None:
    here = await inhabit(karla, dhl.credentials)
    for name in ROLES:
        if not may(operation, name):
            body = options(operation, here)
            answer = await here.callers[name].call(operation.method, here.path(operation), **body)
            assert answer.status_code == 403, (name, answer.text)
            continue
        # Each in a shop of its own, as some operations change or delete it.
        fresh = here if operation.method == "GET" else await inhabit(karla, dhl.credentials)
        body = options(operation, fresh)
        answer = await fresh.callers[name].call(operation.method, fresh.path(operation), **body)
        assert answer.status_code not in (400, 401, 403), (name, answer.text)
        assert answer.status_code < 500, (name, answer.text)


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.names_a_thing and o.needs.of == "shop"], ids=str)
async def test_another_shops_things_are_not_there(operation: Operation, lived_in: Inhabited, karla: Karla) -> None:
    """With one's own shop in the path and another's thing behind it there is nothing to find or change."""
    # Each time a new one: what one operation creates by its name the next would find.
    stranger = await karla.shop(Role.ADMIN, whole_organisation=True)
    path = lived_in.path(operation, slug=stranger.slug)
    answer = await stranger.call(operation.method, path, **options(operation, lived_in))
    if operation.creates_by_name:
        assert answer.status_code in (200, 201)
    else:
        assert answer.status_code == 404, answer.text


async def test_lists_show_only_ones_own(lived_in: Inhabited, stranger: ShopClient) -> None:
    names = ("ref", "shipment_id", "uuid of webhooks", "uuid of keys", "uuid of connections", "event_id")
    secret = [lived_in.names[name] for name in names]
    sibling = lived_in.callers["sibling"]
    for operation in OPERATIONS:
        if operation.method != "GET" or operation.names_a_thing:
            continue
        for caller in (stranger, sibling):
            slug = caller.shop.organisation if operation.needs.of == "organisation" else caller.slug
            answer = await caller.call("GET", operation.path.format(slug=slug))
            assert answer.status_code == 200, answer.text
            assert not [name for name in secret if name in answer.text], operation


ADDRESS = {"name": "Mara Lindqvist", "address_line_1": "Am Markt 1", "zip_code": "20095", "city": "Hamburg"}


async def asked(operation: Operation, here: Visited, header: str | None, slug: str | None = None) -> httpx.Response:
    """The operation on the shop's page, with a body that it takes."""
    told: dict[str, Any] = {"headers": {} if header is None else {"Authorization": header}}
    if operation.method == "PUT":
        told["json"] = ADDRESS | {"country_code": "DE"}
    path = operation.path.format(slug=slug or here.shop.slug)
    return await here.shop.http.request(operation.method, path, **told)


def test_shoppers_have_operations_of_both_levels() -> None:
    assert {operation.needs.level for operation in SHOPPERS} == set(Level)
    assert all("/storefront/" in operation.path for operation in SHOPPERS)


@pytest.mark.parametrize("operation", SHOPPERS, ids=str)
async def test_who_is_no_shopper_of_the_order_sees_and_changes_nothing(operation: Operation, karla: Karla) -> None:
    here, elsewhere = await visited(karla), await visited(karla)
    before = (await here.order(), await here.order(here.other))
    refused = [None, "", "Bearer", "Bearer x", here.shop.headers["Authorization"]]
    refused += [f"Bearer {bearer}" for bearer in (*here.strangers.values(), *elsewhere.shoppers.values())]
    # The right thing, and not as it is to be sent.
    refused += [here.shoppers["token"], f"Basic {here.shoppers['token']}", f"Bearer  x{here.shoppers['token']}"]
    for header in refused:
        answer = await asked(operation, here, header)
        assert (answer.status_code, answer.json()["key"]) == (401, "session_invalid"), header
        assert here.number not in answer.text
    for name, bearer in here.shoppers.items():
        answer = await asked(operation, here, f"Bearer {bearer}", slug=elsewhere.shop.slug)
        assert (answer.status_code, answer.json()["key"]) == (401, "session_invalid"), name
    assert (await here.order(), await here.order(here.other)) == before


@pytest.mark.parametrize("operation", SHOPPERS, ids=str)
@pytest.mark.parametrize("name", ["zip session", "token", "token session"])
async def test_each_shopper_may_what_their_level_may(operation: Operation, name: str, karla: Karla) -> None:
    here = await visited(karla)
    before = await here.order()
    level = Level.ZIP_CODE if name == "zip session" else Level.TOKEN
    answer = await asked(operation, here, f"Bearer {here.shoppers[name]}")
    if level.covers(operation.needs.level):
        assert answer.status_code == 200, answer.text
    else:
        assert (answer.status_code, answer.json()["key"]) == (403, "order_token_needed")
        assert await here.order() == before


@pytest.mark.parametrize("operation", SHOPPERS, ids=str)
@pytest.mark.parametrize("name", ["other's zip session", "other's token", "other's token session"])
async def test_another_orders_shopper_stays_with_that_order(operation: Operation, name: str, karla: Karla) -> None:
    here = await visited(karla)
    before = await here.order()
    answer = await asked(operation, here, f"Bearer {here.others[name]}")
    assert answer.status_code in (200, 403), answer.text
    assert here.number not in answer.text
    assert await here.order() == before
