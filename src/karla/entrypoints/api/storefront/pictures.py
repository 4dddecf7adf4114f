"""Pictures on pages, those of the shop too: made by Karla, so that no page asks anybody else for them."""

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from karla.domain.branding import queries
from karla.domain.shoppers.queries import holder_of
from karla.domain.tenants.records import ShopRef
from karla.entrypoints.api.access import PUBLIC
from karla.entrypoints.api.services import Services
from karla.infra.access import NOWHERE, scope_of
from karla.infra.assets import has_already
from karla.infra.errors import NotFound, Unavailable
from karla.infra.pictures import FetchFailed, Kind, Named, PictureMissing, drawings, fetched
from karla.infra.pictures.keeping import MEDIA_TYPE, PAUSE, media_type_of
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
    "photo": "private, max-age=3600",
    "logo": "public, max-age=31536000, immutable",
    "background": "public, max-age=31536000, immutable",
}
_MISSING = {"Cache-Control": f"public, max-age={int(PAUSE.total_seconds())}", "Vary": "Accept"}
_UNKEPT = {"Cache-Control": "no-store", "Vary": "Accept"}

# A parcel, as the page shows for a product without a picture. Nothing is behind it, and its grey suits light and dark.
_DRAWN = b"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" width="96" height="96">\
<g fill="none" stroke="#808080" stroke-opacity=".6" stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round">\
<path d="m48 30 18 9v19l-18 9-18-9V39zM30 39l18 9 18-9M48 48v19M39 34.5l18 9"/></g></svg>"""


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

    The shop's logo fits into 480, its background into 1920; a logo may also be a drawing (SVG) of 256 KiB at most.
    What was fetched once is kept: a new logo needs a new address. A photo's address is good as long as the order token
    that it was shown to.

    404 `picture_not_found` where the address is none of Karla's, or there is no image at the place that the shop or
    the carrier gave; then it is looked for again after five minutes. Browsers, which ask for an image by `Accept`, get
    a drawn parcel as the body of that 404 instead of an error, as they would show a broken picture.
    """
    shop = await services.keyring.shop(slug)
    try:
        named = services.picture_signer.read(shop.slug, signature, name)
    except Unreadable as error:
        raise _not_found() from error
    try:
        await _demand_token(services, shop, named)
    except Unavailable:
        if _is_for_a_page(request):
            return _drawn(503, _UNKEPT)
        raise
    kind, source = named.kind, named.source
    headers = {**_HEADERS, "Cache-Control": _CACHE_CONTROL[kind], "ETag": f'"{signature}"'}
    if has_already(request.headers, headers["ETag"]):
        return Response(b"", status_code=304, headers=headers, media_type=MEDIA_TYPE)
    try:
        content = await services.pictures.picture(shop.id, kind, source, lambda: _source(services, source))
    except PictureMissing as error:
        # A logo that is missing is read as the shop's name.
        if kind in ("product", "photo") and _is_for_a_page(request):
            return _drawn(404, _MISSING)
        raise _not_found(_MISSING) from error
    media_type = media_type_of(content)
    if media_type == drawings.MEDIA_TYPE:
        headers["Content-Security-Policy"] = drawings.POLICY
    return Response(content, headers=headers, media_type=media_type)


async def _demand_token(services: Services, shop: ShopRef, named: Named) -> None:
    """NotFound for a photo whose order token is revoked or over, or whose order has gone."""
    if named.token_id is None:
        return
    scope = scope_of([shop.id])
    async with services.db.read(scope) as connection:
        if await holder_of(scope, connection, named.token_id, services.clock.now()) is None:
            raise _not_found(_UNKEPT)


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


def _drawn(status: int, headers: dict[str, str]) -> Response[bytes]:
    return Response(_DRAWN, status_code=status, headers={**_HEADERS, **headers}, media_type="image/svg+xml")


def _is_for_a_page(request: Request[Any, Any, Any]) -> bool:
    return "image/" in request.headers.get("accept", "")


def _not_found(headers: dict[str, str] | None = None) -> NotFound:
    return NotFound("picture_not_found", "There is no such picture.", headers=headers)


HANDLERS = (read_picture,)
