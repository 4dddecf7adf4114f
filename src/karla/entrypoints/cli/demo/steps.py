"""What the demo's story is made of: steps, and the events that have to follow from them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec


class Event(msgspec.Struct, frozen=True):
    """An event that has to follow from a step."""

    ref: str
    group: str

    @property
    def phase(self) -> str:
        """The second part of the ref."""
        return self.ref.split("/")[1]

    @property
    def name(self) -> str:
        """The last part of the ref."""
        return self.ref.rpartition("/")[2]


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A call of the shop's software, the status of its answer, and the events that follow.

    `parcel` is the tracking number whose shipment id stands for `{id}` in the path.
    """

    what: str
    method: str
    path: str
    body: dict[str, Any] | None = None
    status: int = 200
    brings: tuple[Event, ...] = ()
    parcel: str | None = None


class Subscribe(msgspec.Struct, frozen=True):
    """A receiver is subscribed as the plugin does it."""

    subscriber: str


class ComesBack(msgspec.Struct, frozen=True):
    """A receiver that was down listens again, once everything for it was tried twice in vain."""

    subscriber: str


class Connect(msgspec.Struct, frozen=True):
    """The shop connects its account with a provider of tracking, which it calls `name`."""

    provider: str
    name: str


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel of which a provider tells these events, in the order in which they happened, to the phase `ends`.

    The shop hands it in at `handed_in`. `recording` is the file that the provider's stand-in answers with; None where
    nobody is called. Of the last `unworded` events there are only Karla's words.
    """

    number: str
    handed_in: datetime
    carrier: str
    provider: str
    recording: str | None
    ends: str
    brings: tuple[Event, ...]
    unworded: int = 0


class Follow(msgspec.Struct, frozen=True):
    """Karla asks the carriers of these parcels until all is told; then their timelines are `shown`, if they are."""

    parcels: tuple[Parcel, ...]
    shown: bool = True

    @property
    def brings(self) -> tuple[Event, ...]:
        """The events of all of them."""
        return tuple(event for parcel in self.parcels for event in parcel.brings)


class Page(msgspec.Struct, frozen=True):
    """An order that its shopper looks at, and the state in which the page has to show it."""

    order_number: str
    state: str


class Look(msgspec.Struct, frozen=True):
    """Links are made for the shoppers of these orders, and opened."""

    pages: tuple[Page, ...]


Step = Call | Subscribe | ComesBack | Connect | Follow | Look


class Act(msgspec.Struct, frozen=True):
    """Steps under a headline."""

    title: str
    steps: Sequence[Step]


class Subscriber(msgspec.Struct, frozen=True):
    """A webhook receiver; one that isn't up at first refuses connections until it comes back."""

    name: str
    enabled_events: tuple[str, ...]
    up_at_first: bool = True

    def wants(self, event: Event) -> bool:
        """By the rules of filters as the documentation tells them."""
        return any(
            wanted in ("*", event.group, event.ref) or event.ref.startswith(f"{wanted}/")
            for wanted in self.enabled_events
        )
