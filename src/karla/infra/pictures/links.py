"""Addresses of pictures that Karla serves: none can be made but by Karla, and none tells where the picture is from."""

import base64
import binascii
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, TypeAlias, get_args
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from karla.infra.sealing import Unreadable, derived_key

Kind: TypeAlias = Literal["product", "photo", "logo", "background"]
"""`product`: of an order's line. `photo`: of a parcel at its door, for its receiver alone. The rest is the shop's."""

_KINDS: dict[bytes, Kind] = {kind.encode(): kind for kind in get_args(Kind)}
_SIGNATURE_BYTES = 16
_TOKEN_BYTES = 16
_LONGEST_SOURCE = 2048


class Named(msgspec.Struct, frozen=True):
    """What an address stands for; `token_id` is the order token that a photo was shown to, and of nothing else."""

    kind: Kind
    source: str
    token_id: UUID | None = None


class PictureSigner:
    """Writes addresses by the newest of Karla's secret keys, and reads those of each.

    The same picture has always the same address: it is encrypted under a value that is derived from shop, kind and
    source (AES-SIV), which is the signature too.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        """`secrets`, the newest first, as for `derived_key`."""
        self._keys = [AESSIV(derived_key(secret, "addresses of pictures")) for secret in secrets]

    def written(self, shop_slug: str, named: Named) -> tuple[str, str]:
        """Signature and name of a shop's picture."""
        kind, content = named.kind, named.source.encode()
        if named.token_id is not None:
            content = named.token_id.bytes + content
        closed = self._keys[0].encrypt(content, [shop_slug.encode(), kind.encode()])
        return _text(closed[:_SIGNATURE_BYTES]), f"{kind}-{_text(closed[_SIGNATURE_BYTES:])}"

    def read(self, shop_slug: str, signature: str, name: str) -> Named:
        """What it stands for; Unreadable unless it was written for this shop by one of the keys."""
        told, _, encoded = name.partition("-")
        kind = _KINDS.get(told.encode())
        closed = _bytes(signature) + _bytes(encoded)
        if kind is not None and len(closed) > _SIGNATURE_BYTES:
            for key in self._keys:
                try:
                    return _named(kind, key.decrypt(closed, [shop_slug.encode(), kind.encode()]))
                except (InvalidTag, UnicodeDecodeError):
                    continue
        raise Unreadable


def _named(kind: Kind, content: bytes) -> Named:
    if kind != "photo":
        return Named(kind, content.decode())
    if len(content) <= _TOKEN_BYTES:
        raise Unreadable
    return Named(kind, content[_TOKEN_BYTES:].decode(), UUID(bytes=content[:_TOKEN_BYTES]))


@lru_cache(maxsize=16384)
def picture_url(public_url: str, shop_slug: str, named: Named, signer: PictureSigner) -> str | None:
    """Where Karla serves the small picture of what is at a source; None of what is no address on the web.

    So it is of a photo without a token. `public_url` is Karla's own without a slash at its end. Cheap, as it is
    remembered.
    """
    source = named.source
    if (named.kind == "photo") != (named.token_id is not None):
        return None
    if not source.startswith(("https://", "http://")) or len(source) > _LONGEST_SOURCE:
        return None
    try:
        signature, name = signer.written(shop_slug, named)
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
