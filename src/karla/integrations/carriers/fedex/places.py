"""FedEx's places and times: pure."""

from datetime import datetime, time
from types import MappingProxyType

from karla.integrations.carriers import zones
from karla.integrations.carriers.contract import Parcel
from karla.integrations.carriers.countries import country_of
from karla.integrations.carriers.fedex.answers import Address, Place, Result

_YEARS = (1990, 2200)
_NAMES = MappingProxyType({"FEDEX_OFFICE": "FedEx Office", "FEDEX_ONSITE": "FedEx OnSite"})


def time_of(stamp: str | None) -> datetime | None:
    """A timestamp, aware only where FedEx names a zone; None where it can't be read, or is of no year of parcels."""
    try:
        told = datetime.fromisoformat(stamp) if stamp else None
    except ValueError:
        return None
    return told if told and _YEARS[0] <= told.year < _YEARS[1] else None


def country_at(address: Address) -> str | None:
    """The alpha-2 code."""
    return country_of(address.country_code)


def zone_place(address: Address) -> zones.Place:
    """What decides on a local time."""
    return zones.Place(country_at(address), address.state_or_province_code, address.postal_code)


def location(address: Address) -> dict[str, str]:
    """A place as a Scan has it."""
    told = {
        "city": address.city,
        "region": address.state_or_province_code,
        "postal_code": address.postal_code,
        "country": country_at(address),
    }
    return {key: value for key, value in told.items() if value}


def line(address: Address) -> str | None:
    """An address in one line."""
    town = " ".join(part for part in (address.postal_code, address.city) if part)
    street = " ".join(" ".join(address.street_lines).split())
    return ", ".join(part for part in (street, town) if part) or None


def name_of(place: Place) -> str:
    """What a place of FedEx's is called, by its own name or by its kind."""
    named = place.location_contact_and_address.contact.company_name
    return named or _NAMES.get(place.location_type or "", "FedEx location")


def _destination(result: Result, parcel: Parcel) -> zones.Place:
    told = zone_place(result.recipient_information.address)
    if told.country is None:
        return zones.Place(parcel.destination_country, None, parcel.destination_postal_code)
    return told if told.postal_code else told._replace(postal_code=parcel.destination_postal_code)


def window(result: Result, parcel: Parcel) -> tuple[datetime | None, datetime | None]:
    """When FedEx means to deliver; midnight without a zone, or at the destination, is a day without a time."""
    told = result.estimated_delivery_time_window.window
    dated = {one.type: one.date_time for one in result.date_and_times}
    named = time_of(dated.get("ESTIMATED_DELIVERY"))
    opens = time_of(told.begins) or time_of(told.ends) or named
    closes = time_of(told.ends) or opens
    if opens is None or closes is None or "ACTUAL_DELIVERY" in dated:
        return None, None
    place = _destination(result, parcel)
    if opens.time() == closes.time() == time():
        return zones.day_of(opens.date(), place)[0], zones.day_of(max(opens.date(), closes.date()), place)[1]
    first, last = sorted(moment.time for moment in zones.moments([(opens, place), (closes, place)]))
    return first, last
