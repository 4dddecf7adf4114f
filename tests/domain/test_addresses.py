"""Addresses as people of each country type them."""

from typing import Any

import pytest

from karla.domain.shipments.rules.addresses import address_parts, entered, readdressed

WHO: dict[str, Any] = {"name": "Mara Lindqvist", "address_line_1": "Street 1", "city": "Town"}


def settled(stored: dict[str, Any], **said: Any) -> tuple[dict[str, Any], dict[str, str]]:
    address, faults = readdressed(stored, said)
    return address, {fault.field: fault.type for fault in faults}


@pytest.mark.parametrize(
    ("country", "typed", "written"),
    [
        ("DE", "10119", "10119"),
        ("DE", " D-10119 ", "10119"),
        ("DE", "10 119", "10119"),
        ("PL", "00950", "00-950"),
        ("PL", "00 950", "00-950"),
        ("NL", "1234ab", "1234AB"),
        ("GB", "ec1y 8sy", "EC1Y 8SY"),
        ("CA", "h3z2y7", "H3Z2Y7"),
        ("PT", "2725079", "2725-079"),
        ("CH", "CH-8001", "8001"),
        ("US", "95014", "95014"),
        ("AE", "whatever", "WHATEVER"),
    ],
)
def test_a_postal_code_is_written_as_its_country_does(country: str, typed: str, written: str) -> None:
    province = {"US": "CA", "CA": "QC", "AE": "Dubai"}.get(country)
    address, faults = settled({**WHO, "country_code": country, "province": province}, zip_code=typed)
    assert (address["zip_code"], faults) == (written, {})


@pytest.mark.parametrize(
    ("country", "typed"), [("DE", "1011"), ("DE", "101190"), ("AT", "10119"), ("GB", "10119"), ("US", "9501")]
)
def test_what_is_no_postal_code_of_the_country(country: str, typed: str) -> None:
    _, faults = settled({**WHO, "country_code": country, "province": "CA"}, zip_code=typed)
    assert faults == {"zip_code": "zip_code_invalid"}


@pytest.mark.parametrize("said", [{"province": "ca"}, {"province": "California"}, {"province_code": "US-CA"}])
def test_a_region_by_its_code_or_its_name(said: dict[str, str]) -> None:
    stored = {**WHO, "zip_code": "10001", "country_code": "US", "province": "New York", "province_code": "NY"}
    address, faults = settled(stored, zip_code="95014", **said)
    assert (address["province"], address["province_code"], faults) == ("California", "CA", {})


def test_a_region_that_the_country_has_not_or_that_is_missing() -> None:
    stored = {**WHO, "zip_code": "95014", "country_code": "US"}
    assert settled(stored, province="Bavaria")[1] == {"province": "province_invalid"}
    assert settled(stored)[1] == {"province": "missing"}


def test_what_a_form_does_not_have_is_kept() -> None:
    stored = {**WHO, "zip_code": "10119", "country_code": "DE", "phone": "1", "door": "3b", "province": "Berlin"}
    address, faults = settled(stored, address_line_1="Ahornweg 3", phone=" ")
    assert faults == {}
    assert address == {**stored, "address_line_1": "Ahornweg 3", "phone": None}


def test_a_street_of_the_older_form_follows() -> None:
    stored = {"name": "M", "street": "Alley 1", "city": "Berlin", "zip_code": "10119", "country_code": "DE"}
    assert entered(stored)["address_line_1"] == "Alley 1"
    address, faults = settled(stored, address_line_1="Ahornweg  3", address_line_2="Hof")
    assert (address["street"], address["address_line_1"], faults) == ("Ahornweg 3, Hof", "Ahornweg 3", {})
    address, faults = settled(stored, street="Ahornweg 4")
    assert (address["street"], address["address_line_1"], faults) == ("Ahornweg 4", "Ahornweg 4", {})
    assert settled(stored, zip_code="10117")[0]["street"] == "Alley 1"


def test_the_country_stays() -> None:
    stored = {**WHO, "zip_code": "10119", "country_code": "DE"}
    assert settled(stored, country_code="de")[1] == {}
    assert settled(stored, country_code="AT")[1] == {"country_code": "country_fixed"}
    nowhere = {**WHO, "zip_code": "10119"}
    assert settled(nowhere)[1] == {"country_code": "missing"}
    assert settled(nowhere, country_code="XX")[1] == {"country_code": "country_invalid"}
    assert settled(nowhere, country_code="de")[0]["country_code"] == "DE"


@pytest.mark.parametrize(
    ("country", "expected"),
    [
        ("DE", "zip_code:zip_code city:city"),
        ("US", "city:city province:state zip_code:zip"),
        ("IE", "city:city province:county zip_code:eircode"),
        ("GB", "city:post_town zip_code:zip_code"),
        ("JP", "province:prefecture zip_code:zip_code"),
        ("AE", "province:emirate"),
        ("XX", "zip_code:zip_code city:city province:province"),
        (None, "zip_code:zip_code city:city province:province"),
    ],
)
def test_the_form_of_a_country(country: str | None, expected: str) -> None:
    parts = address_parts(country)
    told = [f"{part.name}:{part.label}" for part in parts if part.name in ("zip_code", "city", "province")]
    assert " ".join(told) == expected
    assert [part.name for part in parts if part.required][:2] == ["name", "address_line_1"]


def test_regions_have_one_name_each() -> None:
    states = next(part for part in address_parts("US") if part.name == "province").regions
    assert len({state.code for state in states}) == len(states) > 50
    assert ("CA", "California") in {(state.code, state.name) for state in states}
