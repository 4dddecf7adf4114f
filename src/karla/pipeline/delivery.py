"""Delivery row → one signed request, and the attempt in the log."""

import logging
import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import structlog

from karla.domain.subscribers.commands.claiming import claim_deliveries
from karla.domain.subscribers.commands.settling import finish
from karla.domain.subscribers.records.deliveries import Attempt, AttemptResult, Claim, DueDelivery, Outcome, RetryPolicy
from karla.domain.subscribers.records.lanes import Rooms
from karla.domain.subscribers.records.webhooks import PayloadFormat
from karla.domain.subscribers.rules import cloudevents, retries
from karla.infra.access import EVERYWHERE
from karla.infra.clock import Clock
from karla.infra.db import Database
from karla.infra.http import Answer, EgressError, EgressUnavailable
from karla.infra.signing import karla_signature, standard_headers
from karla.infra.telemetry import DELIVERY_ATTEMPTS, DELIVERY_SECONDS, FIRST_ATTEMPT_SECONDS
from karla.infra.work import Work
from karla.pipeline.crew import Catch
from karla.pipeline.shares import Pace

log = structlog.get_logger()

TIMEOUT_SECONDS = 10.0
_EXCERPT_CHARACTERS = 1000
# An endpoint that takes longer than this for a yes is sent no more at once than it is.
_QUICK_MS = 1000
_COUNTED = {
    outcome: DELIVERY_ATTEMPTS.labels(label)
    for outcome, label in (
        (Outcome.ACCEPTED, "delivered"),
        (Outcome.REFUSED, "failed"),
        (Outcome.STALLED, "failed"),
        (Outcome.GONE, "failed"),
        (Outcome.UNSENT, "unsent"),
    )
}


class Poster(Protocol):
    """The way out: the part of `infra.http.Egress` that deliveries need."""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_seconds: float, /) -> Answer:
        """POST once; raises an EgressError."""
        ...


class WebhookDelivery:
    """The job of the delivery crew; its lanes are the webhooks. It works for every shop.

    `chance` answers numbers in [0, 1): what they spread is no secret.
    """

    def __init__(
        self,
        db: Database,
        egress: Poster,
        clock: Clock,
        policy: RetryPolicy,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        chance: random.Random | None = None,
    ) -> None:
        self._db = db
        self._egress = egress
        self._clock = clock
        self._policy = policy
        self._window = retries.window(policy)
        self._timeout_seconds = timeout_seconds
        self._chance = chance or random.Random()  # noqa: S311 - spreads load, guards nothing

    async def turn(self, results: Sequence[AttemptResult], limit: int, rooms: Rooms) -> Catch[DueDelivery]:
        """Settle, and lease what is due."""

        async def command(work: Work) -> Claim:
            if results:
                await finish(work, results, self._chance.random())
            return await claim_deliveries(work, limit, rooms) if limit else Claim((), None)

        claim = await self._db.write(EVERYWHERE, command)
        due_at = claim.next_due_at
        return Catch(claim.rows, None if due_at is None else (due_at - self._clock.now()).total_seconds())

    def lane(self, row: DueDelivery) -> UUID:
        """The webhook: a slow one delays itself alone."""
        return row.webhook_id

    def pace(self, result: AttemptResult) -> Pace:
        """Answers make it quicker, silence slower."""
        match result.outcome:
            case Outcome.ACCEPTED if result.attempt.duration_ms < _QUICK_MS:
                return Pace.QUICK
            case Outcome.STALLED | Outcome.UNSENT:
                return Pace.STALLED
            case _:
                return Pace.SLOW

    async def handle(self, row: DueDelivery) -> AttemptResult:
        """Make one attempt."""
        started_at = self._clock.now()
        if not row.attempts and row.replay_id is None:
            FIRST_ATTEMPT_SECONDS.observe(max(0.0, (started_at - row.triggered_at).total_seconds()))
        body = cloudevents.cloud_event(row) if row.payload_format is PayloadFormat.CLOUDEVENTS else row.payload
        try:
            answer = await self._egress.post(row.url, body, _headers(row, body, started_at), self._timeout_seconds)
        except EgressError as error:
            result = self._unanswered(row, started_at, error)
        else:
            result = self._answered(row, started_at, answer)
        _observe(row, result)
        return result

    def _answered(self, row: DueDelivery, started_at: datetime, answer: Answer) -> AttemptResult:
        asked = retries.asked_delay(answer.status, answer.headers.get("retry-after"), self._clock.now())
        attempt = Attempt(
            started_at=started_at,
            duration_ms=answer.duration_ms,
            status_code=answer.status,
            error=None,
            response_excerpt=_excerpt(answer.excerpt),
        )
        outcome = retries.outcome_of(answer.status)
        wait = timedelta() if outcome is Outcome.ACCEPTED else max(self._scheduled_wait(row), asked)
        return self._result(row, attempt, outcome, wait, retries.asked_pause(answer.status, asked))

    def _unanswered(self, row: DueDelivery, started_at: datetime, error: EgressError) -> AttemptResult:
        attempt = Attempt(
            started_at=started_at,
            duration_ms=error.duration_ms,
            status_code=None,
            error=error.reason,
            response_excerpt=None,
            sent=not isinstance(error, EgressUnavailable),
        )
        if not attempt.sent:
            soon = retries.retry_delay(1, retries.UNSENT_SECONDS, self._chance.random())
            return self._result(row, attempt, Outcome.UNSENT, soon, soon)
        return self._result(row, attempt, retries.outcome_of(None), self._scheduled_wait(row), timedelta())

    def _scheduled_wait(self, row: DueDelivery) -> timedelta:
        return retries.retry_delay(row.attempts + 1, self._policy.base_seconds, self._chance.random())

    def _result(
        self, row: DueDelivery, attempt: Attempt, outcome: Outcome, wait: timedelta, pause: timedelta
    ) -> AttemptResult:
        now = self._clock.now()
        overdue = outcome is Outcome.UNSENT and retries.is_overdue(row.created_at, self._window, now)
        status, due_at = retries.follow_up(row.attempts + 1, outcome, self._policy, wait, now, overdue=overdue)
        return AttemptResult(
            shop_id=row.shop_id,
            webhook_id=row.webhook_id,
            url=row.url,
            delivery_id=row.id,
            triggered_at=row.triggered_at,
            ordering_key=row.ordering_key,
            attempt=attempt,
            outcome=outcome,
            probe=row.probe,
            pause=pause,
            status=status,
            due_at=due_at,
        )


