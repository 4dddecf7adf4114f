"""Webhooks with their deliveries, and the journal of events."""

from typing import Unpack
from uuid import UUID

from karla.client.administration import Delivery, Replay, Replayed, Webhook
from karla.client.answers import Event
from karla.client.bodies import Ref, ReplaySelection, WebhookChanges, WebhookCreation
from karla.client.calls import Given
from karla.client.filters import DeliveryFilters, EventFilters, Paging, WebhookFilters
from karla.client.operations import Place, Resource, S, listing, operation, stream
from karla.client.paging import by_cursor
from karla.client.streams import FollowedJournal

PATIENCE_SECONDS = 300.0


class Webhooks(Resource[S]):
    """Subscribers, and what they were sent. To verify what a webhook brings: `karla.client.webhooks.verify`."""

    @listing("v1WebhooksSearch", "GET /v1/shops/{slug}/webhooks", Webhook)
    def list(self, **filters: Unpack[WebhookFilters]) -> Given:
        """The shop's webhooks, the newest first."""
        return Given(query=filters)

    @operation("v1WebhooksCreate", "POST /v1/shops/{slug}/webhooks", Webhook)
    def create(self, *, idempotency_key: str | None = None, **webhook: Unpack[WebhookCreation]) -> Given:
        """Subscribe a URL to events; the existing webhook when there is one with this URL and these events."""
        return Given(body=webhook, idempotency_key=idempotency_key)

    @operation("v1WebhooksGet", "GET /v1/shops/{slug}/webhooks/{uuid}", Webhook)
    def get(self, uuid: UUID | str) -> Given:
        """One webhook."""
        return Given(path={"uuid": uuid})

    @operation("v1WebhooksUpdate", "PATCH /v1/shops/{slug}/webhooks/{uuid}", Webhook)
    def update(self, uuid: UUID | str, **changes: Unpack[WebhookChanges]) -> Given:
        """Change what is given; set `inactive`, it drops what is on its way to it."""
        return Given(path={"uuid": uuid}, body=changes)

    @operation("v1WebhooksDelete", "DELETE /v1/shops/{slug}/webhooks/{uuid}", type(None))
    def delete(self, uuid: UUID | str) -> Given:
        """Delete a webhook with the log of its deliveries."""
        return Given(path={"uuid": uuid})

    @listing("v1WebhooksDeliveriesSearch", "GET /v1/shops/{slug}/webhooks/{uuid}/deliveries", Delivery, by_cursor)
    def deliveries(self, uuid: UUID | str, **filters: Unpack[DeliveryFilters]) -> Given:
        """What was sent to a webhook, the newest first, with every attempt and its answer."""
        return Given(path={"uuid": uuid}, query=filters)

    @operation("v1WebhooksDeliveriesGet", "GET /v1/shops/{slug}/webhooks/{uuid}/deliveries/{delivery_uuid}", Delivery)
    def delivery(self, uuid: UUID | str, delivery_uuid: UUID | str) -> Given:
        """One delivery; ask again to see what became of a test or a replay."""
        return Given(path={"uuid": uuid, "delivery_uuid": delivery_uuid})

    @operation("v1WebhooksRotateSecret", "POST /v1/shops/{slug}/webhooks/{uuid}/rotate-secret", Webhook)
    def rotate_secret(
        self,
        uuid: UUID | str,
        secret: str | None = None,
        overlap_hours: int | None = None,
        *,
        force: bool = False,
        idempotency_key: str | None = None,
    ) -> Given:
        """Give a webhook a new secret; for `overlap_hours`, 24 unless told, both sign what it is sent.

        While that lasts another rotation is a Conflict, unless `force` ends the older secret at once.
        """
        body = {"secret": secret, "overlap_hours": overlap_hours, "force": force}
        return Given(path={"uuid": uuid}, body=body, idempotency_key=idempotency_key)

    @operation("v1WebhooksTest", "POST /v1/shops/{slug}/webhooks/{uuid}/test", Delivery)
    def test(self, uuid: UUID | str, event_name: str | None = None, *, idempotency_key: str | None = None) -> Given:
        """Send a made-up event, to see whether the receiver takes it."""
        return Given(path={"uuid": uuid}, body={"event_name": event_name}, idempotency_key=idempotency_key)

    @operation("v1WebhooksReplay", "POST /v1/shops/{slug}/webhooks/{uuid}/replay", Replayed)
    def replay(
        self,
        uuid: UUID | str,
        *,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        **selection: Unpack[ReplaySelection],
    ) -> Given:
        """Send again what matches, the failed deliveries unless told; a dry run only counts them."""
        body = {**selection, "dry_run": dry_run}
        return Given(path={"uuid": uuid}, body=body, idempotency_key=idempotency_key)

    @listing("v1WebhooksReplaysSearch", "GET /v1/shops/{slug}/webhooks/{uuid}/replays", Replay)
    def replays(self, uuid: UUID | str, **paging: Unpack[Paging]) -> Given:
        """The replays to a webhook, the newest first, and how far each has come."""
        return Given(path={"uuid": uuid}, query=paging)

    @operation(
        "v1WebhooksDeliveriesReplay",
        "POST /v1/shops/{slug}/webhooks/{uuid}/deliveries/{delivery_uuid}/replay",
        Delivery,
    )
    def replay_delivery(
        self, uuid: UUID | str, delivery_uuid: UUID | str, *, idempotency_key: str | None = None
    ) -> Given:
        """Send one delivery again, whatever became of it."""
        return Given(path={"uuid": uuid, "delivery_uuid": delivery_uuid}, idempotency_key=idempotency_key)


class Events(Resource[S]):
    """The journal of what was announced."""

    @listing("v1EventsSearch", "GET /v1/shops/{slug}/events", Event, by_cursor)
    def list(self, **filters: Unpack[EventFilters]) -> Given:
        """Events, the newest first unless `sort` says otherwise, also those that notified nobody."""
        return Given(query=filters)

    @operation("v1EventsGet", "GET /v1/shops/{slug}/events/{event_id}", Event)
    def get(self, event_id: Ref) -> Given:
        """One event as it was when it happened."""
        return Given(path={"event_id": event_id})

    @stream("v1EventsStream", "GET /v1/shops/{slug}/events/stream", Event, FollowedJournal)
    def follow(
        self,
        after: str | None = None,
        ref: str | None = None,
        group: str | None = None,
        include_test: bool | None = None,
        patience: float | None = PATIENCE_SECONDS,
    ) -> Place:
        """Events as they happen, without end: those after the cursor `after`, or from now on.

        A lost connection is made again and goes on after the last event, so none is missed. After `patience` seconds
        without a sign of life it raises ConnectionFailed, or what Karla answers; None waits for ever. To go on later,
        keep the `cursor` of the last event that was dealt with; what was triggered shortly before may then come once
        more, with the same `event_id`.
        """
        told = {"ref": ref, "group": group, "include_test": include_test}
        query = {name: value for name, value in told.items() if value is not None}
        return Place(Given(query=query), after, patience)
