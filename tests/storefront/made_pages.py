"""One page of each kind, in each state that it has."""

from typing import Any

import msgspec

from karla.entrypoints.storefront import rendering, views
from karla.entrypoints.storefront.views import (
    AddressForm,
    Cancel,
    Day,
    ErrorPage,
    Field,
    FinderPage,
    Hidden,
    Image,
    Link,
    Notice,
    Offer,
    Page,
    Parcel,
    Pickup,
    Proof,
    Slot,
    Slots,
    Switch,
)
from karla.entrypoints.storefront.views.orders import Actions, Order
from tests.storefront import made_views as made
from tests.storefront.html_checks import Document

STATES = Order.__annotations__["state"].__args__
SITUATIONS = Parcel.__annotations__["situation"].__args__

LOCKER = Pickup(
    kind="locker",
    name="Packstation 145",
    address=["Warschauer Straße 33", "10243 Berlin"],
    hours=["Open all day"],
    until=made.at("Saturday, 28 November", "2026-11-28"),
    map_url="https://map.example/?q=1",
    url=None,
)
PROOF = Proof(
    photo=Image(src="/pictures/door.webp", alt="Photo of the delivered parcel", width=480, height=360),
    signed_by="A. Lovelace",
    neighbour="Babbage",
    place="Porch",
)
SLOT = Slot(
    id="c1",
    title="Winter sale",
    subtitle="All wool",
    label="To the sale",
    url="https://www.lamp.example/sale",
    image=Image(src="/pictures/sale.webp", alt="", width=640, height=240),
    code="WOOL10",
)
PICTURE = Image(src="/pictures/socks.webp", alt="", width=240, height=240)
OFFER = Offer(id="o1", title="Socks", url="https://www.lamp.example/socks", image=PICTURE, price="€9.00", badge="new")
EXPECTED = made.parcel(
    number=3, place=3, situation="expected", open=False, status="Being prepared", carrier=None, tracking_number=None,
    window=None, days=[], latest=None, items=[made.BEDDING], calendar_url=None, steps=made.steps("packed"),
)  # fmt: skip
FORM = AddressForm(
    action="/track/lamps/address",
    hidden=[Hidden(name="token", value="secret")],
    fields=[
        Field(name="name", label="Name", value="Ada", required=True, autocomplete="name"),
        Field(
            name="zip_code", label="ZIP code", value="1011", required=True, autocomplete="postal-code",
            fault="Five digits, as 10119.",
        ),
        Field(name="company", label="Company", value="", required=False, autocomplete="organization"),
        Field(
            name="province", label="State", value="BE", required=True, autocomplete="address-level1",
            options=[("BE", "Berlin"), ("HH", "Hamburg")],
        ),
    ],
    open=True,
)  # fmt: skip
SEVERAL = made.order(
    state="partially_delivered",
    headline="Part of your order has arrived",
    packages=3,
    arrived=1,
    parcels=[
        made.parcel(),
        made.parcel(
            number=2, place=2, situation="delivered", open=False, status="Delivered", window=None,
            delivered=made.at("Friday, 20 November"), claims=made.CLAIMS, proof=PROOF,
        ),
        EXPECTED,
    ],
    slots=Slots(banner=SLOT, basic=SLOT, products=[OFFER], announcements=["Snow in the south."]),
)  # fmt: skip


def whole(page: Page, language: str = "en") -> Document:
    return Document(rendering.whole(language, page))


def finder(**changes: Any) -> FinderPage:
    page = FinderPage(
        chrome=made.chrome(surface="finder"),
        action="/track/lamps",
        hidden=[Hidden(name="lang", value="en")],
        order_number="10001",
        zip_code="10119",
    )
    return msgspec.structs.replace(page, **changes)


def pages() -> dict[str, Page]:
    """One of everything that there is."""
    found: dict[str, Page] = {}
    for state in STATES:
        found[f"order {state}"] = made.page(made.order(state=state))
    for situation in SITUATIONS:
        found[f"parcel {situation}"] = made.page(made.order(parcels=[made.parcel(situation=situation)]))
    found["locker"] = made.page(
        made.order(state="waiting", parcels=[made.parcel(situation="waiting", pickup=LOCKER, claims=made.CLAIMS)])
    )
    found["proof"] = made.page(
        made.order(
            state="delivered",
            parcels=[made.parcel(situation="delivered", proof=PROOF, delivered=made.at("today, 13:37"))],
        )
    )
    found["nothing yet"] = made.page(made.order(state="placed", parcels=[], packages=0))
    found["failed"] = made.page(made.order(state="lost", steps=made.steps("on_the_way", "failed"), window=None))
    found["several"] = made.page(SEVERAL)
    found["actions"] = made.page(
        made.order(actions=Actions(cancel=Cancel(action="/c", hidden=FORM.hidden), address=FORM))
    )
    found["address by link"] = made.page(made.order(actions=Actions(address_url="?change=address")))
    found["token needed"] = made.page(made.order(actions=Actions(token_needed=True)))
    for kind in Notice.__annotations__["kind"].__args__:
        found[f"notice {kind}"] = made.page(notices=[Notice(kind=kind, time=made.at("14:05"))])
    demo = [Switch(label="State", choices=[Link(url="?state=lost", label="Lost", current=True)])]
    found["demo"] = made.page(frame=made.chrome(demo=demo))
    twelve = [Day(heading=made.at("Today"), entries=[made.entry("Sorted", "10:12 AM")])]
    found["twelve hours"] = made.page(made.order(parcels=[made.parcel(days=twelve)]))
    found["without logo"] = made.page(frame=made.chrome(logo=None))
    found["framed"] = made.page(frame=made.chrome(embedded=True))
    found["decorated"] = made.page(
        frame=made.chrome(backdrop_url="/images/sea.webp", texts={"intro": "Hi", "footer": "Bye", "support": "Call us"})
    )
    found["live"] = made.page(
        live=views.Live(stream_url="/live", fragment_url="/fragment", session="s", updated_at="2026-11-22T13:05:00Z")
    )
    for problem in (None, *FinderPage.__annotations__["problem"].__args__[0].__args__):
        found[f"finder {problem}"] = finder(problem=problem, retry=made.at("in 5 minutes"))
    for kind in ErrorPage.__annotations__["kind"].__args__:
        found[f"error {kind}"] = ErrorPage(chrome=made.chrome(), kind=kind)
    bare = made.chrome(shop_name="", shop_url=None, logo=None, imprint_url=None, privacy_url=None)
    found["error without shop"] = ErrorPage(chrome=bare, kind="unknown_shop")
    return found


PAGES = pages()
