"""The parcels of the demo that are followed at their carriers; of March 2026, as the stand-ins' recordings are."""

from datetime import UTC, datetime

from karla.entrypoints.cli.demo.steps import Event, Parcel

LANGUAGES = ("en", "de")
"""In which their timelines are read."""


def _told(phase: str, name: str, group: str) -> Event:
    return Event(f"shipments/{phase}/{name}", group)


_MOVING = "shipment_in_transit"
ANNOUNCED = _told("order_processed", "SHIPMENT_DATA_RECEIVED_BY_CARRIER", "shipment_pre_transit")
PICKED_UP = _told("order_processed", "PICKED_UP_BY_CARRIER", _MOVING)
_ACCEPTED = _told("in_transit", "ACCEPTED_BY_CARRIER", _MOVING)
AT_ORIGIN = _told("in_transit", "PROCESSED_AT_ORIGIN_FACILITY", _MOVING)
SORTED = _told("in_transit", "SORTED_AT_TRANSPORT_HUB", _MOVING)
_ARRIVED = _told("in_transit", "ARRIVAL_AT_TRANSPORT_HUB", _MOVING)
_LEFT = _told("in_transit", "DEPARTURE_FROM_TRANSPORT_HUB", _MOVING)
_IN_COUNTRY = _told("in_transit", "ARRIVAL_IN_DESTINATION_COUNTRY", _MOVING)
AT_DEPOT = _told("in_transit", "ARRIVAL_AT_DELIVERY_DEPOT", _MOVING)
OUT = _told("in_delivery", "OUT_FOR_DELIVERY", "shipment_out_for_delivery")
_TO_SHOP = _told("in_delivery", "FORWARDED_TO_PARCEL_SHOP", "shipment_delivery_failed_forwarded_to_parcel_shop")
_IN_SHOP = _told("collect", "READY_FOR_COLLECTION_AT_PARCEL_SHOP", "shipment_delivered_to_parcel_shop")
IN_LOCKER = _told("collect", "READY_FOR_COLLECTION_AT_PARCEL_LOCKER", "shipment_delivered_to_parcel_locker")
_DELIVERED = _told("delivered", "SUCCESSFULLY_DELIVERED", "shipment_delivered")
HELD_UP_BY_WEATHER = _told("in_transit", "DELAYED_DUE_TO_WEATHER", "shipment_carrier_delay")
_TAKEN_OUT = _told("delivered", "PICKED_UP_FROM_PARCEL_LOCKER", "shipment_picked_up")

TO_BERLIN = Parcel(
    number="00340434161094042571",
    handed_in=datetime(2026, 3, 11, 9, tzinfo=UTC),
    carrier="dhl",
    provider="dhl",
    recording="failed.de.json",
    ends="collect",
    brings=(ANNOUNCED, SORTED, _ARRIVED, OUT, _TO_SHOP, _IN_SHOP),
)
"""DHL found nobody at home."""

FROM_SHENZHEN = Parcel(
    number="LV482913609CN",
    handed_in=datetime(2026, 3, 4, 10, tzinfo=UTC),
    carrier="china_post",
    provider="seventeentrack",
    recording="two_carriers.json",
    ends="delivered",
    brings=(_ACCEPTED, _LEFT, _IN_COUNTRY, AT_DEPOT, _DELIVERED),
)
"""Its two carriers have no adapter of the shop's; one who tracks any carrier knows what both of them say."""

SANDBOXES = Parcel(
    number="SBX-LOCKER",
    handed_in=datetime(2026, 3, 11, 13, tzinfo=UTC),
    carrier="sandbox",
    provider="sandbox",
    recording=None,
    ends="delivered",
    brings=(ANNOUNCED, PICKED_UP, AT_ORIGIN, SORTED, AT_DEPOT, OUT, IN_LOCKER, _TAKEN_OUT),
)
"""Its story is its number."""

PARCELS = (TO_BERLIN, FROM_SHENZHEN, SANDBOXES)
