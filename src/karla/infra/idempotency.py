"""Requests that may come twice and are carried out once: who runs one, whether it is done, what it answered.

A run holds a lease. The transaction of its change also marks the request as committed, and fails if the request
was handed to another run meanwhile: so of all runs one commits, whichever of them dies, and when.
"""

from datetime import timedelta
from enum import Enum, auto
from uuid import UUID

import asyncpg
import msgspec

from karla.infra.errors import Conflict
from karla.infra.work import Work

KEPT = timedelta(hours=24)
"""How long a request is known again."""

LEASE = timedelta(seconds=30)
"""After this long without an answer a run counts as dead."""


class KeyedRequest(msgspec.Struct, frozen=True):
    """A request by its caller and its idempotency key (`digest`), and what it asks for (`fingerprint`)."""

    organisation_id: UUID
    key_id: UUID
    digest: bytes
    fingerprint: bytes


class State(Enum):
    """How a request stands for who sends it now."""

    CLAIMED = auto()
    """Nobody runs it: it is the asker's to run."""
    RUNNING = auto()
    """Another run is at it."""
    ANSWERED = auto()
    """It is done, and its answer is there."""
    UNANSWERED = auto()
    """Its change is made, and its run died before it could keep the answer."""
    REUSED = auto()
    """The key stands for another request."""


class Standing(msgspec.Struct, frozen=True):
    """A state, with the kept answer if there is one."""

    state: State
    answer: bytes | None = None


async def claim(work: Work, request: KeyedRequest, run: UUID) -> Standing:
    """Give the request to `run` if it is new, too old to be remembered, or left by a run that died."""
    row = await work.connection.fetchrow(
        """
        select fingerprint, leased_until, committed_at, answer from idempotency_keys
        where organisation_id = $1 and key_id = $2 and digest = $3 and started_at > $4
        """,
        request.organisation_id,
        request.key_id,
        request.digest,
        work.now - KEPT,
    )
    standing = _standing(row, request, work)
    if standing.state is State.CLAIMED and not await _taken(work, request, run):
        return Standing(State.RUNNING)  # another was quicker
    return standing


def _standing(row: asyncpg.Record | None, request: KeyedRequest, work: Work) -> Standing:
    if row is None:
        return Standing(State.CLAIMED)
    if row["fingerprint"] != request.fingerprint:
        return Standing(State.REUSED)
    if row["answer"] is not None:
        return Standing(State.ANSWERED, row["answer"])
    if row["leased_until"] > work.now:
        return Standing(State.RUNNING)
    return Standing(State.CLAIMED if row["committed_at"] is None else State.UNANSWERED)


async def _taken(work: Work, request: KeyedRequest, run: UUID) -> bool:
    return bool(
        await work.connection.fetchval(
            """
            insert into idempotency_keys as k
                (organisation_id, key_id, digest, fingerprint, run, started_at, leased_until)
            values ($1, $2, $3, $4, $5, $6, $7)
            on conflict (organisation_id, key_id, digest) do update
            set fingerprint = $4, run = $5, started_at = $6, leased_until = $7, committed_at = null, answer = null
            where k.started_at <= $8
               or (k.fingerprint = $4 and k.leased_until <= $6 and k.committed_at is null and k.answer is null)
            returning true
            """,
            request.organisation_id,
            request.key_id,
            request.digest,
            request.fingerprint,
            run,
            work.now,
            work.now + LEASE,
            work.now - KEPT,
        )
    )


async def mark_committed(work: Work, request: KeyedRequest, run: UUID) -> None:
    """Enter that the change is made, within its transaction; Conflict when the request is another run's by now."""
    marked = await work.connection.fetchval(
        """
        update idempotency_keys set committed_at = $5
        where organisation_id = $1 and key_id = $2 and digest = $3 and run = $4
        returning true
        """,
        request.organisation_id,
        request.key_id,
        request.digest,
        run,
        work.now,
    )
    if not marked:
        raise in_progress()


async def keep_answer(work: Work, request: KeyedRequest, run: UUID, answer: bytes) -> None:
    """Keep what the run answered; nothing happens when the request is another run's by now."""
    await work.connection.execute(
        """
        update idempotency_keys set answer = $5
        where organisation_id = $1 and key_id = $2 and digest = $3 and run = $4
        """,
        request.organisation_id,
        request.key_id,
        request.digest,
        run,
        answer,
    )


async def release(work: Work, request: KeyedRequest, run: UUID) -> bool:
    """Forget a request that changed nothing, so that it may be sent again; False when it did change something."""
    await work.connection.execute(
        """
        delete from idempotency_keys
        where organisation_id = $1 and key_id = $2 and digest = $3 and run = $4 and committed_at is null
        """,
        request.organisation_id,
        request.key_id,
        request.digest,
        run,
    )
    return not await work.connection.fetchval(
        """
        select true from idempotency_keys
        where organisation_id = $1 and key_id = $2 and digest = $3 and run = $4
        """,
        request.organisation_id,
        request.key_id,
        request.digest,
        run,
    )


async def purge(work: Work, limit: int = 10_000) -> int:
    """Forget up to `limit` requests that are old enough, the oldest first; answers how many they were."""
    done = await work.connection.execute(
        """
        delete from idempotency_keys where (organisation_id, key_id, digest) in (
            select organisation_id, key_id, digest from idempotency_keys
            where started_at <= $1 order by started_at limit $2 for update skip locked
        )
        """,
        work.now - KEPT,
        limit,
    )
    return int(done.split()[-1])


def in_progress() -> Conflict:
    """Another run of the request is under way."""
    return Conflict(
        "idempotency_in_progress",
        "A request with this Idempotency-Key is still being carried out; try again in a moment.",
        headers={"Retry-After": "1"},
    )
