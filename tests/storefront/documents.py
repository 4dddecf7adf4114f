"""Documents as the storefront API answers them, to be varied."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from karla.client.storefront import answers

NOW = datetime(2026, 11, 22, 13, 5, tzinfo=UTC)
"""A Sunday; 14:05 in Berlin."""

_COLOURS = dict.fromkeys(answers.Palette.__struct_fields__, "#123456")


def shop(**changes: Any) -> answers.StorefrontShop:
    brand = answers.Brand(
        theme="clear",
        mode="auto",
        light=answers.Palette(**_COLOURS),
        dark=answers.Palette(**_COLOURS),
        font="system-ui, sans-serif",
        heading_font="Georgia, serif",
        heading_weight=600,
        radius="medium",
        density="regular",
        logo_url=None,
        logo_dark_url=None,
        background_url=None,
        hidden=changes.pop("hidden", []),
        texts=changes.pop("texts", {}),
    )
    links = {
        "shop_url": "https://www.lamp.example",
        "faq_url": None,
        "service_url": "https://help.lamp.example/contact",
        "resolve_url": None,
        "imprint_url": None,
        "privacy_url": None,
    } | changes.pop("links", {})
    made = answers.StorefrontShop(
        slug="lamps",
        name="Lamp Shop",
        language="nl",
        languages=["en", "de"],
        page_enabled=True,
        links=answers.Links(**links),
        brand=brand,
        embedding_origins=[],
        campaign={"source": "karla", "medium": "tracking_page"},
    )
    return msgspec.structs.replace(made, **changes)


def entry(label: str, at: datetime, **changes: Any) -> answers.TimelineEntry:
    made = answers.TimelineEntry(
        event_id=UUID(int=1),
        event_name="SHIPMENT_IN_TRANSIT",
        phase="in_transit",
        flag="normal",
        time=at,
        timezone="Europe/Berlin",
        place="Leipzig",
        label=label,
        carrier_text=None,
    )
    return msgspec.structs.replace(made, **changes)


def item(title: str, **changes: Any) -> answers.Item:
    made = answers.Item(
        title=title,
        variant=None,
        quantity=1,
        sku=None,
        image_url=None,
        image_alt="",
        url="https://www.lamp.example/p/1",
        price=49.9,
        parts=[],
    )
    return msgspec.structs.replace(made, **changes)


def window(hours_from: float, hours_to: float, **changes: Any) -> answers.ArrivalWindow:
    made = answers.ArrivalWindow(
        from_=NOW + timedelta(hours=hours_from),
        to=NOW + timedelta(hours=hours_to),
        whole_days=False,
        promised=True,
        confidence=None,
    )
    return msgspec.structs.replace(made, **changes)


def shipment(**changes: Any) -> answers.StorefrontShipment:
    made = answers.StorefrontShipment(
        id=UUID(int=7),
        number=1,
        situation="on_the_way",
        direction="merchant_customer",
        phase="in_transit",
        flag="normal",
        tracking_number="00340434161094042557",
        texts=texts("On its way"),
        carrier=answers.ParcelCarrier(
            reference="dhl", name="DHL", tracking_url="https://dhl.example/t/1", redirect_url=None
        ),
        expected=window(21.9, 23.9),
        steps=[
            answers.Step(key="ordered", state="done", at=NOW - timedelta(days=2)),
            answers.Step(key="on_the_way", state="current", at=NOW),
            answers.Step(key="delivered", state="upcoming", at=None),
        ],
        entries=[entry("In the parcel centre", NOW - timedelta(hours=1)), entry("Sent", NOW - timedelta(days=1))],
        items=[item("Desk lamp")],
        items_known=True,
        pickup=None,
        proof=None,
        delivered_at=None,
        updated_at=NOW - timedelta(hours=1),
        flows=["notReceived"],
    )
    return msgspec.structs.replace(made, **changes)


def texts(headline: str) -> answers.Texts:
    return answers.Texts(status="On the way", headline=headline, title=headline, subtitle="It goes by train.")


def gate(*, allowed: bool, reason: str | None = None) -> answers.Gate:
    return answers.Gate(allowed=allowed, reason=reason)


def order(**changes: Any) -> answers.StorefrontOrder:
    by_token = changes.pop("by_token", False)
    address = {"name": "Ada Lind", "address_line_1": "Feldweg 3"} if by_token else None
    reason = None if by_token else "token_needed"
    made = answers.StorefrontOrder(
        order_number="1001",
        order_name="#1001",
        placed_at=NOW - timedelta(days=2),
        cancelled_at=None,
        updated_at=NOW - timedelta(hours=1),
        state="on_the_way",
        texts=texts("Your order is on its way"),
        language="en",
        currency="EUR",
        destination=answers.Destination(
            city="Berlin",
            zip_code="10119",
            country_code="DE",
            country="Germany",
            timezone="Europe/Berlin",
            address=address,
        ),
        items=[item("Desk lamp")],
        total_price=49.9,
        shipments=[shipment()],
        expected_packages=1,
        level="token" if by_token else "zip_code",
        allowed=answers.Allowed(
            claim=gate(allowed=True),
            cancel=gate(allowed=by_token, reason=reason),
            change_address=gate(allowed=by_token, reason=reason),
        ),
        slots=answers.Slots(),
        shop=changes.pop("shop", None) or shop(),
    )
    return msgspec.structs.replace(made, **changes)


def field(name: str, label_key: str, *, required: bool = True) -> answers.AddressField:
    return answers.AddressField(
        name=name, required=required, label_key=label_key, max_length=255, pattern=None, options=[]
    )


ADDRESS_FORM = answers.AddressForm(
    address={"name": "Ada Lind", "address_line_1": "Feldweg 3", "zip_code": "10119", "city": "Berlin"},
    country_code="DE",
    country="Germany",
    fields=[
        field("name", "name"),
        field("company", "company", required=False),
        field("address_line_1", "address_line_1"),
        field("zip_code", "zip_code"),
        field("city", "city"),
    ],
)
