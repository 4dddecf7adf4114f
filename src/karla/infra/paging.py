"""Pages: the wire contract's page numbers, and cursors for lists that grow while they are read."""

import base64
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from karla.infra.errors import Fault, Invalid, KarlaError
from karla.infra.validation import Shape

Page = Annotated[int, Meta(gt=0, le=1_000_000, description="Which page, from 1.")]
PerPage = Annotated[int, Meta(gt=0, le=100, description="How many a page holds, 1 to 100.")]


class Paged(msgspec.Struct, frozen=True, kw_only=True):
    """The two parameters of every search; a page shorter than `per_page` is the last."""

    page: Page = 1
    per_page: PerPage = 30

    @property
    def offset(self) -> int:
        """How many rows come before this page."""
        return (self.page - 1) * self.per_page


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """The place after one row in a list ordered by time and id."""

    time: datetime
    id: UUID

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """The cursor of an earlier answer; Invalid when it is none of ours."""
        try:
            return _CURSOR.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except (KarlaError, ValueError) as error:
            fault = Fault(("query", "cursor"), "Must be a cursor from an earlier answer", "cursor_invalid")
            raise Invalid("cursor_invalid", "The cursor is not valid.", [fault]) from error


_CURSOR = Shape(Cursor)
