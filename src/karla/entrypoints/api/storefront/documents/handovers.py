"""Where a parcel waits or was left, and how it was handed over."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from karla.domain.shipments.records import Shipment, TimelineEvent
from karla.entrypoints.api.storefront.documents.lines import web_address
from karla.entrypoints.api.storefront.documents.views import View
from karla.entrypoints.api.storefront.shapes import Pickup, Proof
from karla.entrypoints.api.times import stamp
from karla.vocabulary.events import CATALOGUE, Phase

_PHOTOS = ("delivery_photo_url", "photo_url", "proof_of_delivery_url")
_NEIGHBOURS = ("neighbour", "neighbour_name", "neighbor", "neighbor_name")
_PLACES = ("safe_place", "left_at")
_PICTURE = re.compile(r"\.(?:jpe?g|png|webp|gif|heic)$", re.IGNORECASE)
_BETWEEN_HOURS = re.compile(r"\s*[;|\n]\s*")


def pickup(view: View, shipment: Shipment, timeline: Sequence[TimelineEvent]) -> Pickup | None:
    """The place that the carrier told of last. Who a neighbour is, and where, is told by the link alone."""
    told = shipment.pickup
    if not told or (told.get("type") == "neighbor" and not view.whole):
        return None
    address = told.get("address") or _latest(timeline, "pickup_point_address")
    return Pickup(
        type=told.get("type"),
        name=told.get("name"),
        address=address if isinstance(address, str) else None,
        url=web_address(told.get("url")),
        opening_hours=_hours(told.get("opening_hours")),
        until=_until(told.get("date_to")),
    )


def proof(view: View, timeline: Sequence[TimelineEvent]) -> Proof | None:
    """What the events of a delivery say of it; None where they say nothing.

    Number and ZIP code stand on the label: to those who know no more nobody is named, and no door is shown.
    """
    if not view.whole:
        return None
    told: dict[str, Any] = {}
    for event in timeline:
        if event.withdrawn_at is None and CATALOGUE[event.event_name].phase is Phase.DELIVERED:
            told |= event.additional_info or {}
    found = Proof(
        photo_url=next((url for name in _PHOTOS if (url := _photo(view, name, told.get(name)))), None),
        signed_by=_first(told, ("signed_by",)),
        neighbour=_first(told, _NEIGHBOURS),
        place=_first(told, _PLACES),
    )
    return found if any((found.photo_url, found.signed_by, found.neighbour, found.place)) else None


def _photo(view: View, name: str, url: object) -> str | None:
    """A proof may be a letter too: it counts as a photo if it is named like one."""
    if not isinstance(url, str) or (name == "proof_of_delivery_url" and not _PICTURE.search(_path(url))):
        return None
    return view.picture(url, "photo")


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _first(told: dict[str, Any], names: Sequence[str]) -> str | None:
    return next((text for name in names if isinstance(text := told.get(name), str) and text.strip()), None)


def _latest(timeline: Sequence[TimelineEvent], name: str) -> object:
    told = ((event.additional_info or {}).get(name) for event in reversed(timeline) if event.withdrawn_at is None)
    return next((value for value in told if value), None)


def _hours(told: object) -> list[str]:
    """A line for each of the times, which carriers write one after the other."""
    return [line for line in _BETWEEN_HOURS.split(told) if line] if isinstance(told, str) else []


def _until(told: object) -> str | None:
    try:
        until = datetime.fromisoformat(told) if isinstance(told, str) else None
    except ValueError:
        return None
    return stamp(until) if until and until.tzinfo else None
