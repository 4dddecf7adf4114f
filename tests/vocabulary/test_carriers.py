"""The catalogue's logos, and the names that shops' tools write."""

import re

from karla.vocabulary.carriers import CARRIERS
from karla.vocabulary.carriers.logos import contrast_with_white, logo_of
from karla.vocabulary.carriers.names import carrier_names


def test_every_carrier_has_a_letter_that_can_be_read_on_its_colour() -> None:
    for carrier in CARRIERS.values():
        logo = logo_of(carrier)
        assert re.fullmatch("[A-Z0-9]", logo.letter)
        assert re.fullmatch("#[0-9a-f]{6}", logo.color)
        red, green, blue = bytes.fromhex(logo.color[1:])
        assert contrast_with_white(red, green, blue) >= 4.5, carrier.reference


def test_contrast_is_that_of_wcag() -> None:
    assert contrast_with_white(255, 255, 255) == 1
    assert contrast_with_white(0, 0, 0) == 21
    assert round(contrast_with_white(118, 118, 118), 2) == 4.54


def test_a_logo_stays_the_same_and_carriers_differ() -> None:
    assert logo_of(CARRIERS["dhl"]) == logo_of(CARRIERS["dhl"])
    assert logo_of(CARRIERS["dhl"]).letter == "D"
    assert len({logo_of(carrier).color for carrier in CARRIERS.values()}) > 1000


def test_a_slug_of_a_tracker_is_a_name_where_nobody_is_called_so() -> None:
    assert carrier_names()["dhlgermany"] == "dhl"
    assert carrier_names()["dhl"] == "dhl"  # the slug means DHL Express
