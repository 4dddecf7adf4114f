"""The bulk call's items: each read, carried out and answered by itself."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from karla.domain.shipments.commands.upsert import Outcome
from karla.domain.shipments.records import OrderCommand
from karla.entrypoints.api.faults import body_of
from karla.entrypoints.api.orders.requests import OrderUpsert
from karla.entrypoints.api.orders.responses import BulkResult, BulkShipment
from karla.infra.errors import Fault, KarlaError
from karla.infra.validation import Shape

_ITEM = Shape(OrderUpsert)


def commands_of(items: Sequence[msgspec.Raw], shop_id: UUID) -> tuple[dict[int, OrderCommand], dict[int, KarlaError]]:
    """The commands of the items that can be read, and what is wrong with the others, by their place."""
    commands: dict[int, OrderCommand] = {}
    refused: dict[int, KarlaError] = {}
    hinted: set[str] = set()
    for index, item in enumerate(items):
        try:
            commands[index] = _ITEM.decode(bytes(item)).command(shop_id, ("body", index), hinted)
        except KarlaError as error:
            error.faults = tuple(_placed(fault, index) for fault in error.faults)
            refused[index] = error
    return commands, refused


def _placed(fault: Fault, index: int) -> Fault:
    if fault.loc[:2] == ("body", index):
        return fault
    return msgspec.structs.replace(fault, loc=("body", index, *fault.loc[1:]))


def bulk_results(
    commands: dict[int, OrderCommand],
    outcomes: Sequence[Outcome],
    refused: dict[int, KarlaError],
    request_id: str,
) -> list[BulkResult]:
    """One result an item, in their order."""
    by_place: dict[int, Outcome] = {**dict(zip(commands, outcomes, strict=True)), **refused}
    return [_result(index, commands.get(index), outcome, request_id) for index, outcome in sorted(by_place.items())]


def _result(index: int, command: OrderCommand | None, outcome: Outcome, request_id: str) -> BulkResult:
    asked = command.reference.value if command else None
    if isinstance(outcome, KarlaError):
        return BulkResult(index=index, id=asked, status=outcome.status, error=body_of(outcome, request_id))
    return BulkResult(
        index=index,
        id=asked,
        status=200,
        uuid=outcome.order.id,
        order_number=outcome.order.order_number,
        shipments=[BulkShipment(shipment.id, shipment.tracking_number) for shipment in outcome.shipments],
    )
