"""A parcel on its way whose window has passed is late: its shop hears of that, and when it is expected instead."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import structlog

from karla.domain.shipments.commands.observe import observe
from karla.domain.shipments.records import Observation
from karla.domain.tracking.queries.answers import last_answers
from karla.domain.tracking.queries.transits import late_parcels
from karla.domain.tracking.records import Answer, Journey, Late
from karla.domain.tracking.rules.answers import DELAYED
from karla.infra.access import EVERYWHERE, scope_of
from karla.infra.clock import Clock
from karla.infra.db import Database
from karla.infra.work import Work
from karla.integrations import tracking
from karla.pipeline.forecasts import ORIGIN, journey_of, windows_of
from karla.pipeline.normaliser import Read, parcel_of
from karla.pipeline.shop_time import providers_by_test_clock
from karla.vocabulary.events import Direction

log = structlog.get_logger()

_BATCH: Final = 200


class Lateness:
    """Turns of a loop. Told by two workers at once, it is told once."""

    def __init__(self, db: Database, clock: Clock, read: Read = tracking.read) -> None:
        self._db = db
        self._clock = clock
        self._read = read

    async def turn(self) -> bool:
        """Tell of a batch of late parcels; whether there may be more."""
        now = self._clock.now()
        async with self._db.read(EVERYWHERE) as connection:
            found = await late_parcels(EVERYWHERE, connection, now, _BATCH, providers_by_test_clock())
        if not found:
            return False
        await self._db.write(scope_of(parcel.shop_id for parcel in found), lambda work: self._tell(work, found))
        return len(found) == _BATCH

    async def _tell(self, work: Work, found: Sequence[Late]) -> None:
        """The id has the window's end in it: of one window it is told once."""
        instead = await self._expected_instead(work, found)
        await observe(
            work,
            [
                Observation(
                    shop_id=parcel.shop_id,
                    shipment_id=parcel.shipment_id,
                    origin=ORIGIN,
                    external_id=f"late:{parcel.expected_to.isoformat()}",
                    event_name=DELAYED,
                    event_time=parcel.now,
                    additional_info=instead.get(parcel.shipment_id),
                )
                for parcel in found
            ],
        )

    async def _expected_instead(self, work: Work, found: Sequence[Late]) -> dict[UUID, dict[str, Any]]:
        """By parcel what an event tells of its new window, by what its carrier told last; where there can be one."""
        late = {parcel.shipment_id: parcel for parcel in found}
        keys = [(parcel.shop_id, parcel.shipment_id) for parcel in found]
        answers = await last_answers(work.scope, work.connection, keys)
        asked = [
            (answer, journey, late[answer.shipment_id].now)
            for answer in answers
            if (journey := self._journey_of(answer)) is not None
        ]
        windows = await windows_of(work.scope, work.connection, asked)
        return {
            answer.shipment_id: window.told()
            for (answer, _, _), window in zip(asked, windows, strict=True)
            if window is not None
        }

    def _journey_of(self, answer: Answer) -> Journey | None:
        if not answer.current or answer.direction is not Direction.MERCHANT_CUSTOMER:
            return None
        try:
            return journey_of(answer, self._read(answer.provider, answer.body, parcel_of(answer)))
        except Exception:  # noqa: BLE001 - what can't be read foretells nothing; the delay is told all the same
            log.warning("answer unreadable", provider=answer.provider, answer=str(answer.id))
            return None
