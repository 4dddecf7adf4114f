"""The one place where a `Scope` is made."""

from collections.abc import Iterable
from uuid import UUID

from karla.vocabulary.scope import Scope


def scope_of(shops: Iterable[UUID]) -> Scope:
    """A scope of exactly these shops: made by doors after authorisation, by the belt for its rows."""
    return Scope(shops=frozenset(shops))


NOWHERE = scope_of(())
"""Sees no shop's rows: for questions that come before a shop is known (who is this key?)."""

EVERYWHERE = Scope(shops=frozenset(), everywhere=True)
"""Sees every shop's rows: for the belt, which works for all of them, and for the operator's commands."""
