"""Views as the pages' handlers fill them, made by hand and to be varied."""

from typing import Any

import msgspec

from karla.client.storefront.answers import Palette
from karla.entrypoints.storefront.views import (
    Assets,
    BrandStyle,
    Carrier,
    Chrome,
    Claim,
    Day,
    Entry,
    Image,
    Item,
    Language,
    Order,
    OrderPage,
    Parcel,
    Step,
    Time,
    Tone,
    Window,
    fold,
)
from karla.entrypoints.storefront.views.orders import Actions, Slots

NONCE = "bm9uY2U"
WAY = ("ordered", "packed", "on_the_way", "out_for_delivery", "delivered")

BRAND = BrandStyle(
    theme="clear",
    mode="auto",
    light=Palette(**dict.fromkeys(Palette.__struct_fields__, "#111111")),
    dark=Palette(**dict.fromkeys(Palette.__struct_fields__, "#eeeeee")),
    font="system-ui, 'Segoe UI', sans-serif",
    heading_font="Georgia, serif",
    heading_weight=650,
    radius="medium",
    density="regular",
)


def at(words: str, iso: str = "2026-11-22T14:05+01:00") -> Time:
    return Time(iso=iso, words=words)


def chrome(**changes: Any) -> Chrome:
    made = Chrome(
        language="en",
        direction="ltr",
        title="Order 10001 · Lamp Shop",
        nonce=NONCE,
        assets=Assets(css="/track/assets/page.css?v=1", js="/track/assets/page.js?v=1", icon="/track/assets/icon.svg"),
        brand=BRAND,
        shop_slug="lamps",
        shop_name="Lamp Shop",
        shop_url="https://www.lamp.example/",
        logo=Image(src="/images/logo.png", alt="Lamp Shop", width=160, height=40),
        logo_dark=Image(src="/images/logo-dark.png", alt="Lamp Shop", width=160, height=40),
        backdrop_url=None,
        home="/track/lamps",
        imprint_url="https://www.lamp.example/imprint",
        privacy_url="https://www.lamp.example/privacy",
        languages=[
            Language(code="en", name="English", url="?lang=en", current=True),
            Language(code="de", name="Deutsch", url="?lang=de", current=False),
        ],
        texts={},
        beacon_url="/v1/shops/lamps/storefront/visits",
    )
    return msgspec.structs.replace(made, **changes)


def steps(current: str, state: str = "current", way: tuple[str, ...] = WAY) -> list[Step]:
    here = way.index(current)
    told = []
    for index, key in enumerate(way):
        stands = "done" if index < here else state if index == here else "upcoming"
        day = at("20 Nov", "2026-11-20") if index <= here else None
        told.append(msgspec.convert({"key": key, "state": stands, "at": day}, Step))
    return told


def entry(label: str, hour: str = "08:12", tone: Tone = "neutral", **changes: Any) -> Entry:
    made = Entry(time=at(hour), label=label, place="Berlin", carrier_text="SCAN 17", tone=tone)
    return msgspec.structs.replace(made, **changes)


DAYS = [
    Day(
        heading=at("Today", "2026-11-22"), entries=[entry("Out for delivery"), entry("At the delivery depot", "05:40")]
    ),
    Day(
        heading=at("Saturday, 21 November", "2026-11-21"),
        entries=[entry("Left the hub", "22:10"), entry("Sorted", "18:31"), entry("Arrived at a hub", "03:22")],
    ),
    Day(
        heading=at("Wednesday, 18 November", "2026-11-18"),
        entries=[entry("Picked up", "19:02"), entry("Label created", "14:20"), entry("Order placed", "11:05")],
    ),
]
WINDOW = Window(
    day="Tomorrow",
    hours="14:00–16:00",
    iso_from="2026-11-23T14:00+01:00",
    iso_to="2026-11-23T16:00+01:00",
    promised=True,
)
SWEATER = Item(
    title="Merino sweater",
    variant="Oat, M",
    quantity=1,
    image=Image(src="/pictures/1.webp", alt="", width=72, height=72),
    url="https://www.lamp.example/sweater",
    price="€89.00",
)
BEDDING = Item(
    title="Bed set",
    variant=None,
    quantity=2,
    image=None,
    url=None,
    price="€120.00",
    each="€60.00",
    parts=[Item(title="Pillow case", variant="80 × 80", quantity=2, image=None, url=None, price=None)],
)
CLAIMS = [
    Claim(flow="notReceived", url="https://www.lamp.example/help?flowType=notReceived"),
    Claim(flow="defective", url="https://www.lamp.example/help?flowType=defective"),
    Claim(flow="return", url="https://www.lamp.example/help?flowType=return"),
]


def parcel(**changes: Any) -> Parcel:
    days = changes.pop("days", DAYS)
    recent, earlier = fold(days)
    made = Parcel(
        number=1,
        situation="out_for_delivery",
        open=True,
        status="Out for delivery",
        headline="Your parcel is out for delivery",
        detail="It will usually reach you today",
        carrier=Carrier(
            name="DHL", tracking_url="https://dhl.example/?piececode=0034", redirect_url="https://dhl.example/redirect"
        ),
        tracking_number="00340434161094042557",
        window=WINDOW,
        delivered=None,
        steps=steps("out_for_delivery"),
        latest=at("today, 11:42") if days else None,
        recent=recent,
        earlier=earlier,
        items=[SWEATER],
        pickup=None,
        proof=None,
        claims=[],
        calendar_url="/track/lamps/delivery.ics?parcel=1",
    )
    return msgspec.structs.replace(made, **changes)


def order(**changes: Any) -> Order:
    made = Order(
        name="10001",
        placed=at("18 November 2026", "2026-11-18"),
        state="out_for_delivery",
        headline="Your parcel is out for delivery",
        detail="It will usually reach you today",
        window=WINDOW,
        steps=steps("out_for_delivery"),
        packages=1,
        arrived=0,
        parcels=[parcel()],
        items=[SWEATER, BEDDING],
        total="€329.00",
        address=["Ada Lovelace", "Torstraße 12", "10119 Berlin"],
        actions=Actions(),
        slots=Slots(),
        faq_url="https://www.lamp.example/faq",
        service_url="https://www.lamp.example/contact",
    )
    return msgspec.structs.replace(made, **changes)


def page(shown: Order | None = None, *, frame: Chrome | None = None, **changes: Any) -> OrderPage:
    return OrderPage(chrome=frame or chrome(), order=shown or order(), **changes)
