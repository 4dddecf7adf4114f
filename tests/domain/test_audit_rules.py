"""What the trail tells of a change."""

import msgspec
import pytest

from karla.domain.audit.rules import Members, told


class Thing(msgspec.Struct):
    """An object with a secret in it."""

    name: str
    secret: str | None = None
    inner: dict[str, object] = {}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, Thing("a", "s"), (None, {"name": "a", "secret": "***", "inner": {}})),
        (Thing("a"), None, ({"name": "a", "secret": None, "inner": {}}, None)),
        (Thing("a", "s"), Thing("b", "s"), ({"name": "a"}, {"name": "b"})),
        (Thing("a", "s"), Thing("a", "t"), ({"secret": "***"}, {"secret": "***"})),
        (Thing("a"), Thing("a", "t"), ({"secret": None}, {"secret": "***"})),
        (Thing("a"), Thing("a"), ({}, {})),
        ({"a": 1}, {"b": 2}, ({"a": 1, "b": None}, {"a": None, "b": 2})),
        (
            None,
            {"inner": [{"api_key": "x", "keys": 1}], "client_secret": "y"},
            (None, {"inner": [{"api_key": "***", "keys": 1}], "client_secret": "***"}),
        ),
    ],
)
def test_only_what_differs_is_told_and_no_secret(
    before: object, after: object, expected: tuple[Members | None, Members | None]
) -> None:
    assert told(before, after) == expected
