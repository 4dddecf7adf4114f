"""An event in the form of CloudEvents 1.0, structured mode in JSON."""

from datetime import UTC
from typing import Literal
from uuid import UUID

import msgspec

from karla.domain.subscribers.records.deliveries import DueDelivery

CONTENT_TYPE = "application/cloudevents+json"


class CloudEvent(msgspec.Struct, omit_defaults=True):
    """The attributes of an event; its envelope follows as `data`.

    `type` is `io.karla.` and the event's ref with dots for slashes, `source` the shop as a URN, `subject` the
    shipment if it is about one.
    """

    specversion: Literal["1.0"]
    id: UUID
    source: str
    type: str
    time: str
    datacontenttype: Literal["application/json"]
    subject: UUID | None = None


_encode = msgspec.json.Encoder().encode


def cloud_event(delivery: DueDelivery) -> bytes:
    """The body: the attributes, and the envelope byte by byte; the same at each attempt."""
    attributes = CloudEvent(
        specversion="1.0",
        id=delivery.event_id,
        source=f"urn:uuid:{delivery.shop_id}",
        type="io.karla." + delivery.ref.replace("/", "."),
        time=delivery.triggered_at.astimezone(UTC).isoformat(),
        datacontenttype="application/json",
        subject=delivery.shipment_id,
    )
    return b'%b,"data":%b}' % (_encode(attributes)[:-1], delivery.payload)
