"""Order numbers as people type them."""

import pytest

from karla.domain.shoppers.rules.numbers import counted_as, spellings


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("10001", "10001"),
        ("  10001\t", "10001"),
        ("#10001", "10001"),
        ("10001", "#10001"),
        ("# 10001", "#10001"),
        ("100 01", "10001"),
        ("100  01", "100 01"),
        ("re-2024-17", "RE-2024-17"),
        ("RE-2024-17", "re-2024-17"),
        ("order-17", "Order-17"),
        ("ORDER-17", "Order-17"),
        ("Ab-17", "Ab-17"),
        ("aB17cD", "aB17cD"),
        ("#re 17", "RE 17"),
        ("１０００１", "10001"),
        ("١٠٠٠١", "10001"),
        ("№ 5", "№ 5"),
        ("\u200b10001\ufeff", "10001"),
        ("ß-17", "ß-17"),
    ],
)
def test_what_is_typed_may_be_written_so(typed: str, stored: str) -> None:
    assert stored in spellings(typed)


@pytest.mark.parametrize(
    ("typed", "stored"), [("10001", "10002"), ("1000", "10001"), ("100%", "10001"), ("10-01", "1001")]
)
def test_another_number_is_another(typed: str, stored: str) -> None:
    assert stored not in spellings(typed)


@pytest.mark.parametrize("typed", ["", " ", "#", "##", "\0", "\ud800", "\u200b"])
def test_nothing_typed_names_nothing(typed: str) -> None:
    assert [name for name in spellings(typed) if name.strip("#")] == []


@pytest.mark.parametrize("typed", ["a\0b", "\ud800x", "x\u202e", "é" * 255, "x " * 127, "\U0001f4e6 7"])
def test_no_spelling_is_one_that_a_database_refuses(typed: str) -> None:
    names = spellings(typed)
    assert 0 < len(names) <= 17
    assert not any("\0" in name for name in names)
    assert [name.encode() for name in names]


def test_attempts_at_one_number_are_counted_together() -> None:
    assert {counted_as(typed) for typed in ("RE 17", "re17", "#RE17", "  # re 1 7 ", "ＲＥ１７")} == {"re17"}
    assert counted_as("RE18") != counted_as("RE17")
