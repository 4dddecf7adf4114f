"""Writes to the trail of administrative changes: entries are added, and never changed."""

from uuid import UUID

from karla.domain.audit.records import Action
from karla.domain.audit.rules import told
from karla.infra.errors import NotFound
from karla.infra.ids import new_id
from karla.infra.work import Work


async def record(
    work: Work,
    action: Action,
    object_id: object,
    *,
    before: object | None = None,
    after: object | None = None,
    organisation_id: UUID | None = None,
    shop_id: UUID | None = None,
) -> None:
    """Enter a change in the trail, within its transaction; who asked for it is known from the work.

    `before` and `after` are records or dicts of the object. A change of the scope's one shop names nothing else;
    one of an organisation names it, and the shop if it concerns exactly one. A shop is recorded before it goes.
    """
    if organisation_id is None:
        shop_id = work.scope.shop
    old, new = told(before, after)
    origin = work.origin
    entered = await work.connection.fetchval(
        """
        insert into audit_entries (organisation_id, id, changed_at, shop_id, shop_slug, action, object_id,
                                   actor_kind, actor_id, actor_name, before, after, ip_address, user_agent, request_id)
        select coalesce(s.organisation_id, $1), $2, $3, s.id, s.slug, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14
        from (select $4::uuid as shop_id) wanted left join shops s on s.id = wanted.shop_id
        where coalesce(s.organisation_id, $1::uuid) is not null
        returning true
        """,
        organisation_id,
        new_id(),
        work.now,
        shop_id,
        action,
        str(object_id),
        origin.kind,
        origin.key_id,
        origin.name,
        old,
        new,
        origin.ip_address,
        origin.user_agent,
        origin.request_id,
    )
    if not entered:
        raise NotFound("shop_not_found", "The requested shop does not exist.")
