"""Long queues without the time that it takes to make them."""

from uuid import UUID

from karla.infra.access import EVERYWHERE
from karla.infra.db import Database
from karla.infra.work import Work


async def multiply(db: Database, webhook_id: UUID, times: int) -> None:
    """Let as many more deliveries wait as there are pending ones, `times` over; each of an event that is there."""

    async def command(work: Work) -> None:
        await work.connection.execute(
            """
            insert into deliveries (shop_id, id, webhook_id, event_id, triggered_at, position, ordering_key, status,
                                    attempts, due_at, created_at)
            select d.shop_id, gen_random_uuid(), d.webhook_id, d.event_id, d.triggered_at, d.position, d.ordering_key,
                   'pending', 0, d.due_at, d.created_at
            from deliveries d cross join generate_series(1, $2)
            where d.webhook_id = $1 and d.status = 'pending'
            """,
            webhook_id,
            times,
        )

    await db.write(EVERYWHERE, command)


async def waiting(db: Database, webhook_id: UUID) -> int:
    """How many deliveries are pending."""
    async with db.read(EVERYWHERE) as connection:
        counted: int = await connection.fetchval(
            "select count(*) from deliveries where webhook_id = $1 and status = 'pending'", webhook_id
        )
        return counted
