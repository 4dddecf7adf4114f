"""Parcels are followed at their carriers: asked about in time, as often as the account may, and read once each."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest_asyncio

from karla.domain.connections.commands import connect, disconnect
from karla.domain.connections.queries import demand_connection
from karla.domain.connections.records import Wish
from karla.domain.connections.rules import SEALED_FOR
from karla.domain.shipments.records import OrderFile, Shipment, Tracking
from karla.domain.tracking.commands.accounts import LEASE
from karla.domain.tracking.commands.answers import read_again
from karla.domain.tracking.queries.health import health_of
from karla.domain.tracking.records import Outcome
from karla.infra.http import Egress
from karla.infra.http.standin import Reply, Server
from karla.infra.sealing import Seals
from karla.integrations import registry
from karla.integrations.contract import Kind
from karla.integrations.standins import StandIn, serving
from karla.pipeline.following import Following
from tests.support.karla import Karla
from tests.support.order_rooms import OrderRooms, order_rooms

SEALS = Seals(["a secret of thirty-two characters"], SEALED_FOR)
NUMBER = "00340434161094000014"


class Followed:
    """A shop that is connected with a provider's stand-in, and what follows its parcels."""

    def __init__(
        self, provider: str, rooms: OrderRooms, standin: StandIn, server: Server, following: Following
    ) -> None:
        self.provider = provider
        self.rooms = rooms
        self.standin = standin
        self.server = server
        self.following = following
        self.pauses: list[float] = []

    async def connect(self, **credentials: str) -> None:
        """With the key that the stand-in takes, unless another is given."""
        whole = self.standin.credentials(self.server.url) | credentials
        wish = Wish(kind="carriers", slug=self.provider, name="the account", credentials=whole, settings={}, hints={})
        await self.rooms.db.write(self.rooms.scope, lambda work: connect(work, SEALS, wish))

    async def disconnect(self) -> None:
        await self.rooms.db.write(self.rooms.scope, lambda work: disconnect(work, "carriers", self.provider))
        await self.following.drain()

    async def parcel(self, number: str = NUMBER, carrier: str = "dhl", order: str = "1") -> Shipment:
        """Of an order that goes to Berlin."""
        address = {"country_code": "DE", "zip_code": "10115"}
        told = Tracking(tracking_number=number, carrier_reference=carrier)
        file = await self.rooms.one(self.rooms.command(order, told, address=address))
        return file.shipments[0]

    async def later(self, **span: float) -> None:
        """So much later, and all that is due then done."""
        self.rooms.clock.advance(timedelta(**span))
        await self.following.drain()

    async def file(self, shipment: Shipment) -> OrderFile:
        return await self.rooms.stored(shipment.order_id)

    def asked(self, number: str | None = None) -> int:
        """How often the carrier was asked, about this number if one is given."""
        return sum(number in (None, entry.asked.query.get("trackingNumber")) for entry in self.server.journal)


@asynccontextmanager
async def followed_by(rooms: OrderRooms, provider: str = "dhl") -> AsyncIterator[Followed]:
    standin = registry.standin(Kind.CARRIERS, provider)
    server = serving(standin)
    await server.up()
    async with Egress(allow_private=True) as egress:
        pauses: list[float] = []

        async def pause(seconds: float) -> None:
            pauses.append(seconds)
            rooms.clock.advance(timedelta(seconds=seconds))

        following = Following(rooms.db, egress, rooms.clock, SEALS, pause=pause)
        made = Followed(provider, rooms, standin, server, following)
        made.pauses = pauses
        yield made
    await server.close()


@pytest_asyncio.fixture
async def dhl(karla: Karla, database_url: str) -> AsyncIterator[Followed]:
    async with order_rooms((await karla.shop()).shop.id, database_url) as rooms, followed_by(rooms) as made:
        await made.connect()
        yield made
        await made.disconnect()


def names(file: OrderFile) -> list[str]:
    return [event.event_name for event in file.timeline if event.origin == "dhl"]


