"""What an entry of the trail tells of a change, and what it keeps to itself."""

from typing import Any, TypeAlias

import msgspec

Members: TypeAlias = dict[str, Any]

MASK = "***"
SECRETS = frozenset({"secret", "previous_secret", "client_secret", "key", "api_key", "password", "token"})
"""Members that are told of by their names alone."""


def told(before: object | None, after: object | None) -> tuple[Members | None, Members | None]:
    """Of two states of an object those members that differ; the whole of one that has no other. Secrets are masked."""
    old, new = _members(before), _members(after)
    if old is not None and new is not None:
        differing = [name for name in old | new if old.get(name) != new.get(name)]
        old = {name: old.get(name) for name in differing}
        new = {name: new.get(name) for name in differing}
    return _masked(old), _masked(new)


def _members(state: object | None) -> Members | None:
    return None if state is None else msgspec.convert(msgspec.to_builtins(state), Members)


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: MASK if name in SECRETS and inner is not None else _masked(inner) for name, inner in value.items()
        }
    return [_masked(inner) for inner in value] if isinstance(value, list) else value
