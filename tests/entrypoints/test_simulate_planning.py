"""What `karla simulate` is going to send: by the weights of its mix, believable, and always the same."""

import itertools
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from karla.entrypoints.api.orders.requests import OrderUpsert
from karla.entrypoints.cli.simulate.agenda import agenda_of, end_of, life_told, sights_of, steps_of
from karla.entrypoints.cli.simulate.days import first_monday, weekday
from karla.entrypoints.cli.simulate.mix import mix_of, names, passes_customs
from karla.entrypoints.cli.simulate.pacing import STEP
from karla.entrypoints.cli.simulate.planning import Parcel, Plan, Wish, plans_of
from karla.entrypoints.cli.simulate.world import ASSORTMENT, COUNTRIES, CURRENCIES, PEOPLE
from karla.integrations.carriers.sandbox import grammar
from karla.vocabulary.carriers import CARRIERS

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
MANY = 5_000


def wish(name: str = "europe", orders: int = MANY, seed: int = 1, days: int = 14, start: datetime = START) -> Wish:
    return Wish(name=name, mix=mix_of(name), orders=orders, seed=seed, start=start, days=days)


@pytest.fixture(scope="module", params=names())
def planned(request: pytest.FixtureRequest) -> tuple[Wish, list[Plan]]:
    """Many orders of each mix that comes with Karla."""
    wanted = wish(request.param)
    return wanted, plans_of(wanted)


def parcels_of(plans: Iterable[Plan]) -> list[tuple[Plan, Parcel]]:
    return [(plan, parcel) for plan in plans for parcel in plan.parcels]


def demand_shares(found: Counter[Any], weights: dict[Any, float]) -> None:
    """Each as often as its weight says, within four standard deviations."""
    number, total = found.total(), sum(weights.values())
    assert set(found) <= {one for one, weight in weights.items() if weight}
    for one, weight in weights.items():
        expected = number * weight / total
        deviation = (expected * (1 - weight / total)) ** 0.5
        assert abs(found[one] - expected) <= 4 * deviation + 1, (one, found[one], expected)


class TestWeights:
    def test_lanes(self, planned: tuple[Wish, list[Plan]]) -> None:
        wanted, plans = planned
        lanes = {(wanted.mix.origin_of(lane), lane.country): lane.weight for lane in wanted.mix.lanes}
        demand_shares(Counter((plan.origin, plan.country) for plan in plans), {**lanes})

    def test_carriers_of_a_lane(self, planned: tuple[Wish, list[Plan]]) -> None:
        wanted, plans = planned
        for lane in wanted.mix.lanes:
            mine = [plan for plan in plans if (plan.origin, plan.country) == (wanted.mix.origin_of(lane), lane.country)]
            demand_shares(Counter(parcel.carrier for _, parcel in parcels_of(mine)), lane.carriers)

    def test_stories_of_the_largest_carrier(self, planned: tuple[Wish, list[Plan]]) -> None:
        wanted, plans = planned
        lane = max(wanted.mix.lanes, key=lambda one: one.weight)
        carrier = max(lane.carriers, key=lambda one: lane.carriers[one])
        told = [
            parcel.story
            for plan, parcel in parcels_of(plans)
            if (plan.origin, plan.country, parcel.carrier) == (wanted.mix.origin_of(lane), lane.country, carrier)
        ]
        demand_shares(Counter(told), dict(wanted.mix.stories_of(lane, carrier)))

    def test_weekdays(self, planned: tuple[Wish, list[Plan]]) -> None:
        wanted, plans = planned
        local = [plan.placed_at.astimezone(wanted.mix.local) for plan in plans]
        demand_shares(Counter(weekday(moment) for moment in local), {**wanted.mix.orders.weekdays})

    def test_hours(self, planned: tuple[Wish, list[Plan]]) -> None:
        wanted, plans = planned
        local = Counter(plan.placed_at.astimezone(wanted.mix.local).hour for plan in plans)
        demand_shares(local, dict(enumerate(wanted.mix.orders.hours)))

    def test_how_many_products_and_parcels(self, planned: tuple[Wish, list[Plan]]) -> None:
        wanted, plans = planned
        lines = Counter(len(plan.order["products"] or ()) for plan in plans)
        demand_shares(lines, dict(enumerate(wanted.mix.orders.lines, 1)))
        enough = [plan for plan in plans if len(plan.order["products"] or ()) > 1]
        share = wanted.mix.orders.two_parcels
        demand_shares(Counter(len(plan.parcels) for plan in enough), {1: 1 - share, 2: share})


