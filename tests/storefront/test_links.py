"""Where the links of the pages lead, and what they bring along."""

from collections import Counter
from urllib.parse import parse_qs, urlsplit

from karla.client.storefront import answers
from tests.storefront import documents
from tests.storefront.world import TOKEN, World, links


async def test_links_to_the_shop_say_where_one_comes_from_and_the_carriers_do_not(world: World) -> None:
    page = await world.order()
    away = [urlsplit(address) for address in links(page) if address.startswith("http")]
    told = {address.hostname: parse_qs(address.query) for address in away}
    campaign = {"utm_source": ["karla"], "utm_medium": ["tracking_page"]}
    assert told == {"www.lamp.example": campaign, "help.lamp.example": campaign, "dhl.example": {}}


async def test_what_is_no_web_address_becomes_no_link(world: World) -> None:
    carrier = answers.ParcelCarrier(
        reference="x", name="X", tracking_url="javascript:alert(1)", redirect_url="data:text/html,x"
    )
    world.api.order = documents.order(
        shipments=[documents.shipment(carrier=carrier)], items=[documents.item("Lamp", url="javascript:alert(2)")]
    )
    page = await world.order()
    assert page.status_code == 200
    assert "javascript:" not in page.text
    assert "data:" not in page.text.replace("k-data", "")


async def test_the_demo_has_a_bar_to_look_at_everything(world: World) -> None:
    page = await world.get("/track/lamps/demo", state="waiting", theme="bloom", lang="de")
    assert page.status_code == 200
    assert 'data-theme="bloom"' in page.text
    assert '"beacon": null' in page.text
    bar = [parse_qs(urlsplit(address).query) for address in links(page) if "/demo?" in address]
    # 18 states, 5 themes, 8 languages; and the languages again at the page's end, which stays the demo's.
    assert Counter(name for query in bar for name in query) == {"state": 39, "theme": 39, "lang": 39}
    assert "<b>Zur Abholung bereit</b>" in page.text
    several = await world.get("/track/lamps/demo", state="multi", lang="de")
    assert "<b>Mehrere Pakete</b>" in several.text
    assert {"state": ["delivered"], "theme": ["bloom"], "lang": ["de"]} in bar


async def test_identity_is_in_links_of_the_page_alone(world: World) -> None:
    page = await world.by_token()
    holding = [urlsplit(address) for address in links(page) if TOKEN in address]
    assert holding
    assert {address.netloc for address in holding} == {""}
    assert {address.path for address in holding} <= {"/track/lamps", "/track/lamps/delivery.ics"}
