"""What shoppers see on the pages, with the API played by a stand-in."""

import re
from collections import Counter
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import msgspec
import pytest
from icalendar import Calendar
from structlog.testing import capture_logs

from karla.client.storefront import AsyncStorefront, answers
from karla.entrypoints.storefront.source import SeenOrder, Source
from karla.vocabulary.orders import ORDER_STATES
from tests.storefront import documents
from tests.storefront.world import TOKEN, World

UNKNOWN = "We found no order with this number and ZIP code."


def links(page: httpx.Response) -> list[str]:
    return [found.replace("&amp;", "&") for found in re.findall(r'href="([^"]*)"', page.text)]


async def test_finds_the_parcel_with_number_and_zip_code(world: World) -> None:
    page = await world.order()
    assert page.status_code == 200
    assert "Your order is on its way" in page.text
    assert "<span>Tomorrow</span>" in page.text
    assert "11:59–13:59" in page.text
    assert "In the parcel centre" in page.text
    assert ">Today</time>" in page.text
    assert ">Yesterday</time>" in page.text


async def test_number_and_zip_code_are_taken_as_people_type_them(world: World) -> None:
    page = await world.get("/track/lamps", orderNumber=" 1001 ", zipCode="10119 ")
    assert page.status_code == 200


async def test_a_wrong_zip_code_and_a_wrong_number_are_told_alike(world: World) -> None:
    wrong_zip = await world.get("/track/lamps", orderNumber="1001", zipCode="99999")
    wrong_number = await world.get("/track/lamps", orderNumber="4711", zipCode="10119")
    for page in (wrong_zip, wrong_number):
        assert page.status_code == 404
        assert UNKNOWN in page.text
        assert "Lamp Shop" in page.text
        assert "Berlin" not in page.text
    assert 'value="99999"' in wrong_zip.text
    alike = [re.sub(r'nonce[-=]"?[\w-]+|1001|4711|99999|10119', "", page.text) for page in (wrong_zip, wrong_number)]
    assert alike[0] == alike[1]


class Broken(Source):
    """Has a bug."""

    async def order(self, *_: object) -> SeenOrder:
        raise ZeroDivisionError("of a secret")


async def test_a_bug_is_told_calmly_and_logged_with_its_trace(world: World) -> None:
    source = Broken(AsyncStorefront("https://karla.example"), world.clock)
    world.pages = msgspec.structs.replace(world.pages, source=source)
    with capture_logs() as lines:
        page = await world.order("de")
    assert page.status_code == 500
    assert "Wir erreichen Ihre Bestellung gerade nicht" in page.text
    assert "secret" not in page.text
    (line,) = lines
    assert isinstance(line["exc_info"], ZeroDivisionError)
    assert "10119" not in repr(line)
    await source.close()


async def test_too_many_tries_say_how_long_to_wait(world: World) -> None:
    await world.get("/track/lamps")
    world.api.refusal = (429, "too_many_attempts", {"Retry-After": "240"})
    page = await world.order()
    assert page.status_code == 503  # nothing of the shop can be asked either: the stand-in refuses everything
    world.api.refused_calls = frozenset({"POST sessions"})
    page = await world.order()
    assert page.status_code == 429
    assert page.headers["retry-after"] == "240"
    assert re.search(r"Please try again <time [^>]*>in 4 minutes</time>", page.text)


async def test_a_link_that_is_no_longer_good_leads_to_the_finder(world: World) -> None:
    page = await world.get("/track/lamps", orderNumber="1001", token="forged")
    assert page.status_code == 404
    assert "This link doesn’t work any more." in page.text
    assert "forged" not in page.text


async def test_a_blank_is_asked_for(world: World) -> None:
    page = await world.get("/track/lamps", orderNumber="1001", zipCode="")
    assert page.status_code == 422
    assert "Please fill in both" in page.text


async def test_a_shop_that_is_not_there(world: World) -> None:
    page = await world.get("/track/nothing", "de")
    assert page.status_code == 404
    assert "Diesen Shop gibt es hier nicht" in page.text


async def test_a_page_that_is_switched_off(world: World) -> None:
    world.api.refusal = (404, "page_switched_off", {})
    for page in (await world.get("/track/lamps"), await world.order(), await world.get("/track/lamps/demo")):
        assert page.status_code == 404
        assert "Tracking is switched off" in page.text


