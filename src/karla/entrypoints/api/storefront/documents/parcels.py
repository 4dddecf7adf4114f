"""Each parcel of an order, and those that are expected."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from karla.domain.shipments.records import Shipment, TimelineEvent
from karla.domain.shipments.rules.contents import Contents
from karla.domain.shipments.rules.situations import Standing, flows_of
from karla.domain.shipments.rules.stages import stages_of
from karla.entrypoints.api.storefront.documents.entries import entries
from karla.entrypoints.api.storefront.documents.handovers import pickup, proof
from karla.entrypoints.api.storefront.documents.lines import item, web_address
from karla.entrypoints.api.storefront.documents.views import View
from karla.entrypoints.api.storefront.shapes import ArrivalWindow, ParcelCarrier, Step, StorefrontShipment, Texts
from karla.entrypoints.api.times import stamp
from karla.vocabulary.carriers import CARRIERS
from karla.vocabulary.carriers.redirects import redirect_url
from karla.vocabulary.events import Direction, EventTexts, texts
from karla.vocabulary.orders import order_texts
from karla.vocabulary.parcels import Situation

_UNDER_WAY: frozenset[Situation] = frozenset({"announced", "on_the_way", "out_for_delivery", "delayed", "failed"})
_AWAITED: frozenset[Situation] = _UNDER_WAY | {"expected"}
_GONE: frozenset[Situation] = frozenset({"cancelled", "returning", "returned"})
_SILENCE = "NO_SCAN_FOR_EXTENDED_PERIOD"
_PLACED = (None, "ORDER_CREATED")


def parcel(
    view: View, number: int, shipment: Shipment, timeline: Sequence[TimelineEvent], standing: Standing, held: Contents
) -> StorefrontShipment:
    """One parcel, the `number`th that is told of; `timeline` is its own."""
    situation = standing.situation
    words = parcel_texts(view, shipment, timeline, standing)
    stages = stages_of(view.file.order, shipment, timeline, standing)
    return StorefrontShipment(
        id=shipment.id,
        number=number,
        situation=situation,
        direction=shipment.direction,
        phase=shipment.phase,
        flag=shipment.flag,
        tracking_number=shipment.tracking_number,
        texts=told(words),
        carrier=_carrier(shipment, situation),
        expected=_window(view, shipment) if situation in _AWAITED else None,
        steps=[Step(key=stage.key, state=stage.state, at=stamp(stage.at)) for stage in stages],
        entries=entries(view, timeline),
        items=[item(view, line) for line in held.lines],
        items_known=held.known,
        pickup=None if situation in _GONE else pickup(view, shipment, timeline),
        proof=proof(view, timeline) if situation == "delivered" else None,
        delivered_at=stamp(shipment.event_time) if situation == "delivered" else None,
        updated_at=stamp(shipment.updated_at),
        flows=list(flows_of(shipment, standing)),
    )


def parcel_texts(view: View, shipment: Shipment, timeline: Sequence[TimelineEvent], standing: Standing) -> EventTexts:
    """The words of what happened to it last, or of what should have and didn't."""
    if standing.late:
        silent = bool(timeline) and timeline[-1].event_name == _SILENCE
        return texts(_SILENCE, view.language) if silent else order_texts("delayed", view.language)
    if standing.situation == "cancelled":
        name = shipment.event_name if shipment.event_name == "SHIPPING_LABEL_CANCELLED" else "ORDER_CANCELLED"
        return texts(name, view.language)
    if shipment.event_name in _PLACED:
        others = any(not one.draft for one in view.file.shipments if one.id != shipment.id)
        placed = shipment.draft and not others
        return order_texts("placed" if placed else "preparing", view.language)
    return texts(shipment.event_name or "", view.language)


def told(words: EventTexts) -> Texts:
    """Words as the document has them."""
    return Texts(status=words.status, headline=words.headline, title=words.title, subtitle=words.subtitle)


def _carrier(shipment: Shipment, situation: Situation) -> ParcelCarrier | None:
    if shipment.tracking_number is None:
        return None
    known = CARRIERS.get(shipment.carrier_reference or "")
    may_redirect = situation in _UNDER_WAY and shipment.direction is Direction.MERCHANT_CUSTOMER
    return ParcelCarrier(
        reference=shipment.carrier_reference,
        name=known.name if known else shipment.tracking_company or "",
        tracking_url=web_address(shipment.tracking_url),
        redirect_url=redirect_url(shipment.carrier_reference, shipment.tracking_number) if may_redirect else None,
    )


def _window(view: View, shipment: Shipment) -> ArrivalWindow | None:
    opens, closes = shipment.expected_from, shipment.expected_to
    opens, closes = opens or closes, closes or opens
    if opens is None or closes is None or shipment.direction is not Direction.MERCHANT_CUSTOMER:
        return None
    whole = _whole_days(opens, closes, ZoneInfo(view.timezone))
    return ArrivalWindow(
        from_=stamp(whole[0] if whole else opens),
        to=stamp(whole[1] if whole else closes),
        whole_days=whole is not None,
        promised=shipment.expected_confidence is None,
        confidence=shipment.expected_confidence,
    )


def _whole_days(opens: datetime, closes: datetime, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    """A window of days ends as its last day does, or with the midnight after it; told is the end of that day."""
    first, last = opens.astimezone(zone), closes.astimezone(zone)
    if last.time() == time() and last > first:
        last -= timedelta(seconds=1)
    elif last == first and first.time() == time():
        last += timedelta(days=1, seconds=-1)
    return (first, last) if first.time() == time() and last.time() >= time(23, 59) else None
