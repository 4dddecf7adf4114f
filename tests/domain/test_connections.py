"""A shop's accounts with third parties: what becomes of them, and who can read their credentials."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

import asyncpg
import pytest
import pytest_asyncio

from karla.domain.connections import commands, queries
from karla.domain.connections.records import Account, Connected, ConnectionStatus, ShopConnection, Use, Wish
from karla.domain.connections.rules import SEALED_FOR
from karla.infra.access import scope_of
from karla.infra.errors import NotFound
from karla.infra.sealing import Seals
from karla.infra.work import Work
from tests.support.connections import SECRET, wish
from tests.support.karla import Karla, ShopClient

T = TypeVar("T")


class Room:
    """The room, as the doors and the belt of one shop use it."""

    def __init__(self, karla: Karla, client: ShopClient) -> None:
        self.client = client
        self.scope = scope_of([client.shop.id])
        self.db = karla.services.db
        self.seals = karla.services.seals

    async def do(self, command: Callable[[Work], Awaitable[T]]) -> T:
        return await self.db.write(self.scope, command)

    async def connect(self, wanted: Wish, seals: Seals | None = None) -> Connected:
        return await self.do(lambda work: commands.connect(work, seals or self.seals, wanted))

    async def get(self) -> ShopConnection:
        async with self.db.read(self.scope) as connection:
            return await queries.demand_connection(self.scope, connection, "carriers", "dhl")

    async def found(self, seals: Seals | None = None) -> Account | None:
        async with self.db.read(self.scope) as connection:
            return await queries.account_of(self.scope, connection, seals or self.seals, "carriers", "dhl")

    async def account(self, seals: Seals | None = None) -> Account:
        found = await self.found(seals)
        assert found is not None
        return found

    async def change(self, *, name: str | None = None, paused: bool | None = None) -> ShopConnection:
        return await self.do(lambda work: commands.change(work, "carriers", "dhl", name=name, paused=paused))

    async def refuse(self, known: ShopConnection, reason: str = "Unauthorized") -> ShopConnection | None:
        return await self.do(lambda work: commands.refuse(work, known.id, known.updated_at, reason))

    async def trail(self) -> list[dict[str, Any]]:
        return list((await self.client.get("/audit", action="connection")).json())

    async def actions(self) -> list[str]:
        return [entry["action"] for entry in reversed(await self.trail())]


@pytest_asyncio.fixture
async def room(karla: Karla) -> Room:
    return Room(karla, await karla.shop())


async def test_what_is_connected_can_be_used_and_its_secrets_are_not_shown(room: Room) -> None:
    done = await room.connect(wish())
    assert done.created
    shown = await room.get()
    assert shown == done.connection
    assert (shown.status, shown.name) == (ConnectionStatus.ACTIVE, "DHL")
    assert shown.settings == {"address": "https://dhl.example"}
    assert SECRET not in repr(shown)
    account = await room.account()
    assert account.credentials == {"api_key": SECRET, "address": "https://dhl.example"}
    assert SECRET not in repr(account)
    assert SECRET not in repr(wish())


async def test_no_secret_is_readable_in_the_table(room: Room, database_url: str) -> None:
    await room.connect(wish())
    connection = await asyncpg.connect(database_url)
    await connection.execute("set karla.everywhere = 'on'")
    row = await connection.fetchrow("select * from connections where shop_id = $1", room.client.shop.id)
    await connection.close()
    assert row is not None
    assert SECRET.encode() not in bytes(row["credentials"])
    assert SECRET not in str({**row, "credentials": None})


async def test_credentials_put_into_another_shops_row_do_not_open(room: Room, karla: Karla, database_url: str) -> None:
    other = Room(karla, await karla.shop())
    await room.connect(wish())
    await other.connect(wish(credentials={"api_key": "another-secret-key"}))
    connection = await asyncpg.connect(database_url)
    await connection.execute("set karla.everywhere = 'on'")
    await connection.execute(
        "update connections set credentials = (select credentials from connections where shop_id = $1) "
        "where shop_id = $2",
        room.client.shop.id,
        other.client.shop.id,
    )
    await connection.close()
    assert (await other.account()).credentials is None
    assert (await room.account()).credentials is not None


async def test_the_same_wish_twice_changes_nothing_but_the_use(room: Room) -> None:
    first = (await room.connect(wish())).connection
    again = await room.connect(wish())
    assert not again.created
    assert (again.connection.id, again.connection.updated_at) == (first.id, first.updated_at)
    assert again.connection.last_ok_at is not None
    assert first.last_ok_at is not None
    assert again.connection.last_ok_at > first.last_ok_at
    assert await room.actions() == ["connection.created"]


async def test_two_who_connect_at_once_make_one_connection(room: Room) -> None:
    done = await asyncio.gather(*(room.connect(wish()) for _ in range(6)))
    assert [one.created for one in done].count(True) == 1
    assert len({one.connection.id for one in done}) == 1


async def test_other_credentials_take_the_place_of_those_before(room: Room) -> None:
    before = (await room.connect(wish())).connection
    after = (await room.connect(wish("DHL, Berlin", {"api_key": "another-secret-key"}))).connection
    assert (after.id, after.name, after.settings) == (before.id, "DHL, Berlin", {})
    assert (await room.account()).credentials == {"api_key": "another-secret-key"}
    (updated, created) = await room.trail()
    assert created["after"] == {
        "kind": "carriers",
        "integration": "dhl",
        "name": "DHL",
        "settings": {"address": "https://dhl.example"},
        "secret": "***",
        "status": "active",
        "refused_reason": None,
    }
    assert updated["before"] == {"name": "DHL", "settings": {"address": "https://dhl.example"}, "secret": "***"}
    assert updated["after"] == {"name": "DHL, Berlin", "settings": {}, "secret": "***"}


async def test_a_refused_account_is_used_no_more_until_its_credentials_are_taken(room: Room) -> None:
    known = (await room.connect(wish())).connection
    refused = await room.refuse(known)
    assert refused is not None
    assert (refused.status, refused.refused_reason) == (ConnectionStatus.REFUSED, "Unauthorized")
    assert (await room.account()).connection == refused
    assert await room.refuse(refused) == refused
    mended = (await room.connect(wish(credentials={"api_key": "another-secret-key"}))).connection
    assert (mended.status, mended.refused_reason) == (ConnectionStatus.ACTIVE, None)
    assert (await room.account()).connection == mended
    assert await room.actions() == ["connection.created", "connection.refused", "connection.updated"]
    assert (await room.trail())[1]["actor"] == {"kind": "system", "name": "karla", "key_uuid": None}


async def test_what_was_refused_are_not_the_credentials_that_came_meanwhile(room: Room) -> None:
    used = (await room.connect(wish())).connection
    await room.connect(wish(credentials={"api_key": "another-secret-key"}))
    assert await room.refuse(used) is None
    assert (await room.get()).status is ConnectionStatus.ACTIVE


async def test_a_trial_mends_what_was_refused(room: Room) -> None:
    refused = await room.refuse((await room.connect(wish())).connection)
    assert refused is not None
    after = await room.do(lambda work: commands.note_trial(work, refused, taken=True, refused=None, error=None))
    assert (after.status, after.refused_reason, after.last_error) == (ConnectionStatus.ACTIVE, None, None)
    again = await room.do(
        lambda work: commands.note_trial(work, after, taken=False, refused=None, error="DHL can't be reached.")
    )
    assert (again.status, again.last_error) == (ConnectionStatus.ACTIVE, "DHL can't be reached.")
    assert again.last_ok_at == after.last_ok_at
    worse = await room.do(lambda work: commands.note_trial(work, again, taken=False, refused="No.", error="No."))
    assert (worse.status, worse.refused_reason) == (ConnectionStatus.REFUSED, "No.")


async def test_a_pause_outlasts_new_credentials_and_hides_no_refusal(room: Room) -> None:
    await room.connect(wish())
    paused = await room.change(paused=True)
    assert paused.status is ConnectionStatus.PAUSED
    assert (await room.account()).connection == paused
    assert await room.change(paused=True) == paused
    taken = (await room.connect(wish(credentials={"api_key": "another-secret-key"}))).connection
    assert taken.status is ConnectionStatus.PAUSED
    refused = await room.refuse(taken)
    assert refused is not None
    assert refused.status is ConnectionStatus.PAUSED
    assert (await room.change(paused=False)).status is ConnectionStatus.REFUSED
    assert (await room.change(paused=False)).status is ConnectionStatus.REFUSED
    assert (await room.change(name="Other")).name == "Other"


async def test_uses_are_noted_and_older_ones_change_nothing(room: Room) -> None:
    known = (await room.connect(wish())).connection
    assert known.last_used_at is not None
    late, early = (known.last_used_at + timedelta(minutes=minutes) for minutes in (10, 5))

    async def note(used_at: Any, error: str | None) -> ShopConnection:
        use = Use(shop_id=known.shop_id, connection_id=known.id, used_at=used_at, error=error)
        await room.do(lambda work: commands.note_uses(work, [use]))
        return await room.get()

    failed = await note(late, "busy")
    assert (failed.last_used_at, failed.last_ok_at, failed.last_error) == (late, known.last_ok_at, "busy")
    assert await note(early, None) == failed
    assert failed.updated_at == known.updated_at
    assert (await room.actions()) == ["connection.created"]


async def test_what_is_disconnected_is_gone_with_its_credentials(room: Room) -> None:
    known = (await room.connect(wish())).connection
    await room.do(lambda work: commands.disconnect(work, "carriers", "dhl"))
    assert await room.found() is None
    assert await room.refuse(known) is None
    for command in (
        lambda work: commands.disconnect(work, "carriers", "dhl"),
        lambda work: commands.change(work, "carriers", "dhl", paused=True),
        lambda work: commands.note_trial(work, known, taken=True, refused=None, error=None),
    ):
        with pytest.raises(NotFound):
            await room.do(command)
    assert await room.actions() == ["connection.created", "connection.deleted"]


async def test_keys_change_and_nothing_is_lost(karla: Karla, room: Room) -> None:
    old, new = "o" * 40, "n" * 40
    before, both, after = (Seals(keys, SEALED_FOR) for keys in ([old], [new, old], [new]))
    await room.connect(wish(), before)
    assert (await room.account(after)).credentials is None
    assert (await room.account(both)).credentials == wish().credentials
    foreign = await room.do(lambda work: commands.reseal(work, after))
    assert (foreign.done, foreign.unreadable) == (0, 1)
    done = await room.do(lambda work: commands.reseal(work, both))
    assert (done.done, done.unreadable) == (1, 0)
    assert (await room.account(after)).credentials == wish().credentials
    again = await room.do(lambda work: commands.reseal(work, both))
    assert (again.done, again.unreadable) == (0, 0)
    assert await room.actions() == ["connection.created"]


async def test_an_account_goes_with_its_shop(room: Room, database_url: str) -> None:
    await room.connect(wish())
    assert (await room.client.delete("")).status_code == 204
    connection = await asyncpg.connect(database_url)
    await connection.execute("set karla.everywhere = 'on'")
    left = await connection.fetchval("select count(*) from connections where shop_id = $1", room.client.shop.id)
    await connection.close()
    assert left == 0
    with pytest.raises(NotFound):
        await room.connect(wish())
