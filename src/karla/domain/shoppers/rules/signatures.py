"""Short texts that only Karla can have written: which key signed them, what they hold, for which shop they count."""

import base64
import hmac
import re
from collections.abc import Sequence
from hashlib import sha256
from uuid import UUID

import msgspec

from karla.infra.sealing import derived_key

_NAME_BYTES = 4
_MAC_BYTES = 20
_SPELLED = re.compile("[a-z2-7]+")
_DIGITS = str.maketrans("abcdefghijklmnopqrstuvwxyz234567", "0123456789abcdefghijklmnopqrstuv")


class SigningKeys:
    """The keys of one purpose: the newest signs, and each of them verifies."""

    def __init__(self, secrets: Sequence[str], purpose: str) -> None:
        """`secrets`, the newest first, as for `derived_key`."""
        keys = [derived_key(secret, purpose) for secret in secrets]
        self._keys = {name_of(key): key for key in reversed(keys)}
        self.newest = name_of(keys[0])

    @property
    def names(self) -> list[str]:
        """The names of all keys that still verify."""
        return list(self._keys)

    def key(self, name: str) -> bytes | None:
        """The key of this name, if it is still one of these."""
        return self._keys.get(name)


class Form(msgspec.Struct, frozen=True):
    """How one kind of text looks: what it begins with, and how many bytes it holds.

    A text is the prefix and, in base32 of small letters, the name of the key, the content and their MAC of 160 bits;
    the whole is a multiple of five bytes. So each content has one spelling, which survives mails and chats: no
    character at its end is taken for the end of a sentence.
    """

    prefix: str
    content_bytes: int

    @property
    def length(self) -> int:
        """Of the text."""
        return len(self.prefix) + (_NAME_BYTES + self.content_bytes + _MAC_BYTES) * 8 // 5

    def written(self, keys: SigningKeys, key_name: str, shop_id: UUID, content: bytes) -> str:
        """The text, which is good for this shop alone; LookupError when there is no such key any more."""
        key = keys.key(key_name)
        if key is None or len(content) != self.content_bytes:
            raise LookupError(key_name)
        head = bytes.fromhex(key_name) + content
        return self.prefix + base64.b32encode(head + self._mac(key, shop_id, head)).decode().lower()

    def read(self, keys: SigningKeys, shop_id: UUID, text: str) -> bytes | None:
        """The content; None of a text that nobody wrote for this shop by one of the keys."""
        raw = self._decoded(text)
        if raw is None:
            return None
        head, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        key = keys.key(head[:_NAME_BYTES].hex())
        if key is None or not hmac.compare_digest(mac, self._mac(key, shop_id, head)):
            return None
        return head[_NAME_BYTES:]

    def _decoded(self, text: str) -> bytes | None:
        if len(text) != self.length or not text.startswith(self.prefix):
            return None
        encoded = text.removeprefix(self.prefix)
        if not _SPELLED.fullmatch(encoded):
            return None
        # As a number it is read ten times as quickly as by base64.b32decode, and each page reads one.
        return int(encoded.translate(_DIGITS), 32).to_bytes(len(encoded) * 5 // 8, "big")

    def _mac(self, key: bytes, shop_id: UUID, head: bytes) -> bytes:
        return hmac.digest(key, self.prefix.encode() + shop_id.bytes + head, "sha256")[:_MAC_BYTES]


def name_of(key: bytes) -> str:
    """What a key is called, which tells nothing of it."""
    return sha256(key).hexdigest()[: 2 * _NAME_BYTES]
