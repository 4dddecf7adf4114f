"""When a parcel is expected by how long others took: days on which is delivered, levels that lean on each other."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karla.domain.tracking.records import Forecast, History, Journey, Likeness
from karla.domain.tracking.rules.forecasting import days_taken, forecast, moved, shares, window
from karla.domain.tracking.rules.priors import HORIZON, Way, closed_on, is_express, prior_of, steps_between, way_between
from tests.support.clocks import NOON

MONDAY = date(2026, 3, 16)
A_DAY = timedelta(days=1)
DAY_TIME, EVENING = 12, 21


def journey(**members: Any) -> Journey:
    told: dict[str, Any] = {
        "shop_id": UUID(int=1),
        "origin": "DE",
        "destination": "DE",
        "carrier": "dhl",
        "service": "",
        "handed_on": MONDAY,
    }
    return Journey(**(told | members))


def history(likeness: Likeness, counts: dict[int, int], *, shared: bool = False) -> History:
    return History(likeness=likeness, shared=shared, counts=tuple(counts.items()))


def made(known: list[History], today: date = MONDAY, hour: int = DAY_TIME, **members: Any) -> Forecast:
    found = forecast(journey(**members), known, today, hour)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("origin", "destination", "way"),
    [
        ("DE", "DE", Way.DOMESTIC),
        ("DE", "AT", Way.NEIGHBOURS),
        ("PT", "FI", Way.NEIGHBOURS),
        ("DE", "CH", Way.NEIGHBOURS),
        ("US", "CA", Way.NEIGHBOURS),
        ("DE", "GB", Way.CONTINENTAL),
        ("CN", "JP", Way.CONTINENTAL),
        ("CN", "DE", Way.INTERCONTINENTAL),
        ("", "DE", Way.UNKNOWN),
        ("DE", "ZZ", Way.UNKNOWN),
    ],
)
def test_the_kind_of_way(origin: str, destination: str, way: Way) -> None:
    assert way_between(origin, destination) is way


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("service", ["", "EXPRESS"])
def test_what_is_usual_is_whole(way: Way, service: str) -> None:
    usual = prior_of(way, service)
    assert sum(usual.shares) == pytest.approx(1)
    assert min(usual.shares) >= 0
    assert len(usual.shares) == HORIZON + 1


@pytest.mark.parametrize(
    ("service", "quick"),
    [
        ("DHL EXPRESS WORLDWIDE", True),
        ("UPS Next Day Air", True),
        ("FedEx Standard Overnight", True),
        ("Express-Paket", True),
        ("12:00", True),
        ("DHL PAKET", False),
        ("Expressive Cards", False),
        ("", False),
    ],
)
def test_a_service_that_calls_itself_quick(service: str, *, quick: bool) -> None:
    assert is_express(service) is quick


@pytest.mark.parametrize(
    ("handed_in", "arrived", "country", "days", "steps"),
    [
        ("2026-03-16", "2026-03-16", "DE", 0, 0),
        ("2026-03-16", "2026-03-18", "DE", 2, 2),
        ("2026-03-20", "2026-03-23", "DE", 3, 2),  # over a Sunday
        ("2026-03-20", "2026-03-22", "DE", 2, 1),  # on a Sunday: as on the day before
        ("2026-03-18", "2026-03-21", "SA", 3, 2),  # over a Friday
    ],
)
def test_days_on_which_is_delivered(handed_in: str, arrived: str, country: str, days: int, steps: int) -> None:
    began, ended = date.fromisoformat(handed_in), date.fromisoformat(arrived)
    assert days_taken(journey(destination=country, handed_on=began), ended) == (days, steps)
    assert steps_between(began, ended, closed_on(country)) == steps


def test_what_can_not_be_is_not_learnt() -> None:
    assert days_taken(journey(), MONDAY - A_DAY) is None
    assert days_taken(journey(), MONDAY + (HORIZON + 1) * A_DAY) is None


def test_nothing_is_expected_on_a_sunday_where_nothing_is_delivered() -> None:
    friday = MONDAY + 4 * A_DAY
    likely = shares(journey(handed_on=friday), {})
    assert likely[2] == likely[9] == 0
    assert likely[3] > 0
    assert shares(journey(handed_on=friday, destination="SA", origin="SA"), {})[2] > 0


def test_without_history_it_is_what_is_usual() -> None:
    usual = made([])
    assert (usual.first, usual.last, usual.likeliest) == (MONDAY + A_DAY, MONDAY + 4 * A_DAY, MONDAY + A_DAY)
    assert usual.basis == "a usual time for parcels within a country"
    express = made([], service="DHL EXPRESS", destination="US")
    assert express.basis == "a usual time for express parcels between continents"
    assert express.last < made([], destination="US").last


def test_many_parcels_overrule_what_is_usual_and_few_do_not() -> None:
    few, many = ({5: 2}, {5: 200})
    assert made([history(Likeness.CARRIER, few)]).first == MONDAY + A_DAY
    sure = made([history(Likeness.CARRIER, many)])
    # Five days on which is delivered, from a Monday on: a Saturday.
    assert (sure.first, sure.last) == (MONDAY + 5 * A_DAY, MONDAY + 5 * A_DAY)
    assert sure.confidence > made([history(Likeness.CARRIER, few)]).confidence


def test_the_likest_parcels_say_most() -> None:
    known = [
        history(Likeness.LANE, {2: 900}),
        history(Likeness.CARRIER, {3: 400}),
        history(Likeness.SERVICE, {4: 300}),
        history(Likeness.WEEKDAY, {6: 128}),
    ]
    found = made(known, service="WARENPOST", destination="AT")
    assert found.likeliest == MONDAY + 6 * A_DAY
    assert found.basis == "128 parcels of DHL Paket (WARENPOST) from DE to AT handed in on a Monday"
    assert made(known[:3], service="WARENPOST").basis == "300 parcels of DHL Paket (WARENPOST) within DE"
    assert made(known[:3], service="DHL PAKET").basis == "300 parcels of DHL Paket within DE"
    assert made(known[:2], service="WARENPOST").basis == "400 parcels of DHL Paket within DE"
    assert made(known[:1], origin="").basis == "900 parcels to DE"


def test_of_one_likeness_the_better_known_counts() -> None:
    own, others = history(Likeness.LANE, {2: 12}), history(Likeness.LANE, {4: 240}, shared=True)
    assert made([own, others]).basis == "at least 200 parcels within DE"
    assert made([own]).basis == "12 parcels within DE"


def test_days_that_have_passed_are_ruled_out() -> None:
    known = [history(Likeness.CARRIER, {1: 100, 2: 60, 4: 40})]
    assert made(known).first == MONDAY + A_DAY
    later = made(known, MONDAY + 3 * A_DAY)
    assert later.first >= MONDAY + 3 * A_DAY
    assert later.likeliest == MONDAY + 4 * A_DAY
    assert later.confidence < made(known).confidence, "fewer parcels took so long"
    in_the_evening = made(known, MONDAY + 4 * A_DAY, EVENING)
    assert in_the_evening.first > MONDAY + 4 * A_DAY
    assert forecast(journey(), known, MONDAY + 70 * A_DAY, DAY_TIME) is None


def test_a_parcel_that_is_out_comes_the_same_day_and_else_on_the_next_one() -> None:
    saturday = MONDAY + 5 * A_DAY
    today = made([history(Likeness.LANE, {9: 500})], saturday, out_on=saturday)
    assert (today.first, today.last) == (saturday, saturday)
    assert today.confidence > 0.85
    assert made([], saturday, EVENING, out_on=saturday).first == saturday + 2 * A_DAY


def test_a_window_leaves_out_a_tenth_on_either_side() -> None:
    assert window([0.05, 0.04, 0.8, 0.02, 0.09]) == (2, 3)
    assert window([0.0, 1.0]) == (1, 1)
    assert window([0.5, 0.0, 0.5]) == (0, 2)


def test_a_beginning_that_has_passed_is_no_other_window() -> None:
    before = (NOON, NOON + 3 * A_DAY)
    assert not moved(before, (NOON + 2 * A_DAY, NOON + 3 * A_DAY), NOON + 2 * A_DAY)
    assert moved(before, (NOON + 2 * A_DAY, NOON + 3 * A_DAY), NOON)
    assert moved(before, (NOON, NOON + 4 * A_DAY), NOON)
    assert not moved(before, (NOON, NOON + 3 * A_DAY + timedelta(hours=23)), NOON)
    assert moved((None, None), before, NOON)


LEVELS = st.lists(
    st.builds(
        History,
        likeness=st.sampled_from(Likeness),
        shared=st.booleans(),
        counts=st.lists(st.tuples(st.integers(0, HORIZON), st.integers(1, 10_000)), max_size=8).map(tuple),
    ),
    max_size=6,
)


@given(
    known=LEVELS,
    handed_on=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    passed=st.integers(0, HORIZON + 5),
    hour=st.integers(0, 23),
    lane=st.sampled_from([("DE", "DE"), ("CN", "DE"), ("", "SA"), ("US", "IL")]),
)
def test_a_forecast_never_lies_in_the_past_and_is_never_surer_than_sure(
    known: list[History], handed_on: date, passed: int, hour: int, lane: tuple[str, str]
) -> None:
    origin, destination = lane
    today = handed_on + passed * A_DAY
    told = journey(origin=origin, destination=destination, handed_on=handed_on)
    found = forecast(told, known, today, hour)
    if found is None:
        assert passed >= HORIZON - 1
        return
    assert today <= found.first <= found.last <= handed_on + HORIZON * A_DAY
    assert today <= found.likeliest
    assert 0 <= found.confidence <= 1
    assert found.basis


@given(known=LEVELS)
def test_shares_are_whole(known: list[History]) -> None:
    levels = {history.likeness: history for history in known}
    likely = shares(journey(), levels)
    assert all(share >= 0 for share in likely)
    assert sum(likely) <= 1 + 1e-9