async def test_what_the_carrier_tells_is_on_the_timeline_in_its_own_words_too(dhl: Followed) -> None:
    shipment = await dhl.parcel()
    await dhl.following.drain()
    file = await dhl.file(shipment)
    scans = [name for name in names(file) if name != "ESTIMATED_DELIVERY_UPDATED"]
    assert scans == [
        "SHIPMENT_DATA_RECEIVED_BY_CARRIER",
        "SORTED_AT_TRANSPORT_HUB",
        "ARRIVAL_AT_TRANSPORT_HUB",
        "OUT_FOR_DELIVERY",
    ]
    parcel = file.shipments[0]
    assert (parcel.phase, parcel.event_name) == ("in_delivery", "OUT_FOR_DELIVERY")
    assert str(parcel.expected_from) == "2026-03-12 11:10:00+00:00"
    last = next(event for event in file.timeline if event.event_name == "OUT_FOR_DELIVERY")
    assert (last.additional_info or {})["carrier_text"].startswith("Die Sendung wurde in das Zustellfahrzeug geladen")
    assert last.timezone == "Europe/Berlin"


async def test_the_same_answer_again_tells_nothing_and_is_not_kept_twice(dhl: Followed) -> None:
    await dhl.parcel()
    await dhl.following.drain()
    dhl.rooms.take_facts()
    await dhl.later(minutes=30)
    assert dhl.asked(NUMBER) == 2
    assert dhl.rooms.take_facts() == []
    assert await dhl.rooms.count("provider_answers") == 1


async def test_a_parcel_on_its_last_mile_is_asked_about_often_and_one_that_is_announced_seldom(dhl: Followed) -> None:
    await dhl.parcel()
    await dhl.parcel("00340434161094000010", order="2")
    await dhl.following.drain()
    for _ in range(12):
        await dhl.later(minutes=20)
    assert dhl.asked(NUMBER) > 8
    assert dhl.asked("00340434161094000010") in (1, 2)


async def test_after_delivery_it_is_asked_about_for_three_days_and_then_no_more(dhl: Followed) -> None:
    await dhl.parcel("00340434161094000018")
    await dhl.following.drain()
    for _ in range(20):
        await dhl.later(hours=12)
    assert 1 <= dhl.asked("00340434161094000018") <= 4


async def test_a_parcel_that_comes_later_is_found(dhl: Followed) -> None:
    await dhl.following.drain()
    shipment = await dhl.parcel()
    await dhl.later(seconds=15)
    assert "OUT_FOR_DELIVERY" in names(await dhl.file(shipment))


async def test_parcels_of_other_carriers_and_drafts_are_left(dhl: Followed) -> None:
    await dhl.parcel("1Z5R89390357567127", "ups")
    await dhl.rooms.one(dhl.rooms.command("2"))
    await dhl.following.drain()
    assert dhl.asked() == 0


async def test_with_another_number_it_is_followed_anew(dhl: Followed) -> None:
    shipment = await dhl.parcel()
    await dhl.following.drain()
    told = Tracking(tracking_number="00340434161094000018", carrier_reference="dhl", external_shipment_id="x")
    await dhl.rooms.one(dhl.rooms.command("1", told))
    await dhl.later(seconds=15)
    assert dhl.asked("00340434161094000018") == 1
    assert (await dhl.file(shipment)).shipments[-1].phase == "delivered"


async def test_the_budget_of_the_day_is_spread_over_it(dhl: Followed) -> None:
    for number in range(40):
        await dhl.parcel(f"0034043416109499{number:04}", order=f"order {number}")
    await dhl.following.drain()
    await dhl.later(seconds=10)
    first = dhl.asked()
    # 250 a day; noon has come, and nothing was asked before.
    assert first == 40
    for _ in range(48):
        await dhl.later(minutes=15)
    assert dhl.asked() <= 250 + 13
    assert all(pause == 1 for pause in dhl.pauses)


async def test_too_many_calls_are_a_pause_for_the_account(dhl: Followed) -> None:
    shipment = await dhl.parcel()
    dhl.server.be_busy()
    await dhl.following.drain()
    assert names(await dhl.file(shipment)) == []
    await dhl.later(seconds=59)
    assert dhl.asked(NUMBER) == 1
    await dhl.later(seconds=2)
    assert "OUT_FOR_DELIVERY" in names(await dhl.file(shipment))


async def test_an_account_that_is_refused_is_not_used_and_says_so(dhl: Followed) -> None:
    await dhl.connect(**dhl.standin.wrong_credentials(dhl.server.url))
    await dhl.parcel()
    await dhl.following.drain()
    await dhl.later(hours=3)
    assert dhl.asked() == 1
    async with dhl.rooms.db.read(dhl.rooms.scope) as connection:
        now = await demand_connection(dhl.rooms.scope, connection, "carriers", "dhl")
    assert (now.status, now.refused_reason) == ("refused", "Unauthorized for given resource.")
    await dhl.connect()
    await dhl.later(seconds=15)
    assert dhl.asked(NUMBER) == 2


