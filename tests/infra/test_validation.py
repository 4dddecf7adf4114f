import enum
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import Meta, Struct

from karla.infra.errors import BadRequest, Fault, Invalid, KarlaError, TooLarge
from karla.infra.validation import QueryShape, Shape, invalid

Text = Annotated[str, Meta(min_length=1, max_length=10)]
Aware = Annotated[datetime, Meta(tz=True)]
Code = Annotated[str, Meta(pattern="^[A-Z]{2}$")]
Url = Annotated[str, Meta(max_length=60, extra_json_schema={"format": "uri"})]
HttpsUrl = Annotated[str, Meta(pattern="^https://", extra_json_schema={"format": "uri"})]


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Address(Struct):
    zip_code: Text
    city: Text | None = None
    phone: str = ""


class Part(Struct):
    sku: str
    parts: "list[Part]" = []


class Circle(Struct, tag_field="kind", tag="circle"):
    radius: float


class Square(Struct, tag_field="kind", tag="square"):
    side: Annotated[int, Meta(gt=0)]


class Window(Struct):
    start: int
    end: int

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError("The end must not be before the start")


class Closed(Struct, forbid_unknown_fields=True):
    a: int = 0


class Order(Struct):
    order_number: str
    address: Address | None = None
    quantity: Annotated[int, Meta(ge=1, le=100)] = 1
    price: Annotated[float, Meta(ge=0, lt=1000)] | None = None
    enabled: bool | None = None
    placed_at: Aware | None = None
    seen_at: datetime | None = None
    local_at: Annotated[datetime, Meta(tz=False)] | None = None
    day: date | None = None
    uuid: UUID | None = None
    country: Code | None = None
    url: Url | None = None
    image: HttpsUrl | None = None
    colour: Colour | None = None
    id_type: Literal["uuid", "order_number"] | None = None
    tags: Annotated[list[Text], Meta(max_length=3)] | None = None
    parts: list[Part] = []
    shape: Circle | Square | None = None
    windows: list[Window] = []
    extra: dict[str, Any] | None = None
    anything: Any = None
    raw: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)
    counter: int | None = None
    total: Decimal | None = None
    wait: timedelta | None = None
    data: bytes | None = None
    names: dict[Annotated[str, Meta(max_length=2)], Address] | None = None
    pair: tuple[int, str] | None = None
    amount: int | str | None = None
    either: int | list[int] | None = None
    closed: Closed | None = None
    renamed: int = msgspec.field(default=0, name="other.name")
    maybe: Text | msgspec.UnsetType | None = msgspec.UNSET


ORDER = Shape(Order)
Found = list[tuple[tuple[str | int, ...], str]]


def faults_of(decode: Callable[[], object]) -> tuple[Fault, ...]:
    with pytest.raises(Invalid) as caught:
        decode()
    assert caught.value.status == 422
    assert caught.value.faults
    return caught.value.faults


def found(body: bytes, shape: Shape[Any] = ORDER) -> Found:
    return [(fault.loc[1:], fault.type) for fault in faults_of(lambda: shape.decode(body))]


def order(**members: object) -> bytes:
    return json.dumps({"order_number": "1"} | members).encode()


def test_a_good_body_becomes_the_struct() -> None:
    body = order(address={"zip_code": "10119"}, placed_at="2026-03-16T07:12:30+00:00", unknown=1, extra={"a": [1]})
    value = ORDER.decode(body)
    assert value.address == Address("10119")
    assert value.placed_at == datetime(2026, 3, 16, 7, 12, 30, tzinfo=UTC)
    assert value.extra == {"a": [1]}


