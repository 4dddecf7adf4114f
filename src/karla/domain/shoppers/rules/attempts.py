"""How often one may guess wrong: buckets that wrong guesses fill and that time drains."""

import hmac
import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from uuid import UUID

import msgspec

from karla.domain.shoppers.rules.numbers import counted_as

WINDOW = timedelta(minutes=10)
"""In which a full bucket drains; what is older tells nothing any more."""


KNOWN = timedelta(days=30)
"""For how long it is known from where an order was opened."""
_RENEWED = timedelta(days=1)


class Bucket(msgspec.Struct, frozen=True):
    """A count of wrong guesses: its name in the database, and how many it takes in a window.

    It is `foreign` where guesses of others than the one who is judged fill it.
    """

    name: bytes
    size: int
    foreign: bool = False


class Fill(msgspec.Struct, frozen=True):
    """How full a bucket was, and when."""

    failures: float
    updated_at: datetime


OF_ADDRESS, OF_NUMBER_AND_ADDRESS, OF_NUMBER, OF_TOKENS = 20, 5, 30, 20
"""Wrong guesses in a window: by one address; of one number by one address; of one number by all; of tokens by one."""
OF_SITE = 100
"""By all networks of a site together (/48 of IPv6), of which anybody can have one: it has 65,536 of them."""


def buckets_of_number(key: bytes, shop_id: UUID, address: str, typed: str) -> list[Bucket]:
    """What a wrong guess at a number and its ZIP code counts in, whether there is such an order or not."""
    network, number, site = network_of(address), counted_as(typed), _site(address)
    buckets = [
        Bucket(_name(key, shop_id, "address", network), OF_ADDRESS),
        Bucket(_name(key, shop_id, "number and address", number, network), OF_NUMBER_AND_ADDRESS),
        Bucket(_name(key, shop_id, "number", number), OF_NUMBER, foreign=True),
    ]
    return [*buckets, Bucket(_name(key, shop_id, "site", site), OF_SITE)] if site else buckets


def buckets_of_tokens(key: bytes, shop_id: UUID, address: str) -> list[Bucket]:
    """What a wrong token counts in: nothing of an order, as it names none."""
    return [Bucket(_name(key, shop_id, "tokens", network_of(address)), OF_TOKENS)]


def mark_of_number(key: bytes, shop_id: UUID, address: str, typed: str) -> bytes:
    """The name under which it is kept that an order of this number was opened from there."""
    return _name(key, shop_id, "opened", counted_as(typed), network_of(address))


def judging(buckets: Sequence[Bucket], mark: Fill | None, now: datetime) -> list[Bucket]:
    """The buckets that may make a guess wait: whoever has opened the order from there isn't kept out by others."""
    known = mark is not None and now - mark.updated_at < KNOWN
    return [bucket for bucket in buckets if not (known and bucket.foreign)]


def is_to_be_marked(mark: Fill | None, now: datetime) -> bool:
    """Whether an opening is news: once a day is enough."""
    return mark is None or now - mark.updated_at >= _RENEWED


def wait(buckets: Sequence[Bucket], levels: Mapping[bytes, Fill], now: datetime) -> int | None:
    """After how many seconds there is room in each bucket; None where there is now."""
    missing = max((_drained(bucket, levels, now) + 1 - bucket.size) / bucket.size for bucket in buckets)
    return math.ceil(missing * WINDOW.total_seconds()) if missing > 0 else None


def filled(buckets: Sequence[Bucket], levels: Mapping[bytes, Fill], now: datetime) -> list[tuple[bytes, float]]:
    """The buckets by name with one more failure in each that isn't full."""
    return [(bucket.name, min(_drained(bucket, levels, now) + 1, bucket.size)) for bucket in buckets]


def _drained(bucket: Bucket, levels: Mapping[bytes, Fill], now: datetime) -> float:
    level = levels.get(bucket.name)
    if level is None:
        return 0.0
    # A clock that is set back drains nothing.
    passed = max(timedelta(0), now - level.updated_at)
    return max(0.0, level.failures - bucket.size * (passed / WINDOW))


def _name(key: bytes, shop_id: UUID, *about: str) -> bytes:
    """Tells nothing of what it is about to those who don't have the key."""
    told = "\0".join((str(shop_id), *about))
    return hmac.digest(key, told.encode(errors="surrogatepass"), "sha256")[:16]


def network_of(address: str) -> str:
    """What counts as one client: whoever has one address of IPv6 has its whole /64."""
    known = _known(address)
    if isinstance(known, IPv6Address):
        return str(IPv6Address(int(known) >> 64 << 64))
    return str(known or address)


def _site(address: str) -> str | None:
    known = _known(address)
    return str(IPv6Address(int(known) >> 80 << 80)) if isinstance(known, IPv6Address) else None


def _known(address: str) -> IPv4Address | IPv6Address | None:
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return (known.ipv4_mapped or known) if isinstance(known, IPv6Address) else known
