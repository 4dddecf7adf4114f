"""The order as a whole, what may be done with it, and what campaigns put beside it."""

from typing import Literal

import msgspec

from karla.entrypoints.storefront.views.frame import Hidden, Image, Time
from karla.entrypoints.storefront.views.parcels import Item, Parcel, Step, Window
from karla.vocabulary.orders import OrderState


class Cancel(msgspec.Struct, frozen=True, kw_only=True):
    """The order may be cancelled: a form that asks once more, sent to `action`. `open` shows the question at once."""

    action: str
    hidden: list[Hidden]
    open: bool = False


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A field of the address form. With `options` (value, label) it is a choice. `fault` says what is wrong with it."""

    name: str
    label: str
    value: str
    required: bool
    autocomplete: str
    inputmode: Literal["text", "numeric", "tel", "email"] = "text"
    options: list[tuple[str, str]] = []
    fault: str | None = None


class AddressForm(msgspec.Struct, frozen=True, kw_only=True):
    """The form for another address, with what was typed and every fault."""

    action: str
    hidden: list[Hidden]
    fields: list[Field]
    open: bool


class Actions(msgspec.Struct, frozen=True, kw_only=True):
    """What the reader may do: a part is None where it isn't allowed now.

    `address_url` is the page with the form, where `address` isn't filled yet. `token_needed` hints that the link from
    the e-mail allows more than number and ZIP code.
    """

    cancel: Cancel | None = None
    address: AddressForm | None = None
    address_url: str | None = None
    token_needed: bool = False


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign's place. `id` goes into the beacon; `image` is None or has its size."""

    id: str
    title: str
    subtitle: str | None
    label: str | None
    url: str | None
    image: Image | None
    code: str | None


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A product of a campaign."""

    id: str
    title: str
    url: str
    image: Image | None
    price: str | None
    badge: Literal["new", "sale"] | None


class Slots(msgspec.Struct, frozen=True, kw_only=True):
    """What campaigns put on the page; empty where there are none, or where the shop hides them."""

    banner: Slot | None = None
    basic: Slot | None = None
    products: list[Offer] = []
    announcements: list[str] = []


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """The order as a whole. `name` is its number as the shopper knows it.

    `headline` and `detail` are for its state; `window` is that of the next parcel, None once all arrived. `steps` are
    of the whole. `packages` counts all parcels, expected ones too; `arrived` those that are with the shopper.
    `address` are the lines of where it goes, as much as may be told. `total` as `Item.price`.
    """

    name: str
    placed: Time
    state: OrderState
    headline: str
    detail: str
    window: Window | None
    steps: list[Step]
    packages: int
    arrived: int
    parcels: list[Parcel]
    items: list[Item]
    total: str | None
    address: list[str]
    actions: Actions
    slots: Slots
    faq_url: str | None = None
    service_url: str | None = None