@pytest.mark.parametrize(
    ("members", "path", "word", "sentence"),
    [
        ({"order_number": 5}, "order_number", "string_type", "Must be a string"),
        ({"order_number": None}, "order_number", "string_type", "Must be a string, not null"),
        ({"quantity": "1"}, "quantity", "int_type", "Must be an integer"),
        ({"quantity": 1.0}, "quantity", "int_type", "Must be an integer"),
        ({"quantity": True}, "quantity", "int_type", "Must be an integer"),
        ({"quantity": None}, "quantity", "int_type", "Must be an integer, not null"),
        ({"quantity": 0}, "quantity", "too_small", "Must be at least 1"),
        ({"quantity": 101}, "quantity", "too_large", "Must be at most 100"),
        ({"price": "1"}, "price", "number_type", "Must be a number"),
        ({"price": -1}, "price", "too_small", "Must be at least 0"),
        ({"price": 1000}, "price", "too_large", "Must be less than 1000"),
        ({"enabled": 1}, "enabled", "bool_type", "Must be true or false"),
        ({"tags": "a"}, "tags", "list_type", "Must be a list"),
        ({"tags": ["a"] * 4}, "tags", "too_long", "Must have at most 3 items"),
        ({"tags": ["a", ""]}, "tags.1", "too_short", "Must have at least 1 character"),
        ({"tags": ["a" * 11]}, "tags.0", "too_long", "Must have at most 10 characters"),
        ({"tags": ["a", None]}, "tags.1", "string_type", "Must be a string, not null"),
        ({"address": []}, "address", "object_type", "Must be an object"),
        ({"address": {}}, "address.zip_code", "missing", "Field required"),
        ({"address": {"zip_code": "1", "phone": None}}, "address.phone", "string_type", "Must be a string, not null"),
        ({"colour": "green"}, "colour", "enum", "Must be one of: blue, red"),
        ({"colour": 5}, "colour", "enum", "Must be one of: blue, red"),
        ({"id_type": "x"}, "id_type", "enum", "Must be one of: order_number, uuid"),
        ({"country": "de"}, "country", "pattern", "Must match the pattern ^[A-Z]{2}$"),
        ({"placed_at": "2026-03-16"}, "placed_at", "datetime_invalid", None),
        ({"placed_at": "2026-03-16T07:12:30"}, "placed_at", "datetime_invalid", None),
        ({"placed_at": "0001-01-01T00:00:00+23:00"}, "placed_at", "datetime_invalid", None),
        ({"placed_at": 5}, "placed_at", "string_type", "Must be a string"),
        ({"seen_at": "yesterday"}, "seen_at", "datetime_invalid", None),
        ({"seen_at": "2026-03-16T07:12:30"}, "seen_at", "datetime_invalid", None),
        ({"local_at": "2026-03-16T07:12:30Z"}, "local_at", "value", None),
        ({"local_at": "9999-03-16T07:12:30"}, "local_at", "datetime_invalid", None),
        ({"day": "16.3.2026"}, "day", "datetime_invalid", "Must be a date such as 2026-03-16"),
        ({"uuid": "x"}, "uuid", "uuid_invalid", "Must be a UUID"),
        ({"url": "example.com"}, "url", "uri_invalid", None),
        ({"url": "https://a b"}, "url", "uri_invalid", None),
        ({"image": "ftp://a"}, "image", "uri_invalid", None),
        ({"counter": 2**63}, "counter", "too_large", "Must be at most 9223372036854775807"),
        ({"counter": -(2**70)}, "counter", "too_small", "Must be at least -9223372036854775808"),
        ({"extra": {"a": [{"b": 2**64}]}}, "extra.a.0.b", "too_large", None),
        ({"anything": -(2**64)}, "anything", "too_small", None),
        ({"extra": []}, "extra", "object_type", "Must be an object"),
        ({"total": "x"}, "total", "number_type", "Must be a number"),
        ({"total": "NaN"}, "total", "number_type", None),
        ({"total": "1e19"}, "total", "too_large", None),
        ({"total": "1" * 70}, "total", "number_type", None),
        ({"total": True}, "total", "number_type", "Must be a number"),
        ({"wait": "soon"}, "wait", "value", "Must be a duration such as PT15M"),
        ({"wait": "P99999999999D"}, "wait", "value", "Must be a duration such as PT15M"),
        ({"data": "x"}, "data", "value", "Must be base64"),
        ({"names": {"abc": {"zip_code": "1"}}}, "names.abc", "too_long", "Must have at most 2 characters"),
        ({"names": {"ab": {"zip_code": 1}}}, "names.ab.zip_code", "string_type", "Must be a string"),
        ({"pair": [1]}, "pair", "too_short", "Must have at least 2 items"),
        ({"pair": ["1", "a"]}, "pair.0", "int_type", "Must be an integer"),
        ({"amount": 1.5}, "amount", "value", "Must be an integer or a string"),
        ({"amount": 2**64}, "amount", "too_large", None),
        ({"either": [1, "a"]}, "either.1", "int_type", "Must be an integer"),
        ({"either": {}}, "either", "value", "Must be an integer or a list"),
        ({"shape": 1}, "shape", "object_type", "Must be an object"),
        ({"shape": {}}, "shape.kind", "missing", "Field required"),
        ({"shape": {"kind": "oval"}}, "shape.kind", "enum", "Must be one of: circle, square"),
        ({"shape": {"kind": ["circle"]}}, "shape.kind", "enum", "Must be one of: circle, square"),
        ({"shape": {"kind": "square", "side": 0}}, "shape.side", "too_small", "Must be greater than 0"),
        ({"windows": [{"start": 2, "end": 1}]}, "windows.0", "value", "The end must not be before the start"),
        ({"closed": {"b": 1}}, "closed.b", "value", "Not a known field"),
        ({"other.name": "x"}, "other.name", "int_type", "Must be an integer"),
        ({"maybe": ""}, "maybe", "too_short", "Must have at least 1 character"),
        ({"parts": [{"sku": "a", "parts": [{"sku": 1}]}]}, "parts.0.parts.0.sku", "string_type", None),
    ],
)
def test_one_fault_is_named(members: dict[str, object], path: str, word: str, sentence: str | None) -> None:
    faults = faults_of(lambda: ORDER.decode(order(**members)))
    assert len(faults) == 1
    place = path if path == "other.name" else path.split(".")
    expected = [place] if isinstance(place, str) else [int(part) if part.isdigit() else part for part in place]
    assert faults[0].loc == ("body", *expected)
    assert faults[0].type == word
    assert sentence is None or faults[0].msg == sentence


