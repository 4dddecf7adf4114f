"""What a push becomes: an event, once, of the shop's own parcels."""

import asyncio

from structlog.testing import capture_logs

from karla.infra import bell
from karla.infra.bell import Bell
from karla.integrations.carriers.seventeentrack import standin as seventeentrack_standin
from karla.integrations.standins import serving
from tests.entrypoints.inbound.accounts import NUMBER, OTHER, Account, connected, counted
from tests.support.karla import Karla


async def test_a_push_is_an_event_and_nobody_is_asked(account: Account) -> None:
    await account.ship()
    await account.follow()
    assert await account.events() == ["SHIPMENT_DATA_RECEIVED_BY_CARRIER"]
    asked, before = len(account.server.journal), counted(account, "taken")
    assert await account.pushed() == {"received": 1, "taken": 1, "unknown": 0}
    assert counted(account, "taken") == before + 1
    assert "OUT_FOR_DELIVERY" in await account.events()
    parcel = (await account.shop.get(f"/shipments/{NUMBER}")).json()
    assert parcel["phase"] == "in_delivery"
    assert len(account.server.journal) == asked
    assert await account.answers() == 2


async def test_the_next_question_waits_as_long_as_after_an_answer(account: Account) -> None:
    await account.ship()
    await account.follow()
    before = await account.due()
    assert await account.pushed("announced.json") == {"received": 1, "taken": 0, "unknown": 0}
    assert await account.due() == before
    await account.pushed("transit.json")
    assert await account.due() > before


async def test_the_worker_hears_of_it_at_once(account: Account, database_url: str) -> None:
    await account.ship()
    await account.follow()
    heard = asyncio.Event()
    listening = Bell(database_url)
    listening.on(bell.TRACKING, heard.set)
    await listening.start()
    heard.clear()
    await account.pushed()
    async with asyncio.timeout(5):
        await heard.wait()
    await listening.stop()


async def test_twice_is_once_also_after_newer_ones(account: Account) -> None:
    await account.ship()
    await account.follow()
    first = account.news("transit.json")
    assert (await account.send(first)).json()["taken"] == 1
    assert (await account.send(first)).json() == {"received": 1, "taken": 0, "unknown": 0}
    assert await account.pushed() == {"received": 1, "taken": 1, "unknown": 0}
    once = await account.events()
    unchanged = counted(account, "unchanged")
    assert (await account.send(first)).json() == {"received": 1, "taken": 0, "unknown": 0}
    assert counted(account, "unchanged") == unchanged + 1
    assert await account.events() == once
    assert once.count("OUT_FOR_DELIVERY") == 1
    assert await account.answers() == 3


async def test_two_at_once_are_one(account: Account) -> None:
    await account.ship()
    await account.follow()
    push = account.news()
    sent = await asyncio.gather(*(account.send(push) for _ in range(5)))
    assert sorted(answer.json()["taken"] for answer in sent) == [0, 0, 0, 0, 1]
    assert await account.answers() == 2


async def test_every_shipment_that_shares_the_number_gets_it(account: Account) -> None:
    await account.ship(order="1")
    await account.ship(order="2")
    await account.follow()
    assert await account.pushed() == {"received": 1, "taken": 1, "unknown": 0}
    for order in ("1", "2"):
        assert "OUT_FOR_DELIVERY" in await account.events(order)


async def test_a_number_in_other_letters_is_the_same(account: Account) -> None:
    await account.ship(NUMBER.lower())
    await account.follow()
    assert (await account.pushed())["taken"] == 1


async def test_the_carrier_that_the_provider_names_is_the_parcels(account: Account) -> None:
    await account.ship(order="1", carrier="gls")
    await account.ship(order="2", carrier="dhl")
    await account.follow()
    assert await account.pushed() == {"received": 1, "taken": 1, "unknown": 0}
    assert "OUT_FOR_DELIVERY" in await account.events("2")
    assert "OUT_FOR_DELIVERY" not in await account.events("1")


# What isn't the shop's


async def test_a_parcel_that_nobody_follows_is_counted_and_forgotten(account: Account) -> None:
    await account.ship()
    await account.follow()
    before = counted(account, "unknown")
    with capture_logs() as logs:
        assert await account.pushed(number=OTHER) == {"received": 1, "taken": 0, "unknown": 1}
    assert counted(account, "unknown") == before + 1
    (told,) = [line for line in logs if line["event"] == "pushed parcels that nobody follows"]
    assert (told["provider"], told["shop"], told["parcels"]) == (account.slug, account.shop.slug, 1)
    assert await account.answers() == 1


async def test_another_shops_parcel_of_the_same_number_never_gets_it(account: Account, karla: Karla) -> None:
    async with connected(karla, account.slug) as other:
        await account.ship()
        await other.ship()
        await account.follow()
        assert await account.pushed() == {"received": 1, "taken": 1, "unknown": 0}
        assert "OUT_FOR_DELIVERY" in await account.events()
        assert await other.events() == ["SHIPMENT_DATA_RECEIVED_BY_CARRIER"]
        assert await other.answers() == 1


async def test_a_parcel_of_another_account_of_the_shop_is_not_this_ones(aftership: Account) -> None:
    """Both track any carrier; the one that was there first follows the parcel."""
    await aftership.ship()
    await aftership.follow()
    standin = seventeentrack_standin.StandIn()
    server = serving(standin)
    await server.up()
    second = Account(aftership.karla, aftership.shop, "seventeentrack", standin, server)
    await second.connect()
    assert await second.pushed() == {"received": 1, "taken": 0, "unknown": 1}
    await second.shop.delete("/connections/carriers/seventeentrack")
    await server.close()