async def test_two_workers_ask_once(dhl: Followed, database_url: str) -> None:
    shipment = await dhl.parcel()
    async with followed_by(dhl.rooms) as other:
        await dhl.following.drain()
        await other.following.drain()
    assert dhl.asked(NUMBER) == 1
    assert "OUT_FOR_DELIVERY" in names(await dhl.file(shipment))


async def test_what_a_worker_that_died_had_is_another_ones_after_the_lease(dhl: Followed) -> None:
    await dhl.following.drain()
    await dhl.parcel()
    async with dhl.rooms.db.read(dhl.rooms.scope) as connection:
        await connection.execute(
            "update trackers set leased_until = $1, due_at = $2 where shop_id = $3",
            dhl.rooms.clock.now() + LEASE,
            dhl.rooms.clock.now(),
            dhl.rooms.shop_id,
        )
    await dhl.later(seconds=30)
    assert dhl.asked() == 0
    await dhl.later(seconds=LEASE.total_seconds())
    assert dhl.asked(NUMBER) == 1


async def test_what_can_not_be_read_is_kept_and_read_again_when_asked_to(dhl: Followed) -> None:
    shipment = await dhl.parcel()
    await dhl.following.drain()
    dhl.rooms.take_facts()
    since = dhl.rooms.clock.now()
    again = await dhl.rooms.db.write(dhl.rooms.scope, lambda work: read_again(work, since, "dhl", None))
    assert again.answers == 1
    await dhl.following.drain()
    assert dhl.rooms.take_facts() == [], "what is on the timeline already is not told twice"
    assert "OUT_FOR_DELIVERY" in names(await dhl.file(shipment))


async def test_a_disconnected_account_asks_nothing(dhl: Followed) -> None:
    await dhl.parcel()
    await dhl.disconnect()
    await dhl.later(hours=1)
    assert dhl.asked() == 0
    await dhl.connect()


async def test_a_parcel_of_which_nothing_is_heard_for_days_is_told_of_once(dhl: Followed) -> None:
    moving = await dhl.parcel("00340434161094000013")
    await dhl.parcel("00340434161094000010", order="2")  # announced: its sender has it
    await dhl.following.drain()
    dhl.rooms.take_facts()
    for _ in range(4):
        await dhl.later(days=1)
    assert dhl.rooms.take_facts() == []
    for _ in range(4):
        await dhl.later(days=1)
    assert dhl.rooms.take_facts() == ["NO_SCAN_FOR_EXTENDED_PERIOD"]
    parcel = (await dhl.file(moving)).shipments[0]
    assert (parcel.phase, parcel.event_name) == ("in_transit", "ARRIVAL_AT_TRANSPORT_HUB")


async def test_how_the_carrier_is_doing_is_counted(dhl: Followed) -> None:
    await dhl.parcel()
    await dhl.following.drain()
    dhl.server.be_busy()
    await dhl.later(minutes=30)
    since, now = dhl.rooms.clock.now() - timedelta(hours=24), dhl.rooms.clock.now()
    async with dhl.rooms.db.read(dhl.rooms.scope) as connection:
        (health,) = await health_of(dhl.rooms.scope, connection, dhl.rooms.shop_id, since, now)
    assert (health.provider, health.carrier, health.span.asked) == ("dhl", "dhl", 2)
    assert (health.span.outcomes[Outcome.TOLD], health.span.outcomes[Outcome.BUSY]) == (1, 1)
    assert health.span.scans == 4


async def test_news_without_a_scan_doesn_t_hide_a_silence(dhl: Followed) -> None:
    """An answer whose stamps or promises change each day is new, and the parcel stands still all the same."""
    number = "00340434161094000013"
    parcel = await dhl.parcel(number)
    await dhl.following.drain()
    body = dhl.standin.recordings.next(number) or b""
    for day in range(8):
        changed = body.replace(b'"shipments"', b'"asked": %d, "shipments"' % day, 1)
        dhl.server.answer(Reply(headers={"Content-Type": "application/json"}, body=changed), times=None)
        await dhl.later(days=1)
    told = [event.event_name for event in (await dhl.file(parcel)).timeline if event.origin == "karla"]
    assert told.count("NO_SCAN_FOR_EXTENDED_PERIOD") == 1
    assert await dhl.rooms.count("provider_answers") > 3