async def test_the_shops_language_where_nobody_says_another(world: World) -> None:
    for path in ("/track/lamps", "/track/lamps?orderNumber=1001&zipCode=10119"):
        page = await world.get(path, "ja")
        assert '<html lang="nl"' in page.text
    # The API is asked for the same one, so that its texts and the page's are of one language.
    assert world.api.journal[-1] == ("POST", "/v1/shops/lamps/storefront/sessions", "nl")


async def test_the_shopper_asks_and_not_this_machine(world: World) -> None:
    await world.order()
    assert set(world.api.callers) == {"203.0.113.9"}


async def test_nobody_keeps_a_page_with_an_order_and_no_search_finds_it(world: World) -> None:
    page = await world.by_token()
    assert page.headers["cache-control"] == "private, no-store"
    assert page.headers["x-robots-tag"] == "noindex, nofollow"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "geolocation=()" in page.headers["permissions-policy"]
    assert "set-cookie" not in page.headers


async def test_a_page_loads_nothing_but_its_own(world: World) -> None:
    first, second = await world.by_token(), await world.by_token()
    policies = [page.headers["content-security-policy"] for page in (first, second)]
    assert policies[0] != policies[1]
    for page in (first, second):
        directives = {name: told for name, _, told in (one.partition(" ") for one in page.headers[POLICY].split("; "))}
        nonce = re.search(r"'nonce-([\w-]{20,})'", directives["script-src"])
        assert nonce
        assert directives["default-src"] == "'none'"
        assert directives["base-uri"] == "'none'"
        assert directives["frame-ancestors"] == "'self'"
        assert "unsafe" not in page.headers[POLICY]
        tags = re.findall(r"<(?:script|style)\b[^>]*>", page.text)
        assert tags
        assert all(f'nonce="{nonce[1]}"' in tag for tag in tags)
        assert not re.search(r"\sstyle=|\son\w+=", page.text)
        loaded = re.findall(r'(?:src|<link[^>]*href)="([^"]+)"', page.text)
        assert all(address.startswith("/track/assets/") for address in loaded)


POLICY = "content-security-policy"


async def test_origins_of_the_shop_may_show_the_page_in_theirs(world: World) -> None:
    shop = documents.shop(embedding_origins=["https://www.lamp.example", "https://lamp.example"])
    world.api.shop, world.api.order = shop, documents.order(shop=shop)
    for page in (await world.get("/track/lamps"), await world.order(embed="1")):
        assert page.headers[POLICY].endswith("frame-ancestors 'self' https://www.lamp.example https://lamp.example")
        assert "x-frame-options" not in page.headers


async def test_a_page_in_a_frame_has_neither_header_nor_footer(world: World) -> None:
    page = await world.order(embed="1")
    assert "k-header" not in page.text
    assert "k-footer" not in page.text
    assert '"surface": "iframe"' in page.text
    assert "embed=1" in next(address for address in links(page) if "delivery.ics" in address)


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


async def test_names_from_outside_are_text_and_nothing_else(world: World) -> None:
    evil = "<script>alert(1)</script>"
    world.api.order = documents.order(
        order_name=evil,
        shipments=[
            documents.shipment(
                entries=[documents.entry(evil, documents.NOW, place=evil, carrier_text=evil)],
                tracking_number=evil,
                carrier=answers.ParcelCarrier(
                    reference=None, name=evil, tracking_url="https://carrier.example", redirect_url=None
                ),
            )
        ],
        items=[documents.item(evil, variant=evil)],
        shop=documents.shop(name=evil, texts={"intro": evil, "footer": evil}),
    )
    page = await world.order()
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "Follow at &lt;script&gt;" in page.text
    finder = await world.get("/track/lamps", orderNumber=evil, zipCode='"><img src=x>', lang="de")
    assert "<script>alert" not in finder.text
    assert "<img src=x>" not in finder.text


async def test_a_token_shows_prices_address_and_what_may_be_done(world: World) -> None:
    page = await world.by_token()
    assert "Ada Lind" in page.text
    assert "Feldweg 3" in page.text
    assert "Yes, cancel the order" in page.text
    assert "Change the delivery address" in page.text


async def test_number_and_zip_code_do_not_change_anything(world: World) -> None:
    page = await world.order()
    assert "Yes, cancel the order" not in page.text
    assert "Change the delivery address" not in page.text
    assert "open the tracking link from your e-mail" in page.text
    answer = await world.post("/track/lamps/cancel", {"orderNumber": "1001", "zipCode": "10119"})
    assert answer.headers["location"].endswith("done=token_needed")
    assert not [call for _, call, _ in world.api.journal if call.endswith("/cancel")]


