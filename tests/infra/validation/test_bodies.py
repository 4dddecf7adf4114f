"""What of a body becomes a struct, and which faults are named."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta

from karla.infra.errors import BadRequest, Fault, Invalid, TooLarge
from karla.infra.validation import Shape, invalid
from tests.infra.validation.shapes import ORDER, Address, Order, faults_of, found, order


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