def _headers(row: DueDelivery, body: bytes, now: datetime) -> dict[str, str]:
    """Signed anew at each attempt: receivers refuse a signature of more than five minutes ago."""
    timestamp = int(now.timestamp())
    secrets = [row.secret, row.previous_secret] if row.previous_secret else [row.secret]
    headers = {
        "Content-Type": cloudevents.CONTENT_TYPE if body is not row.payload else "application/json",
        "Karla-Signature": karla_signature(secrets, timestamp, body),
        "Karla-Delivery-Id": str(row.id),
        **standard_headers(secrets, str(row.event_id), timestamp, body),
    }
    if row.replay_id:
        headers["Karla-Replay"] = str(row.replay_id)
    if row.test:
        headers["Karla-Test"] = "true"
    return headers


def _excerpt(body: bytes) -> str:
    """The beginning of an answer as text that PostgreSQL takes."""
    return body.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")[:_EXCERPT_CHARACTERS]


def _observe(row: DueDelivery, result: AttemptResult) -> None:
    _COUNTED[result.outcome].inc()
    DELIVERY_SECONDS.observe(result.attempt.duration_ms / 1000)
    # Each attempt stands in the delivery's own log; what went well need not stand in this one too.
    if result.outcome is not Outcome.ACCEPTED:
        log.info("delivery attempt", **_told(row, result))
    elif log.is_enabled_for(logging.DEBUG):
        log.debug("delivery attempt", **_told(row, result))


def _told(row: DueDelivery, result: AttemptResult) -> dict[str, object]:
    return {
        "event_id": str(row.event_id),
        "delivery_id": str(row.id),
        "webhook_id": str(row.webhook_id),
        "shop_id": str(row.shop_id),
        "attempt": row.attempts + 1,
        "status_code": result.attempt.status_code,
        "error": result.attempt.error,
        "ms": result.attempt.duration_ms,
        "outcome": result.status.value,
    }