async def test_cancels_the_order_and_is_told_so(world: World) -> None:
    answer = await world.post("/track/lamps/cancel", {"orderNumber": "1001", "token": TOKEN, "lang": "en"})
    assert answer.status_code == 303
    assert answer.headers["cache-control"] == "no-store"
    page = await world.get(answer.headers["location"])
    assert "Your order is cancelled." in page.text


async def test_a_link_cannot_claim_what_is_not_so(world: World) -> None:
    page = await world.by_token(done="cancelled")
    assert "Your order is cancelled." not in page.text
    assert (await world.by_token(done="<b>")).status_code == 200


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        ((409, "order_shipped", {}), "It’s too late for that"),
        ((403, "order_token_needed", {}), "Please open this page by the link in your e-mail"),
        ((403, "switched_off", {}), "That didn’t work just now."),
        ((503, "database_unreachable", {}), "That didn’t work just now."),
    ],
)
@pytest.mark.parametrize("action", ["cancel", "address"])
async def test_what_cannot_be_done_is_told(
    world: World, action: str, refusal: tuple[int, str, dict[str, str]], told: str
) -> None:
    world.api.refusal = refusal
    form = {"orderNumber": "1001", "token": TOKEN, "name": "Ada", "zip_code": "10115"}
    answer = await world.post(f"/track/lamps/{action}", form)
    assert answer.status_code == 303
    world.api.refusal = None
    assert told in (await world.get(answer.headers["location"])).text


async def test_changes_the_address_before_it_ships(world: World) -> None:
    page = await world.by_token(change="address")
    assert 'name="address_line_1" value="Feldweg 3"' in page.text
    assert 'autocomplete="postal-code"' in page.text
    form = {"orderNumber": "1001", "token": TOKEN, "name": "Ada Lind", "company": "", "zip_code": "10115"}
    answer = await world.post("/track/lamps/address", form | {"city": "Berlin", "country_code": "FR"})
    assert answer.status_code == 303
    assert "Your address is changed." in (await world.get(answer.headers["location"])).text
    # Only the fields of the form are sent on; an empty one takes away.
    assert world.api.changed == {
        "name": "Ada Lind",
        "company": "",
        "address_line_1": "",
        "zip_code": "10115",
        "city": "Berlin",
    }


async def test_faults_of_an_address_are_told_at_their_fields_and_what_was_typed_is_kept(world: World) -> None:
    form = {"orderNumber": "1001", "token": TOKEN, "name": "Ada L.", "zip_code": "x", "city": "Potsdam"}
    page = await world.post("/track/lamps/address", form)
    assert page.status_code == 422
    assert 'value="Ada L."' in page.text
    assert 'value="Potsdam"' in page.text
    assert "This is no postal code of the country it goes to." in page.text
    assert page.text.count('aria-invalid="true"') == 1


async def test_a_form_that_makes_no_sense_changes_nothing(world: World) -> None:
    for body in (b"\xff\xfe=1", b"&".join(b"a=1" for _ in range(1000)), b""):
        answer = await world.http.post("/track/lamps/cancel", content=body)
        assert answer.status_code == 303
        assert "token_needed" in answer.headers["location"]


async def test_an_address_that_was_tampered_with_writes_no_header(world: World) -> None:
    answer = await world.http.post("/track/a%0d%0aX-Evil:%201/cancel", data={"orderNumber": "\r\nX-Evil: 1"})
    assert answer.status_code == 303
    assert "x-evil" not in answer.headers
    assert "\r" not in answer.headers["location"]


async def test_the_delivery_for_the_calendar(world: World) -> None:
    answer = await world.get("/track/lamps/delivery.ics", orderNumber="1001", token=TOKEN)
    assert answer.headers["content-type"].startswith("text/calendar")
    assert answer.headers["cache-control"] == "private, no-store"
    (event,) = Calendar.from_ical(answer.text).walk("VEVENT")
    assert event["SUMMARY"] == "Parcel from Lamp Shop"
    assert event.decoded("DTSTART") == documents.NOW + timedelta(hours=21.9)
    assert event.decoded("DTEND") == documents.NOW + timedelta(hours=23.9)
    assert event.decoded("DTSTAMP") == documents.NOW
    assert event["LOCATION"] == "Feldweg 3, 10119 Berlin, Germany"
    assert "00340434161094042557" in str(event["DESCRIPTION"])
    assert TOKEN not in answer.text
    world.clock.advance(timedelta(hours=3))
    (later,) = Calendar.from_ical((await world.get(str(answer.url))).text).walk("VEVENT")
    assert later["UID"] == event["UID"]


