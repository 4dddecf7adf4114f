"""The words of whole orders: complete in every language, and fit for where they stand."""

from pathlib import Path

import pytest

from karla.vocabulary import orders
from karla.vocabulary.events import LANGUAGES
from karla.vocabulary.orders import ORDER_STATES, order_texts, read_order_texts

FOLDER = Path(orders.__file__).parent / "order_texts"


def test_every_language_of_events_has_them() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == LANGUAGES


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_language_has_every_state_in_order_and_in_its_own_words(language: str) -> None:
    told, english = (read_order_texts(FOLDER / f"{name}.csv") for name in (language, "en"))
    assert tuple(told) == ORDER_STATES
    assert {name for name in told if not told[name].subtitle} == {
        name for name in english if not english[name].subtitle
    }
    assert len({text.headline for text in told.values()}) == len(told)
    if language != "en":
        assert not [name for name in told if told[name].headline == english[name].headline]


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_texts_fit_where_they_are_shown(language: str) -> None:
    for name, text in read_order_texts(FOLDER / f"{language}.csv").items():
        parts = (text.status, text.headline, text.title, text.subtitle)
        assert len(text.status) <= 45, name
        assert len(text.headline) <= 90, name
        assert not any(part.endswith(".") for part in parts[:3]), name
        assert not text.subtitle or text.subtitle.endswith("."), name
        assert all(part == part.strip() and "!" not in part for part in parts), name


def test_texts_by_language() -> None:
    assert order_texts("waiting", "en").headline == "A parcel is waiting for you"
    assert order_texts("waiting", "de-AT") == order_texts("waiting", "de")
    assert order_texts("waiting", "dk") == order_texts("waiting", "da")
    assert order_texts("waiting", "tlh") == order_texts("waiting", "en")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("teleported,a,b,c,", "not a state"),
        ("placed,a,,c,", "a text is empty"),
        ("placed,a,b,c,", "missing"),
    ],
)
def test_a_bad_table_is_refused(tmp_path: Path, rows: str, said: str) -> None:
    bad = tmp_path / "xx.csv"
    bad.write_text(f"name,status,headline,title,subtitle\n{rows}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=said):
        read_order_texts(bad)
