"""So many calls a minute, and when there is one more."""

from datetime import timedelta

from karla.infra.rate_limit import Allowance, RateLimit
from tests.support.clocks import StandingClock


def taken(limit: RateLimit, key: str = "shop", times: int = 1) -> Allowance:
    for _ in range(times - 1):
        limit.take(key)
    return limit.take(key)


def test_a_full_bucket_is_given_out_and_no_more() -> None:
    limit = RateLimit(3, StandingClock())
    assert [limit.take("shop") for _ in range(4)] == [
        Allowance(3, 2, 0, granted=True),
        Allowance(3, 1, 0, granted=True),
        Allowance(3, 0, 20, granted=True),
        Allowance(3, 0, 20, granted=False),
    ]


def test_it_fills_evenly_up_to_its_rim() -> None:
    clock = StandingClock()
    limit = RateLimit(60, clock)
    assert not taken(limit, times=61).granted
    clock.advance(timedelta(seconds=0.9))
    assert not limit.take("shop").granted
    clock.advance(timedelta(seconds=0.1))
    assert limit.take("shop").granted
    assert not limit.take("shop").granted
    clock.advance(timedelta(hours=1))
    assert limit.take("shop").remaining == 59


def test_who_comes_back_as_told_is_let_in() -> None:
    for per_minute in (1, 2, 7, 45, 120, 1000):
        clock = StandingClock()
        limit = RateLimit(per_minute, clock)
        refused = taken(limit, times=per_minute + 1)
        assert not refused.granted
        clock.advance(timedelta(seconds=int(refused.headers["Retry-After"])))
        assert limit.take("shop").granted, per_minute


def test_keys_have_buckets_of_their_own() -> None:
    limit = RateLimit(1, StandingClock())
    assert taken(limit, "one").granted
    assert not taken(limit, "one").granted
    assert taken(limit, "two").granted


def test_a_clock_that_is_set_back_takes_nothing_away() -> None:
    clock = StandingClock()
    limit = RateLimit(2, clock)
    limit.take("shop")
    clock.advance(timedelta(hours=-1))
    assert limit.take("shop").granted
    clock.advance(timedelta(seconds=30))
    assert limit.take("shop").granted


def test_the_headers() -> None:
    assert Allowance(120, 7, 0, granted=True).headers == {
        "RateLimit-Limit": "120",
        "RateLimit-Remaining": "7",
        "RateLimit-Reset": "0",
    }
    refused = Allowance(120, 0, 0, granted=False)
    assert refused.headers["Retry-After"] == "1"
