"""The audit trail: who changed what in a shop or an organisation, when and from where."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Meta

from karla.domain.audit import queries
from karla.domain.audit.records import AuditEntry, AuditFilter, AuditPage
from karla.entrypoints.api.access import Access, organisation_role, shop_role
from karla.entrypoints.api.bodies import from_query
from karla.entrypoints.api.services import Services
from karla.entrypoints.api.times import Timestamp, stamp
from karla.infra.paging import Cursor, PerPage
from karla.vocabulary.scope import Role

TAGS = ["Audit trail"]


class AuditSearch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which changes; all that are given must hold."""

    action: (
        Annotated[
            str, Meta(max_length=100, description="An action such as `key.created`, or `key` for all of its kind.")
        ]
        | None
    ) = None
    actor: (
        Annotated[str, Meta(max_length=200, description="The user name or UUID of the API key that asked.")] | None
    ) = None
    object: Annotated[str, Meta(max_length=320, description="The id of what was changed.")] | None = None
    since: Annotated[datetime, Meta(description="Changed at this time or later.")] | None = None
    until: Annotated[datetime, Meta(description="Changed before this time.")] | None = None
    cursor: Annotated[str, Meta(max_length=500, description="`Karla-Next-Cursor` of the page before.")] | None = None
    per_page: PerPage = 30

    def asked(self) -> AuditFilter:
        """The domain's words for it."""
        return AuditFilter(
            action=self.action,
            actor=self.actor,
            object_id=self.object,
            since=self.since,
            until=self.until,
            after=Cursor.read(self.cursor) if self.cursor else None,
            limit=self.per_page,
        )


class AuditObject(msgspec.Struct, kw_only=True):
    """What was changed."""

    kind: str
    id: str


class AuditActor(msgspec.Struct, kw_only=True):
    """Who asked for it: a `key`, a `shopper`, the `operator` at the command line, or the `system` by itself."""

    kind: str
    name: str
    key_uuid: UUID | None


class AuditDetail(msgspec.Struct, kw_only=True):
    """One change. `before` and `after` have the members that differ, secrets as `***`.

    What was created has no `before`, what was deleted no `after`. Without a `shop_slug` it concerns the
    organisation, or several of its shops.
    """

    uuid: UUID
    changed_at: Timestamp
    action: str
    object: AuditObject
    actor: AuditActor
    shop_slug: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    ip_address: str | None
    user_agent: str | None
    request_id: str | None


def _detail(entry: AuditEntry) -> AuditDetail:
    origin = entry.origin
    return AuditDetail(
        uuid=entry.id,
        changed_at=stamp(entry.changed_at),
        action=entry.action,
        object=AuditObject(kind=entry.action.partition(".")[0], id=entry.object_id),
        actor=AuditActor(kind=origin.kind, name=origin.name, key_uuid=origin.key_id),
        shop_slug=entry.shop_slug,
        before=entry.before,
        after=entry.after,
        ip_address=origin.ip_address,
        user_agent=origin.user_agent,
        request_id=origin.request_id,
    )


_PAGE = {200: ResponseSpec(list[AuditDetail], description="A page of changes, the newest first")}


@get(
    "/v1/shops/{slug:str}/audit",
    opt=shop_role(Role.ADMIN),
    dependencies={"filters": from_query(AuditSearch)},
    operation_id="v1ShopsAuditSearch",
    summary="Search a shop's audit trail",
    tags=TAGS,
    responses=_PAGE,
)
async def search_shop_audit(
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    filters: NamedDependency[AuditSearch],
    request: Request[Any, Any, Any],
) -> Response[list[AuditDetail]]:
    """Administrative changes of the shop, the newest first: the shop itself, its settings, images, webhooks and keys.

    When there are more, the header `Karla-Next-Cursor` holds the cursor of the next page and `Link` its address.
    """
    async with services.db.read(access.scope) as connection:
        page = await queries.shop_entries(access.scope, connection, filters.asked())
    return _answer(page, request, services)


@get(
    "/v1/orgs/{slug:str}/audit",
    opt=organisation_role(Role.ADMIN),
    dependencies={"filters": from_query(AuditSearch)},
    operation_id="v1OrgAuditSearch",
    summary="Search an organisation's audit trail",
    tags=TAGS,
    responses=_PAGE,
)
async def search_organisation_audit(
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    filters: NamedDependency[AuditSearch],
    request: Request[Any, Any, Any],
) -> Response[list[AuditDetail]]:
    """Administrative changes in the organisation and all of its shops, the newest first; also of shops that are gone.

    A key of single shops sees those of the shops that it administers. When there are more, the header
    `Karla-Next-Cursor` holds the cursor of the next page and `Link` its address.
    """
    reach = access.principal.reach
    async with services.db.read(access.scope) as connection:
        page = await queries.organisation_entries(
            access.scope, connection, reach.organisation_id, filters.asked(), reach.shops
        )
    return _answer(page, request, services)


def _answer(page: AuditPage, request: Request[Any, Any, Any], services: Services) -> Response[list[AuditDetail]]:
    headers: dict[str, str] = {}
    if page.more:
        last = page.entries[-1]
        cursor = str(Cursor(last.changed_at, last.id))
        query = urlencode({**request.query_params.dict(), "cursor": cursor}, doseq=True)
        address = f"{services.settings.base_url}{request.scope['path']}?{query}"
        headers = {"Karla-Next-Cursor": cursor, "Link": f'<{address}>; rel="next"'}
    return Response([_detail(entry) for entry in page.entries], headers=headers)


HANDLERS = (search_shop_audit, search_organisation_audit)
