"""While the API doesn't answer, a page shows what was last known and from when; never to whom it was shut."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest_asyncio

from karla.client.storefront.answers import StorefrontOrder
from karla.entrypoints.storefront.last_known import KEPT, LastKnown
from tests.storefront import documents
from tests.storefront.world import TOKEN, World
from tests.support.clocks import StandingClock

STALE = "There is no newer information right now. This is as of"


async def test_a_page_is_shown_as_it_was_when_the_api_is_down(world: World) -> None:
    fresh = await world.by_token()
    world.clock.advance(timedelta(minutes=9))
    world.api.is_down = True
    page = await world.by_token()
    assert page.status_code == 200
    assert "Your order is on its way" in page.text
    assert f'{STALE} <time datetime="2026-11-22T14:05+01:00">14:05</time>.' in page.text
    assert STALE not in fresh.text
    # Nothing can be done or followed while nobody answers.
    assert "Cancel the order" in fresh.text
    assert "Cancel the order" not in page.text
    assert '"live": null' in page.text


async def test_a_page_is_shown_as_it_was_when_the_api_fails(world: World) -> None:
    await world.order()
    world.api.refusal = (503, "database_unreachable", {"Retry-After": "1"})
    page = await world.order()
    assert page.status_code == 200
    assert STALE in page.text


async def test_one_who_was_never_here_is_told_calmly_and_keeps_what_he_typed(world: World) -> None:
    await world.get("/track/lamps")
    world.api.is_down = True
    page = await world.order()
    assert page.status_code == 503
    assert page.headers["retry-after"] == "30"
    assert "Orders can’t be looked up right now." in page.text
    assert 'value="1001"' in page.text


async def test_a_link_that_was_never_opened_can_be_tried_again(world: World) -> None:
    world.api.is_down = True
    page = await world.by_token()
    assert page.status_code == 503
    assert page.headers["retry-after"] == "30"
    assert "We can’t reach your order right now" in page.text
    assert "Try again" in page.text


async def test_the_finder_is_there_while_the_api_is_down(world: World) -> None:
    await world.get("/track/lamps")
    world.api.is_down = True
    page = await world.get("/track/lamps")
    assert page.status_code == 200
    assert "Find my parcel" in page.text


async def test_a_revoked_link_is_forgotten(world: World) -> None:
    await world.by_token()
    await world.by_token("de")
    world.api.by_token = None
    refused = await world.by_token()
    assert refused.status_code == 404
    assert "This link doesn’t work any more." in refused.text
    world.api.is_down = True
    for language in ("en-GB", "de"):
        page = await world.by_token(language)
        assert page.status_code == 503
        assert "on its way" not in page.text


async def test_an_order_that_is_gone_is_forgotten(world: World) -> None:
    await world.order()
    world.api.order = None
    assert (await world.order()).status_code == 404
    world.api.is_down = True
    assert (await world.order()).status_code == 503


async def test_what_one_may_see_another_is_not_shown(world: World) -> None:
    await world.by_token()
    world.api.is_down = True
    assert (await world.order()).status_code == 503
    assert (await world.get("/track/lamps", token="other")).status_code == 503


async def test_after_a_day_it_would_rather_mislead(world: World) -> None:
    await world.by_token()
    world.api.is_down = True
    world.clock.advance(KEPT + timedelta(seconds=1))
    assert (await world.by_token()).status_code == 503


@pytest_asyncio.fixture
async def impatient() -> AsyncIterator[World]:
    made = World(patience=0.01)
    yield made
    await made.close()


async def test_a_slow_api_is_not_waited_for_where_there_is_something_to_show(impatient: World) -> None:
    await impatient.order()
    impatient.api.held = asyncio.Event()
    newer = documents.texts("Your parcel is here")
    impatient.api.order = documents.order(texts=newer)
    page = await impatient.order()
    assert STALE in page.text
    assert "Your order is on its way" in page.text
    # What came too late for that reader is there for the next one.
    impatient.api.held.set()
    await impatient.source.settled()
    impatient.api.is_down = True
    later = await impatient.order()
    assert "Your parcel is here" in later.text


async def test_a_slow_refusal_shuts_the_page_as_a_quick_one_does(impatient: World) -> None:
    await impatient.by_token()
    impatient.api.held = asyncio.Event()
    impatient.api.by_token = None
    # Nobody has heard yet that the link was revoked.
    assert STALE in (await impatient.by_token()).text
    impatient.api.held.set()
    await impatient.source.settled()
    impatient.api.is_down = True
    page = await impatient.by_token()
    assert page.status_code == 503
    assert "on its way" not in page.text


async def test_a_slow_api_is_waited_for_at_the_first_visit(impatient: World) -> None:
    impatient.api.held = asyncio.Event()
    visit = asyncio.ensure_future(impatient.order())
    await impatient.api.asked.wait()
    # Its patience is over by then, a hundredth of a second later at the most.
    asyncio.get_running_loop().call_later(0.05, impatient.api.held.set)
    page = await visit
    assert page.status_code == 200
    assert STALE not in page.text


async def test_a_fragment_is_not_made_of_what_is_old(world: World) -> None:
    page = await world.order()
    assert "fragment=1" in page.text
    part = await world.order(fragment="1")
    assert part.status_code == 200
    assert "<html" not in part.text
    assert "Your order is on its way" in part.text
    world.api.is_down = True
    assert (await world.order(fragment="1")).status_code == 503


def kept(**bounds: int) -> tuple[LastKnown[StorefrontOrder], StandingClock]:
    clock = StandingClock(documents.NOW)
    return LastKnown(StorefrontOrder, clock, **bounds), clock


def test_it_is_bounded_by_number_and_keeps_what_is_used() -> None:
    orders, _ = kept(entries=2)
    for number in ("1", "2"):
        orders.keep([number], "en", documents.order(order_number=number))
    assert orders.find(["1"], "en") is not None
    orders.keep(["3"], "en", documents.order(order_number="3"))
    assert [orders.has([number], "en") for number in ("1", "2", "3")] == [True, False, True]
    assert len(orders) == 2


def test_it_is_bounded_by_bytes() -> None:
    order = documents.order()
    size = len(msgspec.msgpack.encode(order))
    orders, _ = kept(size=2 * size)
    for number in range(5):
        orders.keep([str(number)], "en", order)
    assert len(orders) == 2
    assert orders.size == 2 * size
    orders.keep(["4"], "en", order)
    assert orders.size == 2 * size
    small, _ = kept(size=size - 1)
    small.keep(["1"], "en", order)
    assert len(small) == 0


def test_it_holds_no_token_and_no_zip_code_it_was_asked_with() -> None:
    orders, _ = kept()
    order = documents.order()
    orders.keep(["lamps", ("token", TOKEN)], "en", order)
    orders.keep(["lamps", ("zip_code", "98765")], "en", order)
    held = repr(vars(orders))
    assert TOKEN not in held
    assert "98765" not in held
    found = orders.find(["lamps", ("token", TOKEN)], "en")
    assert found is not None
    assert found.value == order
    assert found.as_of == documents.NOW
