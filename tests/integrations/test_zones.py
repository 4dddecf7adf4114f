"""Local times of carriers, by their place; never guessed."""

import csv
from datetime import UTC, date, datetime
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest

from karla.integrations.carriers.countries import country_of
from karla.integrations.carriers.zones import Moment, Place, day_of, moments, zone_of

BERLIN = Place("DE")
local = datetime.fromisoformat


@pytest.mark.parametrize(
    ("place", "zone"),
    [
        (Place("DE"), "Europe/Berlin"),
        (Place("de", None, "10115"), "Europe/Berlin"),
        (Place("AT"), "Europe/Vienna"),
        (Place("CN"), "Asia/Shanghai"),
        (Place("JP"), "Asia/Tokyo"),
        (Place("ES"), "Europe/Madrid"),
        (Place("ES", None, "35001"), "Atlantic/Canary"),
        (Place("ES", None, "38 670"), "Atlantic/Canary"),
        (Place("ES", None, "51001"), "Africa/Ceuta"),
        (Place("PT", None, "1000-001"), "Europe/Lisbon"),
        (Place("PT", None, "9500-150"), "Atlantic/Azores"),
        (Place("PT", None, "9000-001"), "Atlantic/Madeira"),
        (Place("FR", None, "75001"), "Europe/Paris"),
        (Place("FR", None, "97400"), "Indian/Reunion"),
        (Place("US", "NY"), "America/New_York"),
        (Place("US", "california"), "America/Los_Angeles"),
        (Place("US", "TX", "79901"), "America/Denver"),
        (Place("US", "TX", "75201"), "America/Chicago"),
        (Place("US", None, "90001-1234"), "America/Los_Angeles"),
        (Place("US", None, "32501"), "America/Chicago"),
        (Place("US", None, "33101"), "America/New_York"),
        (Place("US", None, "85001"), "America/Phoenix"),
        (Place("US", "HI"), "Pacific/Honolulu"),
        (Place("US"), None),
        (Place("CA", None, "V5K 0A1"), "America/Vancouver"),
        (Place("CA", None, "m5v 3l9"), "America/Toronto"),
        (Place("CA", "QC"), "America/Toronto"),
        (Place("CA"), None),
        (Place("AU", None, "6000"), "Australia/Perth"),
        (Place("AU", "QLD"), "Australia/Brisbane"),
        (Place("AU", None, "2880"), "Australia/Broken_Hill"),
        (Place("BR", None, "69005-040"), "America/Manaus"),
        (Place("BR", "SP"), "America/Sao_Paulo"),
        (Place("RU", None, "690000"), "Asia/Vladivostok"),
        (Place("RU", None, "101000"), "Europe/Moscow"),
        (Place("RU"), None),
        (Place("MX"), "America/Mexico_City"),
        (Place("MX", None, "22000"), "America/Tijuana"),
        (Place("MX", "Quintana Roo"), "America/Cancun"),
        (Place("XX"), None),
        (Place(None, "NY", "10001"), None),
    ],
)
def test_a_place_has_the_zone_of_its_postal_code_region_or_country(place: Place, zone: str | None) -> None:
    assert zone_of(place) == zone


def test_every_zone_of_the_table_exists_and_no_key_is_there_twice() -> None:
    table = files("karla.integrations.carriers").joinpath("zones.csv").read_text(encoding="utf-8")
    rows = [*csv.DictReader(table.splitlines())]
    for zone in {row["zone"] for row in rows}:
        ZoneInfo(zone)
    keys = [(row["country"], row["match"], row["key"].casefold()) for row in rows]
    assert len(set(keys)) == len(keys)
    assert {row["match"] for row in rows} == {"country", "region", "postal"}


def test_a_local_time_is_that_of_its_place() -> None:
    told = [
        (local("2026-01-05T08:00"), BERLIN),
        (local("2026-07-05T08:00"), BERLIN),
        (local("2026-07-05T08:00"), Place("US")),
    ]
    assert moments(told) == [
        Moment(datetime(2026, 1, 5, 7, tzinfo=UTC), "Europe/Berlin"),
        Moment(datetime(2026, 7, 5, 6, tzinfo=UTC), "Europe/Berlin"),
        Moment(datetime(2026, 7, 5, 8, tzinfo=UTC), None),
    ]


def test_a_time_with_a_zone_of_its_own_keeps_it() -> None:
    (moment,) = moments([(datetime.fromisoformat("2026-07-05T08:00:00+09:00"), BERLIN)])
    assert moment == Moment(datetime(2026, 7, 4, 23, tzinfo=UTC), "Europe/Berlin")


def test_the_hour_that_comes_twice_is_told_apart_by_order() -> None:
    # On 25 October 2026 at 3:00 the clocks of Berlin go back to 2:00.
    told = [local("2026-10-25T01:50"), local("2026-10-25T02:40"), local("2026-10-25T02:10")]
    told += [local("2026-10-25T02:50"), local("2026-10-25T03:05")]
    found = [moment.time for moment in moments((time, BERLIN) for time in told)]
    assert [f"{time:%H:%M}" for time in found] == ["23:50", "00:40", "01:10", "01:50", "02:05"]
    assert found == sorted(found)


def test_the_hour_that_never_is_stays_in_order() -> None:
    # On 29 March 2026 at 2:00 they go forward to 3:00.
    told = [local("2026-03-29T01:59"), local("2026-03-29T02:30"), local("2026-03-29T03:45")]
    found = [moment.time for moment in moments((time, BERLIN) for time in told)]
    assert [f"{time:%H:%M}" for time in found] == ["00:59", "01:30", "01:45"]


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 12), 24), (date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_a_day_is_as_long_as_it_is_there(day: date, hours: int) -> None:
    start, end = day_of(day, BERLIN)
    assert (end - start).total_seconds() == hours * 3600


def test_a_day_of_an_unknown_zone_is_utcs() -> None:
    assert day_of(date(2026, 3, 12), Place("US")) == (
        datetime(2026, 3, 12, tzinfo=UTC),
        datetime(2026, 3, 13, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Germany", "DE"),
        ("Deutschland", "DE"),
        ("NETHERLANDS, THE", "NL"),
        ("netherlands", "NL"),
        ("Schweiz", "CH"),
        ("USA", "US"),
        ("gb", "GB"),
        ("Regensburg", None),
        ("", None),
        (None, None),
    ],
)
def test_countries_are_known_by_name(name: str | None, code: str | None) -> None:
    assert country_of(name) == code
