"""How often one may guess wrong, and how soon again."""

from datetime import timedelta
from uuid import UUID

import pytest

from karla.domain.shoppers.rules.attempts import (
    OF_ADDRESS,
    OF_NUMBER,
    OF_NUMBER_AND_ADDRESS,
    OF_SITE,
    WINDOW,
    Bucket,
    Fill,
    buckets_of_number,
    buckets_of_tokens,
    filled,
    network_of,
    wait,
)
from tests.support.clocks import NOON

KEY, SHOP = b"k" * 32, UUID(int=1)
BUCKET = Bucket(b"name", 5)


def names(address: str, typed: str = "10001", shop: UUID = SHOP, key: bytes = KEY) -> list[bytes]:
    return [bucket.name for bucket in buckets_of_number(key, shop, address, typed)]


def test_a_bucket_takes_its_size_and_then_drains_evenly() -> None:
    levels: dict[bytes, Fill] = {}
    for _ in range(BUCKET.size):
        assert wait([BUCKET], levels, NOON) is None
        levels = {name: Fill(level, NOON) for name, level in filled([BUCKET], levels, NOON)}
    assert wait([BUCKET], levels, NOON) == WINDOW.total_seconds() / BUCKET.size == 120
    assert wait([BUCKET], levels, NOON + timedelta(seconds=119)) == 1
    assert wait([BUCKET], levels, NOON + timedelta(seconds=120)) is None
    later = NOON + WINDOW
    assert filled([BUCKET], levels, later) == [(b"name", 1.0)], "nothing is left of what was before"


def test_a_clock_that_is_set_back_opens_nothing() -> None:
    full = {b"name": Fill(5.0, NOON)}
    assert wait([BUCKET], full, NOON - timedelta(hours=1)) == 120


def test_the_fullest_bucket_says_how_long() -> None:
    slow, quick = Bucket(b"slow", 5), Bucket(b"quick", 30)
    full = {b"slow": Fill(5.0, NOON), b"quick": Fill(30.0, NOON)}
    assert wait([slow, quick], full, NOON) == 120
    assert wait([quick], full, NOON) == 20


def test_nobody_waits_longer_than_a_few_minutes() -> None:
    for size in (OF_ADDRESS, OF_NUMBER, OF_NUMBER_AND_ADDRESS, OF_SITE):
        assert (wait([Bucket(b"name", size)], {b"name": Fill(float(size), NOON)}, NOON) or 0) <= 180


def test_what_is_counted_together() -> None:
    address, pair, number = names("198.51.100.7")
    assert names("198.51.100.7", "10002")[0] == address
    assert names("198.51.100.8")[0] != address
    assert names("198.51.100.8")[2] == number
    assert names("198.51.100.8")[1] != pair
    assert names("198.51.100.7", " #100 01 ") == [address, pair, number]
    assert len({address, pair, number}) == 3
    (tokens,) = buckets_of_tokens(KEY, SHOP, "198.51.100.7")
    assert tokens.name not in (address, pair, number)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:DB8:1:2::1%eth0", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("198.51.100.7", "::ffff:198.51.100.7", True),
        ("198.51.100.7", "198.51.100.8", False),
        ("", "", True),
        ("", "a socket's path", False),
    ],
)
def test_whoever_has_one_address_of_ipv6_has_its_whole_network(one: str, other: str, same: bool) -> None:
    assert (names(one) == names(other)) is same


def test_a_whole_site_of_ipv6_is_counted_too() -> None:
    one, other, far = (buckets_of_number(KEY, SHOP, f"2001:db8:{site}::1", "1") for site in ("1:2", "1:3", "2:2"))
    together = {bucket.name for bucket in one} & {bucket.name for bucket in other}
    assert {bucket.size for bucket in one if bucket.name in together} == {OF_NUMBER, OF_SITE}
    assert {bucket.size for bucket in one if bucket in far} == {OF_NUMBER}
    assert OF_ADDRESS < OF_SITE


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("198.51.100.7", "198.51.100.7"),
        ("", ""),
        ("a socket's path", "a socket's path"),
    ],
)
def test_a_network_stands_for_whoever_has_all_of_it(address: str, network: str) -> None:
    assert network_of(address) == network


def test_names_tell_nothing_of_addresses_and_numbers_and_differ_by_shop_and_key() -> None:
    told = names("198.51.100.7")
    assert not any(b"198" in name or b"10001" in name for name in told)
    assert all(len(name) == 16 for name in told)
    assert not set(told) & set(names("198.51.100.7", shop=UUID(int=2)))
    assert not set(told) & set(names("198.51.100.7", key=b"x" * 32))
    assert names("\0", "\ud800")
