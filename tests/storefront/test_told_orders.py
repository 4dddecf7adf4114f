"""What the page tells of an order as the API's document has it."""

import re
from uuid import UUID

import pytest

from karla.client.storefront import answers
from karla.vocabulary.orders import ORDER_STATES
from tests.storefront import documents
from tests.storefront.world import World


@pytest.mark.parametrize(
    ("window", "day"), [((-43, -41), "Friday, 20 November"), ((-26, -24), "Yesterday"), ((-3, -1), "Today")]
)
async def test_what_has_not_come_in_time_is_told_as_late(world: World, window: tuple[int, int], day: str) -> None:
    world.api.order = documents.order(shipments=[documents.shipment(expected=documents.window(*window))])
    page = await world.order()
    assert re.search(rf">Was expected</span>\s*<time [^>]*><span>{day}</span>", page.text)
    assert ">Expected<" not in page.text
    assert "delivery.ics" not in page.text


async def test_an_attempt_in_vain_says_more_than_the_window_that_it_was_in(world: World) -> None:
    late = documents.shipment(situation="failed", expected=documents.window(-3, -1))
    world.api.order = documents.order(state="failed", shipments=[late])
    assert "Was expected" not in (await world.order()).text


async def test_where_the_neighbour_is_named_nobody_is_sent_to_look_for_the_card(world: World) -> None:
    texts = answers.Texts(
        status="With a neighbour", headline="It is next door", title="They accepted it", subtitle="See the card."
    )
    for name in (None, "Familie Öztürk"):
        proof = answers.Proof(photo_url=None, signed_by=None, neighbour=name, place="Porch")
        parcel = documents.shipment(situation="delivered", expected=None, texts=texts, proof=proof)
        world.api.order = documents.order(state="delivered", texts=texts, shipments=[parcel])
        page = await world.order()
        assert ("See the card." in page.text) is (name is None)
        assert ("Handed to your neighbour Familie Öztürk" in page.text) is (name is not None)
        head, card, _ = page.text.partition("How it was delivered")
        assert card
        assert ("Familie Öztürk" in head) is (name is not None)


async def test_lines_tell_their_sum_and_what_one_of_them_costs(world: World) -> None:
    lines = [documents.item("Mug", quantity=2, price=24.95), documents.item("Lamp", price=16.5)]
    world.api.by_token = documents.order(by_token=True, items=lines, total_price=66.4)
    text = re.sub(r"<[^>]+>|\s|&nbsp;", "", (await world.by_token()).text)
    assert "Mug" + "Quantity:2×€24.95" + "€49.90" in text
    assert "Lamp" + "€16.50" in text
    world.api.order = documents.order(items=[documents.item("Mug", quantity=2, price=None)])
    assert "Quantity: 2</p>" in (await world.order()).text


async def test_a_return_is_no_parcel_that_is_still_to_come(world: World) -> None:
    came = documents.shipment(situation="delivered", expected=None)
    back = documents.shipment(
        number=2, id=UUID(int=8), situation="returning", direction="customer_merchant", expected=None
    )
    again = documents.shipment(number=3, id=UUID(int=9))
    world.api.order = documents.order(state="returning", shipments=[came, back])
    page = await world.order()
    assert "parcels delivered" not in page.text
    assert "Return parcel" in page.text
    assert "Parcel 2" not in page.text
    world.api.order = documents.order(shipments=[came, back, again])
    page = await world.order()
    assert "1 of 2 parcels delivered" in page.text
    assert "Parcel 2 of 2" in page.text
    assert 'id="parcel-3"' in page.text


async def test_hidden_blocks_are_not_there(world: World) -> None:
    hidden = ["prices", "map", "calendar", "claims", "service", "faq", "live", "carrier_text", "products"]
    links = {"faq_url": "https://www.lamp.example/faq"}
    pickup = answers.Pickup(
        type="locker", name="Packstation 1", address="Weg 1, 10119 Berlin", url=None, opening_hours=[], until=None
    )
    entry = documents.entry("Sent", documents.NOW, carrier_text="SORTED")
    shown = documents.shop(links=links)
    for shop in (shown, documents.shop(links=links, hidden=hidden)):
        world.api.order = documents.order(
            shop=shop, shipments=[documents.shipment(pickup=pickup, entries=[entry])], by_token=True
        )
        page = await world.order()
        there = shop is shown
        offered = ("It hasn’t arrived", "Contact the shop", "Frequent questions")
        for text in ("€49.90", "openstreetmap", "delivery.ics", "SORTED", "Desk lamp", *offered):
            assert (text in page.text) is there, text
        assert ('"live": null' in page.text) is not there


async def test_several_parcels_unfold_what_the_shopper_waits_for(world: World) -> None:
    first = documents.shipment(situation="delivered", expected=None)
    second = documents.shipment(number=2, id=UUID(int=8), expected=documents.window(50, 52))
    third = documents.shipment(number=3, id=UUID(int=9))
    world.api.order = documents.order(shipments=[first, second, third])
    page = await world.order()
    assert "1 of 3 parcels delivered" in page.text
    assert "Parcel 2 of 3" in page.text
    # The hero tells of the one that comes next.
    assert "<span>Tomorrow</span>" in page.text.partition("Parcel 1 of 4")[0]


async def test_among_many_parcels_the_one_that_leads_is_open(world: World) -> None:
    for count, unfolded in ((1, 0), (4, 4), (5, 1)):
        parcels = [
            documents.shipment(number=number, id=UUID(int=number), situation="out_for_delivery")
            for number in range(1, count + 1)
        ]
        world.api.order = documents.order(state="out_for_delivery", shipments=parcels)
        page = await world.order()
        assert len(re.findall(r'<details class="k-card k-parcel[^>]* open>', page.text)) == unfolded


@pytest.mark.parametrize("state", ORDER_STATES)
async def test_each_state_of_an_order_has_a_page(world: World, state: str) -> None:
    situation = state if state in SITUATIONS else "on_the_way"
    shipments = [] if state in ("placed", "cancelled") else [documents.shipment(situation=situation)]
    world.api.order = documents.order(state=state, shipments=shipments)
    page = await world.order()
    assert page.status_code == 200
    assert "Your order is on its way" in page.text  # the stand-in's words for every state
    demo = await world.get("/track/lamps/demo", state=state)
    assert demo.status_code == 200


SITUATIONS = {"out_for_delivery", "waiting", "delivered", "delayed", "failed", "lost", "returning", "returned"}


async def test_words_of_a_newer_api_break_no_page(world: World) -> None:
    step = answers.Step(key="flying", state="hovering", at=None)
    pickup = answers.Pickup(type="drone", name="X", address=None, url=None, opening_hours=[], until=None)
    shipment = documents.shipment(situation="levitating", steps=[step], pickup=pickup, flows=["complain"])
    world.api.order = documents.order(state="enchanted", shipments=[shipment])
    assert (await world.order()).status_code == 200