@pytest.mark.parametrize(
    "members",
    [
        {"seen_at": None, "placed_at": None, "address": None, "maybe": None},
        {"amount": 1, "either": [1, 2], "shape": {"kind": "circle", "radius": 1}},
        {"total": 1.5, "counter": 2**63 - 1, "price": 10**2},
        {"total": "12.30", "anything": "x", "raw": {"a": [1]}},
        {"url": "mailto:a@b.example", "image": "https://b.example/ä", "local_at": "2026-03-16T07:12:30"},
        {"names": {"de": {"zip_code": "1"}}, "closed": {}, "pair": [1, "a"], "data": "aGk="},
        {"unknown": {"deep": [None, 2**80]}, "extra": {}},
    ],
)
def test_what_is_right_passes_beside_what_is_wrong(members: dict[str, object]) -> None:
    assert ORDER.decode(order(**members)) == msgspec.json.decode(order(**members), type=Order)
    assert found(order(**members, quantity=0)) == [(("quantity",), "too_small")]


def test_every_fault_is_named_at_once() -> None:
    body = order(
        address={"city": 5},
        quantity=0,
        placed_at="x",
        seen_at="y",
        tags=["", "a", 7],
        parts=[{"sku": "a"}, {"parts": [{}]}, 3],
        windows=[{"start": 2, "end": 1}, {"start": 1, "end": 2}, {"start": 5, "end": 3}],
        extra={"a": 2**64, "b": {"c\0": 1, "d": "\0"}},
        total="x",
    )
    assert sorted(found(body), key=str) == sorted(
        [
            (("address", "zip_code"), "missing"),
            (("address", "city"), "string_type"),
            (("quantity",), "too_small"),
            (("placed_at",), "datetime_invalid"),
            (("seen_at",), "datetime_invalid"),
            (("tags", 0), "too_short"),
            (("tags", 2), "string_type"),
            (("parts", 1, "sku"), "missing"),
            (("parts", 1, "parts", 0, "sku"), "missing"),
            (("parts", 2), "object_type"),
            (("windows", 0), "value"),
            (("windows", 2), "value"),
            (("extra", "a"), "too_large"),
            (("extra", "b", "c\N{REPLACEMENT CHARACTER}"), "nul_character"),
            (("extra", "b", "d"), "nul_character"),
            (("total",), "number_type"),
        ],
        key=str,
    )


