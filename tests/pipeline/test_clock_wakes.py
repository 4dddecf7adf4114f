"""A worker that waits for its next look hears at once that a shop's test clock was set."""

import asyncio

from karla.infra import bell
from karla.infra.bell import Bell
from karla.infra.settings import Settings
from karla.pipeline.belt import Belt
from karla.pipeline.following import Following
from tests.support.karla import Karla
from tests.support.samples import sample

HOUR = 3600


async def test_what_a_set_clock_makes_due_is_not_waited_for(
    karla: Karla, settings: Settings, database_url: str
) -> None:
    shop, services = await karla.shop(), karla.services
    await shop.put("/connections/carriers/sandbox", {"credentials": {}})
    await shop.post("/clock", {"action": "freeze"})
    order = sample("order_upsert.request.headless")
    order["trackings"] = [{"tracking_number": "SBX-A.3H.T.9H.O-1", "carrier_reference": "sandbox"}]
    shipment = f"/shipments/{(await shop.put('/orders', order)).json()['trackings'][0]['id']}"
    await karla.drain()
    assert (await shop.get(shipment)).json()["phase"] == "order_processed"

    following = Following(services.db, services.egress, services.clock, services.seals, poll_seconds=HOUR)
    belt = Belt(settings, services.db, services.egress, services.clock, following=following, poll_seconds=HOUR)
    told, stop, ears = asyncio.Event(), asyncio.Event(), Bell(database_url)
    ears.on(bell.TRACKING, belt.wake_following)
    ears.on(bell.WORK, told.set)
    running = asyncio.create_task(belt.run(stop))
    await ears.start()
    for hours, phase in ((4, "in_transit"), (9, "in_delivery")):
        await shop.post("/clock", {"action": "advance", "by_seconds": hours * HOUR})
        async with asyncio.timeout(20):
            while (await shop.get(shipment)).json()["phase"] != phase:
                await told.wait()
                told.clear()
    stop.set()
    await running
    await ears.stop()
