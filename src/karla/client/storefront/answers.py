"""What the storefront API answers, as the shapes of the API have it; members that are not known here are ignored.

Times are aware datetimes. Words that may grow in number (situations, states, reasons) are plain texts.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from karla.client.answers import Json


class Texts(msgspec.Struct, frozen=True, kw_only=True):
    """A state in words, in the asked language; only `subtitle` may be empty."""

    status: str
    headline: str
    title: str
    subtitle: str


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A stage of a parcel's way. `failed` is where it stopped, and has no later steps that are done."""

    key: str
    state: str
    at: datetime | None


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an order or of a parcel. Prices are told to those who came by a token, else None.

    `image_url` is a small picture that Karla serves itself; None where the shop gave none.
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


class TimelineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened. `timezone` (IANA) is that of its place where that is known, else the destination's.

    `carrier_text` is the carrier's own wording.
    """

    event_id: UUID
    event_name: str
    phase: str
    flag: str
    time: datetime
    timezone: str
    place: str | None
    label: str
    carrier_text: str | None


class ParcelCarrier(msgspec.Struct, frozen=True, kw_only=True):
    """Who carries it; `redirect_url` is where the carrier lets its receiver change the delivery, if it does."""

    reference: str | None
    name: str
    tracking_url: str | None
    redirect_url: str | None


class ArrivalWindow(msgspec.Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """When it is expected, in the destination's time zone.

    `whole_days` says that no hours are known: both ends are days then. `promised` is by the carrier or the shop; else
    it is Karla's forecast, which comes true with `confidence`.
    """

    from_: datetime
    to: datetime
    whole_days: bool
    promised: bool
    confidence: float | None


class Pickup(msgspec.Struct, frozen=True, kw_only=True):
    """Where it waits, or was handed over; `type` is shop, locker, neighbor, letterbox or None."""

    type: str | None
    name: str | None
    address: str | None
    url: str | None
    opening_hours: list[str]
    until: datetime | None


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """How it was handed over, where the carrier says; the photo is served by Karla itself."""

    photo_url: str | None
    signed_by: str | None
    neighbour: str | None
    place: str | None


class StorefrontShipment(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel, or one that is expected (`situation` `expected`: no tracking number yet).

    `entries` are newest first. `items` are those of this parcel where `items_known`, else all of the order's.
    `flows` are the claims that make sense now.
    """

    id: UUID
    number: int
    situation: str
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
    delivered_at: datetime | None
    updated_at: datetime
    flows: list[str]


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """Whether something may be done now; `reason` why not.

    `token_needed`, `shipped`, `cancelled`, `switched_off` (by the shop), else None.
    """

    allowed: bool
    reason: str | None


class Allowed(msgspec.Struct, frozen=True, kw_only=True):
    """What this session may do."""

    claim: Gate
    cancel: Gate
    change_address: Gate


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """Where it goes. Those who came by number and ZIP code see only city, ZIP code and country.

    `timezone` is an IANA name; `address` has the members of an order's address.
    """

    city: str | None
    zip_code: str | None
    country_code: str | None
    country: str | None
    timezone: str
    address: Json | None


class Palette(msgspec.Struct, frozen=True, kw_only=True):
    """Colours as `#rrggbb`; each `on_…` and each text colour has at least AA contrast on what it stands on."""

    background: str
    surface: str
    text: str
    muted: str
    line: str
    accent: str
    on_accent: str
    accent_text: str
    positive: str
    positive_soft: str
    warning: str
    warning_soft: str
    negative: str
    negative_soft: str


class Brand(msgspec.Struct, frozen=True, kw_only=True):
    """A shop's design, resolved: what it didn't choose is its theme's. `texts` are in the asked language.

    `hidden` names blocks that the shop doesn't show.
    """

    theme: str
    mode: str
    light: Palette
    dark: Palette
    font: str
    heading_font: str
    heading_weight: int
    radius: str
    density: str
    logo_url: str | None
    logo_dark_url: str | None
    background_url: str | None
    hidden: list[str]
    texts: dict[str, str]


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """Where the shop leads its shoppers."""

    shop_url: str | None
    faq_url: str | None
    service_url: str | None
    resolve_url: str | None
    imprint_url: str | None
    privacy_url: str | None


class StorefrontShop(msgspec.Struct, frozen=True, kw_only=True):
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


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign's place on the page."""

    id: UUID
    title: str
    subtitle: str | None
    label: str | None
    url: str | None
    image_url: str | None
    code: str | None


class ProductOffer(msgspec.Struct, frozen=True, kw_only=True):
    """A product of a campaign."""

    id: UUID
    title: str
    url: str
    image_url: str | None
    price: float | None
    currency: str | None
    badge: str | None


class Slots(msgspec.Struct, frozen=True, kw_only=True):
    """What campaigns and announcements put on the page; empty where there are none."""

    banner: Slot | None = None
    basic: Slot | None = None
    products: list[ProductOffer] = []
    announcements: list[str] = []


class StorefrontOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as its shopper sees it, texts in `language`. `updated_at` is the last change of order or parcels."""

    order_number: str
    order_name: str | None
    placed_at: datetime
    cancelled_at: datetime | None
    updated_at: datetime
    state: str
    texts: Texts
    language: str
    currency: str
    destination: Destination
    items: list[Item]
    total_price: float | None
    shipments: list[StorefrontShipment]
    expected_packages: int
    level: str
    allowed: Allowed
    slots: Slots
    shop: StorefrontShop


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A session, to be sent as `Authorization: Bearer …`, and the order that it opens."""

    session: str
    expires_at: datetime
    level: str
    order: StorefrontOrder


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """Something of the order is other than before: time to ask for it again."""

    updated_at: datetime


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """The shop that a domain of its own belongs to."""

    slug: str


class AddressOption(msgspec.Struct, frozen=True, kw_only=True):
    """A region of the country; `value` is what to send."""

    value: str
    label: str


class AddressField(msgspec.Struct, frozen=True, kw_only=True):
    """A field of an address's form; `name` is the member to send.

    `label_key` is what the country calls it, such as `zip_code`, `eircode` or `post_town`. `pattern` is a regular
    expression that a value matches wholly. `options` is empty where anything may be entered.
    """

    name: str
    required: bool
    label_key: str
    max_length: int
    pattern: str | None
    options: list[AddressOption]


class AddressForm(msgspec.Struct, frozen=True, kw_only=True):
    """Where an order goes, and what its country asks for, in the order of a form. The country stays as it is.

    `address` has each of the fields by name.
    """

    address: dict[str, str]
    country_code: str | None
    country: str | None
    fields: list[AddressField]
