"""Whatever a body or a query holds, it is a value or faults that are named."""

import json

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from karla.infra.errors import KarlaError
from tests.infra.validation.shapes import FILTERS, ORDER, Order, faults_of

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
