"""Carrier health: how each carrier of a shop answers, how quickly, and how fresh its news are."""

from datetime import timedelta
from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from msgspec import Meta

from karla.domain.tracking.queries.health import health_of
from karla.domain.tracking.records import CarrierHealth, Outcome, Span, State
from karla.domain.tracking.rules.health import age_seconds, call_ms, success_rate
from karla.entrypoints.api.access import Access, shop_role
from karla.entrypoints.api.bodies import from_query
from karla.entrypoints.api.services import Services
from karla.entrypoints.api.times import Timestamp, stamp
from karla.vocabulary.scope import Role

TAGS = ["Carriers"]


class HealthSearch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of which time."""

    hours: Annotated[int, Meta(ge=1, le=720, description="The last so many hours, counted by whole ones.")] = 24


class CarrierOutcomes(msgspec.Struct, kw_only=True):
    """Questions about one parcel each, by what came of them.

    `told`: something new. `unchanged`: the same as before. `not_found`: the carrier doesn't know the parcel, or not
    yet. `refused`: it says that the question is wrong, mostly the number. `unauthorised`: it doesn't take the
    credentials. `busy`: it takes no more calls for a while. `unreachable`: no usable answer.
    """

    told: int
    unchanged: int
    not_found: int
    refused: int
    unauthorised: int
    busy: int
    unreachable: int


class CarrierLatency(msgspec.Struct, kw_only=True):
    """Milliseconds in which half of the questions, and 95 of a hundred, were answered or failed; estimated.

    Null where nothing was asked.
    """

    p50_ms: int | None
    p95_ms: int | None
    slowest_ms: int | None


class CarrierFreshness(msgspec.Struct, kw_only=True):
    """How many scans were new, and how old they were at most when Karla knew of them: half, and 95 of a hundred.

    In seconds, estimated; null where no scan was new. It is the carrier's delay and the time until it was asked.
    """

    scans: int
    p50_seconds: int | None
    p95_seconds: int | None
    oldest_seconds: int | None


class CarrierParcels(msgspec.Struct, kw_only=True):
    """Parcels that are followed now; those that are due to be asked about, and due for more than an hour."""

    followed: int
    due: int
    overdue: int


class CarrierHealthDetail(msgspec.Struct, kw_only=True):
    """How a carrier is doing by the account with one provider, which may be the carrier itself.

    `state` is judged by the last three hours or the last day, whatever was asked for, and `reason` says why.
    `success_rate` is the share of questions that were answered, of 0 to 1: `told`, `unchanged` and `not_found`; null
    where nothing was asked. `last_told_at` is when something new was told, asked for or pushed.
    """

    provider: str
    carrier: str
    state: State
    reason: str
    asked: int
    success_rate: float | None
    outcomes: CarrierOutcomes
    latency: CarrierLatency
    freshness: CarrierFreshness
    parcels: CarrierParcels
    last_asked_at: Timestamp | None
    last_told_at: Timestamp | None


def carrier_health_detail(health: CarrierHealth) -> CarrierHealthDetail:
    """The record as the API shows it."""
    span = health.span
    rate = success_rate(span)
    return CarrierHealthDetail(
        provider=health.provider,
        carrier=health.carrier,
        state=health.verdict.state,
        reason=health.verdict.reason,
        asked=span.asked,
        success_rate=None if rate is None else round(rate, 4),
        outcomes=CarrierOutcomes(**{str(outcome): span.outcomes.get(outcome, 0) for outcome in Outcome}),
        latency=CarrierLatency(p50_ms=call_ms(span, 0.5), p95_ms=call_ms(span, 0.95), slowest_ms=span.slowest_ms),
        freshness=_freshness(span),
        parcels=CarrierParcels(followed=health.followed, due=health.due, overdue=health.overdue),
        last_asked_at=stamp(health.last_asked_at),
        last_told_at=stamp(health.last_told_at),
    )


def _freshness(span: Span) -> CarrierFreshness:
    return CarrierFreshness(
        scans=span.scans,
        p50_seconds=age_seconds(span, 0.5),
        p95_seconds=age_seconds(span, 0.95),
        oldest_seconds=span.oldest_seconds,
    )


@get(
    "/v1/shops/{slug:str}/carriers/health",
    opt=shop_role(Role.VIEWER),
    dependencies={"filters": from_query(HealthSearch)},
    operation_id="v1ShopsCarriersHealth",
    summary="See how carriers are doing",
    tags=TAGS,
)
async def carriers_health(
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    filters: NamedDependency[HealthSearch],
) -> list[CarrierHealthDetail]:
    """Each carrier whose parcels the shop follows or asked about, by provider and carrier: is it in trouble?

    `healthy`, `degraded`, `down`, or `quiet` where too little was asked to tell.
    """
    now = services.clock.now()
    since = now - timedelta(hours=filters.hours)
    async with services.db.read(access.scope) as connection:
        found = await health_of(access.scope, connection, access.shop.id, since, now)
    return [carrier_health_detail(one) for one in found]


HANDLERS = (carriers_health,)
