"""Who counts as a visitor, and what counts make a rate."""

from datetime import UTC, date, datetime

import pytest

from karla.domain.insights.rules import counts, days_between, rate
from tests.support.visits import PHONE

BROWSERS = [
    PHONE,
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Instagram 336.0",
    "karla-python/0.3.0 httpx/0.28.1 python/3.11",
]
PROGRAMS = [
    "",
    "curl/8.5.0",
    "python-requests/2.32",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "WhatsApp/2.24.9.78 i",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0 Safari/537.36",
]


@pytest.mark.parametrize("agent", BROWSERS)
def test_people_and_servers_that_report_for_them_count(agent: str) -> None:
    assert counts({"user-agent": agent})


@pytest.mark.parametrize("agent", PROGRAMS)
def test_programs_do_not(agent: str) -> None:
    assert not counts({"user-agent": agent})


@pytest.mark.parametrize(
    ("name", "value"),
    [("sec-purpose", "prefetch;prerender"), ("purpose", "prefetch"), ("x-moz", "prefetch"), ("x-purpose", "preview")],
)
def test_a_page_that_is_loaded_ahead_was_not_visited(name: str, value: str) -> None:
    assert not counts({"user-agent": PHONE, name: value})
    assert counts({"user-agent": PHONE, name: "navigate"})


def test_a_share_is_between_none_and_all() -> None:
    assert (rate(1, 3), rate(0, 3), rate(4, 3), rate(0, 0)) == (0.3333, 0.0, 1.0, None)


def test_the_days_that_a_span_touches() -> None:
    noon, midnight = datetime(2026, 2, 27, 12, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
    assert days_between(noon, midnight) == [date(2026, 2, 27), date(2026, 2, 28)]
    assert days_between(noon, noon.replace(hour=13)) == [date(2026, 2, 27)]