async def test_whole_days_stand_above_the_hours_of_a_calendar(world: World) -> None:
    expected = documents.window(24, 72, whole_days=True)
    world.api.order = documents.order(shipments=[documents.shipment(expected=expected)])
    answer = await world.get("/track/lamps/delivery.ics", "de", orderNumber="1001", zipCode="10119")
    assert "DTSTART;VALUE=DATE:20261123" in answer.text
    assert "DTEND;VALUE=DATE:20261126" in answer.text
    assert "SUMMARY:Paket von Lamp Shop" in answer.text


async def test_what_is_not_expected_gets_no_event(world: World) -> None:
    world.api.order = documents.order(shipments=[documents.shipment(situation="delivered")])
    page = await world.order()
    assert "delivery.ics" not in page.text
    for query in ({}, {"parcel": "1"}, {"parcel": "9"}, {"zipCode": "99999"}):
        asked = {"orderNumber": "1001", "zipCode": "10119"} | query
        assert (await world.get("/track/lamps/delivery.ics", **asked)).status_code == 404


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


async def test_lines_tell_their_sum_and_what_one_of_them_costs(world: World) -> None:
    lines = [documents.item("Mug", quantity=2, price=24.95), documents.item("Lamp", price=16.5)]
    world.api.by_token = documents.order(by_token=True, items=lines, total_price=66.4)
    text = re.sub(r"<[^>]+>|\s|&nbsp;", "", (await world.by_token()).text)
    assert "Mug" + "Quantity:2×€24.95" + "€49.90" in text
    assert "Lamp" + "€16.50" in text


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


@pytest.mark.parametrize(
    "path",
    [
        "/track/lamps",
        "/track/lamps?orderNumber=1001&zipCode=10119",
        "/track/lamps?orderNumber=1001&zipCode=99999",
        "/track/lamps/demo",
        "/track/lamps/delivery.ics?orderNumber=1001&zipCode=10119",
        "/track/lamps/embed.css",
        "/track/assets/page.css",
    ],
)
async def test_who_asks_for_the_head_of_a_page_gets_that(world: World, path: str) -> None:
    whole, head = await world.get(path), await world.http.head(path, headers={"Accept-Language": "en-GB"})
    assert head.content == b""
    assert head.status_code == whole.status_code
    for name in ("content-type", "content-encoding", "cache-control", "vary"):
        assert head.headers.get(name) == whole.headers.get(name)


