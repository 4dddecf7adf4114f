"""Carriers' pushes: a provider tells of parcels by itself, and is believed by its signature alone."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import FromPath

from karla.domain.connections.queries import account_of
from karla.domain.connections.records import Account, ConnectionStatus
from karla.domain.tenants.records import ShopRef
from karla.domain.tracking.commands.pushes import take_pushed
from karla.domain.tracking.queries.pushes import followed_under
from karla.domain.tracking.records import Asked
from karla.domain.tracking.rules.asking import next_ask
from karla.domain.tracking.rules.pushes import is_meant, spellings
from karla.infra.access import scope_of
from karla.infra.clock import Clock
from karla.infra.db import Database
from karla.infra.errors import (
    BadRequest,
    Fault,
    Invalid,
    KarlaError,
    NotFound,
    TooLarge,
    TooManyRequests,
    Unauthorised,
)
from karla.infra.http import Egress
from karla.infra.rate_limit import RateLimit
from karla.infra.sealing import Seals
from karla.infra.telemetry import INBOUND_PUSHES
from karla.integrations import registry
from karla.integrations.carriers.contract import Pushed, Pusher
from karla.integrations.carriers.zones import hour_at
from karla.integrations.contract import Kind
from karla.vocabulary.scope import Scope

log = structlog.get_logger()

MOST_BYTES: Final = 2 * 1024 * 1024
PUSHES_A_MINUTE: Final = 3_000
"""So many a shop's account may be sent in a minute, at one process; all of them cost us the look at a signature."""

_PATH: Final = "/inbound/carriers/{integration}/{slug}"


def push_address(base_url: str, integration: str, shop_slug: str) -> str | None:
    """Where this provider tells of a shop's parcels; None of one that doesn't tell by itself."""
    if not _tells(integration):
        return None
    return base_url + _PATH.format(integration=integration, slug=shop_slug)


def _tells(integration: str) -> bool:
    known = integration in registry.slugs(Kind.CARRIERS)
    return known and "push" in registry.manifest(Kind.CARRIERS, integration).capabilities


class PushTaken(msgspec.Struct):
    """Of how many parcels was told, of how many of them anything new, and how many nobody follows."""

    received: int
    taken: int
    unknown: int


class Pushes(msgspec.Struct, frozen=True):
    """What the door needs of the process; `shop` finds one by its slug, NotFound."""

    db: Database
    clock: Clock
    seals: Seals
    egress: Egress
    limit: RateLimit
    shop: Callable[[str], Awaitable[ShopRef]]

    async def sender(self, integration: str, slug: str) -> tuple[Scope, Pusher]:
        """The shop, and its account that can tell whether a push is the provider's.

        NotFound, and always the same one, whatever is missing: a stranger learns nothing of shops and their accounts.
        """
        shop = await self._shop(slug) if _tells(integration) else None
        if shop is None:
            raise NotFound
        # Nobody is authorised yet: what this scope sees is only what his signature is compared with.
        scope = scope_of([shop.id])
        async with self.db.read(scope) as connection:
            account = await account_of(scope, connection, self.seals, Kind.CARRIERS, integration)
        pusher = self._pusher(integration, account)
        if pusher is None:
            raise NotFound
        return scope, pusher

    async def _shop(self, slug: str) -> ShopRef | None:
        try:
            return await self.shop(slug)
        except NotFound:
            return None

    def _pusher(self, integration: str, account: Account | None) -> Pusher | None:
        if account is None or account.credentials is None:
            return None
        if account.connection.status is not ConnectionStatus.ACTIVE:
            return None
        adapter = registry.carrier(integration, account.credentials, self.egress, self.clock)
        return adapter if isinstance(adapter, Pusher) else None

    def demand_pace(self, scope: Scope, integration: str) -> None:
        """TooManyRequests."""
        if refused := self.limit.refusal(("push", scope.shop, integration), PUSHES_A_MINUTE):
            raise TooManyRequests(headers=refused.headers)

    async def take(self, scope: Scope, integration: str, pusher: Pusher, pushed: Sequence[Pushed]) -> PushTaken:
        """Keep what is told of parcels that this account follows."""
        meant = await self._meant(scope, integration, pusher, pushed)
        told = {one.parcel.shipment_id: one for parcels in meant for one in parcels}
        new: frozenset[UUID] = frozenset()
        if told:
            new = await self.db.write(scope, lambda work: take_pushed(work, integration, [*told.values()]))
        return PushTaken(
            received=len(pushed),
            taken=sum(any(one.parcel.shipment_id in new for one in parcels) for parcels in meant),
            unknown=sum(not parcels for parcels in meant),
        )

    async def _meant(
        self, scope: Scope, integration: str, pusher: Pusher, pushed: Sequence[Pushed]
    ) -> list[list[Asked]]:
        """For each push the parcels that it is about: none that nobody follows, several that share a number."""
        numbers = {number for one in pushed for number in spellings(one.tracking_number)}
        if not numbers:
            return [[] for _ in pushed]
        async with self.db.read(scope) as connection:
            followed = await followed_under(scope, connection, integration, numbers)
        now = self.clock.now()
        return [
            [
                Asked(
                    parcel=parcel,
                    next=next_ask(parcel.situation, now, hour_at(parcel.country, parcel.postal_code, now)),
                    body=one.raw.body,
                    content_type=one.raw.content_type,
                )
                for parcel in followed
                if parcel.tracking_number in spellings(one.tracking_number)
                and is_meant(pusher.carrier_name(parcel.carrier), one.carrier)
            ]
            for one in pushed
        ]


