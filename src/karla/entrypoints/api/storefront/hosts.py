"""Which shop's page a host shows, and the proof that it leads here."""

from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import FromPath

from karla.domain.branding.queries import slug_of_host
from karla.domain.branding.rules.domains import PROOF_PATH, is_challenge, proof
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
    slug, _ = await _shop_at(host, services)
    return Response(PageHost(slug=slug), headers=_HEADERS)


@get(PROOF_PATH, opt=PUBLIC, media_type=MediaType.TEXT, include_in_schema=False)
async def prove_domain(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[str]:
    """What a check of a shop's domain asks for, under the domain itself: nobody but this Karla has the answer."""
    challenge = request.query_params.get("challenge", "")
    slug, name = await _shop_at(request.headers.get("host", "").partition(":")[0], services)
    if not is_challenge(challenge):
        raise _unknown()
    shop = await services.keyring.shop(slug)
    told = proof(services.domain_keys, shop.id, name, challenge)
    return Response(f"{told}\n", headers={"Cache-Control": "no-store"}, media_type=MediaType.TEXT)


async def _shop_at(host: str, services: Services) -> tuple[str, str]:
    """The slug of the shop, and the name of its host as it is kept."""
    name = host_named(host)
    async with services.db.read(NOWHERE) as connection:
        slug = await slug_of_host(NOWHERE, connection, name) if name else None
    if slug is None or name is None:
        raise _unknown()
    return slug, name


def _unknown() -> NotFound:
    return NotFound("host_unknown", "No shop's page is shown under this host.")


HANDLERS = (get_host, prove_domain)
