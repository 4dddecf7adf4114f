"""What a shopper reads on the pages: where it is, when it comes, what may be done."""

import re

import msgspec
import pytest

from karla.entrypoints.storefront.views import Day
from tests.storefront import made_views as made
from tests.storefront.html_checks import Document, headings
from tests.storefront.made_pages import PAGES, STATES, finder, whole


@pytest.mark.parametrize("state", STATES)
def test_each_state_says_itself_and_has_a_picture_of_its_own(state: str) -> None:
    document = whole(PAGES[f"order {state}"])

    assert document.one("h1").text == "Your parcel is out for delivery"
    assert len(document.all("svg", class_="k-art")) == 1
    drawn = {name: re.search(r'<svg class="k-art".*?</svg>', whole(PAGES[name]).html, re.DOTALL) for name in PAGES}
    same = [name for name, art in drawn.items() if name.startswith("order ") and art and art[0] == _art(document)]
    assert same == [f"order {state}"]


def _art(document: Document) -> str:
    found = re.search(r'<svg class="k-art".*?</svg>', document.html, re.DOTALL)
    assert found
    return found[0]


def test_progress_is_an_ordered_list_that_can_be_read_without_colours() -> None:
    document = whole(made.page())
    steps = document.one("ol", class_="k-steps")

    assert [step.text.split(": ")[0] for step in steps.elements] == [
        "Ordered", "Packed", "On the way", "Out for delivery", "Delivered",
    ]  # fmt: skip
    assert [step.text.split(": ")[1].removesuffix(" 20 Nov") for step in steps.elements] == [
        "done", "done", "done", "current step", "still to come",
    ]  # fmt: skip
    assert [step.attributes.get("aria-current") for step in steps.elements] == [None, None, None, "step", None]


def test_a_way_that_ended_early_says_where() -> None:
    steps = whole(PAGES["failed"]).one("ol", class_="k-steps")

    assert "On the way: stopped here" in steps.text


def test_the_window_is_told_in_words_and_to_machines() -> None:
    window = whole(made.page()).one("div", class_="k-window")

    assert window.text.startswith("Expected Tomorrow, 14:00–16:00")
    assert '<time datetime="2026-11-23T14:00+01:00/2026-11-23T16:00+01:00">' in whole(made.page()).html
    guess = msgspec.structs.replace(made.WINDOW, promised=False, hours=None)
    assert whole(made.page(made.order(window=guess))).one("div", class_="k-window").text.startswith("Likely Tomorrow")


def test_a_window_that_has_passed_says_so() -> None:
    late = msgspec.structs.replace(made.WINDOW, day="Today", passed=True)
    window = whole(made.page(made.order(window=late))).one("div", class_="k-window")

    assert window.text.startswith("Was expected Today, 14:00–16:00")
    assert "k-warning" in window.classes


def test_the_timeline_is_grouped_by_day_and_older_days_are_folded() -> None:
    document = whole(made.page())
    folded = document.one("details", class_="k-earlier")

    days = [element.text for element in document.all() if "k-day" in element.classes]
    assert days == ["Today", "Saturday, 21 November", "Wednesday, 18 November"]
    assert folded.text.startswith("3 earlier updates Wednesday")
    assert "open" not in folded.attributes
    newest = [element for element in document.all("li") if "k-latest" in element.classes]
    assert [element.text for element in newest] == ["08:12 Out for delivery Berlin Carrier’s words: SCAN 17"]


def test_the_carriers_words_are_there_on_demand() -> None:
    document = whole(made.page())

    assert document.one("input", type="checkbox").above.text == "Show the carrier’s own words"  # type: ignore[union-attr]
    assert len(document.all("p", class_="k-raw")) == 8
    bare = [Day(heading=made.at("Today"), entries=[made.entry("Sorted", carrier_text=None)])]
    silent = whole(made.page(made.order(parcels=[made.parcel(days=bare)])))
    assert not silent.all("input", type="checkbox")


def test_the_carrier_has_its_link_and_the_number_can_be_copied() -> None:
    document = whole(made.page())
    link = document.one("a", data_k_click="carrier_link")

    assert link.text == "Follow at DHL (opens in a new tab)"
    assert link.attributes["href"] == "https://dhl.example/?piececode=0034"
    assert link.attributes["rel"] == "noopener noreferrer"
    assert document.one("button").attributes["data-k-copy"] == "00340434161094042557"
    assert document.one("a", data_k_click="redirect_link").text.startswith("Change the delivery")


def test_a_locker_is_told_with_its_place_hours_last_day_and_map() -> None:
    place = whole(PAGES["locker"]).one("div", class_="k-place")

    for words in (
        "Parcel locker",
        "Packstation 145",
        "10243 Berlin",
        "Open all day",
        "Kept for you until Saturday, 28 November",
    ):
        assert words in place.text
    assert whole(PAGES["locker"]).one("a", data_k_click="map").attributes["href"] == "https://map.example/?q=1"


def test_the_proof_says_who_has_it_and_shows_the_photo() -> None:
    document = whole(PAGES["proof"])
    proof = document.one("div", class_="k-proof").text

    assert "Handed to your neighbour Babbage" in proof
    assert "Signed for by A. Lovelace" in proof
    assert "Left here: Porch" in proof
    assert document.one("img", class_="k-photo").attributes["alt"] == "Photo of the delivered parcel"


