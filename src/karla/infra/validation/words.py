"""How a fault is said: the stable words, their sentences, and msgspec's messages put into both."""

import re
from collections.abc import Callable, Sequence

from karla.infra.errors import Fault, Invalid

TYPE_WORDS = {
    "string": ("string_type", "a string"),
    "integer": ("int_type", "an integer"),
    "number": ("number_type", "a number"),
    "boolean": ("bool_type", "true or false"),
    "array": ("list_type", "a list"),
    "object": ("object_type", "an object"),
    "null": ("value", "null"),
}
"""By JSON Schema's name of a type: the fault's word, and what the value must be."""

DATETIME = "Must be a date and time with an offset, such as 2026-03-16T07:12:30+00:00"

SENTENCES = {
    "missing": "Field required",
    "nul_character": "Must not hold the NUL character",
    "too_large": "Must be a number that fits into 64 bits",
    "too_small": "Must be a number that fits into 64 bits",
    "number_type": "Must be a finite number of at most 64 digits",
    "datetime_invalid": DATETIME,
    "uuid_invalid": "Must be a UUID",
    "uri_invalid": "Must be a URI with its scheme, such as https://example.com/",
    "value": "Not a valid value",
}
"""What is said of a value that only its word is known of."""

FORMATS = {
    "date-time": ("datetime_invalid", DATETIME),
    "date": ("datetime_invalid", "Must be a date such as 2026-03-16"),
    "time": ("datetime_invalid", "Must be a time such as 07:12:30"),
    "duration": ("value", "Must be a duration such as PT15M"),
    "uuid": ("uuid_invalid", SENTENCES["uuid_invalid"]),
    "uri": ("uri_invalid", SENTENCES["uri_invalid"]),
    "decimal": ("number_type", "Must be a number"),
    "base64": ("value", "Must be base64"),
}
"""By JSON Schema's name of a format."""

_MSGSPEC_NAMES = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "decimal": "number",
    "bool": "boolean",
    "array": "array",
    "object": "object",
}
_MSGSPEC_FORMATS = {
    "datetime": "date-time",
    "date": "date",
    "time": "time",
    "duration": "duration",
    "uuid": "uuid",
    "bytes": "base64",
}


def invalid(faults: Sequence[Fault]) -> Invalid:
    """The 422 for these faults, under the key that the wire contract has for them."""
    fields = {fault.field for fault in faults}
    key = f"{fields.pop()}_invalid" if fields in ({"zip_code"}, {"carrier_reference"}) else None
    if len(faults) == 1:
        name = clean(faults[0].field).replace("_", " ")
        return Invalid(key, f"The {name} is not valid.", faults)
    return Invalid(key, f"{len(faults)} values are not valid.", faults)


def clean(part: str) -> str:
    """A name from a caller's own object, fit to be sent back and logged."""
    return part[:100].replace("\0", "\N{REPLACEMENT CHARACTER}")


def at_least(unit: str, bound: object) -> tuple[str, str]:
    """Word and sentence for fewer than `bound` of a countable `unit`."""
    return "too_short", f"Must have at least {bound} {_plural(unit, bound)}"


def at_most(unit: str, bound: object) -> tuple[str, str]:
    """Word and sentence for more than `bound` of a countable `unit`."""
    return "too_long", f"Must have at most {bound} {_plural(unit, bound)}"


def one_of(allowed: Sequence[object]) -> tuple[str, str]:
    """Word and sentence for a value outside a closed set."""
    return "enum", f"Must be one of: {', '.join(str(value) for value in allowed if value is not None)}"


def must_be(types: Sequence[str], *, null: bool = False) -> tuple[str, str]:
    """Word and sentence for a value of none of these JSON Schema types; `null`: it was null."""
    known = [TYPE_WORDS[name] for name in types]
    word = known[0][0] if len(known) == 1 else "value"
    return word, f"Must be {' or '.join(text for _, text in known)}{', not null' if null else ''}"


