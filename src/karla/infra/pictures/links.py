"""Addresses of pictures that Karla serves: none can be made but by Karla, and none tells where the picture is from."""

import base64
import binascii
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, TypeAlias, get_args

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from karla.infra.sealing import Unreadable, derived_key

Kind: TypeAlias = Literal["product", "photo", "logo", "background"]
"""`product`: of an order's line. `photo`: of a parcel at its door, for its receiver alone. The rest is the shop's."""

_KINDS: dict[bytes, Kind] = {kind.encode(): kind for kind in get_args(Kind)}
_SIGNATURE_BYTES = 16
_LONGEST_SOURCE = 2048


class PictureSigner:
    """Writes addresses by the newest of Karla's secret keys, and reads those of each.

    The same picture has always the same address: it is encrypted under a value that is derived from shop, kind and
    source (AES-SIV), which is the signature too.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        """`secrets`, the newest first, as for `derived_key`."""
        self._keys = [AESSIV(derived_key(secret, "addresses of pictures")) for secret in secrets]

    def written(self, shop_slug: str, kind: Kind, source: str) -> tuple[str, str]:
        """Signature and name of a shop's picture."""
        closed = self._keys[0].encrypt(source.encode(), [shop_slug.encode(), kind.encode()])
        return _text(closed[:_SIGNATURE_BYTES]), f"{kind}-{_text(closed[_SIGNATURE_BYTES:])}"

    def read(self, shop_slug: str, signature: str, name: str) -> tuple[Kind, str]:
        """Kind and source; Unreadable unless it was written for this shop by one of the keys."""
        told, _, encoded = name.partition("-")
        kind = _KINDS.get(told.encode())
        closed = _bytes(signature) + _bytes(encoded)
        if kind is not None and len(closed) > _SIGNATURE_BYTES:
            for key in self._keys:
                try:
                    return kind, key.decrypt(closed, [shop_slug.encode(), kind.encode()]).decode()
                except (InvalidTag, UnicodeDecodeError):
                    continue
        raise Unreadable


@lru_cache(maxsize=16384)
def picture_url(public_url: str, shop_slug: str, source: str, kind: Kind, signer: PictureSigner) -> str | None:
    """Where Karla serves the small picture of what is at `source`; None of what is no address on the web.

    `public_url` is Karla's own without a slash at its end. Cheap, as it is remembered.
    """
    if not source.startswith(("https://", "http://")) or len(source) > _LONGEST_SOURCE:
        return None
    try:
        signature, name = signer.written(shop_slug, kind, source)
    except UnicodeEncodeError:  # half of a character, as JSON can say it
        return None
    return f"{public_url}/v1/shops/{shop_slug}/storefront/pictures/{signature}/{name}"


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unreadable from error
