"""What a shopper's browser is told of an order: no more than the page shows.

Addresses of Karla's own (pictures, images) are absolute, beginning with its public URL.
"""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from karla.domain.branding.records import Palette
from karla.entrypoints.api.times import Timestamp
from karla.vocabulary.orders import OrderState
from karla.vocabulary.parcels import Flow, Situation, StageKey, StageState

Level = Literal["zip_code", "token"]


class Texts(msgspec.Struct, kw_only=True):
    """A state in words, in the asked language; only `subtitle` may be empty."""

    status: str
    headline: str
    title: str
    subtitle: str


class Step(msgspec.Struct, kw_only=True):
    """A stage of a parcel's way. `failed` is where it stopped, and has no later steps that are done."""

    key: StageKey
    state: StageState
    at: Timestamp | None


class Item(msgspec.Struct, kw_only=True):
    """A line of an order or of a parcel. Prices are told to those who came by a token, else null.

    `image_url` is a small picture that Karla serves itself; null where the shop gave none.
    """

    title: str
    variant: str | None
    quantity: int
    sku: str | None
    image_url: str | None
    image_alt: str
    url: str | None
    price: float | None
    parts: list["Item"]


class TimelineEntry(msgspec.Struct, kw_only=True):
    """One thing that happened. `timezone` (IANA) is that of its place where that is known, else the destination's.

    `carrier_text` is the carrier's own wording.
    """

    event_id: UUID
    event_name: str
    phase: str
    flag: str
    time: Timestamp
    timezone: str
    place: str | None
    label: str
    carrier_text: str | None


class ParcelCarrier(msgspec.Struct, kw_only=True):
    """Who carries it; `redirect_url` is where the carrier lets its receiver change the delivery, if it does."""

    reference: str | None
    name: str
    tracking_url: str | None
    redirect_url: str | None


class ArrivalWindow(msgspec.Struct, kw_only=True, rename={"from_": "from"}):
    """When it is expected, in the destination's time zone.

    `whole_days` says that no hours are known: both ends are days then. `promised` is by the carrier or the shop; else
    it is Karla's forecast, which comes true with `confidence`.
    """

    from_: Timestamp
    to: Timestamp
    whole_days: bool
    promised: bool
    confidence: float | None


class Pickup(msgspec.Struct, kw_only=True):
    """Where it waits, or was handed over; `type` is shop, locker, neighbor, letterbox or null."""

    type: str | None
    name: str | None
    address: str | None
    url: str | None
    opening_hours: list[str]
    until: Timestamp | None


class Proof(msgspec.Struct, kw_only=True):
    """How it was handed over, where the carrier says; the photo is served by Karla itself."""

    photo_url: str | None
    signed_by: str | None
    neighbour: str | None
    place: str | None


class StorefrontShipment(msgspec.Struct, kw_only=True):
    """A parcel, or one that is expected (`situation` `expected`: no tracking number yet).

    `entries` are newest first. `items` are those of this parcel where `items_known`, else all of the order's.
    `flows` are the claims that make sense now.
    """

    id: UUID
    number: int
    situation: Situation
    direction: str
    phase: str
    flag: str
    tracking_number: str | None
    texts: Texts
    carrier: ParcelCarrier | None
    expected: ArrivalWindow | None
    steps: list[Step]
    entries: list[TimelineEntry]
    items: list[Item]
    items_known: bool
    pickup: Pickup | None
    proof: Proof | None
    delivered_at: Timestamp | None
    updated_at: Timestamp
    flows: list[Flow]


class Gate(msgspec.Struct, kw_only=True):
    """Whether something may be done now; `reason` why not.

    `token_needed`, `shipped`, `cancelled`, `switched_off` (by the shop), else null.
    """

    allowed: bool
    reason: Literal["token_needed", "shipped", "cancelled", "switched_off"] | None


class Allowed(msgspec.Struct, kw_only=True):
    """What this session may do."""

    claim: Gate
    cancel: Gate
    change_address: Gate


