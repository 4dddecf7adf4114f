"""Who took a parcel, where it was left and its photo are on the timeline, also where the carrier tells them later."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
import structlog

from karla.domain.shipments.commands.complete import complete
from karla.domain.shipments.records import Completion, Shipment
from karla.domain.tracking.commands.answers import read_again
from karla.infra.access import scope_of
from karla.integrations.carriers.contract import Scan
from tests.pipeline.told_carriers import Carrier
from tests.support.clocks import NOON
from tests.support.karla import Karla, ShopClient
from tests.support.order_rooms import OrderRooms, order_rooms
from tests.support.storefront import by_token

DELIVERED, NEIGHBOUR, LETTERBOX = "SUCCESSFULLY_DELIVERED", "DELIVERED_TO_NEIGHBOUR", "DELIVERED_TO_LETTERBOX"
RETURNED = "RETURNED_TO_SENDER"
PHOTO = "https://pictures.example/doorstep.jpg"
PROOF = "https://carrier.example/proof"


def scan(name: str, hours: float = 0, **told: Any) -> Scan:
    """So many hours after yesterday's noon."""
    at = NOON + timedelta(days=-1, hours=hours)
    return Scan(external_id=f"{name}@{at}", event_name=name, event_time=at, additional_info=told)


class Told(Carrier):
    """The carrier, and the shop as its developer sees it."""

    def __init__(self, rooms: OrderRooms, shop: ShopClient) -> None:
        super().__init__(rooms)
        self.shop = shop

    async def info(self, shipment: Shipment, name: str) -> dict[str, Any]:
        """What the API's timeline says beside this event, which is there once."""
        timeline = (await self.shop.get(f"/shipments/{shipment.id}/events")).json()
        (event,) = [one for one in timeline if one["event_key"] == name]
        return dict(event["additional_info"])

    async def reads_again(self) -> None:
        since = NOON - timedelta(days=9)
        await self.rooms.db.write(self.rooms.scope, lambda work: read_again(work, since, "dhl", None))
        await self.normaliser.turn()


@pytest_asyncio.fixture
async def dhl(karla: Karla, database_url: str) -> AsyncIterator[Told]:
    shop = await karla.shop()
    async with order_rooms(shop.shop.id, database_url) as rooms:
        carrier = Told(rooms, shop)
        yield carrier
        await carrier.end()


async def test_who_signed_and_the_proof_stand_with_the_delivery(dhl: Told) -> None:
    shipment = await dhl.parcel()
    scans = scan("OUT_FOR_DELIVERY"), scan(DELIVERED, 3)
    await dhl.tells(shipment, *scans, received_by=" E.  Sandberg ", proof_of_delivery_url=PROOF, photo_url=PHOTO)
    assert await dhl.info(shipment, DELIVERED) == {
        "signed_by": "E. Sandberg",
        "photo_url": PHOTO,
        "proof_of_delivery_url": PROOF,
    }
    assert await dhl.info(shipment, "OUT_FOR_DELIVERY") == {}


@pytest.mark.parametrize(
    ("name", "told", "info"),
    [
        (NEIGHBOUR, {"received_by": "A. Kowalska"}, {"neighbour": "A. Kowalska"}),
        (NEIGHBOUR, {"received_by": "AK", "neighbour": "A. Kowalska"}, {"neighbour": "A. Kowalska"}),
        (LETTERBOX, {"received_by": "MUSTERMANN", "left_at": "Mail Slot"}, {"left_at": "Mail Slot"}),
        ("DELIVERED_TO_SAFE_PLACE", {"left_at": "On the terrace"}, {"left_at": "On the terrace"}),
        (DELIVERED, {"photo_url": "javascript:alert(1)", "proof_of_delivery_url": "http://x.example"}, {}),
        ("PICKED_UP_BY_CUSTOMER", {"received_by": "E. Sandberg"}, {"signed_by": "E. Sandberg"}),
    ],
)
async def test_it_is_told_by_how_the_parcel_was_delivered(
    dhl: Told, name: str, told: dict[str, str], info: dict[str, str]
) -> None:
    shipment = await dhl.parcel()
    await dhl.tells(shipment, scan(name), **told)
    assert await dhl.info(shipment, name) == info


async def test_what_is_told_after_the_delivery_is_added_and_told_to_nobody(dhl: Told) -> None:
    shipment = await dhl.parcel()
    await dhl.tells(shipment, scan(DELIVERED, remark="Handed over"))
    (before,) = await dhl.events(shipment, DELIVERED)
    was = await dhl.now(shipment)
    assert DELIVERED in dhl.rooms.take_facts()
    dhl.rooms.clock.advance(timedelta(hours=1))
    await dhl.tells(shipment, scan(DELIVERED, remark="Handed over"), received_by="E. Sandberg")
    assert await dhl.info(shipment, DELIVERED) == {"remark": "Handed over", "signed_by": "E. Sandberg"}
    (after,) = await dhl.events(shipment, DELIVERED)
    assert (after.id, after.external_id, after.created_at) == (before.id, before.external_id, before.created_at)
    assert dhl.rooms.take_facts() == []
    now = await dhl.now(shipment)
    assert now.updated_at > was.updated_at, "a page that is open hears of it"
    assert (now.phase, now.event_name, now.event_time) == (was.phase, was.event_name, was.event_time)


