"""Which shop's page a host shows."""

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from karla.domain.branding.queries import slug_of_host
from karla.domain.branding.rules.hosts import host_named
from karla.entrypoints.api.access import PUBLIC
from karla.entrypoints.api.services import Services
from karla.infra.access import NOWHERE
from karla.infra.errors import NotFound

TAGS = ["Storefront"]

_HEADERS = {"Cache-Control": "public, max-age=60"}


class PageHost(msgspec.Struct, kw_only=True):
    """The shop whose page it is."""

    slug: str


@get(
    "/v1/storefront/hosts/{host:str}",
    operation_id="v1StorefrontHostsGet",
    summary="Find the shop of a host name",
    tags=TAGS,
    opt=PUBLIC,
)
async def get_host(host: FromPath[str], services: NamedDependency[Services]) -> Response[PageHost]:
    """The shop that has this host as its `domain`, or as its `shopify_domain`, in the settings of its page."""
    name = host_named(host)
    async with services.db.read(NOWHERE) as connection:
        slug = await slug_of_host(NOWHERE, connection, name) if name else None
    if slug is None:
        raise NotFound("host_unknown", "No shop's page is shown under this host.")
    return Response(PageHost(slug=slug), headers=_HEADERS)


HANDLERS = (get_host,)