class Destination(msgspec.Struct, kw_only=True):
    """Where it goes. Those who came by number and ZIP code see only city, ZIP code and country.

    `timezone` is an IANA name; `address` has the members of an order's address.
    """

    city: str | None
    zip_code: str | None
    country_code: str | None
    country: str | None
    timezone: str
    address: dict[str, Any] | None


class Brand(msgspec.Struct, kw_only=True):
    """A shop's design, resolved: what it didn't choose is its theme's. `texts` are in the asked language.

    `hidden` names blocks that the shop doesn't show. `font` and `heading_font` are values of CSS's `font-family`.
    """

    theme: str
    mode: Literal["auto", "light", "dark"]
    light: Palette
    dark: Palette
    font: str
    heading_font: str
    heading_weight: int
    radius: Literal["none", "small", "medium", "large"]
    density: Literal["compact", "regular", "spacious"]
    logo_url: str | None
    logo_dark_url: str | None
    background_url: str | None
    hidden: list[str]
    texts: dict[str, str]


class Links(msgspec.Struct, kw_only=True):
    """Where the shop leads its shoppers."""

    shop_url: str | None
    faq_url: str | None
    service_url: str | None
    resolve_url: str | None
    imprint_url: str | None
    privacy_url: str | None


class StorefrontShop(msgspec.Struct, kw_only=True):
    """What anybody may know of a shop. `language` is the shop's own, `languages` all that texts are there in.

    `embedding_origins` may show the page within theirs.
    """

    slug: str
    name: str
    language: str
    languages: list[str]
    page_enabled: bool
    links: Links
    brand: Brand
    embedding_origins: list[str]
    campaign: dict[str, str]


class Slot(msgspec.Struct, kw_only=True):
    """A campaign's place on the page."""

    id: UUID
    title: str
    subtitle: str | None
    label: str | None
    url: str | None
    image_url: str | None
    code: str | None


class ProductOffer(msgspec.Struct, kw_only=True):
    """A product of a campaign."""

    id: UUID
    title: str
    url: str
    image_url: str | None
    price: float | None
    currency: str | None
    badge: Literal["new", "sale"] | None


class Slots(msgspec.Struct, kw_only=True):
    """What campaigns and announcements put on the page; empty where there are none."""

    banner: Slot | None = None
    basic: Slot | None = None
    products: list[ProductOffer] = []
    announcements: list[str] = []


class StorefrontOrder(msgspec.Struct, kw_only=True):
    """An order as its shopper sees it, texts in `language`. `updated_at` is the last change of order or parcels."""

    order_number: str
    order_name: str | None
    placed_at: Timestamp
    cancelled_at: Timestamp | None
    updated_at: Timestamp
    state: OrderState
    texts: Texts
    language: str
    currency: str
    destination: Destination
    items: list[Item]
    total_price: float | None
    shipments: list[StorefrontShipment]
    expected_packages: int
    level: Level | Literal["demo"]
    allowed: Allowed
    slots: Slots
    shop: StorefrontShop


class Opened(msgspec.Struct, kw_only=True):
    """A session, to be sent as `Authorization: Bearer …`, and the order that it opens."""

    session: Annotated[str, Meta(description="Secret; ends at `expires_at`.")]
    expires_at: Timestamp
    level: Level
    order: StorefrontOrder


class AddressOption(msgspec.Struct, kw_only=True):
    """A region of the country; `value` is what to send."""

    value: str
    label: str


class AddressField(msgspec.Struct, kw_only=True):
    """A field of an address's form; `name` is the member to send.

    `label_key` says what the country calls it: name, company, address_line_1, address_line_2, phone; zip_code, zip,
    eircode or pin; city, post_town, suburb or district; province, state, county, prefecture, area, department,
    emirate, island, parish, oblast or do_si. `pattern` is a regular expression that a value matches wholly.
    `options` is empty where anything may be entered.
    """

    name: str
    required: bool
    label_key: str
    max_length: int
    pattern: str | None
    options: list[AddressOption]


class AddressForm(msgspec.Struct, kw_only=True):
    """Where an order goes, and what its country asks for, in the order of a form. The country stays as it is.

    `address` has each of the fields by name.
    """

    address: dict[str, str]
    country_code: str | None
    country: str | None
    fields: list[AddressField]
