"""The settings of tracking pages."""

from litestar import get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from karla.domain.branding import commands, queries
from karla.domain.branding.rules.forms import versioned_of
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
from karla.vocabulary.scope import Role


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
    wrong in one is a fault; other members are kept as they are. A `domain` that another shop has is a conflict.
    """
    trackpages = data.data or {}
    demand_good_pages(trackpages, ("body", "data"), services)
    settings = await services.db.write(access.scope, lambda work: commands.replace_trackpages(work, trackpages))
    return versioned_settings(settings)


HANDLERS = (get_trackpages, update_trackpages)
