"""How an order token is written and read."""

from uuid import UUID

from karla.domain.shoppers.records import OrderToken
from karla.domain.shoppers.rules.signatures import Form, SigningKeys

FORM = Form("kt1_", 16)
"""`kt` for what it is and 1 for its version; it holds the 128 random bits that are the token's id."""


def token_text(keys: SigningKeys, token: OrderToken) -> str:
    """The token as it is sent: always the same; LookupError when its key is gone."""
    return FORM.written(keys, token.key_name, token.shop_id, token.id.bytes)


def token_id(keys: SigningKeys, shop_id: UUID, text: str) -> UUID | None:
    """The id in a token of this shop; None of a text that is none, or whose key is gone."""
    content = FORM.read(keys, shop_id, text)
    return None if content is None else UUID(bytes=content)
