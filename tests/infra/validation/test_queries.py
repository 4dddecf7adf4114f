"""What of a query becomes values, and which faults are named."""

from datetime import UTC, datetime
from typing import Any

import pytest

from karla.infra.validation import QueryShape
from tests.infra.validation.shapes import FILTERS, Colour, Window, faults_of

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
