"""Every word of the pages is there in every language, with its placeholders and as many plural forms as it takes."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir

from karla.entrypoints import storefront
from karla.entrypoints.storefront.languages import chosen, tongue_of
from karla.entrypoints.storefront.words.catalogues import LANGUAGES, catalogue, words
from karla.vocabulary.events import LANGUAGES as LANGUAGES_OF_THE_API
from tests.storefront.world import World

FOLDER = Path(storefront.__path__[0])
PLACEHOLDER = re.compile(r"%\(\w+\)s")
TRANSLATED = [language for language in LANGUAGES if language != "en"]


def messages() -> Iterator[str | tuple[str, str]]:
    """All that the templates and the code say."""
    methods = [("**.py", "python"), ("templates/**.html", "jinja2")]
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2)}
    for _, _, said, _, _ in extract_from_dir(FOLDER, method_map=methods, keywords=keywords):
        yield said if isinstance(said, str) else (said[0], said[1])


SAID = sorted(set(messages()), key=str)


def found(language: str, said: str | tuple[str, str]) -> Message | None:
    return catalogue(language).get(said)


def test_the_pages_speak_all_languages_of_the_api() -> None:
    assert set(LANGUAGES) == set(LANGUAGES_OF_THE_API)
    assert len(SAID) > 100


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_left_untranslated(language: str) -> None:
    missing = [said for said in SAID if (message := found(language, said)) is None or not all(forms(message))]
    assert missing == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_kept_that_nobody_says(language: str) -> None:
    known = {message.id if isinstance(message.id, str) else tuple(message.id) for message in catalogue(language)}
    assert known - {"", *SAID} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_have_the_placeholders_of_the_source(language: str) -> None:
    wrong = [
        text
        for said in SAID
        for text in forms(found(language, said))
        if placeholders(text) != placeholders(said if isinstance(said, str) else said[1])
        and not (isinstance(said, tuple) and placeholders(text) == placeholders(said[0]))
    ]
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_plurals_have_the_forms_of_the_language(language: str) -> None:
    wanted = Catalog(locale=language)
    assert catalogue(language).num_plurals == wanted.num_plurals
    # CLDR may tell more kinds than there are forms, for fractions; never fewer.
    assert len(Locale.parse(language).plural_form.rules) + 1 >= wanted.num_plurals
    counted = [said for said in SAID if isinstance(said, tuple)]
    assert counted
    assert [said for said in counted if len(forms(found(language, said))) != wanted.num_plurals] == []


def forms(message: Message | None) -> tuple[str, ...]:
    assert message is not None
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))


def placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (1, "1 wcześniejsza aktualizacja"),
        (2, "2 wcześniejsze aktualizacje"),
        (5, "5 wcześniejszych aktualizacji"),
        (12, "12 wcześniejszych aktualizacji"),
        (22, "22 wcześniejsze aktualizacje"),
    ],
)
def test_polish_counts_as_poles_do(number: int, told: str) -> None:
    assert words("pl").ngettext("%(num)s earlier update", "%(num)s earlier updates", number) == told


@pytest.mark.parametrize(
    ("asked", "accept_language", "shop", "expected"),
    [
        ("de", "fr", "it", "de"),
        ("dk", "fr", "it", "da"),
        ("de-AT", "de-CH", "it", "de-AT"),
        ("de", "en, de-CH;q=0.3", "it", "de-CH"),
        ("xx", "fr-BE,fr;q=0.8", "it", "fr-BE"),
        ("", "sv, nl;q=0.8, en;q=0.9", "it", "en"),
        ("", "da;q=0, zh-Hant-TW", "it", "it"),
        ("", "*", "pl", "pl"),
        ("", "", "dk", "da"),
        ("", "", "", "en"),
        ("EN_us", None, None, "en-US"),
    ],
)
def test_the_link_says_which_language_then_the_browser_then_the_shop(
    asked: str, accept_language: str | None, shop: str | None, expected: str
) -> None:
    assert chosen(asked, accept_language, shop).tag == expected


@pytest.mark.parametrize(
    ("tag", "country", "formats"),
    [
        ("en", None, "en_150"),
        ("en", "US", "en_US"),
        ("en", "DE", "en_DE"),
        ("en-GB", "US", "en_GB"),
        ("de", "FR", "de"),
        ("de-CH", "DE", "de_CH"),
    ],
)
def test_formats_are_of_the_readers_region_or_of_where_it_goes(tag: str, country: str | None, formats: str) -> None:
    tongue = tongue_of(tag)
    assert tongue is not None
    assert str(tongue.locale(country)) == formats


async def test_a_page_in_each_language_says_which_it_is_in(world: World) -> None:
    for language in LANGUAGES:
        page = await world.order(lang=language)
        assert f'<html lang="{language}' in page.text
        assert words(language).gettext("Opening hours") not in page.text
        assert words(language).gettext("Your order") in page.text


async def test_a_page_from_right_to_left_leaves_no_word_behind(world: World) -> None:
    page = await world.order(lang="ar-XB")
    assert '<html lang="ar-XB" dir="rtl">' in page.text
    assert "\u202eYour\u202c \u202eorder\u202c" in page.text
    assert ">Your order<" not in page.text


async def test_an_accented_page_is_all_accents(world: World) -> None:
    page = await world.order(lang="en-XA")
    assert '<html lang="en-XA" dir="ltr">' in page.text
    assert "Ýöûŕ öŕðéŕ" in page.text
    assert ">Your order<" not in page.text
