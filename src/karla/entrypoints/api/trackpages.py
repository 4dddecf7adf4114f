"""The settings of tracking pages, and how their domain stands."""

from datetime import timedelta
from typing import Annotated, Literal

import msgspec
from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta

from karla.domain.branding import commands, queries
from karla.domain.branding.records import DomainStatus, PageDomain
from karla.domain.branding.rules.domains import PROBLEMS, status_of
from karla.domain.branding.rules.forms import versioned_of
from karla.domain.branding.rules.pages import page_of
from karla.entrypoints.api.access import Access, shop_role
from karla.entrypoints.api.bodies import json_body
from karla.entrypoints.api.services import Services
from karla.entrypoints.api.settings import (
    TAGS,
    TrackpageSettingsUpdate,
    TrackpagesV1Block,
    VersionedSettings,
    demand_good_pages,
    versioned_settings,
)
from karla.entrypoints.api.storefront.tokens import page_address
from karla.entrypoints.api.times import Timestamp, stamp
from karla.pipeline.domains import DomainChecks
from karla.vocabulary.scope import Role

_PAUSE = timedelta(seconds=5)


class DomainProblem(msgspec.Struct, kw_only=True):
    """What stands against a domain: a key for programs, and a sentence."""

    key: str
    message: str


class DomainState(msgspec.Struct, kw_only=True):
    """The shop's own domain; `page_url` is where new links lead, without their query."""

    domain: str | None
    status: Annotated[
        Literal["none", "pending", "active", "lost", "unclaimed"],
        Meta(
            description="`none`: the settings name none. `pending`: was never seen to lead here, so links go to "
            "Karla's address. `active`: links lead there. `lost`: so they do, but the last check failed. `unclaimed`: "
            "another shop has it, or it was `pending` for 14 days; setting it again claims it again."
        ),
    ]
    page_url: str
    claimed_at: Timestamp | None
    proven_at: Timestamp | None
    checked_at: Timestamp | None
    problem: DomainProblem | None


@get(
    "/v1/shops/{slug:str}/settings/trackpages",
    operation_id="v1ShopsSettingsGetTrackpages",
    summary="Get tracking-page settings",
    tags=TAGS,
    opt=shop_role(Role.VIEWER),
)
async def get_trackpages(access: NamedDependency[Access], services: NamedDependency[Services]) -> TrackpagesV1Block:
    """The settings as they were sent, empty where none were ever made.

    How the page looks in the end, with what follows from them, is told by `GET …/storefront/shop`.
    """
    async with services.db.read(access.scope) as connection:
        settings = await queries.settings_of(access.scope, connection)
    return TrackpagesV1Block(data=versioned_of(settings).trackpages)


@put(
    "/v1/shops/{slug:str}/settings/trackpages",
    operation_id="v1ShopsSettingsUpdateTrackpages",
    summary="Update tracking-page settings",
    tags=TAGS,
    opt=shop_role(Role.EDITOR),
    dto=json_body(TrackpageSettingsUpdate),
)
async def update_trackpages(
    data: JSONBody[TrackpageSettingsUpdate], access: NamedDependency[Access], services: NamedDependency[Services]
) -> VersionedSettings:
    """Replaces the settings of tracking pages, and answers all settings in the versioned form.

    Known members: `theme` (`clear`, `linen`, `nocturne`, `bloom`, `slate`), `mode` (`auto`, `light`, `dark`),
    `colors` and `dark_colors` (`background`, `surface`, `text`, `accent`, `positive`, `warning`, `negative`, each as
    `#rgb` or `#rrggbb`), `font` and `heading_font` (`system`, `humanist`, `geometric`, `serif`, `slab`, `rounded`,
    `mono`), `radius` (`none`, `small`, `medium`, `large`), `density` (`compact`, `regular`, `spacious`), `logo_url`,
    `logo_dark_url`, `background_url`, `texts` (by language: `finder_title`, `finder_text`, `intro`, `footer`,
    `support`), `hidden` (`products`, `prices`, `map`, `calendar`, `carrier_text`, `faq`, `service`, `slots`, `claims`,
    `live`), `links` (`resolve_url`, `imprint_url`, `privacy_url`), `embedding` (`origins`), `domain`,
    `shopify_domain`, `actions` (`cancel`, `change_address`) and `campaign` (`source`, `medium`, `campaign`). What is
    wrong in one is a fault; other members are kept as they are. A `domain` that another shop has is a conflict; links
    lead there once it has been seen to lead to Karla, which is checked at once and then again and again.
    """
    trackpages = data.data or {}
    demand_good_pages(trackpages, ("body", "data"), services)
    settings = await services.db.write(access.scope, lambda work: commands.replace_trackpages(work, trackpages))
    return versioned_settings(settings)


@get(
    "/v1/shops/{slug:str}/settings/trackpages/domain",
    operation_id="v1ShopsSettingsGetTrackpagesDomain",
    summary="See how the tracking page's domain stands",
    tags=TAGS,
    opt=shop_role(Role.VIEWER),
)
async def get_domain(access: NamedDependency[Access], services: NamedDependency[Services]) -> DomainState:
    """Whether the `domain` of the settings leads to this Karla, as the last check found."""
    named, domain = await _domain(access, services)
    return _state(access, services, named, domain)


@post(
    "/v1/shops/{slug:str}/settings/trackpages/domain/check",
    operation_id="v1ShopsSettingsCheckTrackpagesDomain",
    summary="Check the tracking page's domain now",
    tags=TAGS,
    opt=shop_role(Role.EDITOR),
    status_code=200,
)
async def check_domain(access: NamedDependency[Access], services: NamedDependency[Services]) -> DomainState:
    """Asks the domain for what only this Karla can answer, and tells what came of it.

    A check that was made within the last five seconds stands for this one.
    """
    named, domain = await _domain(access, services)
    if domain and (domain.checked_at is None or services.clock.now() - domain.checked_at >= _PAUSE):
        domain = await DomainChecks(services.db, services.egress, services.domain_keys).check(domain)
    return _state(access, services, named, domain)


async def _domain(access: Access, services: Services) -> tuple[str | None, PageDomain | None]:
    """What the settings name, and the same as it is claimed."""
    async with services.db.read(access.scope) as connection:
        named = page_of(await queries.settings_of(access.scope, connection)).domain
        domain = await queries.page_domain(access.scope, connection)
    return named, domain


def _state(access: Access, services: Services, named: str | None, domain: PageDomain | None) -> DomainState:
    status = status_of(domain) if domain else DomainStatus.UNCLAIMED if named else DomainStatus.NONE
    problem = domain.problem if domain else None
    return DomainState(
        domain=named,
        status=status.value,
        page_url=page_address(access.shop, domain, services.settings.base_url),
        claimed_at=stamp(domain.claimed_at) if domain else None,
        proven_at=stamp(domain.proven_at) if domain else None,
        checked_at=stamp(domain.checked_at) if domain else None,
        problem=DomainProblem(key=problem, message=PROBLEMS.get(problem, problem)) if problem else None,
    )


HANDLERS = (get_trackpages, update_trackpages, get_domain, check_domain)
