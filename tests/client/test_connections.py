"""Integrations and connections by the client."""

from collections.abc import AsyncIterator

import pytest

from karla.client import Invalid, NotFound
from tests.client.conftest import Caller
from tests.support.connections import Played, dhl_played


@pytest.fixture
async def dhl() -> AsyncIterator[Played]:
    async with dhl_played() as played:
        yield played


async def test_an_account_is_connected_tested_paused_and_forgotten(client: Caller, dhl: Played) -> None:
    about = await client(lambda c: c.integrations.get("carriers", "dhl"))
    assert about in await client.list(lambda c: c.integrations.search(kind="carriers"))
    assert [field.name for field in about.fields if field.sensitive] == ["api_key"]
    made = await client(lambda c: c.connections.connect("carriers", "dhl", credentials=dhl.credentials, name="Ours"))
    assert (made.name, made.status, made.credentials["api_key"]) == ("Ours", "active", "••••")
    assert await client(lambda c: c.connections.get("carriers", "dhl")) == made
    assert await client.list(lambda c: c.connections.search(kind="carriers")) == [made]
    tested = await client(lambda c: c.connections.test("carriers", "dhl"))
    assert (tested.outcome, tested.message, tested.connection.uuid) == ("ok", None, made.uuid)
    paused = await client(lambda c: c.connections.update("carriers", "dhl", paused=True))
    assert paused.status == "paused"
    assert await client(lambda c: c.connections.disconnect("carriers", "dhl")) is None
    with pytest.raises(NotFound):
        await client(lambda c: c.connections.get("carriers", "dhl"))


async def test_refused_credentials_are_told_with_the_providers_words(client: Caller, dhl: Played) -> None:
    with pytest.raises(Invalid) as caught:
        await client(lambda c: c.connections.connect("carriers", "dhl", credentials=dhl.wrong_credentials))
    assert caught.value.key == "credentials_refused"
    assert "Unauthorized for given resource." in str(caught.value)
    assert dhl.wrong_credentials["api_key"] not in str(caught.value)
