"""The tracking page, its finder and its demo, on Karla's own host and on the shops' domains."""

from typing import Any
from urllib.parse import quote

from litestar import Request, Response, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from karla.client import errors
from karla.client.storefront.answers import StorefrontOrder
from karla.entrypoints.storefront.answering import PRIVATE, page_answer, shown_answer
from karla.entrypoints.storefront.contexts.reader import Reader
from karla.entrypoints.storefront.delivery_calendar import calendar_of
from karla.entrypoints.storefront.demos import demo_order, switches
from karla.entrypoints.storefront.identity import path_of
from karla.entrypoints.storefront.parts import READ, Pages
from karla.entrypoints.storefront.showing import Shown, demo_shown, error, finder, shown, unavailable
from karla.entrypoints.storefront.source import NotAnswering
from karla.entrypoints.storefront.visits import Visit, visit_of
from karla.infra.in_process import on_behalf_of


@route("/track/{slug:str}", http_method=READ)
async def tracking_page(
    slug: FromPath[str], request: Request[Any, Any, Any], pages: NamedDependency[Pages]
) -> Response[bytes]:
    """The order that the link or the finder names, else the finder."""
    visit = await visit_of(request, slug, pages)
    with on_behalf_of(visit.address):
        return shown_answer(request, pages, visit, await shown(pages, visit))


@route("/track/{slug:str}/demo", http_method=READ)
async def demo_page(
    slug: FromPath[str], request: Request[Any, Any, Any], pages: NamedDependency[Pages]
) -> Response[bytes]:
    """A made-up order in any state, theme and language."""
    visit = await visit_of(request, slug, pages, surface="demo")
    with on_behalf_of(visit.address):
        return page_answer(request, pages, await _demo(pages, visit))


async def _demo(pages: Pages, visit: Visit) -> Shown:
    order = await _demo_order(pages, visit)
    return order if isinstance(order, Shown) else demo_shown(visit, order, switches(visit, order))


async def _demo_order(pages: Pages, visit: Visit) -> StorefrontOrder | Shown:
    """The made-up order, or why there is none."""
    try:
        return await demo_order(pages.source, visit)
    except NotAnswering:
        return error(visit, "unavailable")
    except errors.ApiError as refusal:
        # Of what may be wrong (shop, state, theme) the finder tells what matters.
        return await finder(pages, visit, None) if refusal.key == "page_switched_off" else error(visit, "not_found")


@route("/track/{slug:str}/delivery.ics", http_method=READ)
async def delivery_ics(
    slug: FromPath[str], request: Request[Any, Any, Any], pages: NamedDependency[Pages]
) -> Response[bytes]:
    """The delivery for the shopper's calendar; `parcel` is its number within the order, else the next one's."""
    visit = await visit_of(request, slug, pages)
    with on_behalf_of(visit.address):
        if not visit.identity.is_whole:
            return page_answer(request, pages, await finder(pages, visit, None))
        try:
            seen = await pages.source.order(visit.slug, visit.identity, visit.reader.tongue)
        except NotAnswering:
            return page_answer(request, pages, await unavailable(pages, visit))
        except errors.ApiError:
            return page_answer(request, pages, error(visit, "not_found"))
    return _calendar_answer(request, pages, visit, seen.order)


@route("/track/{slug:str}/demo/delivery.ics", http_method=READ)
async def demo_delivery_ics(
    slug: FromPath[str], request: Request[Any, Any, Any], pages: NamedDependency[Pages]
) -> Response[bytes]:
    """The same of a made-up order."""
    visit = await visit_of(request, slug, pages, surface="demo")
    with on_behalf_of(visit.address):
        order = await _demo_order(pages, visit)
    return (
        page_answer(request, pages, order)
        if isinstance(order, Shown)
        else _calendar_answer(request, pages, visit, order)
    )


def _calendar_answer(
    request: Request[Any, Any, Any], pages: Pages, visit: Visit, order: StorefrontOrder
) -> Response[bytes]:
    calendar = calendar_of(visit.reader, order, visit.values.get("parcel"), _own_address(pages, visit.reader))
    if calendar is None:
        return page_answer(request, pages, error(visit, "not_found", order.shop))
    name = quote(f"delivery-{order.order_number}.ics", safe="")
    headers = {**PRIVATE, "Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(calendar, headers=headers, media_type="text/calendar")


def _own_address(pages: Pages, reader: Reader) -> str:
    """Where the event in the calendar leads back to: the finder, as calendars are shared more freely than mails."""
    return f"{pages.public_url}{path_of(reader.place.slug)}"


HANDLERS = (tracking_page, demo_page, delivery_ics, demo_delivery_ics)
