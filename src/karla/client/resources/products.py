"""Products and images."""

from collections.abc import Iterable, Iterator
from typing import Literal, Unpack

from karla.client.administration import UploadedImage
from karla.client.answers import Variant
from karla.client.bodies import VariantItem, VariantMembers
from karla.client.calls import Given
from karla.client.filters import ProductFilters
from karla.client.operations import Resource, S, gathering, listing, operation
from karla.client.paging import chunks

BULK_VARIANTS = 1000

ImageType = Literal["background", "claim", "logo", "signature", "product", "voucher"]


class Products(Resource[S]):
    """The merchant's catalogue by variant; a product without variants has one under its own id."""

    @gathering("v1ProductsUpsertBulk", "POST /v1/shops/{slug}/products", Variant)
    def upsert(self, variants: Iterable[VariantItem]) -> Iterator[Given]:
        """Create or replace any number of variants, 1,000 a call, and each call whole or not at all."""
        for chunk in chunks(variants, BULK_VARIANTS):
            yield Given(body=chunk)

    @listing("v1ProductsSearch", "GET /v1/shops/{slug}/products", Variant)
    def search(self, **filters: Unpack[ProductFilters]) -> Given:
        """Variants, the newest first."""
        return Given(query=filters)

    @operation("v1ProductsGet", "GET /v1/shops/{slug}/products/{product_id}", list[Variant])
    def get(self, product_id: str) -> Given:
        """All variants of a product, by their ids."""
        return Given(path={"product_id": product_id})

    @operation("v1ProductsDelete", "DELETE /v1/shops/{slug}/products/{product_id}", type(None))
    def delete(self, product_id: str) -> Given:
        """Delete a product with all its variants."""
        return Given(path={"product_id": product_id})

    @operation("v1ProductsVariantsGet", "GET /v1/shops/{slug}/products/{product_id}/variants/{variant_id}", Variant)
    def get_variant(self, product_id: str, variant_id: str) -> Given:
        """One variant."""
        return Given(path={"product_id": product_id, "variant_id": variant_id})

    @operation("v1ProductsVariantsUpsert", "PUT /v1/shops/{slug}/products/{product_id}/variants/{variant_id}", Variant)
    def upsert_variant(self, product_id: str, variant_id: str, **variant: Unpack[VariantMembers]) -> Given:
        """Create or replace one variant."""
        return Given(path={"product_id": product_id, "variant_id": variant_id}, body=variant)


class Images(Resource[S]):
    """Uploaded images."""

    @operation("v1ShopsImagesUpload", "POST /v1/shops/{slug}/images/{image_type}", UploadedImage)
    def upload(self, image_type: ImageType, content: bytes, *, idempotency_key: str | None = None) -> Given:
        """Store a PNG, JPEG, WebP or GIF of at most 10 MB; answers the address to use."""
        form = {"image": ("image", content, "application/octet-stream")}
        return Given(path={"image_type": image_type}, files=form, idempotency_key=idempotency_key)

    @operation("v1ImagesRead", "GET /images/{name}", bytes)
    def read(self, name: str) -> Given:
        """The bytes of an image by the last part of its address."""
        return Given(path={"name": name})
