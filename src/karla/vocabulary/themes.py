"""The names of the ready designs that a tracking page may have."""

from typing import Literal, TypeAlias, get_args

ThemeName: TypeAlias = Literal["clear", "linen", "nocturne", "bloom", "slate"]
THEME_NAMES: tuple[ThemeName, ...] = get_args(ThemeName)
