"""The order as a whole, and what campaigns put beside it."""

from collections.abc import Sequence
from typing import Any, cast

from karla.client.storefront import answers
from karla.entrypoints.storefront.campaigns import outgoing
from karla.entrypoints.storefront.contexts import actions, parcels
from karla.entrypoints.storefront.contexts.parcels import Sight
from karla.entrypoints.storefront.contexts.reader import Reader
from karla.entrypoints.storefront.phrases import Phrases
from karla.entrypoints.storefront.views import AddressForm, Offer, Order, Slot, Slots, Step, Time
from karla.vocabulary.orders import ORDER_STATES

_BANNER_WIDTH, _BANNER_HEIGHT = 640, 240
_OFFER_SIZE = 240
_NOT_AWAITED = frozenset({"delivered", "cancelled", "returning", "returned", "lost"})
_STATES = frozenset(ORDER_STATES)
_WAY = ("ordered", "packed", "on_the_way", "out_for_delivery", "delivered")


def sight_of(reader: Reader, order: answers.StorefrontOrder, *, is_stale: bool = False) -> Sight:
    """How the reader sees the order."""
    destination = order.destination
    phrases = reader.phrases(destination.timezone, destination.country_code)
    return Sight(reader, order, phrases, frozenset(order.shop.brand.hidden), is_stale)


def order_view(sight: Sight, address: AddressForm | None = None, *, asks_to_cancel: bool = False) -> Order:
    """All of the page's main part; `address` is the form for another one, if it is shown."""
    order, phrases = sight.order, sight.phrases
    leading = parcels.leading_shipment(order)
    forward = parcels.forward(order)
    shows_service = "service" not in sight.hidden
    return Order(
        name=order.order_name or order.order_number,
        placed=_date(phrases, order),
        state=parcels.known(order.state, _STATES, "on_the_way"),
        headline=order.texts.headline,
        detail=parcels.detail(order.texts, leading if len(order.shipments) == 1 else None),
        window=parcels.window(phrases, leading) if order.state not in _NOT_AWAITED else None,
        steps=_steps(phrases, order, leading),
        packages=len(forward),
        arrived=sum(one.situation in parcels.ARRIVED for one in forward),
        parcels=parcels.parcels(sight),
        items=parcels.items(sight, order.items) if "products" not in sight.hidden else [],
        total=_total(sight),
        address=_address(order.destination),
        actions=actions.actions(sight, address, asks_to_cancel=asks_to_cancel),
        slots=_slots(sight),
        faq_url=outgoing(order.shop.links.faq_url, order.shop) if "faq" not in sight.hidden else None,
        service_url=outgoing(order.shop.links.service_url, order.shop) if shows_service else None,
    )


def _date(phrases: Phrases, order: answers.StorefrontOrder) -> Time:
    return Time(
        iso=order.placed_at.astimezone(phrases.zone).date().isoformat(), words=phrases.long_date(order.placed_at)
    )


def _steps(phrases: Phrases, order: answers.StorefrontOrder, leading: answers.StorefrontShipment | None) -> list[Step]:
    """Those of the parcel that stands for the order; where there is none, the way that lies before it."""
    if leading is not None:
        return parcels.steps(phrases, leading.steps)
    if order.state == "cancelled":
        told = [
            answers.Step(key="ordered", state="done", at=order.placed_at),
            answers.Step(key="cancelled", state="failed", at=order.cancelled_at),
        ]
    else:
        later = [answers.Step(key=key, state="upcoming", at=None) for key in _WAY[1:]]
        told = [answers.Step(key="ordered", state="current", at=order.placed_at), *later]
    return parcels.steps(phrases, told)


def _total(sight: Sight) -> str | None:
    total = sight.order.total_price
    if total is None or "prices" in sight.hidden:
        return None
    return sight.phrases.price(total, sight.order.currency)


def _address(destination: answers.Destination) -> list[str]:
    """The lines of where it goes: of the whole address, or of what those see who came without a token."""
    whole = destination.address if isinstance(destination.address, dict) else {}
    street = whole.get("address_line_1") or whole.get("street")
    town = " ".join(part for part in (destination.zip_code, destination.city) if part)
    lines = [whole.get("name"), whole.get("company"), street, whole.get("address_line_2"), town, destination.country]
    return [str(line) for line in lines if line]


def _slots(sight: Sight) -> Slots:
    if "slots" in sight.hidden:
        return Slots()
    told = sight.order.slots
    return Slots(
        banner=_slot(sight, told.banner),
        basic=_slot(sight, told.basic),
        products=_offers(sight, told.products),
        announcements=told.announcements,
    )


def _slot(sight: Sight, slot: answers.Slot | None) -> Slot | None:
    if slot is None:
        return None
    return Slot(
        id=str(slot.id),
        title=slot.title,
        subtitle=slot.subtitle,
        label=slot.label,
        url=outgoing(slot.url, sight.order.shop),
        image=parcels.picture(slot.image_url, "", _BANNER_WIDTH, _BANNER_HEIGHT),
        code=slot.code,
    )


def _offers(sight: Sight, offers: Sequence[answers.ProductOffer]) -> list[Offer]:
    return [
        Offer(
            id=str(offer.id),
            title=offer.title,
            url=url,
            image=parcels.picture(offer.image_url, "", _OFFER_SIZE, _OFFER_SIZE),
            price=sight.phrases.price(offer.price, offer.currency)
            if offer.price is not None and offer.currency
            else None,
            badge=cast(Any, offer.badge),
        )
        for offer in offers
        if (url := outgoing(offer.url, sight.order.shop))
    ]
