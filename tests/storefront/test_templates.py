"""Each state of an order, each form and each notice is a page that can be read, by eye, by ear and by keyboard."""

import gzip
import re
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from karla.entrypoints.storefront import rendering, views
from karla.entrypoints.storefront.views import OrderPage
from tests.storefront import made_views as made
from tests.storefront.html_checks import Document, headings
from tests.storefront.made_pages import PAGES, SEVERAL, whole

STATIC = Path(views.__file__).parents[1] / "static"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_sound_html(name: str) -> None:
    assert whole(PAGES[name]).faults == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_one_topmost_heading_and_skips_no_level(name: str) -> None:
    levels = [level for level, _ in headings(whole(PAGES[name]))]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(deeper - level <= 1 for level, deeper in pairwise(levels))
    assert all(words for _, words in headings(whole(PAGES[name])))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_obeys_its_own_content_security_policy(name: str) -> None:
    document = whole(PAGES[name])

    assert not [element.tag for element in document.elements if "style" in element.attributes]
    assert not [name for element in document.elements for name in element.attributes if name.startswith("on")]
    for element in document.all("style") + document.all("script"):
        assert element.attributes["nonce"] == made.NONCE
    assert len(document.all("style")) == 1


@pytest.mark.parametrize("name", PAGES)
def test_a_page_loads_nothing_from_anybody_else(name: str) -> None:
    document = whole(PAGES[name])
    loaded = [element.attributes["src"] for element in document.elements if "src" in element.attributes]
    loaded += [link.attributes["href"] for link in document.all("link")]
    loaded += [source.attributes["srcset"] for source in document.all("source")]

    assert loaded
    assert all(address.startswith("/") for address in loaded)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_its_landmarks_and_a_way_past_the_header(name: str) -> None:
    document = whole(PAGES[name])
    main = document.one("main")

    assert document.one("a", class_="k-skip").attributes["href"] == f"#{main.attributes['id']}"
    assert document.one("html").attributes["lang"] == "en"
    framed = PAGES[name].chrome.embedded
    assert len(document.all("header")) == len(document.all("footer")) == (0 if framed else 1)
    assert document.one("p", data_k_news="").attributes["aria-live"] == "polite"


@pytest.mark.parametrize("language", ["de", "fr", "ar-XB"])
@pytest.mark.parametrize("name", ["several", "locker", "actions", "finder order_not_found"])
def test_a_page_is_sound_in_other_languages(name: str, language: str) -> None:
    assert whole(PAGES[name], language).faults == []


@pytest.mark.parametrize("name", ["several", "locker", "actions", "order lost"])
def test_a_fragment_is_the_main_part_alone(name: str) -> None:
    page = PAGES[name]
    assert isinstance(page, OrderPage)
    fragment = Document(rendering.fragment("en", page))

    assert fragment.faults == []
    assert not fragment.all("style") + fragment.all("script") + fragment.all("header") + fragment.all("main")
    inner = re.search(r"<main[^>]*>\s*(.*?)\s*</main>", whole(page).html, re.DOTALL)
    assert inner
    assert inner[1] in fragment.html


def test_within_somebody_elses_page_headings_begin_a_level_lower() -> None:
    page = made.page(SEVERAL, frame=made.chrome(heading=2))

    assert headings(Document(rendering.fragment("en", page)))[0] == (2, "Part of your order has arrived")


def test_what_the_script_needs_is_data_that_cannot_end_early() -> None:
    live = views.Live(stream_url="/s", fragment_url="/f", session="</script><b>", updated_at="2026-11-22T13:05:00Z")
    data = whole(made.page(live=live)).one("script", id="k-data")

    told = msgspec.json.decode("".join(data.pieces))
    assert told["live"] == {"stream": "/s", "fragment": "/f", "session": "</script><b>", "updated": live.updated_at}
    assert told["beacon"] == "/v1/shops/lamps/storefront/visits"
    assert msgspec.json.decode("".join(whole(made.page()).one("script", id="k-data").pieces))["live"] is None


def test_names_from_outside_stay_words() -> None:
    evil = "<script>alert(1)</script>\"'&"
    item = msgspec.structs.replace(made.SWEATER, title=evil, variant=evil)
    parcel = made.parcel(tracking_number=evil, headline=evil, status=evil)
    shown = made.order(name=evil, headline=evil, items=[item], parcels=[parcel], address=[evil])
    document = whole(made.page(shown, frame=made.chrome(shop_name=evil, logo=None, texts={"footer": evil})))

    assert document.faults == []
    assert len(document.all("script")) == 2
    assert document.one("h1").text == evil


def test_the_brand_is_written_for_light_and_dark() -> None:
    css = rendering.style(made.BRAND)

    assert css.startswith(":root{color-scheme:light dark;--k-background:#111111;")
    assert "@media (prefers-color-scheme:dark){:root{--k-background:#eeeeee;" in css
    assert "--k-font:system-ui, Segoe UI, sans-serif;" in css
    assert "--k-radius:14px;--k-density:1}" in css


def test_a_brand_of_one_mode_stays_in_it_save_on_paper() -> None:
    light, dark = (rendering.style(msgspec.structs.replace(made.BRAND, mode=mode)) for mode in ("light", "dark"))

    assert light.startswith(":root{color-scheme:light;--k-background:#111111;")
    assert "@media" not in light
    assert dark.startswith(":root{color-scheme:dark;--k-background:#eeeeee;")
    assert "@media print{:root{color-scheme:light;--k-background:#111111;" in dark
    assert "prefers-color-scheme" not in dark


def test_the_dark_logo_is_shown_in_the_dark() -> None:
    document = whole(made.page())
    assert document.one("source").attributes["srcset"] == "/images/logo-dark.png"
    dark = made.chrome(brand=msgspec.structs.replace(made.BRAND, mode="dark"))
    assert whole(made.page(frame=dark)).one("img", class_="k-logo").attributes["src"] == "/images/logo-dark.png"


def test_the_files_are_small() -> None:
    css, script = ((STATIC / name).read_bytes() for name in ("page.css", "page.js"))
    page = whole(PAGES["several"]).html.encode()
    sizes = {name: len(gzip.compress(data, 9)) for name, data in (("css", css), ("script", script), ("page", page))}

    assert sizes["css"] <= 9 * 1024
    assert sizes["script"] <= 6 * 1024
    assert sum(sizes.values()) <= 25 * 1024


def test_the_stylesheet_knows_no_left_and_right() -> None:
    css = re.sub(r"/\*.*?\*/", "", (STATIC / "page.css").read_text(), flags=re.DOTALL)
    properties = set(re.findall(r"[{;]\s*([a-z-]+)\s*:", css))

    physical = {name for name in properties if re.search(r"(^|-)(left|right)$", name)}
    assert physical == set()
    assert not re.findall(r"(?:float|clear|text-align):\s*(?:left|right)", css)
    assert "url(" not in css
    assert "@import" not in css


def test_the_stylesheet_dresses_what_there_is_and_nothing_else() -> None:
    css = re.sub(r"/\*.*?\*/", "", (STATIC / "page.css").read_text(), flags=re.DOTALL)
    dressed = set(re.findall(r"\.(k-[a-z-]+|k)(?=[^a-z-])", re.sub(r"\{[^{}]*\}", "{}", css)))
    used = {name for page in PAGES.values() for element in whole(page).elements for name in element.classes}

    assert dressed - used == set()
