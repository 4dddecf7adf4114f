"""Which parcels a provider's push may be about."""

import pytest

from karla.domain.tracking.rules.pushes import is_meant, spellings


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("1Z5R89390357567127", {"1Z5R89390357567127", "1z5r89390357567127"}),
        ("rr123456785De", {"rr123456785De", "RR123456785DE", "rr123456785de"}),
        (" 00340434161094000014\n", {"00340434161094000014"}),
        ("", set()),
        ("  ", set()),
        ("1Z\0", set()),
    ],
)
def test_a_number_is_looked_for_as_shops_write_it(number: str, expected: set[str]) -> None:
    assert set(spellings(number)) == expected
    assert len(spellings(number)) == len(expected)


@pytest.mark.parametrize(
    ("known", "told", "expected"),
    [
        ("dhl-germany", "dhl-germany", True),
        ("dhl-germany", "gls", False),
        ("dhl-germany", None, True),
        (None, "gls", True),
        (None, None, True),
    ],
)
def test_another_carriers_parcel_is_not_meant(known: str | None, told: str | None, expected: bool) -> None:
    assert is_meant(known, told) is expected
