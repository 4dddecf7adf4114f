"""Settings of tracking pages: new ones have to be right, stored ones never break a page."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karla.domain.branding.records import Campaign, PageActions, PageLinks, PageSettings, ShopSettings
from karla.domain.branding.rules.forms import with_trackpages
from karla.domain.branding.rules.hosts import host_named, origin_named, origin_of, page_origins
from karla.domain.branding.rules.looks import GIVEN
from karla.domain.branding.rules.pages import BLOCKS, DENSITIES, MODES, RADII, TEXTS, faults_of, page_of, read
from karla.domain.branding.rules.themes import FONTS, THEMES
from karla.vocabulary.events import LANGUAGES

AT = ("body", "data")
WHOLE: dict[str, Any] = {
    "theme": "linen",
    "mode": "light",
    "colors": {"background": "#fff", "accent": "#A5432A", "own": "kept"},
    "dark_colors": {"accent": "#e99a7a"},
    "font": "humanist",
    "heading_font": "serif",
    "radius": "small",
    "density": "spacious",
    "logo_url": "https://shop.example/logo.png",
    "logo_dark_url": "https://shop.example/logo-dark.png",
    "background_url": "https://shop.example/paper.jpg?v=2",
    "texts": {"en": {"intro": "Hello"}, "dk": {"intro": "Hej"}},
    "hidden": ["prices", "map", "prices"],
    "links": {"imprint_url": "https://shop.example/imprint"},
    "embedding": {"origins": ["https://Shop.example:443/", "http://localhost:3000", "https://b.example:8443"]},
    "domain": "Track.Shop.example",
    "shopify_domain": "My-Shop.myshopify.com",
    "actions": {"cancel": False},
    "campaign": {"campaign": "summer"},
    "somebody": {"elses": [1, 2]},
}


def test_every_known_member_is_read() -> None:
    page, faults = read(WHOLE)
    assert faults == []
    assert page.colors == {"background": "#ffffff", "accent": "#a5432a"}
    assert page.texts == {"en": {"intro": "Hello"}, "da": {"intro": "Hej"}}
    assert page.hidden == ["prices", "map"]
    assert page.origins == ["https://shop.example", "http://localhost:3000", "https://b.example:8443"]
    assert (page.domain, page.shopify_domain) == ("track.shop.example", "my-shop.myshopify.com")
    assert (page.actions.cancel, page.actions.change_address) == (False, True)
    assert (page.campaign.source, page.campaign.medium, page.campaign.campaign) == ("karla", "tracking_page", "summer")
    assert (page.links.imprint_url, page.links.privacy_url) == ("https://shop.example/imprint", None)


WRONG: list[tuple[dict[str, Any], tuple[str | int, ...], str]] = [
    ({"theme": "neon"}, ("theme",), "enum"),
    ({"theme": {}}, ("theme",), "enum"),
    ({"mode": "night"}, ("mode",), "enum"),
    ({"colors": "#fff"}, ("colors",), "object_type"),
    ({"colors": {"accent": "red"}}, ("colors", "accent"), "colour_invalid"),
    ({"dark_colors": {"text": "#12345"}}, ("dark_colors", "text"), "colour_invalid"),
    ({"font": "Comic Sans"}, ("font",), "enum"),
    ({"radius": 4}, ("radius",), "enum"),
    ({"logo_url": "javascript:alert(1)"}, ("logo_url",), "uri_invalid"),
    ({"background_url": 'https://a.example/")'}, ("background_url",), "uri_invalid"),
    ({"logo_url": "https://a.example;script-src *"}, ("logo_url",), "uri_invalid"),
    ({"logo_dark_url": "https://"}, ("logo_dark_url",), "uri_invalid"),
    ({"texts": {"xx": {}}}, ("texts", "xx"), "enum"),
    ({"texts": {"en": {"slogan": "x"}}}, ("texts", "en", "slogan"), "enum"),
    ({"texts": {"en": {"intro": "x" * 501}}}, ("texts", "en", "intro"), "too_long"),
    ({"texts": {"en": {"intro": 5}}}, ("texts", "en", "intro"), "string_type"),
    ({"texts": {"en": ["intro"]}}, ("texts", "en"), "object_type"),
    ({"hidden": "map"}, ("hidden",), "list_type"),
    ({"hidden": ["map", "header"]}, ("hidden", 1), "enum"),
    ({"links": {"privacy_url": "/privacy"}}, ("links", "privacy_url"), "uri_invalid"),
    ({"embedding": []}, ("embedding",), "object_type"),
    ({"embedding": {"origins": ["http://shop.example"]}}, ("embedding", "origins", 0), "origin_invalid"),
    ({"embedding": {"origins": ["https://shop.example/path"]}}, ("embedding", "origins", 0), "origin_invalid"),
    ({"embedding": {"origins": ["*"]}}, ("embedding", "origins", 0), "origin_invalid"),
    ({"embedding": {"origins": ["https://*.example"]}}, ("embedding", "origins", 0), "origin_invalid"),
    ({"embedding": {"origins": ["https://a.example:70000"]}}, ("embedding", "origins", 0), "origin_invalid"),
    ({"embedding": {"origins": ["https://a.example"] * 21}}, ("embedding", "origins"), "too_long"),
    ({"domain": "192.168.0.1"}, ("domain",), "domain_invalid"),
    ({"domain": "shop"}, ("domain",), "domain_invalid"),
    ({"domain": "https://shop.example"}, ("domain",), "domain_invalid"),
    ({"domain": "bücher.example"}, ("domain",), "domain_invalid"),
    ({"domain": "karla.example"}, ("domain",), "domain_reserved"),
    ({"domain": "api.karla.example"}, ("domain",), "domain_reserved"),
    ({"domain": "other.myshopify.com"}, ("domain",), "domain_reserved"),
    ({"shopify_domain": "shop.example"}, ("shopify_domain",), "domain_invalid"),
    ({"actions": {"cancel": "no"}}, ("actions", "cancel"), "bool_type"),
    ({"campaign": {"source": 1}}, ("campaign", "source"), "string_type"),
]


@pytest.mark.parametrize(("data", "place", "word"), WRONG)
def test_what_is_wrong_is_named_by_its_path(data: dict[str, Any], place: tuple[str | int, ...], word: str) -> None:
    faults = faults_of(data, AT, "karla.example")
    assert [(fault.loc, fault.type) for fault in faults] == [(AT + place, word)]
    assert faults[0].msg


def test_every_fault_is_named_at_once() -> None:
    data = {"theme": "neon", "colors": {"accent": 1, "text": "#zzz"}, "hidden": ["a", "b"], "domain": "x"}
    assert len(faults_of(data, AT, None)) == 6


def test_null_counts_as_not_given() -> None:
    nulls = dict.fromkeys(WHOLE) | {"links": {"privacy_url": None}, "texts": {"en": {"intro": None}}}
    assert read(nulls) == (PageSettings(texts={"en": {}}), [])


@pytest.mark.parametrize("data", [wrong for wrong, _, word in WRONG if word != "domain_reserved"])
def test_what_is_wrong_in_stored_settings_counts_as_not_given(data: dict[str, Any]) -> None:
    page = page_of(with_trackpages(ShopSettings(), {**data, "radius": data.get("radius", "large")}))
    assert page.radius == (None if "radius" in data else "large")
    assert page.theme is None


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=20)
    | st.sampled_from(["#fff", "en", "https://a.example"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*WHOLE, "accent", "en", "intro", "origins"]), inner, max_size=4)
    ),
    max_leaves=15,
)


@given(st.dictionaries(st.sampled_from(sorted(WHOLE)), ANYTHING))
@settings(max_examples=200, deadline=None)
def test_no_settings_break_the_reading(data: dict[str, Any]) -> None:
    page, faults = read(data)
    assert isinstance(page, PageSettings)
    for fault in faults:
        assert fault.loc[:3] == (*AT, fault.loc[2])
        assert fault.loc[2] in WHOLE


def test_the_guide_names_everything_that_may_be_said() -> None:
    guide = (Path(__file__).parents[3] / "docs/guides/tracking-page.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", guide, flags=re.DOTALL)))
    names = {*WHOLE, *THEMES, *FONTS, *MODES, *RADII, *DENSITIES, *GIVEN, *BLOCKS, *TEXTS, *LANGUAGES} - {"somebody"}
    names |= {*PageLinks.__struct_fields__, *PageActions.__struct_fields__, *Campaign.__struct_fields__}
    assert names - told == set()


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("Track.Shop.Example.", "track.shop.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("a.b", None),
        ("10.0.0.1", None),
        ("-a.example", None),
        ("a..example", None),
        ("a.example:443", None),
        ("a.example\n", None),
        ("x" * 64 + ".example", None),
    ],
)
def test_a_host_name_is_one_and_no_address(text: str, host: str | None) -> None:
    assert host_named(text) == host


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://Shop.example", "https://shop.example"),
        ("https://shop.example:443", "https://shop.example"),
        ("https://shop.example:8443", "https://shop.example:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost", "http://localhost"),
        ("http://shop.example", None),
        ("null", None),
        ("https://a.example#x", None),
        ("https://user@a.example", None),
    ],
)
def test_an_origin_is_written_as_browsers_send_it(text: str, origin: str | None) -> None:
    assert origin_named(text) == origin


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Shop.example/de?x=1", "https://shop.example"),
        ("http://shop.example:80/", "http://shop.example"),
        ("https://shop.example:99999", None),
        ("https://[bad", None),
        ("ftp://shop.example", None),
        ("", None),
        (None, None),
    ],
)
def test_the_origin_of_an_address(url: str | None, origin: str | None) -> None:
    assert origin_of(url) == origin


def test_a_page_may_be_shown_where_it_stands_and_where_the_shop_says() -> None:
    page, _ = read(WHOLE)
    assert page_origins(page, "https://karla.example:8443", "https://www.shop.example/home") == [
        "https://karla.example:8443",
        "https://my-shop.myshopify.com",
        "https://track.shop.example",
        "https://www.shop.example",
        "https://shop.example",
        "http://localhost:3000",
        "https://b.example:8443",
    ]
