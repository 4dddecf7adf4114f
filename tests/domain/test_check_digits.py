import pytest
from hypothesis import given
from hypothesis import strategies as st

from karla.domain.shipments.rules.check_digits import CHECKS
from karla.vocabulary.carriers import CARRIERS

PUBLISHED = {
    "s10": ["RB123456785GB"],
    "mod10_31": [
        "00340433836442636597",
        "00340434161094042557",
        "09133131530724",
        "041441760228964",
        "568283610012000",
        "9400111201080805483016",
        "92748931507708513018050063",
        "00012345000000000027",
    ],
    "mod10_31_last22": [
        "420787459400111206206406260787",
        "420221539101026837331000039521",
        "4201002334249200190132607600833457",
    ],
    "identcode_49": ["201298452277"],
    "gls_31p1": ["610112345679"],
    "mod37_36": ["09980000020033F", "01015026003653C"],
    "ups1z": ["1Z5R89390357567127", "1Z879E930346834440", "1Z410E7W0392751591", "1Z999AA10123456784"],
    "ups_waybill": ["K1506235620"],
    "fedex12": ["986578788855", "477179081230", "799531274483", "974367662710"],
    "fedex34": ["1001921334250001000300779017972697", "9622001900000000000000776632517510"],
    "fedex96": ["9611020987654312345672"],
    "mod7": ["3318810025"],
    "luhn": ["320595463938", "07209562763"],
    "ontrac": ["C11031500001879"],
}
EXAMPLES = [(rule, number) for rule, numbers in PUBLISHED.items() for number in numbers]


@pytest.mark.parametrize(("rule", "number"), EXAMPLES)
def test_a_published_number_is_valid(rule: str, number: str) -> None:
    assert CHECKS[rule](number)


@pytest.mark.parametrize(("rule", "number"), EXAMPLES)
def test_any_other_check_character_is_not(rule: str, number: str) -> None:
    place = 10 if rule == "s10" else len(number) - 1
    others = [f"{number[:place]}{digit}{number[place + 1 :]}" for digit in "0123456789" if digit != number[place]]
    assert not [other for other in others if CHECKS[rule](other)]


@pytest.mark.parametrize(("rule", "number"), EXAMPLES)
def test_one_digit_misread_is_noticed(rule: str, number: str) -> None:
    place = 2 if rule == "s10" else len(number) - 3
    misread = str((int(number[place]) + 1) % 10)
    assert not CHECKS[rule](f"{number[:place]}{misread}{number[place + 1 :]}")


def test_every_rule_that_the_catalogue_names_exists_and_is_tested() -> None:
    named = {check for carrier in CARRIERS.values() for check in carrier.checks}
    assert named - {"-"} == set(CHECKS) == set(PUBLISHED)


@given(st.text(max_size=40))
def test_no_text_upsets_a_rule(text: str) -> None:
    assert {rule(text) for rule in CHECKS.values()} <= {True, False}
