"""Orders and shipments."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Unpack
from uuid import UUID

import msgspec

from karla.client.answers import BulkResult, Order, Shipment, ShipmentEvent, TrackpageUrl
from karla.client.bodies import (
    OrderChanges,
    OrderMembers,
    OrderUpsert,
    Ref,
    ReferenceKind,
    ShipmentChanges,
    ShipmentEventMembers,
)
from karla.client.calls import Given
from karla.client.filters import OrderFilters, ShipmentFilters
from karla.client.operations import Resource, S, gathering, listing, operation
from karla.client.paging import chunks

BULK_ORDERS = 500


class Orders(Resource[S]):
    """Orders; a `ref` is a UUID, order number, external id, order name, or a tracking number of it."""

    @operation("v1OrdersUpsert", "PUT /v1/shops/{slug}/orders", Order)
    def upsert(self, **order: Unpack[OrderUpsert]) -> Given:
        """Create or update an order and attach its parcels, as often as you like.

        What is left out stays as it is stored, and parcels that are not listed stay too.
        """
        return Given(body={"trackings": [], **order})

    @operation("v1OrdersPlacement", "POST /v1/shops/{slug}/orders", Order)
    def place(self, *, idempotency_key: str | None = None, **order: Unpack[OrderMembers]) -> Given:
        """Create an order; Conflict `order_exists` when it is known."""
        return Given(body=order, idempotency_key=idempotency_key)

    @gathering("v1OrdersFulfillmentBulk", "PUT /v1/shops/{slug}/orders/bulk", BulkResult)
    def bulk(self, orders: Iterable[OrderUpsert]) -> Iterator[Given]:
        """Upsert any number of orders, 500 a call; one result for each, in their order.

        A bad order leaves the others whole, and its result has an `error`. Should a call fail for good, those before
        it are carried out: give the same orders again.
        """
        for place, chunk in enumerate(chunks(orders, BULK_ORDERS)):
            body = [{"trackings": [], **order} for order in chunk]
            yield Given(body=body, then=partial(_placed, place * BULK_ORDERS))

    @listing("v1OrdersSearch", "GET /v1/shops/{slug}/orders", Order)
    def search(self, **filters: Unpack[OrderFilters]) -> Given:
        """Orders, newest placed first."""
        return Given(query=filters)

    @operation("v1OrdersGet", "GET /v1/shops/{slug}/orders/{ref}", Order)
    def get(self, ref: Ref) -> Given:
        """One order."""
        return Given(path={"ref": ref})

    @operation("v1OrdersUpdate", "PATCH /v1/shops/{slug}/orders/{ref}", Order)
    def update(self, ref: Ref, **changes: Unpack[OrderChanges]) -> Given:
        """Change the address (as a whole) or the number of expected shipments."""
        return Given(path={"ref": ref}, body=changes)

    @operation("v1OrdersAnalyticsUpsert", "PUT /v1/shops/{slug}/orders/{ref}/analytics", dict[str, Any])
    def set_analytics(self, ref: Ref, analytics: Mapping[str, Any]) -> Given:
        """Store where an order came from, beside what is known of that; answers all that is stored."""
        return Given(path={"ref": ref}, body=analytics)

    @operation("v1OrdersCancel", "POST /v1/shops/{slug}/orders/{ref}/cancel", Order)
    def cancel(self, ref: Ref, *, idempotency_key: str | None = None) -> Given:
        """Cancel an order; Conflict `order_shipped` when a parcel has left."""
        return Given(path={"ref": ref}, idempotency_key=idempotency_key)

    @operation("v1OrdersTrackpageUrl", "POST /v1/shops/{slug}/orders/trackpage-url", TrackpageUrl)
    def trackpage_url(
        self,
        id: Ref,  # noqa: A002 - the API calls it so
        id_type: ReferenceKind | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Given:
        """The link that opens an order's tracking page without a login, for mails; the same each time.

        The order is named by its number unless `id_type` says otherwise.
        """
        return Given(body={"id": id, "id_type": id_type}, idempotency_key=idempotency_key)

    @operation("v1OrdersTokensRevoke", "DELETE /v1/shops/{slug}/orders/{ref}/tokens", type(None))
    def revoke_tokens(self, ref: Ref) -> Given:
        """End every link to the order's page at once, and what was opened by one."""
        return Given(path={"ref": ref})

    @operation("v1OrdersShipmentsUpdate", "PATCH /v1/shops/{slug}/orders/{ref}/shipments/{shipment_id}", Shipment)
    def update_shipment(self, ref: Ref, shipment_id: UUID | str, **changes: Unpack[ShipmentChanges]) -> Given:
        """Change a parcel's carrier, link or contents."""
        return Given(path={"ref": ref, "shipment_id": shipment_id}, body=changes)


class Shipments(Resource[S]):
    """Shipments; a `ref` is a UUID, tracking number or external id."""

    @listing("v1ShipmentsSearch", "GET /v1/shops/{slug}/shipments", Shipment)
    def search(self, **filters: Unpack[ShipmentFilters]) -> Given:
        """Shipments, last updated first."""
        return Given(query=filters)

    @operation("v1ShipmentsGet", "GET /v1/shops/{slug}/shipments/{ref}", Shipment)
    def get(self, ref: Ref) -> Given:
        """One shipment."""
        return Given(path={"ref": ref})

    @operation("v1ShipmentEventsSearch", "GET /v1/shops/{slug}/shipments/{ref}/events", list[ShipmentEvent])
    def timeline(self, ref: Ref) -> Given:
        """Everything that happened to the shipment, newest first."""
        return Given(path={"ref": ref})

    @operation("v1ShipmentEventsCreate", "POST /v1/shops/{slug}/shipments/{ref}/events", ShipmentEvent)
    def append_event(
        self, ref: Ref, *, idempotency_key: str | None = None, **event: Unpack[ShipmentEventMembers]
    ) -> Given:
        """Append an event that no carrier reports; the same `external_id` again is the same event."""
        return Given(path={"ref": ref}, body=event, idempotency_key=idempotency_key)


def _placed(offset: int, results: list[BulkResult]) -> list[BulkResult]:
    return [msgspec.structs.replace(result, index=offset + result.index) for result in results]
