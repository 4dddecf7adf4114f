"""How well carriers are matched on cases that nobody has looked at, how sure it is, and what it says of itself."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from time import perf_counter

import msgspec
import pytest

from karla.domain.shipments.rules.carriers import Match, infer, match
from karla.vocabulary.carriers import CARRIERS
from tests.support.carrier_cases import (
    Case,
    company_cases,
    mixed_cases,
    negative_cases,
    number_cases,
    url_cases,
)

CASES = Path(__file__).parents[1] / "support" / "carrier_cases.jsonl"
SEEDS = (20261121, 7, 4711)


def matched(case: Case) -> Match:
    return match(case.tracking_number, case.tracking_url, case.tracking_company, case.country)


def is_right(case: Case) -> bool:
    return matched(case).reference in (case.accept or [case.expect])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", [number_cases, company_cases, url_cases, mixed_cases], ids=lambda kind: kind.__name__)
def test_of_drawn_cases_at_least_97_in_100_are_right(kind: Callable[[Random, int], Iterator[Case]], seed: int) -> None:
    cases = [*kind(Random(seed), 300)]
    wrong = [(case, matched(case)) for case in cases if not is_right(case)]
    assert len(wrong) <= 0.03 * len(cases), wrong


@pytest.mark.parametrize("seed", SEEDS)
def test_what_names_nobody_is_never_taken_for_a_carrier(seed: int) -> None:
    found = [(case, matched(case)) for case in negative_cases(Random(seed), 500) if matched(case).reference]
    assert found == []


@pytest.mark.parametrize(
    ("company", "country", "carrier"),
    [
        ("Kostenloser Versand mit DHL", "DE", "dhl"),
        ("DHL Servicepoint (NL)", "NL", "dhl_nl"),
        ("Hermes Haustürzustellung", "DE", "hrs"),
        ("GLS ShopDeliveryService", "DE", "gls"),
        ("SEUR 24 horas", "ES", "seur"),
        ("Livraison par Chronopost", "FR", "chronopost"),
        ("Spedizione con BRT", "IT", "brt"),
        ("Corriere SDA", "IT", "sda"),
        ("Relais Colis Eco", "FR", "relais_colis"),
        ("Japan Post EMS", "JP", "japan_post"),
        ("Kurier DPD (LV)", "LV", "dpd_lv"),
        ("AMZL US", "US", "amz"),
        ("Amazon Logistics (AMZL_DE)", "DE", "amz"),
        ("Einschreiben", "AT", "postat"),
        ("dhl-germany", "DE", "dhl"),
        ("InPost España Punto Pack", "ES", "inpost_es"),
    ],
)
def test_words_of_service_in_any_language_leave_a_name_what_it_is(company: str, country: str, carrier: str) -> None:
    assert infer(None, tracking_company=company, country=country) == carrier


def test_fourteen_digits_without_a_depot_are_hermes_and_with_one_anybodys() -> None:
    assert infer("05133131530728", country="DE") == "hrs"
    assert infer("09133131530724", country="DE") is None


def test_infer_and_match_name_the_same() -> None:
    for case in msgspec.json.Decoder(Case).decode_lines(CASES.read_bytes()):
        inferred = infer(case.tracking_number, case.tracking_url, case.tracking_company, case.country)
        assert matched(case).reference == inferred


def test_a_match_says_what_spoke_for_it_and_against_it() -> None:
    assert match("610112345679", None, "GLS", "DE") == Match(
        "gls",
        0.99,
        (
            "the number's check digit is right for GLS",
            "the parcel goes to DE, where GLS is at home",
            "the company “GLS” names GLS",
        ),
    )
    against = match("1Z999AA10123456784", None, "Hermes", "DE")
    assert against.reference == "ups"
    assert against.reasons == (
        "the number's check digit is right for UPS",
        "against it: the company “Hermes” names Hermes, which counts less",
    )
    page = match("1Z999AA10123456784", "https://www.dhl.de/verfolgen?piececode=1", None, "DE")
    assert page.reference == "dhl"
    assert page.reasons == (
        "the tracking page is on www.dhl.de, where DHL Paket shows its parcels",
        "against it: the number looks like UPS's, which counts less than the page",
    )
    assert match("TBA709882022529").reasons == (
        "the number has a form that is Amazon Logistics's and hardly anybody else's",
    )


def test_no_match_says_why() -> None:
    assert match() == Match(None, 0.0, ("there is no company, no number and no tracking page",))
    assert match(tracking_company="own fleet").reasons == (
        "the company “own fleet” names no carrier, or more than one",
    )
    assert match("1Z999AA10123456785").reasons == ("the number has no carrier's form, or its check digit is wrong",)
    assert match("201298452277", country="DE").reasons == (
        "the number may be of BRT, DHL Paket, FedEx and 1 more, or no tracking number",
    )
    assert match(None, "https://shop.example.com/1").reasons == (
        "the tracking page on shop.example.com is no carrier's, or one of several",
    )


def test_clues_that_agree_make_it_surer_and_a_contradiction_less_sure() -> None:
    alone = match("610112345679", country="FR").confidence
    at_home = match("610112345679", country="DE").confidence
    with_company = match("610112345679", None, "GLS", "DE").confidence
    contradicted = match("1Z999AA10123456784", None, "Hermes", "DE").confidence
    assert 0 < contradicted < alone < at_home < with_company < 1
    for case in msgspec.json.Decoder(Case).decode_lines(CASES.read_bytes()):
        found = matched(case)
        assert found.reasons
        assert (found.confidence > 0) == (found.reference is not None)
        assert found.confidence <= 0.99


def test_what_the_shop_used_decides_between_carriers_that_fit_alike() -> None:
    doubtful = "201298452277"  # right for DHL, FedEx and GLS
    assert match(doubtful, country="DE").reference is None
    by_use = match(doubtful, country="DE", used={"dhl": 40, "gls": 2, "ups": 3})
    assert by_use.reference == "dhl"
    assert by_use.confidence == 0.6
    assert by_use.reasons[-1] == "others fit as well, and this shop has used DHL Paket most (40 times)"
    assert match("12345678", country="FR", used={"mondial_relay": 10}).reference == "mondial_relay"


@pytest.mark.parametrize("used", [{"ups": 1000}, {"gls": 5, "dhl": 5}, {"nobody": 9}, {"dhl": 0}, {}])
def test_what_the_shop_used_never_stands_against_a_clue(used: dict[str, int]) -> None:
    assert match("00340434161094042557", country="DE", used=used).reference == "dhl"
    assert match("610112345679", None, "GLS", "DE", used).reference == "gls"
    assert match(None, "https://www.dpd.de/x?1", None, "DE", used).reference == "dpd"
    assert match(None, None, "Hermes", "DE", used).reference == "hrs"
    assert match("201298452277", country="DE", used=used).reference is None
    assert match("1234567", None, "own fleet", "DE", used).reference is None


def test_a_match_takes_less_than_a_millisecond() -> None:
    cases = [*msgspec.json.Decoder(Case).decode_lines(CASES.read_bytes()), *company_cases(Random(1), 100)]
    matched(cases[0])
    took = []
    for case in cases:
        began = perf_counter()
        matched(case)
        took.append(perf_counter() - began)
    assert sorted(took)[len(took) // 2] < 0.001


def test_no_drawn_case_expects_a_carrier_that_there_is_not() -> None:
    drawn = [case for kind in (number_cases, company_cases, url_cases, mixed_cases) for case in kind(Random(3), 50)]
    assert {case.expect for case in drawn} <= set(CARRIERS)
