"""A parcel on its way of which nothing is heard for days is a problem that its shop hears of first."""

from typing import Final

from karla.domain.shipments.commands.observe import observe
from karla.domain.shipments.records import Observation
from karla.domain.tracking.queries.parcels import silent_parcels
from karla.domain.tracking.rules.asking import SILENT
from karla.infra.access import EVERYWHERE, scope_of
from karla.infra.clock import Clock
from karla.infra.db import Database
from karla.pipeline.shop_time import providers_by_test_clock

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
            found = await silent_parcels(EVERYWHERE, connection, now, _BATCH, providers_by_test_clock())
        if not found:
            return False
        observations = [
            Observation(
                shop_id=parcel.shop_id,
                shipment_id=parcel.shipment_id,
                origin=ORIGIN,
                external_id=f"silent:{parcel.now.date()}",
                event_name=SILENT,
                event_time=parcel.now,
            )
            for parcel in found
        ]
        scope = scope_of(parcel.shop_id for parcel in found)
        await self._db.write(scope, lambda work: observe(work, observations))
        return len(found) == _BATCH