def read_msgspec(message: str) -> Fault:
    """Msgspec's own message as a fault; `loc` starts at the value that was converted.

    Msgspec doesn't say which key of a mapping it means: there stands `*`, or nothing at the end.
    """
    placed = _PLACED.match(message)
    what, path = (placed["what"], placed["path"]) if placed else (message, "")
    loc = [_part(match) for match in _STEP.finditer(path)]
    while loc and loc[-1] == "*":
        loc.pop()
    for pattern, say in _MESSAGES:
        if match := pattern.fullmatch(what):
            word, sentence = say(match)
            if "field" in match.groupdict():
                loc.append(match["field"])
            return Fault(tuple(loc), sentence, word)
    return Fault(tuple(loc), what, "value")


_PLACED = re.compile(r"(?P<what>.*) - at (?:`key` in )?`\$(?P<path>.*)`", re.DOTALL)
_STEP = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>\d+)\]|\[\.\.\.\]")


def _part(step: re.Match[str]) -> str | int:
    if step["index"]:
        return int(step["index"])
    return step["name"] or "*"


def _plural(unit: str, bound: object) -> str:
    if str(bound) == "1":
        return unit
    return "entries" if unit == "entry" else f"{unit}s"


_UNITS = {"str": "character", "bytes": "byte", "array": "item", "object": "entry"}


def _expected(match: re.Match[str]) -> tuple[str, str]:
    names = [name for name in match["names"].split(" | ") if name != "null"]
    if len(names) == 1 and names[0] in _MSGSPEC_FORMATS:
        word, sentence = FORMATS[_MSGSPEC_FORMATS[names[0]]]
        return word, f"{sentence}{', not null' if match['got'] == 'null' else ''}"
    types = dict.fromkeys(_MSGSPEC_NAMES.get(name, "string") for name in names)
    return must_be([*types] or ["null"], null=match["got"] == "null")


def _length(match: re.Match[str]) -> tuple[str, str]:
    unit = _UNITS.get(match["name"], "item")
    if match["sign"] == "<=":
        return at_most(unit, match["bound"])
    if match["sign"] == ">=":
        return at_least(unit, match["bound"])
    return "value", f"Must have {match['bound']} {_plural(unit, match['bound'])}"


def _bound(match: re.Match[str]) -> tuple[str, str]:
    word, text = {
        "<=": ("too_large", "at most"),
        "<": ("too_large", "less than"),
        ">=": ("too_small", "at least"),
        ">": ("too_small", "greater than"),
    }[match["sign"]]
    return word, f"Must be {text} {match['bound']}"


def _always(word: str, sentence: str | None = None) -> Callable[[re.Match[str]], tuple[str, str]]:
    return lambda _match: (word, sentence or SENTENCES[word])


_MESSAGES: list[tuple[re.Pattern[str], Callable[[re.Match[str]], tuple[str, str]]]] = [
    (re.compile(pattern, re.DOTALL), say)
    for pattern, say in (
        (r"Object missing required field `(?P<field>.*)`", _always("missing")),
        (r"Object contains unknown field `(?P<field>.*)`", _always("value", "Not a known field")),
        (r"Expected `(?P<names>[^`]*)`(?:, got `(?P<got>[^`]*)`)?", _expected),
        (r"Expected `(?P<name>\w+)` of (?:at least )?length (?P<sign>[<>]=)? ?(?P<bound>\d+).*", _length),
        (r"Expected `\w+` (?P<sign>[<>]=?) (?P<bound>\S+)", _bound),
        (r"Expected `\w+` matching regex .*", _always("pattern", "Must have the documented form")),
        (
            r"Expected `\w+` that's a multiple of (?P<bound>\S+)",
            lambda match: ("value", f"Must be a multiple of {match['bound']}"),
        ),
        (r"Expected `datetime` with a timezone component", _always("datetime_invalid")),
        (r"Invalid RFC3339 encoded (?P<name>\w+)", lambda match: FORMATS[_MSGSPEC_FORMATS[match["name"]]]),
        (r"(?:Timestamp|Date) is out of range ?", _always("datetime_invalid")),
        (r"(?:Invalid ISO8601 duration|Duration is out of range ?)", lambda _match: FORMATS["duration"]),
        (r"Invalid UUID.*", _always("uuid_invalid")),
        (r"Invalid decimal string", lambda _match: FORMATS["decimal"]),
        (r"Invalid base64 encoded string", lambda _match: FORMATS["base64"]),
        (r"Invalid (?:enum )?value .*", _always("enum", "Must be one of the documented values")),
        (r"(?:Number|Integer value) out of range", _always("too_large")),
    )
]