def test_a_list_at_the_root_is_counted_from_zero() -> None:
    body = b'[{"zip_code":"1"},{"zip_code":""},{},7]'
    assert found(body, Shape(list[Address])) == [
        ((1, "zip_code"), "too_short"),
        ((2, "zip_code"), "missing"),
        ((3,), "object_type"),
    ]
    assert found(b"{}", Shape(list[Address])) == [((), "list_type")]
    assert found(b"null") == [((), "object_type")]


def test_a_body_wrong_all_over_is_answered_in_bounds() -> None:
    assert len(found(json.dumps([1] * 100_000).encode(), Shape(list[Address]))) == 500
    key = "k" * 1000
    faults = faults_of(lambda: ORDER.decode(order(names={key: 1})))
    assert all(len(str(part)) <= 100 for fault in faults for part in fault.loc)


@pytest.mark.parametrize(
    ("body", "key", "message"),
    [
        (b"{}", "request_invalid", "The order number is not valid."),
        (order(address={}), "zip_code_invalid", "The zip code is not valid."),
        (order(address={"zip_code": 5}), "zip_code_invalid", "The zip code is not valid."),
        (order(address={"zip_code": 5, "city": 5}), "request_invalid", "2 values are not valid."),
        (order(tags=[1, 2, 3]), "request_invalid", "3 values are not valid."),
        (b"[]", "request_invalid", "The body is not valid."),
    ],
)
def test_the_key_and_the_sentence_follow_the_faults(body: bytes, key: str, message: str) -> None:
    with pytest.raises(Invalid) as caught:
        ORDER.decode(body)
    assert (caught.value.key, caught.value.message) == (key, message)


def test_a_rule_can_refuse_in_the_same_words() -> None:
    places = [("body", "trackings", number, "carrier_reference") for number in range(2)]
    error = invalid([Fault(place, "Not a known carrier", "enum") for place in places])
    assert (error.key, error.message) == ("carrier_reference_invalid", "2 values are not valid.")


@pytest.mark.parametrize(
    ("body", "key", "reason"),
    [
        (b"", "body_missing", "Body required"),
        (b" \r\n", "body_missing", "Body required"),
        (b"{", "json_invalid", "Expecting property name enclosed in double quotes at byte 1"),
        (b'{"order_number": nope}', "json_invalid", "Expecting value at byte 17"),
        (b'{"order_number": "1"} x', "json_invalid", "Extra data at byte 22"),
        (b'{"order_number": 5} x', "json_invalid", "Extra data at byte 20"),
        (b'{"order_number": "\xff"}', "json_invalid", "Not UTF-8 at byte 18"),
        (b'{"order_number": "\xed\xa0\x80"}', "json_invalid", "Not UTF-8 at byte 18"),
        ('{"a": "ä", nope}'.encode(), "json_invalid", "Expecting property name enclosed in double quotes at byte 12"),
        (b'{"order_number": "\\ud800"}', "json_invalid", "Holds half of a surrogate pair"),
        (b'{"order_number": 5, "\\udfff": 1}', "json_invalid", "Holds half of a surrogate pair"),
        (b'{"order_number": "1", "extra": {"a": "\\ud83d"}}', "json_invalid", "Holds half of a surrogate pair"),
        (b'{"order_number": "\x00"}', "json_invalid", "Invalid control character at byte 18"),
        (b"\x00", "json_invalid", "Expecting value at byte 0"),
        (b'{"order_number": NaN}', "json_invalid", None),
        (b'{"quantity": -Infinity}', "json_invalid", "-Infinity is not a JSON value"),
        (b'\xef\xbb\xbf{"order_number": "1"}', "json_invalid", None),
        (b"[" * 100_000, "json_invalid", None),
        (b'{"order_number":"1","extra":{"a":' + b"[" * 100_000, "json_invalid", None),
        (b'{"order_number":"1","extra":{"a":' + b"[" * 70 + b"]" * 70 + b"}}", "json_invalid", None),
        (b'{"order_number":5,"extra":{"a":' + b"[" * 70 + b"]" * 70 + b"}}", "json_invalid", None),
        (b'{"order_number":"1","parts":' + b'[{"sku":"1","parts":' * 5000, "json_invalid", None),
    ],
)
def test_what_is_not_json_is_a_400(body: bytes, key: str, reason: str | None) -> None:
    with pytest.raises(BadRequest) as caught:
        ORDER.decode(body)
    error = caught.value
    assert error.key == key
    assert len(error.faults) == 1
    assert error.faults[0].loc == ("body",)
    assert reason is None or error.faults[0].msg == reason


