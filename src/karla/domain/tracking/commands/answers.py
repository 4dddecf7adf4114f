"""What was told, read or to be read again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from karla.domain.tracking.records import Answer, AnswerPlace, ReadAgain
from karla.infra.work import Work

READ_AGAIN_AT_ONCE: Final = 5_000


async def mark_read(work: Work, read: Sequence[Answer], unreadable: Mapping[UUID, str]) -> None:
    """Note that these were read, and by which fault some could not be."""
    await work.connection.execute(
        """
        update provider_answers a set read_at = $1, unreadable = r.fault
        from unnest($2::uuid[], $3::timestamptz[], $4::uuid[], $5::text[]) as r (shop_id, received_at, id, fault)
        where a.shop_id = r.shop_id and a.received_at = r.received_at and a.id = r.id
        """,
        work.now,
        [answer.shop_id for answer in read],
        [answer.received_at for answer in read],
        [answer.id for answer in read],
        [unreadable.get(answer.id) for answer in read],
    )


async def read_again(work: Work, since: datetime, provider: str | None, after: AnswerPlace | None) -> ReadAgain:
    """Have some of what was answered since then read anew, from `after` on: READ_AGAIN_AT_ONCE at most.

    What is on the timelines already stays; details of a handover that it didn't have so far are added to it.
    """
    row = await work.connection.fetchrow(
        """
        with found as (
            select shop_id, received_at, id from provider_answers
            where received_at >= $1 and ($2::text is null or provider = $2)
              and ($3 or shop_id = any ($4::uuid[])) and (received_at, id) > ($5, $6)
            order by received_at, id limit $7
        ), again as (
            update provider_answers a set read_at = null, unreadable = null, again = true
            from found f where a.shop_id = f.shop_id and a.received_at = f.received_at and a.id = f.id
              and a.read_at is not null
            returning 1
        )
        select (select count(*) from again) as answers, received_at, id
        from found order by received_at desc, id desc limit 1
        """,
        since,
        provider,
        work.scope.everywhere,
        list(work.scope.shops),
        after.received_at if after else since,
        after.id if after else UUID(int=0),
        READ_AGAIN_AT_ONCE,
    )
    if row is None:
        return ReadAgain(0, None)
    return ReadAgain(row["answers"], AnswerPlace(row["received_at"], row["id"]))
