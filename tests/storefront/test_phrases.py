"""Times, windows and amounts are said as people say them, in each language and region."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from karla.entrypoints.storefront.languages import tongue_of
from karla.entrypoints.storefront.phrases import Phrases

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 22, 14, 5, tzinfo=BERLIN)
"""A Sunday."""


def phrases(tag: str, zone: ZoneInfo = BERLIN, now: datetime = NOW) -> Phrases:
    tongue = tongue_of(tag)
    assert tongue is not None
    return Phrases(tongue.words, tongue.locale(), zone, now)


def at(day: int, hour: int = 0, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN)


def plain(text: str) -> str:
    """With the spaces that everybody has on the keyboard."""
    return text.replace("\u2009", " ").replace("\u202f", " ").replace("\xa0", " ")


def said(there: Phrases, start: datetime, end: datetime, *, whole_days: bool) -> str:
    """The days, and the hours where there are any, as a parcel's card has them."""
    hours = None if whole_days else there.hours(start, end)
    day = there.window_day(start, end, whole_days=whole_days)
    return plain(f"{day}, {hours}" if hours else day)


TODAY = (at(22, 14), at(22, 16))
TOMORROW = (at(23, 14), at(23, 16))
TUESDAY = (at(24, 10, 30), at(24, 13))
OVER_NIGHT = (at(22, 22), at(23, 2))


@pytest.mark.parametrize(
    ("tag", "window", "expected"),
    [
        ("en-GB", TODAY, "Today, 14:00–16:00"),
        ("en", TODAY, "Today, 14:00–16:00"),
        ("en-US", TODAY, "Today, 2 – 4 PM"),
        ("en-US", TUESDAY, "Tuesday, November 24, 10:30 AM – 1:00 PM"),
        ("en-US", (at(22, 13, 15), at(22, 13, 45)), "Today, 1:15 – 1:45 PM"),
        ("en-GB", TUESDAY, "Tuesday, 24 November, 10:30–13:00"),
        ("en-GB", OVER_NIGHT, "Today, 22:00 – tomorrow, 02:00"),
        ("en-GB", (at(25, 22), at(26, 2)), "Wednesday, 22:00 – Thursday, 02:00"),
        ("en-GB", (at(22, 16), at(22, 16)), "Today, 16:00"),
        ("de", TODAY, "Heute, 14:00–16:00 Uhr"),
        ("de", TOMORROW, "Morgen, 14:00–16:00 Uhr"),
        ("de", TUESDAY, "Dienstag, 24. November, 10:30–13:00 Uhr"),
        ("fr", TOMORROW, "Demain, 14:00 – 16:00"),
        ("es", TOMORROW, "Mañana, 14:00–16:00"),
        ("it", TUESDAY, "Martedì 24 novembre, 10:30–13:00"),
        ("nl", TODAY, "Vandaag, 14:00–16:00"),
        ("da", TUESDAY, "Tirsdag den 24. november, 10.30–13.00"),
        ("pl", TUESDAY, "Wtorek, 24 listopada, 10:30–13:00"),
    ],
)
def test_a_window_with_hours(tag: str, window: tuple[datetime, datetime], expected: str) -> None:
    assert said(phrases(tag), *window, whole_days=False) == expected


@pytest.mark.parametrize(
    ("tag", "window", "expected"),
    [
        ("en-GB", (at(22), at(22)), "Today"),
        ("en-GB", (at(23), at(23)), "Tomorrow"),
        ("en-GB", (at(24), at(24)), "Tuesday, 24 November"),
        ("en-GB", (at(22), at(23)), "Today or tomorrow"),
        ("en-GB", (at(22), at(25)), "Between today and Wednesday"),
        ("en-GB", (at(23), at(24)), "Tomorrow or Tuesday"),
        ("de", (at(24), at(25)), "Dienstag oder Mittwoch"),
        ("en-GB", (at(23), at(25)), "Between tomorrow and Wednesday"),
        ("en-GB", (at(24), at(26)), "Between Tuesday and Thursday"),
        ("en-GB", (at(28), at(30)), "28–30 November"),
        ("en-GB", (at(30), at(2, month=12)), "30 November – 2 December"),
        ("en-US", (at(28), at(30)), "November 28 – 30"),
        ("en-GB", (at(18), at(20)), "18–20 November"),
        ("en-GB", (at(20), at(24)), "Between today and Tuesday"),
        ("en-GB", (at(21), at(22)), "Today"),
        ("en-GB", (at(24), at(23)), "Tuesday, 24 November"),
        ("de", (at(24), at(26)), "Zwischen Dienstag und Donnerstag"),
        ("de", (at(28), at(30)), "28.–30. November"),
        ("fr", (at(24), at(26)), "Entre mardi et jeudi"),
        ("es", (at(24), at(26)), "Entre el martes y el jueves"),
        ("es", (at(28), at(30)), "28–30 de noviembre"),
        ("it", (at(1, month=12), at(3, month=12)), "1–3 dicembre"),
        ("nl", (at(22), at(23)), "Vandaag of morgen"),
        ("da", (at(23), at(25)), "Mellem i morgen og onsdag"),
        ("pl", (at(24), at(26)), "Wtorek – czwartek"),
    ],
)
def test_a_window_of_whole_days(tag: str, window: tuple[datetime, datetime], expected: str) -> None:
    assert said(phrases(tag), *window, whole_days=True) == expected