def test_a_body_over_the_limit_is_a_413() -> None:
    shape = Shape(Address, max_bytes=20)
    assert shape.decode(b'{"zip_code": "1234"}') == Address("1234")
    with pytest.raises(TooLarge, match="larger than 20 bytes"):
        shape.decode(b'{"zip_code": "12345"}')


@pytest.mark.parametrize(
    ("number", "word"),
    [("1e999", "too_large"), ("-1e999", "too_small"), ("1" * 5000, "too_large"), ("-" + "1" * 400, "too_small")],
)
def test_numbers_beyond_all_bounds_are_named(number: str, word: str) -> None:
    body = '{"order_number":"1","quantity":N,"price":N,"counter":N,"total":N,"extra":{"a":[N]},"raw":N,"tags":N}'
    assert found(body.replace("N", number).encode()) == [
        (("quantity",), word),
        (("price",), word),
        (("tags",), "list_type"),
        (("extra", "a", 0), word),
        (("counter",), word),
        (("total",), word),
    ]
    assert ORDER.decode(f'{{"order_number":"1","ignored":{number}}}'.encode()).quantity == 1


@pytest.mark.parametrize(
    ("members", "places"),
    [
        ({"order_number": "a\0"}, [("order_number",)]),
        ({"extra": {"a": ["\0"]}, "anything": "\0", "raw": ["\0"]}, [("extra", "a", 0), ("anything",)]),
        ({"extra": {"\0": 1}}, [("extra", "\N{REPLACEMENT CHARACTER}")]),
        ({"names": {"\0": {"zip_code": "1"}}}, [("names", "\N{REPLACEMENT CHARACTER}")]),
        ({"tags": ["a", "b\0"], "address": {"zip_code": "\0"}}, [("address", "zip_code"), ("tags", 1)]),
    ],
)
def test_the_nul_character_is_refused_everywhere(members: dict[str, object], places: list[object]) -> None:
    assert found(order(**members)) == [(place, "nul_character") for place in places]


def test_what_only_looks_like_nul_passes() -> None:
    assert ORDER.decode(b'{"order_number": "a\\\\u0000"}').order_number == "a\\u0000"
    assert ORDER.decode(b'{"order_number": "\\ud83d\\ude00"}').order_number == "😀"
    assert ORDER.decode(order(unknown="\0")).order_number == "1"


def test_raw_members_are_left_to_their_reader() -> None:
    body = b'[{"a": 1e999}, "\\u0000", 5]'
    assert [bytes(item) for item in Shape(list[msgspec.Raw]).decode(body)] == [b'{"a": 1e999}', b'"\\u0000"', b"5"]
    pair: Any = Annotated[list[msgspec.Raw], Meta(max_length=2)]
    assert found(body, Shape(pair)) == [((), "too_long")]
    assert found(order(raw={"a": [2**70]}, quantity=0)) == [(("quantity",), "too_small")]


