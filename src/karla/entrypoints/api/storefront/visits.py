"""The beacon: what shoppers do on a shop's pages, told without saying who they are."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from karla.domain.insights.records import Page, Visit, VisitKind
from karla.domain.insights.rules import counts
from karla.domain.shoppers.rules.sessions import session_from
from karla.entrypoints.api.access import PUBLIC
from karla.entrypoints.api.bodies import json_body
from karla.entrypoints.api.services import Services
from karla.entrypoints.api.storefront.access import client_network
from karla.infra.ids import new_id

TAGS = ["Storefront"]

_BODY_BYTES = 16 * 1024
# A page may lie open for weeks; after a day nobody asks for how many.
_LONGEST_MS = int(timedelta(days=1).total_seconds() * 1000)
_SEARCHED_HEADERS = frozenset({"user-agent", "sec-purpose", "purpose", "x-purpose", "x-moz"})

# No blank and no `@`: neither a name nor an address fits in.
Label = Annotated[str, Meta(pattern="^[A-Za-z0-9._:-]{1,64}$")]


class VisitReport(msgspec.Struct, kw_only=True):
    """One thing that was done.

    `shipment_number` is the parcel's `number`; `slot` and `campaign` name what was clicked; `after_ms` is how long
    the page had been open.
    """

    kind: VisitKind
    shipment_number: Annotated[int, Meta(ge=1, le=1000)] | None = None
    slot: Label | None = None
    campaign: Label | None = None
    after_ms: Annotated[int, Meta(ge=0, le=2**53 - 1)] | None = None


class VisitReports(msgspec.Struct, kw_only=True):
    """What was done on one page; with the `session` of an order its page counts as opened."""

    page: Page
    visits: Annotated[list[VisitReport], Meta(min_length=1, max_length=50)]
    session: Annotated[str, Meta(max_length=4096)] | None = None
    language: Annotated[str, Meta(pattern="^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*$", max_length=35)] | None = None


@post(
    "/v1/shops/{slug:str}/storefront/visits",
    operation_id="v1StorefrontVisitsRecord",
    summary="Tell what was done on a page",
    tags=TAGS,
    opt=PUBLIC,
    status_code=202,
    dto=json_body(VisitReports, _BODY_BYTES),
)
async def record_visits(
    slug: FromPath[str],
    data: JSONBody[VisitReports],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
) -> Response[None]:
    """Made for `navigator.sendBeacon`: the body may also be sent as `text/plain`.

    Kept are the time, what was done, on which kind of page, its language, and where a parcel stood; and of an order,
    how often its page was opened. No address, no name of a browser and nothing that two visits have in common is kept,
    and no cookie is set. Programs, pages that are loaded ahead, the demo, and more than 300 calls a minute from one
    address are answered just so and not counted. What is taken is written down within a second.
    """
    shop = await services.keyring.shop(slug)
    address = client_network(request.scope)
    # The address first: looking at names of browsers takes time, and strangers choose them.
    counted = (
        data.page is not Page.DEMO and services.visit_limit.refusal(address) is None and counts(_searched(request))
    )
    if counted:
        services.visits.note(_visits(services, shop.id, data))
    headers = {"Cache-Control": "no-store"}
    return Response(b"", status_code=202, headers=headers, media_type=MediaType.TEXT)  # type: ignore[arg-type] # no body


def _searched(request: Request[Any, Any, Any]) -> dict[str, str]:
    told = ((name.decode("latin-1").lower(), value) for name, value in request.scope["headers"])
    return {name: value.decode("latin-1") for name, value in told if name in _SEARCHED_HEADERS}


def _visits(services: Services, shop_id: UUID, data: VisitReports) -> list[Visit]:
    now = services.clock.now()
    session = session_from(services.shopper_keys.sessions, shop_id, data.session, now) if data.session else None
    language = data.language.replace("_", "-").partition("-")[0].lower() if data.language else None
    return [
        Visit(
            shop_id=shop_id,
            id=new_id(),
            at=now,
            kind=report.kind,
            page=data.page,
            order_id=session.order_id if session else None,
            shipment_number=report.shipment_number,
            language=language,
            slot=report.slot,
            campaign=report.campaign,
            after_ms=None if report.after_ms is None else min(report.after_ms, _LONGEST_MS),
        )
        for report in data.visits
    ]


HANDLERS = (record_visits,)
