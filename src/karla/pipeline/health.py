"""How carriers are doing is counted: for the operator as metrics, for their shops by the hour."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from karla.domain.tracking.commands.health import note_heard, note_questions
from karla.domain.tracking.records import Heard, Question
from karla.infra.access import scope_of
from karla.infra.db import Database
from karla.infra.telemetry import CARRIER_QUESTIONS, CARRIER_SCAN_AGE_SECONDS


class Health:
    """Told of what has happened already, and is committed: what is told twice is counted twice.

    Each call is a transaction, so tell of many at once.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    async def asked(self, shop_id: UUID, provider: str, questions: Sequence[Question]) -> None:
        """Count what came of asking one shop's account."""
        if not questions:
            return
        counts: defaultdict[str, int] = defaultdict(int)
        for question in questions:
            counts[question.outcome] += 1
        for outcome, count in counts.items():
            CARRIER_QUESTIONS.labels(provider, outcome).inc(count)
        await self._db.write(scope_of([shop_id]), lambda work: note_questions(work, shop_id, provider, questions))

    async def heard(self, heard: Sequence[Heard]) -> None:
        """Count scans that are new on their timelines; they may be of many shops."""
        for one in heard:
            for age in one.ages:
                CARRIER_SCAN_AGE_SECONDS.labels(one.provider).observe(age)
        if any(one.scans for one in heard):
            await self._db.write(scope_of(one.shop_id for one in heard), lambda work: note_heard(work, heard))