def test_a_member_given_twice_is_read_from_msgspecs_own_message() -> None:
    assert found(b'{"order_number":"1","quantity":"x","quantity":1}') == [(("quantity",), "int_type")]
    assert found(b'{"order_number":"1","parts":[{"sku":1,"sku":"a"}]}') == [(("parts", 0, "sku"), "string_type")]
    assert found(b'{"order_number":"1","names":{"a":{"zip_code":1,"zip_code":"a"}}}') == [
        (("names", "*", "zip_code"), "string_type")
    ]
    assert found(b'{"order_number":"1","names":{"a":1,"a":null,"a":{"zip_code":"1"}}}') == [(("names",), "object_type")]


class Filters(Struct, frozen=True, kw_only=True):
    page: Annotated[int, Meta(gt=0)] = 1
    per_page: Annotated[int, Meta(gt=0, le=100)] = 30
    reference: str
    enabled: bool | None = None
    since: datetime | None = None
    until: Aware | None = None
    uuid: UUID | None = None
    colour: Colour | None = None
    ids: Annotated[list[int], Meta(max_length=3)] | None = None
    colours: list[Colour] = []
    times: list[Aware] = []
    price: float | None = None
    counter: int | None = None
    order_by: str | None = msgspec.field(default=None, name="orderBy")


FILTERS = QueryShape(Filters)
MOMENT = datetime(2026, 3, 16, 7, 12, 30, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("params", "member", "value"),
    [
        ({}, "page", 1),
        ({"page": "7"}, "page", 7),
        ({"page": ["2", "3"]}, "page", 3),
        ({"enabled": "true"}, "enabled", True),
        ({"enabled": "0"}, "enabled", False),
        ({"since": "2026-03-16T07:12:30.123456Z"}, "since", MOMENT),
        ({"since": "2026-03-16T07:12:30.123456+00:00"}, "since", MOMENT),
        ({"since": "2026-03-16T07:12:30.123456 00:00"}, "since", MOMENT),
        ({"until": "2026-03-16T09:12:30.123456 02:00"}, "until", MOMENT),
        ({"times": ["2026-03-16T07:12:30.123456 00:00"]}, "times", [MOMENT]),
        ({"colour": "red"}, "colour", Colour.RED),
        ({"colours": "red"}, "colours", [Colour.RED]),
        ({"ids": ["1", "2"]}, "ids", [1, 2]),
        ({"orderBy": "12"}, "order_by", "12"),
        ({"unknown": "x", "order_by": "x"}, "order_by", None),
    ],
)
def test_parameters_become_values(params: dict[str, str | list[str]], member: str, value: object) -> None:
    assert getattr(FILTERS.decode({"reference": "1"} | params), member) == value


@pytest.mark.parametrize(
    ("params", "faults"),
    [
        ({"reference": "", "page": ["1", ""]}, [("page", "too_short"), ("reference", "too_short")]),
        ({"page": "0", "per_page": "101"}, [("page", "too_small"), ("per_page", "too_large")]),
        ({"page": "x", "enabled": "yes"}, [("page", "int_type"), ("enabled", "bool_type")]),
        ({"page": "9" * 5000}, [("page", "too_large")]),
        ({"counter": "9" * 30}, [("counter", "too_large")]),
        ({"since": "2026-03-16T07:12:30"}, [("since", "datetime_invalid")]),
        ({"until": "2026-03-16T07:12:30"}, [("until", "datetime_invalid")]),
        ({"since": "12345"}, [("since", "datetime_invalid")]),
        ({"since": "2026-03-16"}, [("since", "datetime_invalid")]),
        ({"since": "9999-12-31T23:59:59-23:00"}, [("since", "datetime_invalid")]),
        ({"uuid": "x", "colour": "green"}, [("uuid", "uuid_invalid"), ("colour", "enum")]),
        ({"ids": ["1", "x", "y"]}, [(("ids", 1), "int_type"), (("ids", 2), "int_type")]),
        ({"ids": ["1"] * 4}, [("ids", "too_long")]),
        ({"price": "nan"}, [("price", "number_type")]),
        ({"price": "1e999"}, [("price", "too_large")]),
        ({"reference": "a\0"}, [("reference", "nul_character")]),
        ({"reference": "\udcff"}, [("reference", "value")]),
    ],
)
def test_every_wrong_parameter_is_named(params: dict[str, str | list[str]], faults: list[tuple[Any, str]]) -> None:
    got = faults_of(lambda: FILTERS.decode({"reference": "1"} | params))
    expected = [(("query", *((place,) if isinstance(place, str) else place)), word) for place, word in faults]
    assert [(fault.loc, fault.type) for fault in got] == expected