@pytest.mark.parametrize(
    ("tag", "window", "expected"),
    [
        ("en-GB", TOMORROW, "Tomorrow"),
        ("en-GB", TUESDAY, "Tuesday, 24 November"),
        ("en-GB", OVER_NIGHT, "Today, 22:00 – tomorrow, 02:00"),
        ("de", TODAY, "Heute"),
        ("nl", TUESDAY, "Dinsdag 24 november"),
        ("fr", TOMORROW, "Demain"),
    ],
)
def test_the_day_of_a_window_by_itself(tag: str, window: tuple[datetime, datetime], expected: str) -> None:
    assert plain(phrases(tag).window_day(*window, whole_days=False)) == expected


@pytest.mark.parametrize(
    ("tag", "moment", "expected"),
    [
        ("en-GB", at(22, 9), "Today"),
        ("en-GB", at(21, 23, 59), "Yesterday"),
        ("en-GB", at(16, 9), "Monday, 16 November"),
        ("en-GB", at(16, 9, month=3), "Monday, 16 March 2026"),
        ("de", at(21, 9), "Gestern"),
        ("da", at(16, 9), "Mandag den 16. november"),
        ("es", at(16, 9), "Lunes, 16 de noviembre"),
        ("pl", at(16, 9), "Poniedziałek, 16 listopada"),
    ],
)
def test_the_heading_of_a_day(tag: str, moment: datetime, expected: str) -> None:
    assert phrases(tag).heading(moment) == expected


@pytest.mark.parametrize(
    ("tag", "moment", "expected"),
    [
        ("en-GB", at(22, 18), "today, 18:00"),
        ("en-GB", at(23, 18), "tomorrow, 18:00"),
        ("en-GB", at(28, 18), "Saturday, 18:00"),
        ("en-US", at(28, 18), "Saturday, 6:00 PM"),
        ("en-GB", at(29, 18), "Sunday, 29 November, 18:00"),
        ("de", at(28, 18), "Samstag, 18:00"),
        ("da", at(28, 18), "lørdag, 18.00"),
        ("en-GB", at(28, 0), "Friday"),
        ("en-GB", at(28, 23) + timedelta(minutes=59), "Saturday"),
        ("de", at(23, 0), "heute"),
        ("de", at(30, 0), "Sonntag, 29. November"),
    ],
)
def test_until_when_it_waits(tag: str, moment: datetime, expected: str) -> None:
    assert plain(phrases(tag).until(moment)) == expected


@pytest.mark.parametrize(
    ("tag", "moment", "expected"),
    [
        ("en-GB", at(22, 14, 5), "14:05"),
        ("en-US", at(22, 14, 5), "2:05 PM"),
        ("de", at(21, 14, 5), "gestern, 14:05"),
    ],
)
def test_as_of_when_it_is_true(tag: str, moment: datetime, expected: str) -> None:
    assert plain(phrases(tag).lately(moment)) == expected


@pytest.mark.parametrize(
    ("tag", "seconds", "expected"),
    [
        ("en-GB", 20, "in 20 seconds"),
        ("en-GB", 100, "in 2 minutes"),
        ("de", 300, "in 5 Minuten"),
        ("fr", 300, "dans 5 minutes"),
        ("pl", 120, "za 2 minuty"),
        ("pl", 300, "za 5 minut"),
    ],
)
def test_how_long_to_wait(tag: str, seconds: int, expected: str) -> None:
    assert plain(phrases(tag).after(seconds)) == expected


@pytest.mark.parametrize(
    ("tag", "currency", "expected"),
    [
        ("en-GB", "EUR", "€1,249.90"),
        ("en-US", "USD", "$1,249.90"),
        ("de", "EUR", "1.249,90 €"),
        ("de-CH", "CHF", "CHF 1’249.90"),
        ("fr", "EUR", "1 249,90 €"),
        ("nl", "EUR", "€ 1.249,90"),
        ("da", "DKK", "1.249,90 kr."),
        ("pl", "PLN", "1 249,90 zł"),
    ],
)
def test_a_price(tag: str, currency: str, expected: str) -> None:
    assert plain(phrases(tag).price(1249.9, currency)) == expected


def test_the_day_is_that_of_where_the_parcel_goes() -> None:
    late = datetime(2026, 11, 22, 23, 30, tzinfo=BERLIN)
    there = phrases("en-GB", ZoneInfo("Asia/Tokyo"), late)
    assert there.heading(late) == "Today"
    assert there.time(late) == "07:30"
    elsewhere = phrases("en-GB", ZoneInfo("America/New_York"), late)
    assert said(elsewhere, late, late + timedelta(hours=2), whole_days=False) == "Today, 17:30–19:30"
    assert there.day(late.date()) == "yesterday"


def test_short_and_long_dates() -> None:
    assert phrases("en-GB").short_date(at(20)) == "20 Nov"
    assert phrases("de").short_date(at(20)) == "20. Nov."
    assert phrases("es").long_date(at(20)) == "20 de noviembre de 2026"
