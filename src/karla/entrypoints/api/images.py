"""Images: a shop's uploads, and the public addresses that they are seen under."""

import contextlib
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, PathParameter

from karla.domain.branding import commands, queries
from karla.domain.branding.records import Image, ImageType
from karla.domain.branding.rules.images import object_key
from karla.entrypoints.api.access import PUBLIC, Access, shop_role
from karla.entrypoints.api.services import Services
from karla.entrypoints.api.uploads import BODY_BYTES, ImageUpload, image_of
from karla.infra import images
from karla.infra.access import NOWHERE
from karla.infra.assets import has_already
from karla.infra.errors import Fault, Invalid, NotFound
from karla.infra.ids import new_id, new_secret
from karla.infra.storage import ObjectMissing, StoreUnavailable
from karla.vocabulary.scope import Role

TAGS = ["Images"]

# The content of an address never changes; a browser that opens one as a page may run nothing of it.
_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Disposition": "inline",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}


class ImageUploaded(msgspec.Struct, kw_only=True):
    """Where the image is to be seen, by everyone who knows the address."""

    url: str
    image_type: ImageType
    shop_slug: str


@post(
    "/v1/shops/{slug:str}/images/{image_type:str}",
    operation_id="v1ShopsImagesUpload",
    operation_class=ImageUpload,
    summary="Upload an image",
    tags=TAGS,
    opt=shop_role(Role.EDITOR),
    request_max_body_size=BODY_BYTES,
)
async def upload_image(
    image_type: Annotated[str, PathParameter(schema_extra={"enum": [*ImageType]})],
    request: Request[Any, Any, Any],
    access: NamedDependency[Access],
    services: NamedDependency[Services],
) -> ImageUploaded:
    """Stores a PNG, JPEG, WebP or GIF of at most 10 MB and 40 million pixels, turned upright and without metadata.

    Answers the address to use, such as in `logo_url` of the shop: the upload alone changes nothing there.
    """
    kind = _kind(image_type)
    content = await image_of(request)
    try:
        clean = await images.cleaned(content)
    except images.ImageInvalid as error:
        fault = Fault(("body", "image"), str(error), "image_invalid")
        raise Invalid("image_invalid", "The image is not valid.", [fault]) from error
    name = f"{new_secret('')}.{clean.extension}"
    await _store(access, services, kind, name, clean)
    url = f"{services.settings.base_url}/images/{name}"
    return ImageUploaded(url=url, image_type=kind, shop_slug=access.shop.slug)


async def _store(access: Access, services: Services, kind: ImageType, name: str, clean: images.CleanImage) -> None:
    key = object_key(name)
    image = Image(
        shop_id=access.shop.id,
        id=new_id(),
        image_type=kind,
        object_key=key,
        content_type=clean.content_type,
        size_bytes=len(clean.content),
        width=clean.width,
        height=clean.height,
        created_at=services.clock.now(),
    )
    await services.objects.put(key, clean.content, clean.content_type)
    try:
        await services.db.write(access.scope, lambda work: commands.add_image(work, image))
    except BaseException:
        with contextlib.suppress(StoreUnavailable):
            await services.objects.delete(key)
        raise


def _kind(image_type: str) -> ImageType:
    try:
        return ImageType(image_type)
    except ValueError as error:
        fault = Fault(("path", "image_type"), f"Must be one of: {', '.join(ImageType)}", "enum")
        raise Invalid(message="There is no such type of image.", faults=[fault]) from error


@get(
    "/images/{name:str}",
    operation_id="v1ImagesRead",
    summary="See an image",
    tags=TAGS,
    opt=PUBLIC,
    media_type="image/*",
)
async def read_image(
    name: FromPath[str], request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Response[bytes]:
    """The image of an address that an upload answered."""
    missing = NotFound("image_not_found", "There is no such image.")
    async with services.db.read(NOWHERE) as connection:
        image = await queries.image_named(NOWHERE, connection, name)
    if image is None:
        raise missing
    headers = {**_HEADERS, "ETag": f'"{image.id.hex}"'}
    if has_already(request.headers, headers["ETag"]):
        return Response(b"", status_code=304, headers=headers, media_type=image.content_type)
    try:
        content = await services.objects.get(image.object_key)
    except ObjectMissing as error:
        raise missing from error
    return Response(content, headers=headers, media_type=image.content_type)


HANDLERS = (upload_image, read_image)