async def test_a_shopper_sees_which_neighbour_has_the_parcel_once_the_carrier_tells_it(dhl: Told, karla: Karla) -> None:
    assert (await dhl.shop.patch("", {"web_tracking_enabled": True})).status_code == 200
    shipment = await dhl.parcel("10001")
    await dhl.tells(shipment, scan(NEIGHBOUR))
    browser = await by_token(karla, dhl.shop)
    (parcel,) = (await browser.order())["shipments"]
    assert parcel["proof"] is None
    await dhl.tells(shipment, scan(NEIGHBOUR), received_by="A. Kowalska", photo_url=PHOTO)
    (parcel,) = (await browser.order())["shipments"]
    assert (parcel["proof"]["neighbour"], parcel["proof"]["signed_by"]) == ("A. Kowalska", None)
    assert parcel["proof"]["photo_url"].startswith(f"http://karla.test/v1/shops/{dhl.shop.slug}/storefront/pictures/")


async def test_the_same_told_again_changes_nothing(dhl: Told) -> None:
    shipment = await dhl.parcel()
    await dhl.tells(shipment, scan(DELIVERED), received_by="E. Sandberg")
    was = await dhl.now(shipment)
    dhl.rooms.clock.advance(timedelta(hours=1))
    await dhl.tells(shipment, scan(DELIVERED), received_by="E. Sandberg")
    assert await dhl.now(shipment) == was


async def test_a_newer_word_replaces_and_an_old_one_that_is_read_again_only_adds(dhl: Told) -> None:
    shipment = await dhl.parcel()
    await dhl.tells(shipment, scan(DELIVERED), received_by="E. S.", left_at="Front desk")
    dhl.rooms.clock.advance(timedelta(hours=1))
    await dhl.tells(shipment, scan(DELIVERED), received_by="E. Sandberg")
    whole = {"signed_by": "E. Sandberg", "left_at": "Front desk"}
    assert await dhl.info(shipment, DELIVERED) == whole
    await dhl.reads_again()
    assert await dhl.info(shipment, DELIVERED) == whole


async def test_a_scans_own_place_that_is_told_later_is_added_too(dhl: Told) -> None:
    shipment = await dhl.parcel()
    await dhl.tells(shipment, scan(LETTERBOX))
    await dhl.tells(shipment, scan(LETTERBOX, left_at="Mail Slot"))
    assert await dhl.info(shipment, LETTERBOX) == {"left_at": "Mail Slot"}


async def test_who_took_it_at_the_sender_did_not_take_the_delivery(dhl: Told) -> None:
    shipment = await dhl.parcel()
    await dhl.tells(shipment, scan(DELIVERED), scan(RETURNED, 5), received_by="The shop's warehouse")
    assert await dhl.info(shipment, DELIVERED) == {}
    assert await dhl.info(shipment, RETURNED) == {}


async def test_a_delivery_that_was_taken_back_was_taken_by_nobody(dhl: Told) -> None:
    shipment = await dhl.parcel()
    back = scan("ARRIVAL_AT_DELIVERY_DEPOT", 4, correction=True)
    await dhl.tells(shipment, scan(DELIVERED), back, received_by="E. Sandberg")
    assert await dhl.info(shipment, DELIVERED) == {}


async def test_nobodys_name_is_logged(dhl: Told) -> None:
    shipment = await dhl.parcel()
    with structlog.testing.capture_logs() as logs:
        await dhl.tells(shipment, scan(DELIVERED), received_by="E. Sandberg")
        await dhl.tells(shipment, scan(DELIVERED), received_by="P. Kasten")
    assert await dhl.info(shipment, DELIVERED) == {"signed_by": "P. Kasten"}
    assert "Sandberg" not in repr(logs)
    assert "Kasten" not in repr(logs)


async def test_an_event_of_another_shop_stays_as_it_is(dhl: Told, karla: Karla) -> None:
    shipment = await dhl.parcel()
    await dhl.tells(shipment, scan(DELIVERED))
    (event,) = await dhl.events(shipment, DELIVERED)
    more = [Completion(shipment.shop_id, shipment.id, event.id, {"signed_by": "Mallory"})]
    other = scope_of([(await karla.shop()).shop.id])
    await dhl.rooms.db.write(other, lambda work: complete(work, more))
    assert await dhl.info(shipment, DELIVERED) == {}
    await dhl.rooms.db.write(dhl.rooms.scope, lambda work: complete(work, more))
    assert await dhl.info(shipment, DELIVERED) == {"signed_by": "Mallory"}