async def test_a_page_is_compressed_and_no_cookie_lets_anybody_in(world: World) -> None:
    page = await world.by_token()
    embedded = await world.http.post("/track/lamps/embed", json={"orderNumber": "1001", "zipCode": "10119"})
    for answer in (page, embedded):
        assert answer.headers["content-encoding"] == "gzip"
        assert "Accept-Encoding" in answer.headers["vary"]
        assert "set-cookie" not in answer.headers
    plain = await world.http.get("/track/lamps", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    # What a link doesn't bring, nobody's browser brings for it.
    asked = {"Cookie": "session=ks_session; token=kt_secret-token", "Authorization": "Bearer ks_session"}
    anybody = await world.http.get("/track/lamps", headers=asked)
    assert 'name="orderNumber"' in anybody.text
    assert "1001" not in anybody.text


async def test_hidden_blocks_are_not_there(world: World) -> None:
    hidden = ["prices", "map", "calendar", "claims", "service", "live", "carrier_text", "products"]
    pickup = answers.Pickup(
        type="locker", name="Packstation 1", address="Weg 1, 10119 Berlin", url=None, opening_hours=[], until=None
    )
    entry = documents.entry("Sent", documents.NOW, carrier_text="SORTED")
    shown = documents.shop()
    for shop in (shown, documents.shop(hidden=hidden)):
        world.api.order = documents.order(
            shop=shop, shipments=[documents.shipment(pickup=pickup, entries=[entry])], by_token=True
        )
        page = await world.order()
        there = shop is shown
        for text in ("€49.90", "openstreetmap", "delivery.ics", "It hasn’t arrived", "SORTED", "Desk lamp"):
            assert (text in page.text) is there, text
        assert ('"live": null' in page.text) is not there


async def test_several_parcels_unfold_what_the_shopper_waits_for(world: World) -> None:
    first = documents.shipment(situation="delivered", expected=None)
    second = documents.shipment(number=2, id=UUID(int=8), expected=documents.window(50, 52))
    third = documents.shipment(number=3, id=UUID(int=9))
    world.api.order = documents.order(shipments=[first, second, third], expected_packages=4)
    page = await world.order()
    assert "1 of 4 parcels delivered" in page.text
    assert "Parcel 2 of 4" in page.text
    # The hero tells of the one that comes next.
    assert "<span>Tomorrow</span>" in page.text.partition("Parcel 1 of 4")[0]


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


async def test_the_demo_has_a_bar_to_look_at_everything(world: World) -> None:
    page = await world.get("/track/lamps/demo", state="waiting", theme="bloom", lang="de")
    assert page.status_code == 200
    assert 'data-theme="bloom"' in page.text
    assert '"beacon": null' in page.text
    bar = [parse_qs(urlsplit(address).query) for address in links(page) if "/demo?" in address]
    assert Counter(name for query in bar for name in query) == {"state": 31, "theme": 31, "lang": 31}
    assert "<b>Zur Abholung bereit</b>" in page.text
    several = await world.get("/track/lamps/demo", state="multi", lang="de")
    assert "<b>Mehrere Pakete</b>" in several.text
    assert {"state": ["delivered"], "theme": ["bloom"], "lang": ["de"]} in bar


async def test_the_sdk_gets_the_main_part_and_its_stylesheet(world: World) -> None:
    body = {"orderNumber": "1001", "zipCode": "10119", "lang": "de", "theme": "slate"}
    answer = await world.http.post("/track/lamps/embed", json=body)
    told = answer.json()
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-store"
    assert told["session"] == "ks_session"
    assert told["order"]["order_number"] == "1001"
    assert told["order"]["shipments"][0]["expected"]["from"]
    assert "Sendungsverlauf" in told["html"]
    assert "<html" not in told["html"]
    # The page around has its own topmost heading.
    assert "<h1" not in told["html"]
    assert "<h2" in told["html"]
    # All addresses are whole: the page around is somebody else's.
    assert all(address.startswith(("https://", "#")) for address in re.findall(r'href="([^"]*)"', told["html"]))
    sheet = await world.http.get(told["css_url"])
    assert sheet.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert sheet.headers["access-control-allow-origin"] == "*"
    assert "--k-accent:#123456" in sheet.text
    assert ".k-parcel" in sheet.text


async def test_the_sdk_gets_the_finder_where_no_order_is_asked_for(world: World) -> None:
    told = (await world.http.post("/track/lamps/embed", json={"lang": "fr"})).json()
    assert told["order"] is None
    assert told["session"] is None
    assert "Trouver mon colis" in told["html"]


@pytest.mark.parametrize(
    ("body", "status", "key"),
    [
        ({"orderNumber": "1001", "zipCode": "99999"}, 404, "order_not_found"),
        ({"token": "forged"}, 401, "order_token_invalid"),
    ],
)
async def test_the_sdk_is_told_why_nothing_is_shown(world: World, body: Any, status: int, key: str) -> None:
    answer = await world.http.post("/track/lamps/embed", json=body)
    assert (answer.status_code, answer.json()["key"]) == (status, key)
    nowhere = await world.http.post("/track/nothing/embed", json={})
    assert (nowhere.status_code, nowhere.json()["key"]) == (404, "unknown_shop")
    garbled = await world.http.post("/track/lamps/embed", content=b"{")
    assert garbled.json()["order"] is None


async def test_files_are_kept_for_ever_under_their_version_and_compressed(world: World) -> None:
    page = await world.order()
    for address in re.findall(r'"(/track/assets/[^"]+)"', page.text):
        answer = await world.http.get(address)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-encoding"] == "gzip"
        again = await world.http.get(address, headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
    unversioned = await world.http.get("/track/assets/page.css")
    assert unversioned.headers["cache-control"] == "no-cache"
    for name in ("nothing.css", "..%2Fviews.py", "page.css%00"):
        assert (await world.http.get(f"/track/assets/{name}")).status_code == 404


async def test_a_page_with_all_its_files_is_light(world: World) -> None:
    page = await world.by_token(change="address")
    parts = [page, *[await world.http.get(address) for address in re.findall(r'"(/track/assets/[^"]+)"', page.text)]]
    assert sum(int(part.headers["content-length"]) for part in parts) <= 50 * 1024


async def test_identity_is_in_links_of_the_page_alone(world: World) -> None:
    page = await world.by_token()
    holding = [urlsplit(address) for address in links(page) if TOKEN in address]
    assert holding
    assert {address.netloc for address in holding} == {""}
    assert {address.path for address in holding} <= {"/track/lamps", "/track/lamps/delivery.ics"}
