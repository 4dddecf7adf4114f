"""What was told, read or to be read again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from karla.domain.tracking.records import Answer
from karla.infra.work import Work


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


async def read_again(work: Work, since: datetime, provider: str | None) -> int:
    """Have what was answered since then read anew; how many answers. What is on the timelines already stays."""
    count: int = await work.connection.fetchval(
        """
        with again as (
            update provider_answers set read_at = null, unreadable = null, again = true
            where received_at >= $1 and ($2::text is null or provider = $2) and read_at is not null
              and ($3 or shop_id = any ($4::uuid[]))
            returning 1
        )
        select count(*) from again
        """,
        since,
        provider,
        work.scope.everywhere,
        list(work.scope.shops),
    )
    return count