@post(
    "/inbound/carriers/{integration:str}/{slug:str}",
    include_in_schema=False,
    request_max_body_size=MOST_BYTES,
    status_code=202,
)
async def take_push(
    integration: FromPath[str],
    slug: FromPath[str],
    request: Request[Any, Any, Any],
    pushes: NamedDependency[Pushes],
) -> PushTaken:
    """Take what a provider tells of a shop's parcels, and answer before anybody asks what it means.

    It may come twice, or late. It is not in the OpenAPI document, as it is no call of ours to describe: each provider
    sends its own form, and no client of Karla's ever makes it.
    """
    scope, pusher = await pushes.sender(integration, slug)
    try:
        pushes.demand_pace(scope, integration)
        body = await _body(request)
        pushed = _told(pusher, request, body)
    except KarlaError as refusal:
        INBOUND_PUSHES.labels(integration, refusal.key).inc()
        raise
    done = await pushes.take(scope, integration, pusher, pushed)
    if done.unknown:
        log.info("pushed parcels that nobody follows", provider=integration, shop=slug, parcels=done.unknown)
    INBOUND_PUSHES.labels(integration, _outcome(done)).inc()
    return done


async def _body(request: Request[Any, Any, Any]) -> bytes:
    try:
        return await request.body()
    except HTTPException as error:
        if error.status_code == TooLarge.status:
            raise TooLarge(message=f"The body is larger than {MOST_BYTES} bytes.") from error
        raise BadRequest("body_incomplete", "The connection ended before the body did.") from error


def _told(pusher: Pusher, request: Request[Any, Any, Any], body: bytes) -> list[Pushed]:
    """What the provider tells; Unauthorised where it isn't the provider's, Invalid where it isn't of its form."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in request.scope["headers"]}
    if not pusher.verify_push(headers, body):
        raise Unauthorised("signature_invalid", "The signature is missing, or not the provider's of this body.")
    try:
        return pusher.read_push(body)
    except (ValueError, RecursionError) as error:
        fault = Fault(("body",), "Is not of the form that the provider documents", "push_invalid")
        raise Invalid("push_invalid", "The push is not of the form that the provider documents.", [fault]) from error


def _outcome(done: PushTaken) -> str:
    if done.taken:
        return "taken"
    return "unknown" if done.unknown else "unchanged"


HANDLERS = (take_push,)
