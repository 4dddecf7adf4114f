"""Holds and wakes the lane of one webhook, for commands about that webhook."""

from karla.domain.subscribers.records.webhooks import Webhook
from karla.infra import bell
from karla.infra.work import Work


async def hold_lane(work: Work, webhook: Webhook) -> None:
    """Keep the belt from the webhook's deliveries until the transaction ends.

    To be called before pending deliveries are changed or deleted, and after the webhook is locked: the belt locks
    webhooks before lanes before deliveries, and who takes them in another order may wait for it in a circle.
    """
    await work.connection.execute(
        "select from webhook_lanes where shop_id = $1 and webhook_id = $2 for update", webhook.shop_id, webhook.id
    )


async def wake(work: Work, webhook: Webhook) -> None:
    """There is something due to the webhook: tell the belt, which leaves a paused one alone until its time."""
    await work.connection.execute(
        """
        update webhook_lanes set next_due_at = least(next_due_at, greatest($3, coalesce(paused_until, $3)))
        where shop_id = $1 and webhook_id = $2
        """,
        webhook.shop_id,
        webhook.id,
        work.now,
    )
    await bell.ring(work.connection, bell.WORK)
