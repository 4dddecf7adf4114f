"""The themes and the stacks of fonts that there are."""

from collections.abc import Mapping

from karla.domain.branding.records import Hues, Theme

DEFAULT = "clear"

FONTS: Mapping[str, str] = {
    "system": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', Ubuntu, Cantarell, sans-serif",
    "humanist": "Seravek, 'Gill Sans Nova', Ubuntu, Calibri, 'DejaVu Sans', source-sans-pro, sans-serif",
    "geometric": "Avenir, 'Avenir Next', Montserrat, Corbel, 'URW Gothic', source-sans-pro, sans-serif",
    "serif": "'Iowan Old Style', 'Palatino Linotype', Palatino, 'URW Palladio L', P052, 'Noto Serif', Georgia, serif",
    "slab": "Rockwell, 'Rockwell Nova', 'Roboto Slab', 'DejaVu Serif', 'Sitka Small', serif",
    "rounded": "ui-rounded, 'Hiragino Maru Gothic ProN', Quicksand, Comfortaa, Manjari, 'Arial Rounded MT Bold', "
    "Calibri, source-sans-pro, sans-serif",
    "mono": "ui-monospace, 'SF Mono', 'Cascadia Code', 'Source Code Pro', Menlo, Consolas, 'DejaVu Sans Mono', "
    "'Roboto Mono', monospace",
}
"""By name: a value of CSS's `font-family`, of fonts that phones and desktops bring along."""

_CLEAR = Theme(
    name="clear",
    mode="auto",
    light=Hues(
        background="#f6f8fc",
        surface="#ffffff",
        text="#101b33",
        muted="#55617a",
        line="#dfe5ef",
        accent="#1d4ed8",
        positive="#0b6b4f",
        warning="#8a4b08",
        negative="#b4232c",
    ),
    dark=Hues(
        background="#0c1220",
        surface="#141c2e",
        text="#e9eef9",
        muted="#9aa8c3",
        line="#27324a",
        accent="#7ea8ff",
        positive="#5fd3a6",
        warning="#f0b45c",
        negative="#ff8f8a",
    ),
    font="system",
    heading_font="system",
    heading_weight=650,
    radius="medium",
    density="regular",
)

_LINEN = Theme(
    name="linen",
    mode="auto",
    light=Hues(
        background="#f6f0e6",
        surface="#fffcf6",
        text="#2b211a",
        muted="#6c5c4e",
        line="#e4d8c6",
        accent="#a5432a",
        positive="#4a6220",
        warning="#86500c",
        negative="#a32438",
    ),
    dark=Hues(
        background="#1a1511",
        surface="#241d18",
        text="#f3e9dc",
        muted="#b9a792",
        line="#3b3027",
        accent="#e99a7a",
        positive="#b1cb82",
        warning="#e8b76a",
        negative="#f09a99",
    ),
    font="humanist",
    heading_font="serif",
    heading_weight=600,
    radius="small",
    density="spacious",
)

_NOCTURNE = Theme(
    name="nocturne",
    mode="dark",
    light=Hues(
        background="#f3f2fa",
        surface="#ffffff",
        text="#17132e",
        muted="#5d5878",
        line="#dedaee",
        accent="#5b34d6",
        positive="#0a6a66",
        warning="#8b4a12",
        negative="#b21f5b",
    ),
    dark=Hues(
        background="#0a0a14",
        surface="#13121f",
        text="#efedfb",
        muted="#a19dba",
        line="#2a2740",
        accent="#b9a3ff",
        positive="#5ee6cf",
        warning="#ffc46b",
        negative="#ff8fb1",
    ),
    font="geometric",
    heading_font="geometric",
    heading_weight=600,
    radius="large",
    density="regular",
)

_BLOOM = Theme(
    name="bloom",
    mode="auto",
    light=Hues(
        background="#fdf3f5",
        surface="#ffffff",
        text="#351728",
        muted="#7a566a",
        line="#f2dde4",
        accent="#99245f",
        positive="#2c6a4a",
        warning="#8f4a15",
        negative="#b3202e",
    ),
    dark=Hues(
        background="#1b0f17",
        surface="#271722",
        text="#fbe9f1",
        muted="#c9a3b7",
        line="#432a3a",
        accent="#f79ac4",
        positive="#93d6b0",
        warning="#f3bb7c",
        negative="#ff9c9c",
    ),
    font="rounded",
    heading_font="rounded",
    heading_weight=700,
    radius="large",
    density="spacious",
)

_SLATE = Theme(
    name="slate",
    mode="auto",
    light=Hues(
        background="#eef1f1",
        surface="#fbfcfc",
        text="#172024",
        muted="#52616a",
        line="#d2dadc",
        accent="#0c6a6f",
        positive="#2e6417",
        warning="#83500a",
        negative="#ad2a22",
    ),
    dark=Hues(
        background="#101516",
        surface="#181f21",
        text="#e4ebec",
        muted="#98a7ab",
        line="#2b3639",
        accent="#58c8c4",
        positive="#9ccf74",
        warning="#e7b45b",
        negative="#f6938a",
    ),
    font="system",
    heading_font="mono",
    heading_weight=600,
    radius="none",
    density="compact",
)

THEMES: Mapping[str, Theme] = {theme.name: theme for theme in (_CLEAR, _LINEN, _NOCTURNE, _BLOOM, _SLATE)}
