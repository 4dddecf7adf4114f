"""DHL's places and local times: pure."""

import re
from datetime import date, datetime, time
from types import MappingProxyType

from karla.integrations.carriers import zones
from karla.integrations.carriers.contract import Parcel
from karla.integrations.carriers.countries import country_of
from karla.integrations.carriers.dhl.answers import Address, Event, Place, Shipment

# Whose clocks a scan without a place was made by: these services work in one country.
_HOME = MappingProxyType({"parcel-de": "DE", "post-de": "DE", "parcel-nl": "NL", "parcel-pl": "PL", "parcel-uk": "GB"})
_PICKUP = re.compile(
    r"\b(?:in|at|to) (?:der|die|dem|the) (?P<place>(?:DHL )?(?:Packstation|Filiale|Postfiliale|Paketshop|Locker|"
    r"postal retail outlet|retail outlet|ServicePoint)\b.*?)"
    r"(?= zur Abholung| gebracht| weitergeleitet|\. (?:The|Die|Der|Für) |\.?$)",
    re.IGNORECASE,
)
_REGION = re.compile(r", (?P<region>[A-Z]{2})$")
_YEARS = (1990, 2200)
_END_OF_DAY = (time(23, 59), time(23, 59, 59))


def time_of(stamp: str | None) -> datetime | None:
    """A timestamp, aware only where DHL names a zone; None where it can't be read, or is of no year of parcels."""
    try:
        told = datetime.fromisoformat(stamp) if stamp else None
    except ValueError:
        return None
    return told if told and _YEARS[0] <= told.year < _YEARS[1] else None


def _parts(address: Address) -> tuple[str | None, str | None, str | None]:
    """City, region and country, taken out of a locality such as `LOS ANGELES, CA - USA` or `Germany`."""
    locality = (address.address_locality or "").strip()
    city, dash, last = locality.rpartition(" - ")
    country = address.country_code or country_of(last)
    if not dash:
        city = "" if country_of(locality) and not address.country_code else locality
    elif not country_of(last):
        city = locality
    region = _REGION.search(city)
    if region:
        city = city[: region.start()]
    return (city or None), (address.address_region or (region["region"] if region else None)), country


def zone_place(event: Event, leg: Shipment, parcel: Parcel) -> zones.Place:
    """What decides on a scan's local time: its own place, else the country that its service works in.

    Of a parcel that crosses borders a scan without a country may be of either side, except before it is on its way.
    """
    address = event.location.address
    _, region, country = _parts(address)
    if country is None:
        home = _HOME.get(leg.service or "")
        ends = {country_at(leg.origin.address), country_at(leg.destination.address) or parcel.destination_country}
        if ends <= {home, None} or (event.status_code == "pre-transit" and not address.address_locality):
            country = home
    return zones.Place(country, region, address.postal_code)


def country_at(address: Address) -> str | None:
    """The alpha-2 code, by the locality where DHL names the country only there."""
    return _parts(address)[2]


def location(place: Place) -> dict[str, str]:
    """A scan's place as a Scan has it."""
    city, region, country = _parts(place.address)
    told = {
        "city": city,
        "region": region,
        "postal_code": place.address.postal_code,
        "country": country,
        "name": place.service_point.label if place.service_point else None,
    }
    return {key: value for key, value in told.items() if value}


def window(leg: Shipment, parcel: Parcel) -> tuple[datetime | None, datetime | None]:
    """When DHL means to deliver; a day without a time is the whole day at the destination."""
    frame = leg.estimated_delivery_time_frame
    named = time_of(leg.estimated_time_of_delivery)
    opens = time_of(frame.estimated_from) or named or time_of(frame.estimated_through)
    closes = time_of(frame.estimated_through) or opens
    if opens is None or closes is None:
        return None, None
    place = _destination(leg, parcel)
    if opens.time() == time() and (closes == opens or closes.time() in (time(), *_END_OF_DAY)):
        return zones.day_of(opens.date(), place)[0], zones.day_of(_last_day(opens, closes), place)[1]
    first, last = sorted(moment.time for moment in zones.moments([(opens, place), (closes, place)]))
    return first, last


def _last_day(opens: datetime, closes: datetime) -> date:
    return max(opens.date(), closes.date())


def _destination(leg: Shipment, parcel: Parcel) -> zones.Place:
    _, region, country = _parts(leg.destination.address)
    if country is None:
        return zones.Place(parcel.destination_country, None, parcel.destination_postal_code)
    return zones.Place(country, region, leg.destination.address.postal_code)


def pickup_info(event: Event) -> dict[str, str]:
    """The members of `additional_info` about the place to collect at; empty where DHL names none."""
    point = event.location.service_point
    if point and point.label:
        told = {"pickup_point": point.label, "pickup_point_url": point.url or ""}
        if street := event.location.address.street_address:
            told["pickup_point_address"] = street
        return told
    named = _PICKUP.search(event.description or event.status or "")
    if not named or not any(sign.isdigit() for sign in named["place"]):
        return {}
    name, _, address = named["place"].strip(" .").partition(", ")
    return {"pickup_point": name, "pickup_point_address": address}
