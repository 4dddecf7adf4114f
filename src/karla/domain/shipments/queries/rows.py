"""Shipments of rows of the table."""

from collections.abc import Iterable
from typing import Any

from karla.domain.shipments.records import Shipment
from karla.vocabulary.events import Direction, Flag, Phase, State

COLUMNS = """
    s.shop_id, s.id, s.order_id, s.position, s.tracking_number, s.external_shipment_id, s.carrier_reference,
    s.tracking_company, s.tracking_url, s.tracking_placed_at, s.direction, s.products, s.phase, s.state, s.flag,
    s.event_name, s.event_time, s.expected_from, s.expected_to, s.expected_confidence, s.pickup, s.created_at,
    s.updated_at
"""
"""What `shipment_from` reads of a shipment `s` of the table."""

# Asking the enumeration takes four times as long.
_DIRECTIONS = {member.value: member for member in Direction}
_PHASES = {member.value: member for member in Phase}
_STATES = {member.value: member for member in State}
_FLAGS = {member.value: member for member in Flag}


def shipment_from(row: Iterable[Any]) -> Shipment:
    """A shipment of a row of `COLUMNS`."""
    (
        shop_id, shipment_id, order_id, position, tracking_number, external_shipment_id, carrier_reference,
        tracking_company, tracking_url, tracking_placed_at, direction, products, phase, state, flag,
        event_name, event_time, expected_from, expected_to, expected_confidence, pickup, created_at,
        updated_at,
    ) = row  # fmt: skip
    return Shipment(
        shop_id=shop_id,
        id=shipment_id,
        order_id=order_id,
        position=position,
        tracking_number=tracking_number,
        external_shipment_id=external_shipment_id,
        carrier_reference=carrier_reference,
        tracking_company=tracking_company,
        tracking_url=tracking_url,
        tracking_placed_at=tracking_placed_at,
        direction=_DIRECTIONS[direction],
        products=products,
        phase=_PHASES[phase],
        state=_STATES[state],
        flag=_FLAGS[flag],
        event_name=event_name,
        event_time=event_time,
        expected_from=expected_from,
        expected_to=expected_to,
        expected_confidence=expected_confidence,
        pickup=pickup,
        created_at=created_at,
        updated_at=updated_at,
    )
