"""What callers send about connections."""

from typing import Annotated

import msgspec
from msgspec import Meta

from karla.infra.paging import Paged
from karla.integrations.contract import Kind

Name = Annotated[str, Meta(min_length=1, max_length=100, description="What the shop calls the account.")]
FieldName = Annotated[str, Meta(max_length=100)]
FieldValue = Annotated[str, Meta(max_length=10_000)]


class ConnectionSearch(Paged, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which connections."""

    kind: Annotated[Kind, Meta(description="Of this kind alone.")] | None = None


class ConnectionUpsert(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An account with the third party; without a `name` it keeps the one that it has, at first the integration's."""

    credentials: Annotated[
        dict[FieldName, FieldValue | None],
        Meta(
            max_length=100,
            description="By the names of the integration's fields. Null or empty is left out. Of a connection that is "
            "there sensitive fields may be left out and stay as they are, unless a field changes that says more than "
            "how fast the account may be used: then they are asked for anew.",
        ),
    ]
    name: Name | None = None

    def __repr__(self) -> str:
        return f"ConnectionUpsert(name={self.name!r})"


class ConnectionUpdate(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to change; what is absent or null stays."""

    paused: Annotated[bool, Meta(description="A paused connection is kept and not used.")] | None = None
    name: Name | None = None
