"""Whose data may be seen and changed, and by which role."""

from enum import StrEnum
from uuid import UUID

import msgspec


class Role(StrEnum):
    """What a key may do in a shop; each role may all that the ones before it may."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"

    def covers(self, needed: "Role") -> bool:
        """Whether this role is enough where `needed` is asked for."""
        return _ORDER.index(self) >= _ORDER.index(needed)


_ORDER = (Role.VIEWER, Role.EDITOR, Role.ADMIN)


class Scope(msgspec.Struct, frozen=True):
    """The shops whose rows a query may see or a command may change.

    Made by `karla.infra.access` alone; every query demands one, so that no row is read by habit.
    """

    shops: frozenset[UUID]
    everywhere: bool = False

    @property
    def shop(self) -> UUID:
        """The one shop of a request that concerns one shop; ValueError for a wider scope."""
        (only,) = self.shops
        return only
