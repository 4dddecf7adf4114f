"""What lets shoppers in: order tokens, sessions, and how a look-up by number and ZIP code ends."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class Level(StrEnum):
    """By what a shopper came, and so how much they may: a token opens all that number and ZIP code do, and more."""

    ZIP_CODE = "zip_code"
    TOKEN = "token"  # noqa: S105 - the name of a level

    def covers(self, needed: "Level") -> bool:
        """Whether this is enough where `needed` is asked for."""
        return self is Level.TOKEN or needed is Level.ZIP_CODE


class OrderToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token as it is stored, which is not enough to write it: that takes the key of this name."""

    shop_id: UUID
    id: UUID
    order_id: UUID
    key_name: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


class TrackpageToken(msgspec.Struct, frozen=True):
    """A token in the form that is sent, and the number of the order that it opens."""

    text: str
    order_number: str


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What a session says; `token_id` is the order token that it was opened with, if it was."""

    order_id: UUID
    token_id: UUID | None
    expires_at: datetime

    @property
    def level(self) -> Level:
        """By what the shopper came."""
        return Level.ZIP_CODE if self.token_id is None else Level.TOKEN


class Holder(msgspec.Struct, frozen=True):
    """What a valid order token opens, and until when if there is an end."""

    token_id: UUID
    order_id: UUID
    expires_at: datetime | None


class Knock(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants to be let in with an order token, from where, and the number that the order is said to have."""

    token: str
    address: str
    order_number: str | None = None


class Guess(msgspec.Struct, frozen=True, kw_only=True):
    """A number and a ZIP code, as somebody typed them, and from where."""

    order_number: str
    zip_code: str
    address: str


class Candidate(msgspec.Struct, frozen=True):
    """An order that a typed number may mean, and where it goes."""

    order_id: UUID
    zip_code: str | None
    country_code: str | None


class Refusal(msgspec.Struct, frozen=True):
    """Nothing was opened. With `retry_after`, in seconds, nobody even looked: there were too many wrong guesses."""

    retry_after: int | None = None
