"""An order's parcels as their cards show them."""

from collections.abc import Container, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, cast, get_args
from urllib.parse import urlencode

import msgspec

from karla.client.storefront import answers
from karla.entrypoints.storefront.campaigns import outgoing, web_address
from karla.entrypoints.storefront.contexts.reader import Reader, zone
from karla.entrypoints.storefront.identity import FLOW, ORDER_NUMBER, ZIP_CODE, link
from karla.entrypoints.storefront.phrases import Phrases
from karla.entrypoints.storefront.views import (
    Carrier,
    Claim,
    Day,
    Entry,
    Image,
    Item,
    Parcel,
    Pickup,
    Proof,
    Step,
    Time,
    Tone,
    Window,
    fold,
)
from karla.entrypoints.storefront.views.parcels import PickupKind
from karla.vocabulary.parcels import Flow, Situation, StageKey, StageState

ARRIVED = frozenset({"delivered"})
RETURN = "customer_merchant"
"""The direction of what goes from the shopper to the shop."""
OVER = frozenset({"waiting", "delivered", "returned", "cancelled", "lost", "damaged", "returning"})
"""Nothing is expected to arrive of these any more."""
_PRESSING = frozenset({"waiting", "failed", "delayed", "lost", "damaged", "out_for_delivery"})
_IDLE = frozenset({"expected", "cancelled"})
"""There is nothing in these that the head of the page doesn't say."""
_MANY = 4
_SITUATIONS = frozenset(get_args(Situation))
_STEPS, _STEP_STATES = frozenset(get_args(StageKey)), frozenset(get_args(StageState))
_PLACES, FLOWS = frozenset(get_args(PickupKind)), frozenset(get_args(Flow))
_TONES: dict[str, Tone] = {"delay": "warning", "error": "negative"}
_ITEM_SIZE = 72
_PHOTO_WIDTH, _PHOTO_HEIGHT = 480, 360
_MAP = "https://www.openstreetmap.org/search"


class Sight(msgspec.Struct, frozen=True):
    """An order and who looks at it. `is_stale`: as it was, so that nothing can be done with it now."""

    reader: Reader
    order: answers.StorefrontOrder
    phrases: Phrases
    hidden: frozenset[str]
    is_stale: bool = False


def parcels(sight: Sight) -> list[Parcel]:
    """All of them, in the order's own order."""
    shipments = sight.order.shipments
    leading = leading_shipment(sight.order)
    places = {one.number: place for place, one in enumerate(forward(sight.order), start=1)}
    return [
        msgspec.structs.replace(
            _parcel(sight, one, unfolded=_unfolds(one, leading, len(shipments))),
            is_return=one.number not in places,
            place=places.get(one.number, 0),
        )
        for one in shipments
    ]


def _unfolds(shipment: answers.StorefrontShipment, leading: answers.StorefrontShipment | None, count: int) -> bool:
    """Whether its card is open: among several those that the shopper waits for, among many the one that leads."""
    if count == 1:
        return True
    if shipment is leading:
        return shipment.situation not in _IDLE
    return shipment.situation in _PRESSING and count <= _MANY


def forward(order: answers.StorefrontOrder) -> list[answers.StorefrontShipment]:
    """The parcels that go to the shopper."""
    return [one for one in order.shipments if one.direction != RETURN]


def known(word: str | None, words: Container[str], otherwise: str | None) -> Any:
    """A word of the API's if the templates know it: a newer API may say more of them."""
    return word if word is not None and word in words else otherwise


def leading_shipment(order: answers.StorefrontOrder) -> answers.StorefrontShipment | None:
    """The parcel that stands for the whole order: what pleads for attention, then what arrives next."""
    shipments = order.shipments
    if not shipments:
        return None
    same = [one for one in shipments if one.situation == order.state]
    open_ones = [one for one in shipments if one.situation == "waiting" or one.situation not in OVER]
    candidates = same or open_ones or shipments
    return min(candidates, key=lambda one: (one.situation == "expected", _arrival(one), one.number))


def _arrival(shipment: answers.StorefrontShipment) -> float:
    return shipment.expected.from_.timestamp() if shipment.expected else float("inf")


