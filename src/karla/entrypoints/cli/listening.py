"""Events of a shop, played to a receiver on a developer's machine as a webhook would get them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import uuid4

import msgspec

from karla.client import AsyncKarla, Event
from karla.domain.subscribers.records.journal import AnnouncedEvent
from karla.domain.subscribers.rules.filters import canonical_filters, wanted
from karla.entrypoints.api.times import stamp
from karla.infra.clock import Clock
from karla.infra.http import Egress, EgressError
from karla.infra.signing import karla_signature, standard_headers


class Forwarded(msgspec.Struct, frozen=True, kw_only=True):
    """One event and what the receiver answered, by `status_code`, or the `error` in place of an answer."""

    at: datetime
    event: Event
    status_code: int | None
    error: str | None
    duration_ms: int


class Forwarder:
    """Sends events to one URL, signed with a secret, one after the other; it tries each once."""

    def __init__(self, egress: Egress, clock: Clock, url: str, secret: str) -> None:
        self._egress = egress
        self._clock = clock
        self._url = url
        self._secret = secret

    async def forward(self, event: Event) -> Forwarded:
        """Send an event; a receiver that is down is no failure."""
        at, body = self._clock.now(), body_of(event)
        timestamp = int(at.timestamp())
        headers = {
            "Content-Type": "application/json",
            "Karla-Signature": karla_signature([self._secret], timestamp, body),
            "Karla-Delivery-Id": str(uuid4()),
            **standard_headers([self._secret], str(event.event_id), timestamp, body),
        }
        try:
            answer = await self._egress.post(self._url, body, headers)
        except EgressError as error:
            return Forwarded(at=at, event=event, status_code=None, error=error.reason, duration_ms=error.duration_ms)
        return Forwarded(at=at, event=event, status_code=answer.status, error=None, duration_ms=answer.duration_ms)


def body_of(event: Event) -> bytes:
    """The envelope that webhooks get, member by member; numbers may be written another way."""
    return msgspec.json.encode(
        {
            "source": event.source,
            "ref": event.ref,
            "version": event.version,
            "triggered_at": stamp(event.triggered_at),
            "event_group": event.event_group,
            "event_data": event.event_data,
            "context": event.context,
            "shop_slug": event.shop_slug,
            "shop_id": event.shop_id,
        }
    )


async def listen(
    client: AsyncKarla, forwarder: Forwarder, filters: Sequence[str], tell: Callable[[Forwarded], None]
) -> None:
    """Forward what a webhook with these filters would get, from now on and without end, each event once."""
    async for event in client.events.follow(patience=None):
        if _is_wanted(event, filters):
            tell(await forwarder.forward(event))


def _is_wanted(event: Event, filters: Sequence[str]) -> bool:
    """What has no group notifies nobody."""
    name = event.ref.rpartition("/")[2]
    announced = AnnouncedEvent(event.ref, name, event.event_group)
    return event.event_group is not None and bool(wanted([announced], canonical_filters(filters)))
