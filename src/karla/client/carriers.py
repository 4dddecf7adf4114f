"""The catalogue of carriers as the API answers it, what a search in it goes by, and how a shop's are doing."""

from datetime import datetime

import msgspec

from karla.client.filters import Paging


class CarrierFilters(Paging, total=False):
    """Which carriers: `q` is a part of name, alias or reference, `country` the home country (ISO 3166 alpha-2)."""

    q: str
    country: str
    kind: str


class NumberPattern(msgspec.Struct, frozen=True, kw_only=True):
    """A form of numbers: an anchored regular expression, and the rule of the check digit where there is one."""

    pattern: str
    check: str | None


class Aggregators(msgspec.Struct, frozen=True, kw_only=True):
    """What trackers call the carrier."""

    aftership: str | None
    seventeentrack: str | None


class Logo(msgspec.Struct, frozen=True, kw_only=True):
    """A letter in white on a colour (`#rrggbb`)."""

    letter: str
    color: str


class CatalogueCarrier(msgspec.Struct, frozen=True, kw_only=True):
    """A carrier; `country` is None where it is international, `tracking_url` holds `{number}`."""

    reference: str
    name: str
    aliases: list[str]
    country: str | None
    kind: str
    website: str | None
    tracking_url: str | None
    number_patterns: list[NumberPattern]
    aggregators: Aggregators
    logo: Logo


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds in which half of the questions, and 95 of a hundred, had their answer; None without any."""

    p50_ms: int | None
    p95_ms: int | None
    slowest_ms: int | None


class Freshness(msgspec.Struct, frozen=True, kw_only=True):
    """How many scans were new, and how many seconds old they were when Karla knew of them; None without any."""

    scans: int
    p50_seconds: int | None
    p95_seconds: int | None
    oldest_seconds: int | None


class FollowedParcels(msgspec.Struct, frozen=True, kw_only=True):
    """Parcels that are followed now; those that are due to be asked about, and due for more than an hour."""

    followed: int
    due: int
    overdue: int


class CarrierHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How a carrier is doing by one provider's account: `state` is healthy, degraded, down or quiet.

    `reason` says why, in a sentence. `outcomes` has the questions by what came of them, `success_rate` the share that
    was answered, 0 to 1; None where nothing was asked.
    """

    provider: str
    carrier: str
    state: str
    reason: str
    asked: int
    success_rate: float | None
    outcomes: dict[str, int]
    latency: Latency
    freshness: Freshness
    parcels: FollowedParcels
    last_asked_at: datetime | None
    last_told_at: datetime | None
