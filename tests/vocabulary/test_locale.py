"""Which language an Accept-Language header asks for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karla.vocabulary.locale import FALLBACK, best_language, wire_code

ALL = frozenset({"en", "de", "fr", "es", "it", "nl", "da", "pl"})


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("de", "de"),
        ("DE-at", "de"),
        ("de-Latn-DE-1996", "de"),
        ("dk", "da"),
        ("da-DK, en;q=0.8", "da"),
        ("fr;q=0.5, de;q=0.9, en;q=0.7", "de"),
        ("fr;q=0.5, de;q=0.5", "fr"),
        ("de;q=0.5, fr", "fr"),
        ("pt-BR, pt;q=0.9, es;q=0.1", "es"),
        ("pt", "en"),
        ("*", "en"),
        ("*, de;q=0.5", "de"),
        ("de;q=0, fr;q=0.001", "fr"),
        ("de;q=0", "en"),
        ("de ; q=0.4 , fr ;q = 0.6", "fr"),
        ("de;Q=0.4,fr;Q=0.6", "fr"),
        ("de;q=nan, fr;q=0.1", "fr"),
        ("de;q=inf, fr;q=0.1", "fr"),
        ("de;q=9, fr;q=1.0", "fr"),
        ("de;q=-1, fr;q=0.1", "fr"),
        ("de;q=, fr;q=0.1", "fr"),
        ("de;level=1, fr;q=0.1", "fr"),
        (",,;;=,de,", "de"),
        ("de_DE", "en"),
        ("deutsch", "en"),
    ],
)
def test_the_best_language(header: str | None, language: str) -> None:
    assert best_language(header, ALL) == language


def test_what_there_is_not_is_not_chosen() -> None:
    assert best_language("de, fr;q=0.9", frozenset({"en", "fr"})) == "fr"
    assert best_language("de", frozenset({"en"})) == "en"


@settings(derandomize=True, database=None)
@given(st.text(max_size=60))
def test_any_header_has_an_answer(header: str) -> None:
    assert best_language(header, ALL) in ALL | {FALLBACK}


def test_danish_is_dk_on_the_wire() -> None:
    assert {wire_code(language) for language in ALL} == {"en", "de", "fr", "es", "it", "nl", "dk", "pl"}
