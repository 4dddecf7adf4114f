"""A shop whose carrier's answers are given by hand."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec

from karla.domain.shipments.records import Shipment, TimelineEvent, Tracking
from karla.domain.tracking.commands.transits import count_transits
from karla.infra.access import EVERYWHERE
from karla.infra.work import Work
from karla.integrations.carriers.contract import Parcel, Reading, Scan
from karla.pipeline.lateness import Lateness
from karla.pipeline.normaliser import Normaliser
from tests.support.clocks import NOON
from tests.support.order_rooms import OrderRooms

A_DAY = timedelta(days=1)
# NOON is on a Monday, and the days of Berlin begin an hour before those of UTC.
TUESDAY = datetime.fromisoformat("2026-03-16T23:00:00+00:00")
TRANSIT, OUT, DELIVERED = "ARRIVAL_AT_TRANSPORT_HUB", "OUT_FOR_DELIVERY", "SUCCESSFULLY_DELIVERED"
UPDATED, DELAYED = "ESTIMATED_DELIVERY_UPDATED", "DELAYED_BY_CARRIER"


def read(slug: str, body: bytes, parcel: Parcel) -> Reading:
    """The mapping of a stand-in, whose answers are readings already."""
    del slug, parcel
    return msgspec.json.decode(body, type=Reading)


def scan(name: str, at: datetime, country: str = "DE") -> Scan:
    return Scan(external_id=f"{name}@{at}", event_name=name, event_time=at, location={"country": country})


class Carrier:
    """A shop whose carrier's answers are given by hand, and what reads them."""

    def __init__(self, rooms: OrderRooms) -> None:
        self.rooms = rooms
        self.normaliser = Normaliser(rooms.db, read)
        self.lateness = Lateness(rooms.db, rooms.clock, read)

    async def parcel(self, order: str = "1", country: str = "DE", **members: Any) -> Shipment:
        """One that is followed."""
        told = Tracking(tracking_number=f"number of {order}", carrier_reference="dhl", **members)
        file = await self.rooms.one(self.rooms.command(order, told, address={"country_code": country}))
        shipment = next(one for one in file.shipments if not one.draft)
        await self._execute(
            """
            insert into followed_parcels (shop_id, shipment_id, provider, carrier, tracking_number, due_at, urgency,
                                          changed_at)
            values ($1, $2, 'dhl', 'dhl', $3, $4, 2, $4)
            """,
            shipment.shop_id,
            shipment.id,
            shipment.tracking_number,
            self.rooms.clock.now(),
        )
        return shipment

    async def tells(self, shipment: Shipment, *scans: Scan, **members: Any) -> None:
        """Have the carrier's answer read; `promise` is a window."""
        window, provider = members.pop("promise", (None, None)), members.pop("provider", "dhl")
        reading = Reading(scans=scans, expected_from=window[0], expected_to=window[1], **members)
        await self._execute(
            """
            insert into provider_answers (shop_id, received_at, id, shipment_id, provider, content_type, body, carrier,
                                          tracking_number)
            values ($1, $2, $3, $4, $5, 'application/json', $6, 'dhl', $7)
            """,
            shipment.shop_id,
            self.rooms.clock.now(),
            uuid4(),
            shipment.id,
            provider,
            msgspec.json.encode(reading),
            shipment.tracking_number,
        )
        await self.normaliser.turn()

    async def arrived(self, count: int, country: str, days: int = 3, provider: str = "dhl") -> None:
        """So many parcels that were handed in two Mondays ago, and took so long."""
        began = NOON - 14 * A_DAY
        for number in range(count):
            shipment = await self.parcel(f"{country} {number}", country)
            scans = scan(TRANSIT, began, country), scan(DELIVERED, began + days * A_DAY, country)
            await self.tells(shipment, *scans, provider=provider)
        await self.count()

    async def count(self) -> None:
        """As the scheduler has it done."""
        while await self.rooms.db.write(EVERYWHERE, count_transits):
            pass

    async def events(self, shipment: Shipment, *names: str) -> list[TimelineEvent]:
        """What is on the timeline under these names."""
        file = await self.rooms.stored(shipment.order_id)
        return [event for event in file.events_of(shipment.id) if event.event_name in names]

    async def now(self, shipment: Shipment) -> Shipment:
        file = await self.rooms.stored(shipment.order_id)
        return next(one for one in file.shipments if one.id == shipment.id)

    async def basis(self, shipment: Shipment) -> str:
        """What the last forecast is by."""
        told = (await self.events(shipment, UPDATED, DELAYED))[-1].additional_info
        assert told is not None
        return str(told["expected_delivery"]["basis"])

    async def later(self, **span: float) -> None:
        """So much later; those that are late by then are told of."""
        self.rooms.clock.advance(timedelta(**span))
        await self.lateness.turn()

    async def go(self) -> None:
        """Be deleted, with all that is the shop's."""
        for table in ("transit_samples", "shop_transit_times", "test_clocks"):
            await self._execute(f"delete from {table} where shop_id = $1", self.rooms.shop_id)  # noqa: S608

    async def live_by_a_test_clock(self, showing: datetime) -> None:
        """The parcels are the sandbox's now, and the shop's clock stands."""
        await self._execute(
            "update followed_parcels set provider = 'sandbox' where shop_id = $1",
            self.rooms.shop_id,
        )
        await self._execute(
            "insert into test_clocks (shop_id, set_at, showed_at, factor) values ($1, $2, $3, 0)",
            self.rooms.shop_id,
            self.rooms.clock.now(),
            showing,
        )

    async def end(self) -> None:
        """Leave no parcels that others would find to be late."""
        await self._execute("delete from followed_parcels where shop_id = $1", self.rooms.shop_id)

    async def _execute(self, statement: str, *values: object) -> None:
        async def command(work: Work) -> None:
            await work.connection.execute(statement, *values)

        await self.rooms.db.write(self.rooms.scope, command)
