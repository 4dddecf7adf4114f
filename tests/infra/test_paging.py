"""Cursors survive the way to a caller and back, and take nothing that isn't ours."""

import base64
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from karla.infra.errors import Invalid
from karla.infra.paging import Cursor, Paged

ID = UUID("6f0c2d4e-9b1a-4a35-8f64-3f1f0b7a9c21")


@pytest.mark.parametrize(
    "time",
    [
        datetime(2026, 3, 16, 7, 12, 30, 123456, tzinfo=UTC),
        datetime(2026, 3, 16, 7, 12, tzinfo=timezone(timedelta(hours=-3))),
    ],
)
def test_a_cursor_comes_back_as_it_went(time: datetime) -> None:
    text = str(Cursor(time, ID))
    assert text.isascii()
    assert not set(text) & set("+/=&? ")
    assert Cursor.read(text) == Cursor(time, ID)


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "nonsense",
        "ü",
        "a" * 501,
        encoded("{}"),
        encoded("[]"),
        encoded('["2026-03-16T07:12:30Z"]'),
        encoded('["2026-03-16T07:12:30Z", "no uuid"]'),
        encoded(f'["2026-03-16T07:12:30", "{ID}"]'),
        encoded(f'["0001-01-01T00:00:00+14:00", "{ID}"]'),
        encoded(f'["9999-12-31T23:59:59-23:00", "{ID}"]'),
        encoded("\0"),
        encoded("[" * 500),
    ],
)
def test_what_is_no_cursor_of_ours_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        Cursor.read(text)
    assert refused.value.key == "cursor_invalid"
    assert [fault.loc for fault in refused.value.faults] == [("query", "cursor")]


def test_a_page_says_how_many_rows_come_before_it() -> None:
    assert Paged().offset == 0
    assert Paged(page=3, per_page=30).offset == 60
