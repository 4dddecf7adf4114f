"""What is sealed opens with the same key about the same thing, and otherwise not at all."""

import pytest

from karla.infra.sealing import Seals, Unreadable, derived_key, opened, sealed

KEY = derived_key("karla_" + "s" * 43, "a purpose")


@pytest.mark.parametrize("content", [b"", b"x", bytes(1_000_000)])
def test_it_opens_as_it_was(content: bytes) -> None:
    closed = sealed(KEY, content, b"about")
    assert opened(KEY, closed, b"about") == content
    assert sealed(KEY, content, b"about") != closed


def test_nothing_else_opens_it() -> None:
    closed = sealed(KEY, b"content", b"about")
    changed = closed[:-1] + bytes([closed[-1] ^ 1])
    other = derived_key("karla_" + "s" * 43, "another purpose")
    for key, text, about in (
        (other, closed, b"about"),
        (KEY, closed, b"else"),
        (KEY, changed, b"about"),
        (KEY, b"", b""),
    ):
        with pytest.raises(Unreadable):
            opened(key, text, about)


def test_the_newest_key_seals_and_each_opens() -> None:
    old, new, other = "o" * 40, "n" * 40, "x" * 40
    closed = Seals([old], "a purpose").seal(b"content", b"about")
    both = Seals([new, old], "a purpose")
    assert both.open(closed, b"about") == b"content"
    assert not both.is_newest(closed)
    again = both.seal(b"content", b"about")
    assert both.is_newest(again)
    assert Seals([new], "a purpose").open(again, b"about") == b"content"
    for seals, text, about in (
        (Seals([new], "a purpose"), closed, b"about"),
        (Seals([other], "a purpose"), closed, b"about"),
        (Seals([old], "another purpose"), closed, b"about"),
        (both, closed, b"else"),
        (both, closed[:-1], b"about"),
        (both, b"", b""),
    ):
        with pytest.raises(Unreadable):
            seals.open(text, about)
