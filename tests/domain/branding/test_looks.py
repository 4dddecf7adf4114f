"""Colours of any shop can be read, and are the shop's wherever they may be."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict

from karla.domain.branding.records import PageSettings, Palette
from karla.domain.branding.rules.contrast import contrast, lightness, luminance, readable
from karla.domain.branding.rules.looks import GIVEN, look_of, palette
from karla.domain.branding.rules.themes import FONTS, THEMES
from karla.vocabulary.themes import THEME_NAMES

COLOUR = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
COLOURS = st.dictionaries(st.sampled_from(GIVEN), COLOUR)
THEME = st.sampled_from(sorted(THEMES))
STATUSES = ("positive", "warning", "negative")


def weak_pairs(colours: Palette) -> list[tuple[str, str, float]]:
    """What can't be read on what it stands on."""
    grounds = ("background", "surface")
    pairs = [(ink, ground) for ink in ("text", "muted", "accent_text", *STATUSES) for ground in grounds]
    pairs += [("on_accent", "accent"), *((status, f"{status}_soft") for status in STATUSES)]
    measured = [(ink, ground, contrast(getattr(colours, ink), getattr(colours, ground))) for ink, ground in pairs]
    return [pair for pair in measured if pair[2] < 4.5]


@given(THEME, COLOURS, COLOURS)
@settings(max_examples=150, deadline=None)
def test_everything_can_be_read_in_any_colours(theme: str, colors: dict[str, str], dark: dict[str, str]) -> None:
    look = look_of(PageSettings(theme=theme, colors=colors, dark_colors=dark))
    assert weak_pairs(look.light) == []
    assert weak_pairs(look.dark) == []


@given(THEME, COLOURS)
@settings(max_examples=100, deadline=None)
def test_what_was_made_readable_is_left_as_it_is(theme: str, colors: dict[str, str]) -> None:
    hues = THEMES[theme].light
    once = palette(hues, colors)
    chosen = {name: colour for name, colour in asdict(once).items() if name in GIVEN}
    again = palette(hues, chosen)
    assert {name: colour for name, colour in asdict(again).items() if name in GIVEN} == chosen


@given(THEME, COLOURS)
@settings(max_examples=100, deadline=None)
def test_a_good_colour_stays_and_the_accent_and_background_always_do(theme: str, colors: dict[str, str]) -> None:
    shown = palette(THEMES[theme].light, colors)
    for name in ("background", "accent"):
        assert getattr(shown, name) == colors.get(name, getattr(shown, name))
    for name in set(colors) - {"background", "surface", "accent"}:
        good = all(contrast(colors[name], ground) >= 4.5 for ground in (shown.background, shown.surface))
        assert (getattr(shown, name) == colors[name]) is good


@given(COLOUR, COLOUR)
@settings(max_examples=100, deadline=None)
def test_lightness_is_moved_no_further_than_needed(colour: str, ground: str) -> None:
    moved = readable(colour, [ground])
    assert contrast(moved, ground) >= 4.5
    if moved != colour:
        # One that is moved stands at the line, or is as far as it can go.
        assert contrast(moved, ground) < 4.8 or luminance(moved) in (0.0, 1.0)


def test_a_themes_own_colours_are_shown_unchanged() -> None:
    for theme in THEMES.values():
        look = look_of(PageSettings(theme=theme.name))
        for hues, shown in ((theme.light, look.light), (theme.dark, look.dark)):
            assert {name: getattr(shown, name) for name in asdict(hues)} == asdict(hues)
        assert luminance(look.light.background) > 0.5
        assert luminance(look.dark.background) < 0.05


def test_five_themes_and_clear_is_the_one_of_who_chooses_none() -> None:
    assert tuple(THEMES) == THEME_NAMES == ("clear", "linen", "nocturne", "bloom", "slate")
    look = look_of(PageSettings())
    assert (look.theme, look.mode, look.radius, look.density) == ("clear", "auto", "medium", "regular")
    assert look.font == FONTS["system"]
    assert look_of(PageSettings(theme="nocturne")).mode == "dark"


def test_an_accent_glows_in_the_dark_and_keeps_its_hue() -> None:
    look = look_of(PageSettings(colors={"accent": "#7a1fa2"}))
    assert look.light.accent == "#7a1fa2"
    assert lightness(look.dark.accent) > lightness("#7a1fa2")
    assert contrast(look.dark.accent, look.dark.background) >= 4.5
    red, green, blue = (int(look.dark.accent[at : at + 2], 16) for at in (1, 3, 5))
    assert green < red < blue


def test_black_buttons_become_white_ones_in_the_dark() -> None:
    look = look_of(PageSettings(colors={"accent": "#000000"}))
    assert (look.light.accent, look.light.on_accent) == ("#000000", "#ffffff")
    assert look.dark.accent == look.dark.text
    assert luminance(look.dark.on_accent) < 0.05


@pytest.mark.parametrize(("accent", "ink"), [("#ffe600", "#101b33"), ("#0b5cff", "#ffffff"), ("#ff6600", "#101b33")])
def test_words_on_a_button_are_white_where_that_can_be_read(accent: str, ink: str) -> None:
    assert look_of(PageSettings(colors={"accent": accent})).light.on_accent == ink


def test_a_warm_paper_makes_a_warm_night() -> None:
    look = look_of(PageSettings(colors={"background": "#fff4d6"}))
    red, green, blue = (int(look.dark.background[at : at + 2], 16) for at in (1, 3, 5))
    assert red > green > blue
    assert luminance(look.light.surface) > luminance("#fff4d6")


def test_a_dark_page_stays_dark_also_by_day() -> None:
    look = look_of(PageSettings(colors={"background": "#101010"}))
    assert look.light.background == look.dark.background == "#101010"
    assert contrast(look.light.text, "#101010") >= 12


def test_colours_for_the_dark_have_the_last_word_there() -> None:
    page = PageSettings(colors={"accent": "#0b5cff"}, dark_colors={"accent": "#ffcc00", "background": "#001122"})
    look = look_of(page)
    assert (look.dark.accent, look.dark.background) == ("#ffcc00", "#001122")
    assert look.light.accent == "#0b5cff"


def test_another_theme_is_tried_as_its_designer_made_it() -> None:
    page = PageSettings(theme="linen", colors={"accent": "#0b5cff"}, radius="none", font="mono", mode="dark")
    assert look_of(page, "bloom") == look_of(PageSettings(theme="bloom"))
    assert look_of(page, "linen") == look_of(page)


def test_a_shops_font_is_that_of_its_headings_unless_told() -> None:
    assert look_of(PageSettings(theme="linen")).heading_font == FONTS["serif"]
    assert look_of(PageSettings(theme="linen", font="mono")).heading_font == FONTS["mono"]
    assert look_of(PageSettings(font="mono", heading_font="slab")).heading_font == FONTS["slab"]


def test_a_look_that_was_seen_before_is_not_made_again() -> None:
    page = PageSettings(theme="slate", colors={"accent": "#123456", "background": "#fedcba"})
    assert look_of(page).light is look_of(page).light
