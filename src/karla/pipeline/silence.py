"""A parcel on its way of which nothing is heard for days is a problem that its shop hears of first."""

from typing import Final

from karla.domain.shipments.commands.observe import observe
from karla.domain.shipments.records import Observation
from karla.domain.tracking.queries.parcels import silent_parcels
from karla.domain.tracking.rules.asking import SILENT, SILENT_AFTER
from karla.infra.access import EVERYWHERE, scope_of
from karla.infra.clock import Clock
from karla.infra.db import Database

ORIGIN: Final = "karla"
_BATCH: Final = 200


class Silence:
    """Turns of a loop. Told by two workers at once, it is told once."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def turn(self) -> bool:
        """Tell of a batch of silent parcels; whether there may be more."""
        now = self._clock.now()
        async with self._db.read(EVERYWHERE) as connection:
            found = await silent_parcels(EVERYWHERE, connection, now - SILENT_AFTER, _BATCH)
        if not found:
            return False
        observations = [
            Observation(
                shop_id=shop_id,
                shipment_id=shipment_id,
                origin=ORIGIN,
                external_id=f"silent:{now.date()}",
                event_name=SILENT,
                event_time=now,
            )
            for shop_id, shipment_id in found
        ]
        scope = scope_of(shop_id for shop_id, _ in found)
        await self._db.write(scope, lambda work: observe(work, observations))
        return len(found) == _BATCH
