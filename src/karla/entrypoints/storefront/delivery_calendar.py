"""A delivery as an event in a calendar (RFC 5545)."""

from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event

from karla.client.storefront import answers
from karla.entrypoints.storefront.contexts.parcels import OVER, leading_shipment
from karla.entrypoints.storefront.contexts.reader import Reader, zone

_SHORTEST = timedelta(minutes=30)


def calendar_of(reader: Reader, order: answers.StorefrontOrder, parcel: str | None, address: str) -> bytes | None:
    """The event of the parcel with this number, else of the next one; None where nothing is expected.

    Its UID is the parcel's, so that a later download moves the event. `address` is where the reader finds the order.
    """
    shipment = _meant(order, parcel)
    if shipment is None or shipment.expected is None or shipment.situation in OVER:
        return None
    words = reader.words
    event = Event()
    event.add("uid", f"{shipment.id}@delivery.karla")
    event.add("dtstamp", reader.now.astimezone(UTC))
    event.add("last-modified", shipment.updated_at.astimezone(UTC))
    event.add("summary", words.gettext("Parcel from %(shop)s", shop=order.shop.name))
    event.add("description", _description(reader, order, shipment, address))
    _set_times(event, shipment.expected, order.destination.timezone)
    if place := _place(order.destination):
        event.add("location", place)
    event.add("transp", "TRANSPARENT")
    calendar = Calendar()
    calendar.add("prodid", "-//Karla//Tracking page//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def _meant(order: answers.StorefrontOrder, parcel: str | None) -> answers.StorefrontShipment | None:
    if not parcel:
        return leading_shipment(order)
    return next((one for one in order.shipments if str(one.number) == parcel), None)


def _set_times(event: Event, expected: answers.ArrivalWindow, timezone: str) -> None:
    there = zone(timezone)
    if expected.whole_days:
        first, last = expected.from_.astimezone(there).date(), expected.to.astimezone(there).date()
        event.add("dtstart", first)
        event.add("dtend", max(first, last) + timedelta(days=1))  # the end is the day after
        return
    start, end = _utc(expected.from_), _utc(expected.to)
    event.add("dtstart", start)
    event.add("dtend", max(end, start + _SHORTEST))


def _utc(moment: datetime) -> datetime:
    """A moment that every calendar shows in its owner's own zone."""
    return moment.astimezone(UTC)


def _description(
    reader: Reader, order: answers.StorefrontOrder, shipment: answers.StorefrontShipment, address: str
) -> str:
    words = reader.words
    lines = [words.gettext("Order %(number)s", number=order.order_name or order.order_number)]
    if shipment.carrier:
        lines.append(words.gettext("Carrier: %(name)s", name=shipment.carrier.name))
    if shipment.tracking_number:
        lines.append(words.gettext("Tracking number: %(number)s", number=shipment.tracking_number))
    return "\n".join([*lines, address])


def _place(destination: answers.Destination) -> str:
    whole = destination.address if isinstance(destination.address, dict) else {}
    street = whole.get("address_line_1") or whole.get("street")
    town = " ".join(part for part in (destination.zip_code, destination.city) if part)
    return ", ".join(str(part) for part in (street, town, destination.country) if part)
