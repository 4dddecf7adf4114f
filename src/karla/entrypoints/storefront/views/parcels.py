"""A parcel's card."""

from typing import Literal

import msgspec

from karla.entrypoints.storefront.views.frame import Image, Time
from karla.vocabulary.parcels import Flow, Situation, StageKey, StageState

PickupKind = Literal["shop", "locker", "neighbor", "letterbox"]
Tone = Literal["neutral", "positive", "warning", "negative"]


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """When it is expected: `day` ("Tomorrow", "Tuesday, 24 November"), `hours` ("14:00–16:00", if known).

    `day` begins with a capital letter where the language has them. `iso_from` and `iso_to` are moments, or days.
    `promised` is by the carrier or the shop; else it is a forecast. `passed` when that was, and it hasn't come.
    """

    day: str
    hours: str | None
    iso_from: str
    iso_to: str
    promised: bool
    passed: bool = False


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A stage of the way; `at` is short ("20 Nov")."""

    key: StageKey
    state: StageState
    at: Time | None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened; `time` is the hour ("14:05").

    `carrier_text` is shown on demand. `tone` tells good and bad news apart.
    """

    time: Time
    label: str
    place: str | None
    carrier_text: str | None
    tone: Tone


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """The entries of a day, newest first; its `heading` is "Today" or "Friday, 20 November"."""

    heading: Time
    entries: list[Entry]


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an order or parcel; `price` ("€39.90") is the whole line's, and only where it may be told.

    `each` is that of one, where there are several. `parts` of a bundle have neither.
    """

    title: str
    variant: str | None
    quantity: int
    image: Image | None
    url: str | None
    price: str | None
    each: str | None = None
    parts: list["Item"] = []


class Carrier(msgspec.Struct, frozen=True, kw_only=True):
    """Who brings it; `tracking_url` is its own page, `redirect_url` where it lets the receiver change the delivery."""

    name: str
    tracking_url: str | None
    redirect_url: str | None


class Pickup(msgspec.Struct, frozen=True, kw_only=True):
    """Where it waits. `hours` are lines like "Mo–Fr 9:00–18:00"; `until` the last day; `map_url` a map, if wanted."""

    kind: PickupKind | None
    name: str | None
    address: list[str]
    hours: list[str]
    until: Time | None
    map_url: str | None
    url: str | None


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """How it was handed over."""

    photo: Image | None
    signed_by: str | None
    neighbour: str | None
    place: str | None


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A way to tell that something is wrong; `url` leads to Resolve or the shop's own form."""

    flow: Flow
    url: str


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel's card. `number` counts from 1 within the order; `open` unfolds the card among several.

    `status` is a word or two, `headline` a sentence, `detail` may be empty. `recent` are the days shown at once,
    `earlier` those that are folded away (see `fold`). `latest` is when the newest was. `items` stay empty where it
    isn't known which of the order's are in it. `is_return` goes from the shopper to the shop (the API's direction
    `customer_merchant`), and is none of the order's `packages`, among which others have their `place`, from 1.
    """

    number: int
    situation: Situation
    open: bool
    status: str
    headline: str
    detail: str
    carrier: Carrier | None
    tracking_number: str | None
    window: Window | None
    delivered: Time | None
    steps: list[Step]
    latest: Time | None
    recent: list[Day]
    earlier: list[Day]
    items: list[Item]
    pickup: Pickup | None
    proof: Proof | None
    claims: list[Claim]
    calendar_url: str | None
    is_return: bool = False
    place: int = 1


def fold(days: list[Day], *, shown: int = 4) -> tuple[list[Day], list[Day]]:
    """Whole days, newest first, until at least `shown` entries are seen; and the days before, if there are many."""
    seen = 0
    for index, day in enumerate(days):
        seen += len(day.entries)
        rest = sum(len(earlier.entries) for earlier in days[index + 1 :])
        if seen >= shown and rest > 2:
            return days[: index + 1], days[index + 1 :]
    return days, []