def test_a_naive_time_is_told_that_an_offset_is_needed() -> None:
    (fault,) = faults_of(lambda: FILTERS.decode({"reference": "1", "since": "2026-03-16T07:12:30"}))
    assert "offset" in fault.msg


@pytest.mark.parametrize("params", [{"colour": "green"}, {"colours": ["red", "green"]}])
def test_the_words_that_a_parameter_takes_are_told(params: dict[str, str | list[str]]) -> None:
    (fault,) = faults_of(lambda: FILTERS.decode({"reference": "1"} | params))
    assert fault.msg == "Must be one of: blue, red"


def test_parameters_that_do_not_fit_together_are_a_422() -> None:
    (fault,) = faults_of(lambda: QueryShape(Window).decode({"start": "2", "end": "1"}))
    assert (fault.loc, fault.msg) == (("query",), "The end must not be before the start")


NAMES = st.sampled_from([field.encode_name for field in msgspec.structs.fields(Order)] + ["zip_code", "kind", "sku"])
TEXTS = st.text(max_size=8) | st.sampled_from(["red", "square", "2026-03-16T07:12:30Z", "0001-01-01T00:00:00+23:59"])
SCALARS = st.none() | st.booleans() | st.integers() | st.sampled_from([2**63, 10**400, float("inf")]) | st.floats()
JSON = st.recursive(
    SCALARS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | TEXTS, inner, max_size=6),
    max_leaves=25,
)
FUZZ = settings(derandomize=True, max_examples=150, deadline=None, database=None)


def check_agrees(body: bytes) -> None:
    """A value as msgspec reads it, or an error of ours that names at least one place."""
    try:
        value = ORDER.decode(body)
    except KarlaError as error:
        assert error.status in (400, 422)
        assert error.faults
        assert all(fault.loc[0] == "body" and fault.msg and fault.type for fault in error.faults)
        assert "Unfit" not in str(error.faults)
        msgspec.json.encode(error.faults)
    else:
        assert msgspec.json.encode(value) == msgspec.json.encode(msgspec.json.decode(body, type=Order))


@FUZZ
@given(st.dictionaries(NAMES, JSON, max_size=8) | JSON)
def test_no_json_escapes_as_another_error(document: object) -> None:
    check_agrees(json.dumps(document).replace("Infinity", "1e999").encode("utf-8", "surrogatepass"))


@FUZZ
@given(st.binary(max_size=60))
@example(b'"\\ud800\\u0000"')
def test_no_bytes_escape_as_another_error(body: bytes) -> None:
    check_agrees(body)
    check_agrees(b'{"order_number":"1","extra":{"a":' + body + b"}}")


@FUZZ
@given(st.sets(st.sampled_from(["order_number", "quantity", "price", "placed_at", "seen_at", "uuid", "tags", "shape"])))
def test_exactly_the_broken_members_are_named(broken: set[str]) -> None:
    good = {"order_number": "1", "quantity": 5, "price": 1.5, "tags": ["a"], "seen_at": "2026-03-16T07:12:30Z"}
    body = json.dumps(good | {name: {"wrong": 1} for name in broken}).encode()
    if broken:
        assert {fault.loc[1] for fault in faults_of(lambda: ORDER.decode(body))} == broken
    else:
        assert ORDER.decode(body).quantity == 5


@FUZZ
@given(st.dictionaries(NAMES | st.sampled_from(["page", "since", "ids", "price"]), TEXTS | st.lists(TEXTS, max_size=3)))
def test_no_query_escapes_as_another_error(params: dict[str, str | list[str]]) -> None:
    try:
        FILTERS.decode({"reference": "1"} | params)
    except KarlaError as error:
        assert error.status == 422
        assert all(fault.loc[0] == "query" for fault in error.faults)
