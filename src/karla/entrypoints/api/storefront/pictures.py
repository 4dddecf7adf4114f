"""Pictures of products and of parcels at doors: small, made by Karla, so that no page asks anybody else for them."""

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from karla.domain.branding import queries
from karla.entrypoints.api.access import PUBLIC
from karla.entrypoints.api.services import Services
from karla.infra.access import NOWHERE
from karla.infra.errors import NotFound
from karla.infra.pictures import FetchFailed, Kind, PictureMissing, fetched
from karla.infra.pictures.keeping import MEDIA_TYPE, PAUSE
from karla.infra.sealing import Unreadable
from karla.infra.storage import ObjectMissing

TAGS = ["Storefront"]

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}
_CACHE_CONTROL: dict[Kind, str] = {
    "product": "public, max-age=31536000, immutable",
    "photo": "private, max-age=31536000, immutable",
}
_MISSING = {"Cache-Control": f"public, max-age={int(PAUSE.total_seconds())}"}


@get(
    "/v1/shops/{slug:str}/storefront/pictures/{signature:str}/{name:str}",
    operation_id="v1StorefrontPicturesGet",
    summary="See a small picture",
    tags=TAGS,
    opt=PUBLIC,
    media_type=MEDIA_TYPE,
)
async def read_picture(
    slug: FromPath[str],
    signature: FromPath[str],
    name: FromPath[str],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
) -> Response[bytes]:
    """The picture of an address that another answer told: a product's fits into 192 pixels square, a photo into 960.

    404 `picture_not_found` where the address is none of Karla's, or there is no image at the place that the shop or
    the carrier gave; then it is looked for again after five minutes.
    """
    shop = await services.keyring.shop(slug)
    try:
        kind, source = services.picture_signer.read(shop.slug, signature, name)
    except Unreadable as error:
        raise _not_found() from error
    headers = {**_HEADERS, "Cache-Control": _CACHE_CONTROL[kind], "ETag": f'"{signature}"'}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers, media_type=MEDIA_TYPE)
    try:
        content = await services.pictures.picture(shop.id, kind, source, lambda: _source(services, source))
    except PictureMissing as error:
        raise _not_found(_MISSING) from error
    return Response(content, headers=headers, media_type=MEDIA_TYPE)


async def _source(services: Services, source: str) -> bytes:
    """What is at an address; an upload of Karla's own is read where it lies."""
    uploads = f"{services.settings.base_url}/images/"
    if not source.startswith(uploads):
        return await fetched(services.egress, source, plain_http=services.settings.allow_private_targets)
    async with services.db.read(NOWHERE) as connection:
        image = await queries.image_named(NOWHERE, connection, source.removeprefix(uploads))
    if image is None:
        raise FetchFailed("no such upload")
    try:
        return await services.objects.get(image.object_key)
    except ObjectMissing as error:
        raise FetchFailed("no such upload") from error


def _not_found(headers: dict[str, str] | None = None) -> NotFound:
    return NotFound("picture_not_found", "There is no such picture.", headers=headers)


HANDLERS = (read_picture,)
"""Those that a resource list takes."""