class TestBelievable:
    def test_orders_are_placed_in_their_days(self, planned: tuple[Wish, list[Plan]]) -> None:
        _, plans = planned
        assert all(START <= plan.placed_at < START + timedelta(days=14) for plan in plans)

    def test_no_parcel_leaves_before_its_order_or_on_a_day_of_rest(self, planned: tuple[Wish, list[Plan]]) -> None:
        wanted, plans = planned
        handling = wanted.mix.handling
        first, last = handling.window
        for plan, parcel in parcels_of(plans):
            assert parcel.handed_over_at >= plan.placed_at
            local = parcel.handed_over_at.astimezone(wanted.mix.local)
            assert weekday(local) in handling.days
            assert first <= local.time() <= last
        assert all(plan.parcels[0].handed_over_at <= plan.parcels[-1].handed_over_at for plan in plans)

    def test_what_comes_before_the_cut_off_leaves_the_same_day(self, planned: tuple[Wish, list[Plan]]) -> None:
        wanted, plans = planned
        zone, handling = wanted.mix.local, wanted.mix.handling
        early = [
            plan.parcels[0].handed_over_at.astimezone(zone).date() == local.date()
            for plan in plans
            for local in [plan.placed_at.astimezone(zone)]
            if weekday(local) in handling.days and local.time() <= handling.closes
        ]
        demand_shares(Counter(early), {True: 1 - handling.late, False: handling.late})

    def test_some_second_parcels_follow_days_later(self, planned: tuple[Wish, list[Plan]]) -> None:
        wanted, plans = planned
        apart = [
            plan.parcels[1].handed_over_at - plan.parcels[0].handed_over_at > timedelta(hours=6)
            for plan in plans
            if len(plan.parcels) == 2
        ]
        share = wanted.mix.orders.partial
        demand_shares(Counter(apart), {True: share, False: 1 - share})

    def test_every_carrier_and_every_number_is_one(self, planned: tuple[Wish, list[Plan]]) -> None:
        _, plans = planned
        for _, parcel in parcels_of(plans):
            assert parcel.carrier in CARRIERS
            story = grammar.parse(parcel.number)
            assert story.ready is not None
            assert story.ready.name == parcel.story
        numbers = [parcel.number for _, parcel in parcels_of(plans)]
        assert len(set(numbers)) == len(numbers)

    def test_customs_only_where_there_are_any(self, planned: tuple[Wish, list[Plan]]) -> None:
        _, plans = planned
        stopped = [(plan.origin, plan.country) for plan, parcel in parcels_of(plans) if parcel.story == "CUSTOMS"]
        assert stopped
        assert all(passes_customs(*ends) for ends in stopped)

    def test_the_contents_of_parcels_are_those_of_their_order(self, planned: tuple[Wish, list[Plan]]) -> None:
        _, plans = planned
        for plan in plans:
            ordered = {line["sku"]: line["quantity"] for line in plan.order["products"] or ()}
            sent = Counter[str | None]()
            for parcel in plan.parcels:
                sent.update({line["sku"]: line["quantity"] or 0 for line in parcel.products})
            assert sent == ordered

    def test_the_sums_are_right(self, planned: tuple[Wish, list[Plan]]) -> None:
        _, plans = planned
        for plan in plans:
            told: Any = plan.order
            lines = sum(line["price"] * line["quantity"] for line in told["products"])
            assert told["sub_total_price"] == lines
            assert told["total_order_price"] == lines + told["shipping_price"] - told["discount_price"]

    def test_shoppers_are_made_up(self, planned: tuple[Wish, list[Plan]]) -> None:
        _, plans = planned
        for plan in plans:
            mailbox, _, host = str(plan.order["email_id"]).partition("@")
            assert host == "mail.example"
            assert mailbox.isascii()
            assert mailbox.replace(".", "").replace("-", "").isalnum()

    def test_the_api_takes_all_of_it(self, planned: tuple[Wish, list[Plan]]) -> None:
        _, plans = planned
        encoder = msgspec.json.Encoder(decimal_format="number")
        decoder = msgspec.json.Decoder(OrderUpsert)
        for due in agenda_of(plans[:300]):
            assert decoder.decode(encoder.encode(due.body)).id == due.plan.reference