def test_several_parcels_are_cards_of_which_the_pressing_one_is_open() -> None:
    document = whole(PAGES["several"])
    cards = document.all("details", class_="k-parcel")

    assert "1 of 3 parcels delivered" in document.text
    assert ["open" in card.attributes for card in cards] == [True, False, False]
    assert [words for level, words in headings(document) if words.startswith("Parcel ")] == [
        "Parcel 1 of 3 · DHL Out for delivery Expected · Tomorrow, 14:00–16:00",
        "Parcel 2 of 3 · DHL Delivered Friday, 20 November",
        "Parcel 3 of 3 Being prepared",
    ]
    assert "Merino sweater" in cards[0].text
    assert "Bed set" in cards[2].text


def test_a_parcel_back_to_the_shop_is_not_counted_among_those_that_come() -> None:
    back = made.parcel(number=2, situation="returning", status="Return on its way", is_return=True)
    document = whole(made.page(made.order(state="returning", parcels=[made.parcel(), back])))

    assert "Return parcel · DHL Return on its way" in document.text
    assert "Your parcel · DHL Out for delivery" in document.text
    assert "Parcel 1 of" not in document.text
    assert "parcels delivered" not in document.text


def test_a_single_parcel_needs_no_unfolding() -> None:
    document = whole(made.page())

    assert not document.all("details", class_="k-parcel")
    assert document.one("section", id="parcel-1").attributes["aria-labelledby"] == "parcel-1-title"


def test_what_is_in_it_has_pictures_amounts_and_parts() -> None:
    lines = whole(made.page()).one("ul", class_="k-items").elements

    assert lines[0].text == "Merino sweater Oat, M €89.00"
    assert lines[1].text == "Bed set Quantity: 2 × €60.00 2 × Pillow case, 80 × 80 €120.00"


def test_campaigns_have_their_places_and_say_which_one_was_clicked() -> None:
    document = whole(PAGES["several"])

    clicks = [
        (link.attributes["data-k-slot"], link.attributes["data-k-campaign"])
        for link in document.all("a", data_k_click="slot")
    ]
    assert clicks == [("banner", "c1"), ("basic", "c1")]
    assert document.one("a", data_k_click="product").text == "New Socks €9.00"
    assert "Snow in the south." in document.text
    assert len(document.all("button", data_k_copy="WOOL10")) == 2


def test_what_may_not_be_done_is_not_offered() -> None:
    text = whole(made.page()).text

    assert "Cancel the order" not in text
    assert "Change the delivery address" not in text
    assert whole(PAGES["token needed"]).text.count("open the tracking link from your e-mail") == 1


def test_cancelling_asks_once_more_and_carries_the_token_in_the_body() -> None:
    document = whole(PAGES["actions"])
    box = document.one("details", id="cancel")
    form = document.one("form", action="/c")

    assert "open" not in box.attributes
    assert "this can’t be undone" in form.text
    assert form.attributes["method"] == "post"
    assert [one.attributes["value"] for one in form.elements if one.attributes.get("type") == "hidden"] == ["secret"]


def test_the_address_form_shows_each_fault_at_its_field() -> None:
    document = whole(PAGES["actions"])
    wrong = document.one("input", name="zip_code")

    assert "open" in document.one("details", id="address").attributes
    assert wrong.attributes["aria-invalid"] == "true"
    assert document.one("span", id=wrong.attributes["aria-describedby"]).text == "Five digits, as 10119."
    assert wrong.attributes["value"] == "1011"
    assert wrong.attributes["autocomplete"] == "postal-code"
    assert document.one("div", role="alert").text == "Please look at the field that is marked."
    assert "required" not in document.one("input", name="company").attributes
    assert [option.text for option in document.one("select").elements] == ["Berlin", "Hamburg"]


def test_a_page_from_memory_says_from_when() -> None:
    document = whole(PAGES["notice stale"])

    assert "There is no newer information right now. This is as of 14:05." in document.text
    assert 'as of <time datetime="2026-11-22T14:05+01:00">14:05</time>' in document.html


def test_the_finder_is_a_form_that_needs_no_script() -> None:
    document = whole(finder())
    form = document.one("form")

    assert (form.attributes["method"], form.attributes["action"]) == ("get", "/track/lamps")
    assert document.one("input", name="orderNumber").attributes["value"] == "10001"
    assert document.one("input", name="zipCode").attributes["autocomplete"] == "postal-code"
    assert "It’s in the confirmation e-mail of your order." in document.text


def test_the_finder_says_of_a_wrong_pair_neither_which_nor_whether() -> None:
    document = whole(finder(problem="order_not_found"))

    assert document.one("div", role="alert").text == (
        "We found no order with this number and ZIP code. Please check both."
    )
    assert [one.attributes.get("aria-invalid") for one in document.all("input") if one.attributes.get("id")] == [
        "true"
    ] * 2


def test_the_finder_says_when_to_try_again() -> None:
    document = whole(finder(problem="too_many_attempts", retry=made.at("in 5 minutes")))

    assert document.one("div", role="alert").text == "Too many tries. Please try again in 5 minutes."


def test_a_shops_own_words_take_the_place_of_karlas() -> None:
    texts = {"finder_title": "Wo ist mein Licht?", "finder_text": "Nummer und PLZ, bitte."}
    document = whole(finder(chrome=made.chrome(texts=texts)))

    assert document.one("h1").text == "Wo ist mein Licht?"
    assert "Nummer und PLZ, bitte." in document.text


def test_within_a_frame_there_is_neither_header_nor_footer() -> None:
    text = whole(PAGES["framed"]).text

    assert "Back to the shop" not in text
    assert "Imprint" not in text
