"""How a shop's carriers are doing, by the client."""

import pytest

from karla.client import Invalid
from karla.domain.tracking.commands.health import note_questions
from karla.domain.tracking.records import Outcome, Question
from karla.infra.access import scope_of
from tests.client.conftest import Caller
from tests.support.karla import Karla, ShopClient


async def test_carriers_tell_how_they_are_doing(client: Caller, karla: Karla, shop: ShopClient) -> None:
    assert await client(lambda c: c.carriers.health()) == []
    asked = [Question(carrier="dhl", outcome=Outcome.TOLD, call_ms=30)] * 25
    await karla.services.db.write(
        scope_of([shop.shop.id]), lambda work: note_questions(work, shop.shop.id, "dhl", asked)
    )
    (dhl,) = await client(lambda c: c.carriers.health(hours=1))
    assert (dhl.provider, dhl.carrier, dhl.state, dhl.success_rate) == ("dhl", "dhl", "healthy", 1.0)
    assert (dhl.outcomes["told"], dhl.latency.slowest_ms, dhl.freshness.scans, dhl.parcels.overdue) == (25, 30, 0, 0)
    assert dhl.last_told_at == dhl.last_asked_at
    with pytest.raises(Invalid):
        await client(lambda c: c.carriers.health(hours=0))
