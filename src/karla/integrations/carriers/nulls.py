"""JSON of providers that write null where others leave a member out."""

from typing import Any


def without_nulls(told: Any) -> Any:
    """The same without members and items that are null, so that a struct's defaults hold."""
    if isinstance(told, dict):
        return {name: without_nulls(value) for name, value in told.items() if value is not None}
    if isinstance(told, list):
        return [without_nulls(value) for value in told if value is not None]
    return told
