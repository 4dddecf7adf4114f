"""The people of an organisation."""

from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.di import NamedDependency
from msgspec import Meta

from karla.domain.tenants import queries
from karla.domain.tenants.records import Member, MemberFilter
from karla.entrypoints.api.access import Access, organisation_role
from karla.entrypoints.api.bodies import from_query
from karla.entrypoints.api.services import Services
from karla.vocabulary.scope import Role


class MemberSearch(MemberFilter, frozen=True, kw_only=True):
    """Which members are looked for."""

    email_id: Annotated[str, Meta(max_length=320, description="The address, in capitals or small letters.")] | None = (
        None
    )


class MemberDetail(msgspec.Struct, kw_only=True):
    """A person of an organisation, and the slugs of the shops they work for."""

    email_id: str
    feature_community: str
    feature_toggles: dict[str, Any]
    org: str
    shops: list[str]


def _detail(member: Member) -> MemberDetail:
    return MemberDetail(
        email_id=member.email_id,
        feature_community=member.feature_community,
        feature_toggles=member.feature_toggles,
        org=member.organisation,
        shops=list(member.shops),
    )


@get(
    "/v1/orgs/{slug:str}/members",
    opt=organisation_role(Role.ADMIN),
    dependencies={"filters": from_query(MemberSearch)},
    operation_id="v1OrgMembersSearch",
    summary="Search members",
    tags=["Organisations"],
)
async def search_members(
    access: NamedDependency[Access], services: NamedDependency[Services], filters: NamedDependency[MemberSearch]
) -> list[MemberDetail]:
    """The people of the organisation, newest first; a key of single shops sees those of its shops."""
    async with services.db.read(access.scope) as connection:
        members = await queries.search_members(access.scope, connection, access.principal.reach, filters)
    return [_detail(member) for member in members]


HANDLERS = (search_members,)
