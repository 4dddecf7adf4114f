"""ZIP codes as people type them, over many countries."""

import pytest

from karla.domain.shoppers.rules.zip_codes import same_zip_code

SAME = [
    # country, as the shop stored it, as somebody typed it
    ("DE", "10119", "10119"),
    ("DE", "10119", " 10119 "),
    ("DE", "10119", "D-10119"),
    ("DE", "10119", "d 10119"),
    ("DE", "10119", "DE-10119"),
    ("DE", "10119", "DEU 10119"),
    ("DE", "10119", "10119 Berlin"),
    ("DE", "10119", "１０１１９"),
    ("DE", "10119", "101\u00a019"),
    ("DE", "10119", "\u202a10119\u202c"),
    ("DE", "D-10119", "10119"),
    ("DE", "01067", "1067"),
    ("DE", "1067", "01067"),
    ("DE", "1067", "D-01067"),
    ("de", "10119", "10119"),
    ("DEU", "10119", "D10119"),
    ("AT", "1010", "A-1010"),
    ("CH", "8001", "CH-8001"),
    ("CH", "8001", "CHE 8001"),
    ("LI", "9490", "FL-9490"),
    ("NL", "1234 AB", "1234ab"),
    ("NL", "1234AB", "NL 1234 AB"),
    ("NL", "1234AB", "nl-1234.ab"),
    ("NL", "NL-1234 AB", "1234 ab"),
    ("BE", "1000", "B-1000"),
    ("LU", "L-1111", "1111"),
    ("FR", "06000", "F-06000"),
    ("FR", "06000", "6000"),
    ("FR", "20000", "20 000"),
    ("ES", "08001", "8001"),
    ("IT", "00118", "I-00118"),
    ("PT", "1000-205", "1000 205"),
    ("PT", "1000-205", "P-1000-205"),
    ("PL", "00-950", "00950"),
    ("PL", "00-950", "00–950"),
    ("CZ", "110 00", "11000"),
    ("SK", "811 01", "SK-81101"),
    ("SE", "114 55", "SE-11455"),
    ("SE", "11455", "S-114 55"),
    ("NO", "0150", "150"),
    ("NO", "0150", "N-0150"),
    ("DK", "1050", "DK-1050"),
    ("FI", "00100", "FIN-00100"),
    ("LV", "LV-1010", "1010"),
    ("LV", "1010", "lv1010"),
    ("LT", "LT-01100", "1100"),
    ("SI", "1000", "SLO-1000"),
    ("AD", "AD500", "500"),
    ("GB", "SW1A 1AA", "sw1a1aa"),
    ("GB", "SW1A1AA", "GB-SW1A 1AA"),
    ("UK", "M1 1AE", "UK M1 1AE"),
    ("JE", "JE2 3AB", "je23ab"),
    ("IE", "D02 AF30", "d02af30"),
    ("IE", "D02AF30", "IRL D02 AF30"),
    ("US", "10001", "10001-1234"),
    ("US", "10001-1234", "10001"),
    ("US", "10001-1234", "100011234"),
    ("US", "02108", "2108"),
    ("US", "2108", "02108-1234"),
    ("US", "10001", "NY 10001"),
    ("PR", "00601-1234", "601"),
    ("USA", "10001-1234", "10001"),
    (None, "10001-1234", "10001"),
    ("CA", "K1A 0B1", "k1a-0b1"),
    ("BR", "01310-100", "1310100"),
    ("MX", "01000", "1000"),
    ("JP", "100-0001", "〒100-0001"),
    ("JP", "060-0000", "０６０ー００００".replace("ー", "-")),
    ("KR", "04524", "4524"),
    ("IN", "110001", "110 001"),
    ("SG", "018956", "S(018956)"),
    ("AU", "0800", "800"),
    ("IR", "1193653471", "۱۱۹۳۶۵۳۴۷۱"),
    ("SA", "11564", "١١٥٦٤"),
    ("MT", "VLT 1117", "vlt1117"),
    ("GR", "104 31", "EL-10431"),
    (None, "10119", "D-10119"),
    (None, "1234 AB", "NL-1234AB"),
    (None, "01067", "1067"),
    ("", "8001", "CH-8001"),
    ("Germany", "10119", "10119"),
]

DIFFERENT = [
    ("DE", "10119", "10118"),
    ("DE", "10119", "1011"),
    ("DE", "10119", "101190"),
    ("DE", "10119", "10119 10119"),
    ("DE", "10119", ""),
    ("DE", "10119", "0"),
    ("DE", "10119", "%"),
    ("DE", "10119", "_____"),
    ("DE", "10119", "D-"),
    ("DE", "10119", "Berlin"),
    ("DE", "01067", "10670"),
    ("NL", "1234 AB", "1234"),
    ("NL", "1234 AB", "1234 AC"),
    ("GB", "SW1A 1AA", "SW1A"),
    ("GB", "SW1A 1AA", "11"),
    ("CA", "K1A 0B1", "K1A"),
    ("CA", "K1A 0B1", "101"),
    ("US", "10001", "1000"),
    ("US", "10001", "10002-0001"),
    ("US", "10001-1234", "1234"),
    ("MT", "VLT 1117", "1117"),
    ("IE", "D02 AF30", "D02"),
    (None, "10119", "10118"),
]

NONE_AT_ALL = [None, "", " ", "-", "0", "00000", "n/a", "NONE", "–", "0000-000"]


@pytest.mark.parametrize(("country", "stored", "typed"), SAME)
def test_a_code_is_the_same_however_it_is_written(country: str | None, stored: str, typed: str) -> None:
    assert same_zip_code(stored, typed, country)


@pytest.mark.parametrize(("country", "stored", "typed"), DIFFERENT)
def test_another_code_is_another(country: str | None, stored: str, typed: str) -> None:
    assert not same_zip_code(stored, typed, country)


@pytest.mark.parametrize("stored", NONE_AT_ALL)
@pytest.mark.parametrize("typed", ["", "0", "00000", "-", "n/a", "10119", "ZZ99 9ZZ", "999"])
def test_an_order_without_a_code_is_opened_by_none(stored: str | None, typed: str) -> None:
    assert not same_zip_code(stored, typed, "DE")
    assert not same_zip_code(stored, typed, None)