def _parcel(sight: Sight, shipment: answers.StorefrontShipment, *, unfolded: bool) -> Parcel:
    phrases, days = sight.phrases, _days(sight, shipment.entries)
    recent, earlier = fold(days)
    expected = window(phrases, shipment)
    newest = shipment.entries[0] if shipment.entries else None
    return Parcel(
        number=shipment.number,
        situation=known(shipment.situation, _SITUATIONS, "on_the_way"),
        open=unfolded,
        status=shipment.texts.status,
        headline=shipment.texts.headline,
        detail=detail(shipment.texts, shipment),
        carrier=_carrier(shipment.carrier),
        tracking_number=shipment.tracking_number,
        window=expected,
        delivered=_moment(phrases, shipment.delivered_at) if shipment.delivered_at else None,
        steps=steps(phrases, shipment.steps),
        latest=_moment(phrases.at(zone(newest.timezone)), newest.time) if newest else None,
        recent=recent,
        earlier=earlier,
        items=items(sight, shipment.items) if shipment.items_known and "products" not in sight.hidden else [],
        pickup=_pickup(sight, shipment.pickup) if shipment.pickup else None,
        proof=_proof(sight, shipment.proof) if shipment.proof else None,
        claims=claims(sight, shipment.flows),
        calendar_url=_calendar_url(sight, shipment) if expected and not expected.passed else None,
    )


def detail(texts: answers.Texts, shipment: answers.StorefrontShipment | None) -> str:
    """What is said below a headline: what to know or to do, else what it means.

    Where the neighbour is named, nobody needs to look for the carrier's card. It is a sentence, whichever it is.
    """
    is_named = shipment is not None and shipment.proof is not None and bool(shipment.proof.neighbour)
    said = texts.title if is_named else texts.subtitle or texts.title
    return f"{said}." if said[-1:].isalnum() else said


def window(phrases: Phrases, shipment: answers.StorefrontShipment | None) -> Window | None:
    """When it is expected, or was: one that has passed says so, as long as it hasn't come.

    After an attempt in vain it says nothing: that is told already, and when.
    """
    if shipment is None or shipment.expected is None or shipment.situation in OVER:
        return None
    expected = shipment.expected
    first, last = expected.from_, expected.to
    passed = last < phrases.now
    if passed and shipment.situation == "failed":
        return None
    return Window(
        day=phrases.window_day(first, last, whole_days=expected.whole_days),
        hours=None if expected.whole_days else phrases.hours(first, last),
        iso_from=_iso(phrases, first, whole_days=expected.whole_days),
        iso_to=_iso(phrases, last, whole_days=expected.whole_days),
        promised=expected.promised,
        passed=passed,
    )


def _iso(phrases: Phrases, moment: datetime, *, whole_days: bool) -> str:
    local = moment.astimezone(phrases.zone)
    return local.date().isoformat() if whole_days else local.isoformat(timespec="minutes")


def _moment(phrases: Phrases, moment: datetime) -> Time:
    return Time(iso=_iso(phrases, moment, whole_days=False), words=phrases.moment(moment))


def steps(phrases: Phrases, told: Sequence[answers.Step]) -> list[Step]:
    """The stages, with the days of those that are done."""
    return [
        Step(
            key=cast(StageKey, step.key),
            state=cast(StageState, step.state),
            at=Time(iso=_iso(phrases, step.at, whole_days=True), words=phrases.short_date(step.at))
            if step.at
            else None,
        )
        for step in told
        if step.key in _STEPS and step.state in _STEP_STATES
    ]


def _days(sight: Sight, entries: Sequence[answers.TimelineEntry]) -> list[Day]:
    """The timeline by days, each as it was where the things happened."""
    placed = [(sight.phrases.at(zone(entry.timezone)), entry) for entry in entries]
    grouped = groupby(placed, key=lambda one: one[1].time.astimezone(one[0].zone).date())
    return [_day(sight, list(together)) for _, together in grouped]


def _day(sight: Sight, together: Sequence[tuple[Phrases, answers.TimelineEntry]]) -> Day:
    phrases, newest = together[0]
    heading = Time(iso=_iso(phrases, newest.time, whole_days=True), words=phrases.heading(newest.time))
    return Day(heading=heading, entries=[_entry(sight, there, entry) for there, entry in together])