class TestSameAgain:
    def test_by_the_same_seed(self) -> None:
        assert plans_of(wish(orders=200)) == plans_of(wish(orders=200))

    def test_another_seed_makes_other_orders(self) -> None:
        one, other = (plans_of(wish(orders=200, seed=seed)) for seed in (1, 2))
        assert not {plan.reference for plan in one} & {plan.reference for plan in other}
        assert [plan.country for plan in one] != [plan.country for plan in other]

    def test_more_orders_are_those_and_others(self) -> None:
        few, many = ({plan.reference: plan for plan in plans_of(wish(orders=number))} for number in (50, 200))
        assert few.items() <= many.items()

    def test_another_day_moves_the_times_alone(self) -> None:
        week = timedelta(days=7)
        one, other = (plans_of(wish(orders=50, start=start)) for start in (START, START + week))
        assert [plan.reference for plan in one] == [plan.reference for plan in other]
        assert [plan.placed_at + week for plan in one] == [plan.placed_at for plan in other]


class TestAgenda:
    def test_the_order_comes_before_its_parcels(self) -> None:
        seen: set[str] = set()
        agenda = agenda_of(plans_of(wish(orders=300)))
        for due in agenda:
            assert (due.parcel is None) is (due.plan.reference not in seen)
            seen.add(due.plan.reference)
        assert [due.at for due in agenda] == sorted(due.at for due in agenda)

    def test_a_step_ends_after_everything_that_happens(self) -> None:
        plans = plans_of(wish("worldwide", orders=100))
        moments = [*(sight.told_at for sight in sights_of(plans)), end_of(plans)]
        stops = steps_of(moments, START, STEP)
        assert stops == sorted(set(stops))
        assert stops[-1] >= agenda_of(plans)[-1].at
        for plan, parcel in parcels_of(plans):
            assert stops[-1] >= life_told(plan, parcel).scans[-1].told_at
        assert all((stop - START) % STEP == timedelta(0) for stop in stops)
        assert max(later - one for one, later in itertools.pairwise(stops)) <= timedelta(days=1)

    def test_what_is_looked_for_is_told(self) -> None:
        plans = plans_of(wish(orders=100))
        lives = {parcel.number: life_told(plan, parcel) for plan, parcel in parcels_of(plans)}
        for sight in sights_of(plans):
            assert (sight.told_at, sight.time) in {(scan.told_at, scan.time) for scan in lives[sight.number].scans}


@pytest.mark.parametrize(
    ("now", "days", "monday"),
    [
        (datetime(2026, 3, 18, 12, tzinfo=UTC), 14, datetime(2026, 3, 2, 6, tzinfo=UTC)),
        (datetime(2026, 3, 16, 6, tzinfo=UTC), 14, datetime(2026, 3, 2, 6, tzinfo=UTC)),
        (datetime(2026, 3, 16, 5, 59, tzinfo=UTC), 14, datetime(2026, 2, 23, 6, tzinfo=UTC)),
        (datetime(2026, 3, 18, 12, tzinfo=UTC), 1, datetime(2026, 3, 16, 6, tzinfo=UTC)),
    ],
)
def test_it_begins_on_a_monday(now: datetime, days: int, monday: datetime) -> None:
    assert first_monday(now, days) == monday


def test_the_world_is_whole() -> None:
    for land in COUNTRIES.values():
        assert land.currency in CURRENCIES
        assert land.language in PEOPLE
        assert land.cities
    assert len({article.sku for article in ASSORTMENT}) == len(ASSORTMENT)
