"""The expected delivery as an event for the shopper's calendar."""

from datetime import timedelta

from icalendar import Calendar

from tests.storefront import documents
from tests.storefront.world import TOKEN, World, links


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


async def test_the_demo_has_its_delivery_for_the_calendar_too(world: World) -> None:
    page = await world.get("/track/lamps/demo", state="on_the_way", lang="de")
    (address,) = [address for address in links(page) if "delivery.ics" in address]
    (event,) = Calendar.from_ical((await world.get(address)).text).walk("VEVENT")
    assert event["SUMMARY"] == "Paket von Lamp Shop"


async def test_what_is_not_expected_gets_no_event(world: World) -> None:
    world.api.order = documents.order(shipments=[documents.shipment(situation="delivered")])
    page = await world.order()
    assert "delivery.ics" not in page.text
    for query in ({}, {"parcel": "1"}, {"parcel": "9"}, {"zipCode": "99999"}):
        asked = {"orderNumber": "1001", "zipCode": "10119"} | query
        assert (await world.get("/track/lamps/delivery.ics", **asked)).status_code == 404
