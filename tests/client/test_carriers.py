"""The catalogue of carriers by the client, on a Karla that is served."""

import pytest

from karla.client import NotFound
from karla.vocabulary.carriers import CARRIERS
from tests.client.conftest import Caller


async def test_carriers_are_looked_up_and_searched(client: Caller) -> None:
    dhl = await client(lambda c: c.carriers.get("dhl"))
    assert (dhl.name, dhl.country, dhl.logo.letter) == ("DHL Paket", "DE", "D")
    assert dhl.number_patterns[0].check == "mod10_31"
    assert dhl.aggregators.seventeentrack == "7041"
    found = await client.list(lambda c: c.carriers.search(q="dhl", country="DE"))
    assert found[0] == dhl
    posts = await client.list(lambda c: c.carriers.search(kind="post", per_page=100))
    assert len(posts) == sum(1 for carrier in CARRIERS.values() if carrier.kind == "post") > 200
    with pytest.raises(NotFound):
        await client(lambda c: c.carriers.get("nobody"))
