"""Delivery row → one signed request, and the attempt in the log."""

import random
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from karla.domain.subscribers import commands, rules
from karla.domain.subscribers.records import AttemptResult, DueDelivery, RetryPolicy
from karla.infra.access import NOWHERE, scope_of
from karla.infra.clock import Clock
from karla.infra.db import Database
from karla.infra.http import Answer, Egress, EgressError, Unreachable
from karla.infra.signing import karla_signature, standard_headers
from karla.infra.telemetry import DELIVERY_ATTEMPTS, DELIVERY_SECONDS, FIRST_ATTEMPT_SECONDS

log = structlog.get_logger()

TIMEOUT_SECONDS = 10.0
# Well over the time of an attempt and of writing it down: only the rows of a dead worker come due by it.
LEASE = timedelta(seconds=30)
_EXCERPT_CHARACTERS = 1000


class WebhookDelivery:
    """The job of the delivery crew; its lanes are the webhooks.

    Claims are made over every shop, so under the empty scope; results under the scope of their shops.
    """

    def __init__(
        self,
        db: Database,
        egress: Egress,
        clock: Clock,
        policy: RetryPolicy,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._db = db
        self._egress = egress
        self._clock = clock
        self._policy = policy
        self._timeout_seconds = timeout_seconds

    async def claim(self, limit: int, passed_over: Collection[UUID]) -> Sequence[DueDelivery]:
        """Lease due deliveries."""
        return await self._db.write(NOWHERE, lambda work: commands.claim_deliveries(work, limit, LEASE, passed_over))

    def lane(self, row: DueDelivery) -> UUID:
        """The webhook: a slow one delays itself alone."""
        return row.webhook_id

    async def handle(self, row: DueDelivery) -> AttemptResult:
        """Make one attempt."""
        started_at = self._clock.now()
        if not row.attempts:
            FIRST_ATTEMPT_SECONDS.observe(max(0.0, (started_at - row.triggered_at).total_seconds()))
        try:
            answer = await self._egress.post(
                row.url, row.payload, _headers(row, started_at), timeout_seconds=self._timeout_seconds
            )
        except EgressError as error:
            duration_ms = error.duration_ms if isinstance(error, Unreachable) else 0
            result = self._unanswered(row, started_at, error.reason, duration_ms)
        else:
            result = self._answered(row, started_at, answer)
        _observe(row, result)
        return result

    async def finish(self, results: Sequence[AttemptResult]) -> None:
        """Log the attempts and settle their deliveries."""
        scope = scope_of(result.shop_id for result in results)
        await self._db.write(scope, lambda work: commands.finish(work, results))

    def _answered(self, row: DueDelivery, started_at: datetime, answer: Answer) -> AttemptResult:
        wait = max(self._scheduled_wait(row), rules.asked_delay(answer.status, answer.headers.get("retry-after")))
        status, due_at = rules.follow_up(row.attempts + 1, answer.status, self._policy, wait, self._clock.now())
        return AttemptResult(
            shop_id=row.shop_id,
            delivery_id=row.id,
            started_at=started_at,
            duration_ms=answer.duration_ms,
            status_code=answer.status,
            error=None,
            response_excerpt=_excerpt(answer.excerpt),
            status=status,
            due_at=due_at,
        )

    def _unanswered(self, row: DueDelivery, started_at: datetime, reason: str, duration_ms: int) -> AttemptResult:
        status, due_at = rules.follow_up(
            row.attempts + 1, None, self._policy, self._scheduled_wait(row), self._clock.now()
        )
        return AttemptResult(
            shop_id=row.shop_id,
            delivery_id=row.id,
            started_at=started_at,
            duration_ms=duration_ms,
            status_code=None,
            error=reason,
            response_excerpt=None,
            status=status,
            due_at=due_at,
        )

    def _scheduled_wait(self, row: DueDelivery) -> timedelta:
        chance = random.random()  # noqa: S311 - spreads load, guards nothing
        return rules.retry_delay(row.attempts + 1, self._policy.base_seconds, chance)


def _headers(row: DueDelivery, now: datetime) -> dict[str, str]:
    """Signed anew at each attempt: receivers refuse a signature of more than five minutes ago."""
    timestamp = int(now.timestamp())
    return {
        "Content-Type": "application/json",
        "Karla-Signature": karla_signature([row.secret], timestamp, row.payload),
        "Karla-Delivery-Id": str(row.id),
        **standard_headers([row.secret], str(row.event_id), timestamp, row.payload),
    }


def _excerpt(body: bytes) -> str:
    """The beginning of an answer as text that PostgreSQL takes."""
    return body.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")[:_EXCERPT_CHARACTERS]


def _observe(row: DueDelivery, result: AttemptResult) -> None:
    delivered = rules.accepted(result.status_code)
    DELIVERY_ATTEMPTS.labels("delivered" if delivered else "failed").inc()
    DELIVERY_SECONDS.observe(result.duration_ms / 1000)
    log.info(
        "delivery attempt",
        event_id=str(row.event_id),
        delivery_id=str(row.id),
        webhook_id=str(row.webhook_id),
        shop_id=str(row.shop_id),
        attempt=row.attempts + 1,
        status_code=result.status_code,
        error=result.error,
        ms=result.duration_ms,
        outcome=result.status.value,
    )
