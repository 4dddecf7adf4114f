"""How many slots lanes and shops get, whatever others do."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest

from karla.domain.subscribers.records.lanes import Standing
from karla.pipeline.shares import Offer, Pace, Shares, Ticket

SLOTS = 256


def lanes(count: int, standing: Standing = Standing.WELL, shop: UUID | None = None) -> Sequence[Ticket]:
    """Lanes of one shop."""
    shop = shop or uuid4()
    return [Ticket(shop, uuid4(), standing) for _ in range(count)]


def fill(shares: Shares, *wanting: Ticket) -> Counter[Ticket]:
    """Let these lanes, which never have enough, take what they may, in turns, in one claim; who has how much then."""
    taken: Counter[Ticket] = Counter()
    with Offer(shares) as offer:
        while True:
            before = taken.total()
            for lane in wanting:
                taken[lane] += offer.take(lane.shop, lane.lane, lane.standing)
            if taken.total() == before:
                break
        for lane in taken.elements():
            assert offer.use(lane.lane) == lane
    return taken


def ended(shares: Shares, held: Counter[Ticket], pace: Pace) -> None:
    for lane in held.elements():
        shares.give_back(lane, pace)


def busy(shares: Shares, wanting: Sequence[Ticket], pace: Pace, rounds: int = 30) -> None:
    """Let them have requests that go so for some time."""
    for _ in range(rounds):
        ended(shares, fill(shares, *wanting), pace)


def grown(shares: Shares, lane: Ticket, pace: Pace, times: int) -> None:
    shares.take(lane)
    for _ in range(times):
        shares.take(lane)
        shares.give_back(lane, pace)


class TestLanes:
    def test_a_lane_starts_small_and_grows_with_each_quick_success(self) -> None:
        shares, (lane,) = Shares(100), lanes(1)
        assert fill(shares, lane)[lane] == 8
        shares.give_back(lane, Pace.QUICK)
        assert shares.of(lane.lane) == 2

    def test_alone_it_comes_to_three_quarters_of_the_slots(self) -> None:
        shares, (lane,) = Shares(100), lanes(1)
        busy(shares, [lane], Pace.QUICK)
        assert fill(shares, lane)[lane] == 75

    @pytest.mark.parametrize("count", [2, 5, 20])
    def test_many_share_equally_and_leave_a_slot_for_another(self, count: int) -> None:
        shares, several = Shares(100), lanes(count)
        busy(shares, several, Pace.QUICK)
        taken = fill(shares, *several)
        assert max(taken.values()) - min(taken.values()) <= 1
        assert all(shares.has_room(lane) for lane in lanes(1))

    def test_what_one_takes_leaves_less_for_the_next_in_the_same_claim(self) -> None:
        shares, several = Shares(SLOTS), [lane for _ in range(300) for lane in lanes(1)]
        busy(shares, several[:3], Pace.QUICK, rounds=100)
        fill(shares, *several[:3])
        assert shares.has_room(several[3])

    def test_stalls_halve_it_down_to_one(self) -> None:
        shares, (lane,) = Shares(100), lanes(1)
        shares.take(lane)
        rooms = []
        for _ in range(5):
            shares.take(lane)
            shares.give_back(lane, Pace.STALLED)
            rooms.append(shares.of(lane.lane))
        assert rooms == [3, 1, 0, 0, 0]
        shares.give_back(lane, Pace.STALLED)
        assert shares.of(lane.lane) == 1

    def test_slow_answers_leave_it_as_it_is(self) -> None:
        shares, (lane,) = Shares(100), lanes(1)
        grown(shares, lane, Pace.SLOW, 50)
        assert shares.of(lane.lane) == 7

    def test_a_lane_at_rest_keeps_its_window(self) -> None:
        shares, (good, bad) = Shares(100), lanes(2)
        for lane, pace in ((good, Pace.QUICK), (bad, Pace.STALLED)):
            shares.take(lane)
            shares.give_back(lane, pace)
        assert (shares.of(good.lane), shares.of(bad.lane)) == (9, 4)


class TestShops:
    @pytest.mark.parametrize("count", [40, 300])
    @pytest.mark.parametrize("standing", Standing)
    def test_one_whose_lanes_all_hang_leaves_others_most_of_the_slots(self, count: int, standing: Standing) -> None:
        shares = Shares(SLOTS)
        assert fill(shares, *lanes(count, standing)).total() <= SLOTS / 4
        others = lanes(50)
        assert set(fill(shares, *others).values()) >= {1}
        assert len(+fill(shares, *lanes(50))) == 50, "and a third shop's lanes have a slot each"

    def test_it_is_held_to_less_once_they_have_timed_out(self) -> None:
        shares, sick = Shares(SLOTS), lanes(300, Standing.NEW)
        ended(shares, fill(shares, *sick), Pace.STALLED)
        failing = [lane._replace(standing=Standing.FAILING) for lane in sick]
        assert fill(shares, *failing).total() <= SLOTS / 32
        assert fill(shares, *failing, *sick).total() <= SLOTS / 16

    @pytest.mark.parametrize("standing", [Standing.NEW, Standing.FAILING])
    def test_twenty_such_leave_half_of_the_slots_to_lanes_that_are_well(self, standing: Standing) -> None:
        shares = Shares(SLOTS)
        several = [lane for _ in range(20) for lane in lanes(15, standing)]
        fill(shares, *several)
        assert shares.free >= SLOTS / 2
        assert len(+fill(shares, *lanes(50))) == 50

    @pytest.mark.parametrize("standing", [Standing.NEW, Standing.FAILING])
    def test_ten_such_one_after_the_other_leave_a_slot_to_lanes_like_theirs(self, standing: Standing) -> None:
        shares = Shares(SLOTS)
        for _ in range(10):
            fill(shares, *lanes(15, standing))
        assert fill(shares, *lanes(50, standing)).total() >= 1

    def test_lanes_that_failed_hold_a_quarter_at_most_however_many_shops_have_some(self) -> None:
        shares = Shares(SLOTS)
        several = [lane for _ in range(300) for lane in lanes(2, Standing.FAILING)]
        assert fill(shares, *several).total() == SLOTS / 4

    def test_one_that_was_quick_and_hangs_all_at_once_leaves_slots(self) -> None:
        shares, flooding = Shares(SLOTS), lanes(300)
        busy(shares, flooding, Pace.QUICK)
        fill(shares, *flooding)
        assert shares.free >= SLOTS / 8
        assert fill(shares, *lanes(50)).total() >= SLOTS / 16

    def test_one_that_was_quick_and_needed_little_gets_no_more_than_a_share_when_all_hang(self) -> None:
        shares, modest = Shares(SLOTS), lanes(300)
        for _ in range(1000):
            shares.take(modest[0])
            shares.give_back(modest[0], Pace.QUICK)
        assert fill(shares, *modest).total() == SLOTS / 4

    def test_twenty_that_were_well_and_hang_at_once_leave_slots_for_many(self) -> None:
        shares = Shares(SLOTS)
        fill(shares, *(lane for several in zip(*(lanes(15) for _ in range(20)), strict=True) for lane in several))
        assert fill(shares, *lanes(50)).total() >= 6

    @pytest.mark.parametrize("count", [2, 16, 300])
    def test_a_quick_one_alone_gets_all_but_the_last_eighth(self, count: int) -> None:
        shares, flooding = Shares(SLOTS), lanes(count)
        busy(shares, flooding, Pace.QUICK)
        assert fill(shares, *flooding).total() >= SLOTS * 6 / 7

    def test_a_slow_one_alone_gets_no_more_than_it_started_with(self) -> None:
        shares, slow = Shares(SLOTS), lanes(300)
        busy(shares, slow, Pace.QUICK)
        busy(shares, slow, Pace.SLOW)
        assert fill(shares, *slow).total() == SLOTS / 4

    def test_its_good_lanes_keep_half_of_what_it_has(self) -> None:
        shares, shop = Shares(SLOTS), uuid4()
        sick, new = lanes(150, Standing.NEW, shop), lanes(150, Standing.NEW, shop)
        ended(shares, fill(shares, *sick), Pace.STALLED)
        fill(shares, *(lane._replace(standing=Standing.FAILING) for lane in sick))
        fill(shares, *new)
        assert len(+fill(shares, *lanes(16, Standing.WELL, shop))) == 16

    def test_one_with_good_lanes_gets_over_what_it_met(self) -> None:
        shares, shop = Shares(SLOTS), uuid4()
        ended(shares, fill(shares, *lanes(300, Standing.NEW, shop)), Pace.STALLED)
        good = lanes(50, Standing.WELL, shop)
        busy(shares, good, Pace.QUICK)
        assert fill(shares, *good).total() >= SLOTS * 6 / 7


class TestClaims:
    def test_what_is_closed_is_what_gets_nothing(self) -> None:
        shares = Shares(SLOTS)
        every = [lane for standing in Standing for _ in range(5) for lane in lanes(15, standing)]
        fill(shares, *every)
        assert shares.free
        closed = shares.closed()
        every += [lane for standing in Standing for lane in lanes(1, standing)]
        for lane in every:
            passed_over = (
                lane.lane in closed.lanes
                or lane.shop in closed.shops
                or (lane.standing is not Standing.WELL and (closed.new or lane.shop in closed.new_of))
                or (lane.standing is Standing.FAILING and (closed.failing or lane.shop in closed.failing_of))
            )
            assert passed_over == (not shares.has_room(lane))

    def test_what_was_taken_and_not_used_is_free_again(self) -> None:
        shares, (lane,) = Shares(8), lanes(1, Standing.FAILING)
        with Offer(shares) as offer:
            assert offer.take(*lane)
            assert not offer.take(*lane)
            offer.begin()
            assert offer.take(*lane)
        assert shares.free == 8
        assert shares.has_room(lane)

    @pytest.mark.parametrize("slots", [1, 2, 8])
    @pytest.mark.parametrize("standing", Standing)
    def test_however_few_slots_there_is_one_for_each_that_comes(self, slots: int, standing: Standing) -> None:
        shares, (lane,) = Shares(slots), lanes(1, standing)
        held = fill(shares, lane)
        assert held[lane] >= 1
        ended(shares, held, Pace.STALLED)
        assert shares.has_room(lane)


@pytest.mark.parametrize("slots", [1, 2, 4, 8, 16, 64, SLOTS])
def test_a_quick_shop_alone_gets_most_of_the_slots_however_few_there_are(slots: int) -> None:
    shares = Shares(slots)
    alone = lanes(16)
    busy(shares, alone, Pace.QUICK, rounds=100)
    assert fill(shares, *alone).total() >= max(1, slots * 3 // 4)
