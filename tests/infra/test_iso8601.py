"""Times as text."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from karla.infra.iso8601 import iso8601

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
SECONDS = st.floats(631_152_000, 7_258_118_400) | st.integers(631_152_000, 7_258_118_400)


def test_the_offset_is_written_out() -> None:
    assert iso8601(datetime(2026, 3, 16, 8, 12, 30, tzinfo=timezone(timedelta(hours=1)))) == "2026-03-16T07:12:30+00:00"


@given(SECONDS, OFFSETS | st.just(UTC))
def test_it_is_what_python_writes_of_the_same_moment_in_utc(seconds: float, offset: timezone) -> None:
    time = datetime.fromtimestamp(seconds, offset)
    assert iso8601(time) == time.astimezone(UTC).isoformat()
