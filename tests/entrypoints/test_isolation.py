"""The isolation matrix: every operation of the OpenAPI document × every kind of caller.

Generated from the document, so a new operation is in it from its first day.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from karla.vocabulary.scope import Role
from tests.support.connections import Played, dhl_played
from tests.support.documents import Operation, operations
from tests.support.inhabited import Inhabited, inhabit, options, with_ending_streams
from tests.support.karla import Karla, ShopClient, basic

OPERATIONS = [operation for operation in operations() if operation.needs.of != "nobody"]
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


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
async def test_each_role_may_what_it_may_and_no_more(operation: Operation, karla: Karla, dhl: Played) -> None:
    # A shop of its own, as some operations change or delete it.
    here = await inhabit(karla, dhl.credentials)
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
