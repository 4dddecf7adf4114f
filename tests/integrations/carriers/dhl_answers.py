"""DHL's answers as the tests write them, and how they are read."""

from typing import Any

import msgspec

from karla.integrations import tracking
from karla.integrations.carriers.contract import Parcel, Reading

NUMBER = "00340434161094022115"
PARCEL = Parcel(tracking_number=NUMBER, carrier_reference="dhl", destination_country="DE")


def answer(*events: dict[str, Any], service: str = "parcel-de", **members: Any) -> bytes:
    """A body with one shipment, events newest first as DHL has them."""
    shipment = {"id": NUMBER, "service": service, "status": events[0] if events else {}, "events": events, **members}
    return msgspec.json.encode({"shipments": [shipment]})


def event(timestamp: str, text: str, status_code: str = "transit", **members: Any) -> dict[str, Any]:
    return {"timestamp": timestamp, "statusCode": status_code, "description": text, **members}


def at(**address: str) -> dict[str, Any]:
    return {"address": address}


def read(raw: bytes, parcel: Parcel = PARCEL) -> Reading:
    return tracking.read("dhl", raw, parcel)