def _entry(sight: Sight, phrases: Phrases, entry: answers.TimelineEntry) -> Entry:
    delivered = entry.phase == "delivered"
    return Entry(
        time=Time(iso=_iso(phrases, entry.time, whole_days=False), words=phrases.time(entry.time)),
        label=entry.label,
        place=entry.place,
        carrier_text=None if "carrier_text" in sight.hidden else entry.carrier_text,
        tone=_TONES.get(entry.flag) or ("positive" if delivered else "neutral"),
    )


def _carrier(carrier: answers.ParcelCarrier | None) -> Carrier | None:
    if carrier is None:
        return None
    return Carrier(
        name=carrier.name,
        tracking_url=web_address(carrier.tracking_url),
        redirect_url=web_address(carrier.redirect_url),
    )


def items(sight: Sight, lines: Sequence[answers.Item]) -> list[Item]:
    """What is in it; prices where the reader may see them and the shop shows them."""
    return [_item(sight, line) for line in lines]


def _item(sight: Sight, line: answers.Item) -> Item:
    price = line.price if "prices" not in sight.hidden else None
    each = sight.phrases.price(price, sight.order.currency) if price is not None else None
    return Item(
        title=line.title,
        variant=line.variant,
        quantity=line.quantity,
        image=picture(line.image_url, line.image_alt),
        url=outgoing(line.url, sight.order.shop),
        price=sight.phrases.price(price * line.quantity, sight.order.currency) if price is not None else None,
        each=each if line.quantity > 1 else None,
        parts=[msgspec.structs.replace(_item(sight, part), price=None, each=None) for part in line.parts],
    )


def picture(url: str | None, alt: str, width: int = _ITEM_SIZE, height: int = _ITEM_SIZE) -> Image | None:
    """A picture with the room that it takes."""
    return Image(src=url, alt=alt, width=width, height=height) if url else None


def _pickup(sight: Sight, pickup: answers.Pickup) -> Pickup:
    address = [line.strip() for line in (pickup.address or "").replace("\n", ",").split(",") if line.strip()]
    where = ", ".join(address) or pickup.name
    wants_map = where and "map" not in sight.hidden and pickup.type != "letterbox"
    return Pickup(
        kind=known(pickup.type, _PLACES, None),
        name=pickup.name,
        address=address,
        hours=pickup.opening_hours,
        until=Time(iso=_iso(sight.phrases, pickup.until, whole_days=False), words=sight.phrases.until(pickup.until))
        if pickup.until
        else None,
        map_url=f"{_MAP}?{urlencode({'query': where})}" if wants_map else None,
        url=web_address(pickup.url),
    )


def _proof(sight: Sight, proof: answers.Proof) -> Proof:
    alt = sight.reader.words.gettext("Photo of the delivered parcel")
    return Proof(
        photo=picture(proof.photo_url, alt, _PHOTO_WIDTH, _PHOTO_HEIGHT),
        signed_by=proof.signed_by,
        neighbour=proof.neighbour,
        place=proof.place,
    )


def claims(sight: Sight, flows: Sequence[str]) -> list[Claim]:
    """Ways to tell that something is wrong, as far as the shop has one."""
    order = sight.order
    if sight.is_stale or "claims" in sight.hidden or not order.allowed.claim.allowed:
        return []
    known = {ORDER_NUMBER: order.order_number, ZIP_CODE: sight.reader.identity.zip_code}
    return [
        Claim(flow=cast(Flow, flow), url=url)
        for flow in flows
        if flow in FLOWS and (url := claim_url(order.shop, {**known, FLOW: flow}))
    ]


def claim_url(shop: answers.StorefrontShop, known: Mapping[str, str]) -> str | None:
    """The shop's own form, filled with what is known of the order, else its service; a token goes to nobody else."""
    form = shop.links.resolve_url
    return outgoing(link(form, known) if form else shop.links.service_url, shop)


def _calendar_url(sight: Sight, shipment: answers.StorefrontShipment) -> str | None:
    can_come_back = sight.reader.identity.is_whole or sight.reader.surface == "demo"
    if "calendar" in sight.hidden or sight.is_stale or not can_come_back:
        return None
    return sight.reader.below("/delivery.ics", parcel=str(shipment.number))
