"""A shop's own colours laid over its theme: what it doesn't give is derived, what can't be read is moved."""

from collections.abc import Mapping
from functools import lru_cache

from karla.domain.branding.records import Hues, Look, PageSettings, Palette, Theme
from karla.domain.branding.rules.contrast import (
    AA,
    can_be_read_on,
    chroma,
    contrast,
    lightness,
    luminance,
    mixed,
    nearest,
    readable,
    reads,
    tint,
    with_lightness,
)
from karla.domain.branding.rules.themes import DEFAULT, FONTS, THEMES

Given = Mapping[str, str]

# What is aimed at where the shop didn't choose; what it chose needs no more than AA.
_TEXT = (12.0, 9.0, 7.0, AA)
_STATUS = (6.0, AA)
_MUTED = 5.2
_STATUSES = ("positive", "warning", "negative")
GIVEN = ("background", "surface", "text", "accent", *_STATUSES)
"""The colours that a shop may choose."""

_GREY = 0.03
"""The chroma below which an accent has no hue to speak of; grounds show theirs much sooner."""
_SOFTER, _SOFT_CHROMA = 0.045, 0.04
_INK_CHROMA, _NIGHT_CHROMA = 0.03, 0.018
_DARK = 0.18
"""The luminance below which white is read better than black."""


def look_of(page: PageSettings, theme: str | None = None) -> Look:
    """The design, in the theme of the shop or in another that is to be looked at."""
    chosen = theme or page.theme or DEFAULT
    # Another theme is shown as it is: the shop's choices were made for its own.
    own = page if chosen == (page.theme or DEFAULT) else PageSettings()
    shown = THEMES[chosen]
    light, dark = _palettes(chosen, tuple(sorted(own.colors.items())), tuple(sorted(own.dark_colors.items())))
    return Look(
        theme=chosen,
        mode=own.mode or shown.mode,
        light=light,
        dark=dark,
        font=FONTS[own.font or shown.font],
        heading_font=FONTS[own.heading_font or own.font or shown.heading_font],
        heading_weight=shown.heading_weight,
        radius=own.radius or shown.radius,
        density=own.density or shown.density,
    )


@lru_cache(maxsize=4096)
def _palettes(
    theme: str, colors: tuple[tuple[str, str], ...], dark_colors: tuple[tuple[str, str], ...]
) -> tuple[Palette, Palette]:
    shown = THEMES[theme]
    return palette(shown.light, dict(colors)), palette(shown.dark, _for_dark(shown, dict(colors), dict(dark_colors)))


def palette(hues: Hues, given: Given) -> Palette:
    """All colours; the given ones stay as they are wherever they can be read."""
    background, surface = _grounds(hues, given)
    grounds = (background, surface)
    other_grounds = "background" in given or "surface" in given
    text = _text(hues, given, grounds)
    muted = hues.muted if not other_grounds and "text" not in given else _quieter(text, background, grounds)
    accent = given.get("accent", hues.accent)
    statuses = {name: _chosen(name, hues, given, grounds, _STATUS) for name in _STATUSES}
    softs = {f"{name}_soft": _soft(colour, surface) for name, colour in statuses.items()}
    return Palette(
        background=background,
        surface=surface,
        text=text,
        muted=muted,
        line=mixed(surface, text, 0.14) if other_grounds else hues.line,
        accent=accent,
        on_accent=_on(accent, hues),
        accent_text=readable(accent, grounds),
        **statuses,
        **softs,
    )


def _grounds(hues: Hues, given: Given) -> tuple[str, str]:
    """Background and surface, near enough to each other that one text can be read on both."""
    background = given.get("background", hues.background)
    surface = given.get("surface") or _surface_on(background, hues)
    if can_be_read_on((background, surface)):
        return background, surface
    end = 1.0 if lightness(background) > lightness(surface) else 0.0
    return background, nearest(surface, end, lambda it: can_be_read_on((background, it))) or background


def _surface_on(background: str, hues: Hues) -> str:
    if background == hues.background:
        return hues.surface
    step = abs(lightness(hues.surface) - lightness(hues.background))
    return with_lightness(background, lightness(background) + step)


def _chosen(name: str, hues: Hues, given: Given, grounds: tuple[str, str], ratios: tuple[float, ...]) -> str:
    if name in given:
        return readable(given[name], grounds)
    of_theme: str = getattr(hues, name)
    return of_theme if grounds == (hues.background, hues.surface) else readable(of_theme, grounds, *ratios)


def _text(hues: Hues, given: Given, grounds: tuple[str, str]) -> str:
    """The ink; on another coloured paper than the theme's it takes on that hue."""
    if "background" in given and "text" not in given and _has_hue(given["background"]):
        ink = tint(hues.text, of=given["background"], strength=_INK_CHROMA)
        return readable(ink, grounds, *_TEXT)
    return _chosen("text", hues, given, grounds, _TEXT)


def _has_hue(colour: str) -> bool:
    return chroma(colour) > _GREY / 4


def _quieter(text: str, background: str, grounds: tuple[str, str]) -> str:
    """The text, nearer to its ground."""
    tried = (mixed(text, background, hundredths / 100) for hundredths in range(45, 0, -5))
    return next((colour for colour in tried if reads(colour, grounds, _MUTED)), text)


def _soft(colour: str, surface: str) -> str:
    """A tint of the surface on which the colour itself can be read; the surface, if none other can be."""
    step = -_SOFTER if luminance(surface) > _DARK else _SOFTER * 2
    strongest = tint(with_lightness(surface, lightness(surface) + step), of=colour, strength=_SOFT_CHROMA)
    tried = (mixed(surface, strongest, tenths / 10) for tenths in range(10, 0, -1))
    return next((soft for soft in tried if contrast(colour, soft) >= AA), surface)


def _on(accent: str, hues: Hues) -> str:
    """White, else the darker of the theme's ink and ground, else black: white on a colour looks clearer."""
    ink = min(hues.text, hues.background, key=luminance)
    return next(colour for colour in ("#ffffff", ink, "#000000") if contrast(colour, accent) >= AA)


def _for_dark(theme: Theme, colors: Given, dark_colors: Given) -> Given:
    """What the shop gives for the dark, with what follows from its colours for the light."""
    made = {name: colors[name] for name in _STATUSES if name in colors}
    background = colors.get("background")
    if background and luminance(background) <= _DARK:
        made |= {name: colors[name] for name in ("background", "surface", "text") if name in colors}
    elif background and _has_hue(background):
        made["background"] = tint(theme.dark.background, of=background, strength=_NIGHT_CHROMA)
        made["surface"] = tint(theme.dark.surface, of=background, strength=_NIGHT_CHROMA)
    made |= dark_colors
    if "accent" in colors and "accent" not in dark_colors:
        made["accent"] = _glowing(colors["accent"], theme, made)
    return made


def _glowing(accent: str, theme: Theme, given: Given) -> str:
    """An accent on dark ground; one without a hue, such as black, becomes the colour of the text."""
    grounds = _grounds(theme.dark, given)
    if chroma(accent) < _GREY and not reads(accent, grounds):
        return _text(theme.dark, given, grounds)
    return readable(accent, grounds)
