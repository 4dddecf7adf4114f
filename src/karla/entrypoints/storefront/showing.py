"""What a visit is shown: the order, the finder, or why there is neither."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

import msgspec

from karla.client import errors
from karla.client.storefront import answers
from karla.entrypoints.storefront.contexts import actions, frame
from karla.entrypoints.storefront.contexts.orders import order_view, sight_of
from karla.entrypoints.storefront.contexts.parcels import Sight
from karla.entrypoints.storefront.identity import FRAGMENT
from karla.entrypoints.storefront.parts import Pages
from karla.entrypoints.storefront.source import NotAnswering, SeenOrder
from karla.entrypoints.storefront.views import (
    AddressForm,
    ErrorPage,
    FinderPage,
    Hidden,
    Live,
    Notice,
    OrderPage,
    Page,
    Switch,
    Time,
)
from karla.entrypoints.storefront.visits import Visit

Problem = Literal["order_not_found", "order_token_invalid", "too_many_attempts", "unavailable", "incomplete"]
ErrorKind = Literal["unknown_shop", "switched_off", "unavailable", "not_found", "ask_shop"]

DONE = "done"
"""The query of the page that says what became of an action."""
AGAIN_SECONDS = 30
_WAIT_SECONDS = 60
_FINAL = frozenset({"delivered", "returned", "cancelled"})


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A page with its status. `language` is that of its words.

    `order` and `session` are there where an order is shown, `key` where it is not.
    """

    page: Page
    language: str
    status: int = 200
    retry_after: int | None = None
    shop: answers.StorefrontShop | None = None
    order: answers.StorefrontOrder | None = None
    session: str | None = None
    key: str | None = None


async def shown(pages: Pages, visit: Visit) -> Shown:
    """The order to whoever may see it, else the finder."""
    if not visit.identity.is_whole:
        return await finder(pages, visit, "incomplete" if _is_incomplete(visit) else None)
    try:
        seen = await pages.source.order(visit.slug, visit.identity, visit.reader.tongue)
    except NotAnswering:
        return await unavailable(pages, visit)
    except errors.ApiError as refusal:
        return await refused(pages, visit, refusal)
    return order_shown(visit, seen, await _asked_form(pages, visit, seen))


def _is_incomplete(visit: Visit) -> bool:
    """Whether the finder was sent off with a blank; an address with the number alone is a kindness of the shop's."""
    return "zipCode" in visit.values and bool(visit.identity.order_number or visit.identity.zip_code)


def order_shown(visit: Visit, seen: SeenOrder, form: answers.AddressForm | None = None) -> Shown:
    """The page of an order; `form` is what its country asks of another address."""
    sight = sight_of(visit.reader, seen.order, is_stale=seen.as_of is not None)
    address = actions.address_form(sight, form) if form else None
    return _page(visit, seen, sight, address)


def order_with_faults(
    visit: Visit, seen: SeenOrder, form: answers.AddressForm, faults: Sequence[errors.Fault]
) -> Shown:
    """The page again, with the address that was typed and what is wrong with it."""
    sight = sight_of(visit.reader, seen.order)
    address = actions.address_form(sight, form, actions.typed_address(form, visit.values), faults)
    return msgspec.structs.replace(_page(visit, seen, sight, address), status=422)


def _page(visit: Visit, seen: SeenOrder, sight: Sight, address: AddressForm | None) -> Shown:
    order, reader = seen.order, visit.reader
    title = reader.words.gettext("Order %(number)s", number=order.order_name or order.order_number)
    page = OrderPage(
        chrome=frame.chrome(reader, order.shop, title),
        order=order_view(sight, address, asks_to_cancel=visit.values.get(actions.CHANGE) == "cancel"),
        live=_live(sight, seen.session),
        notices=_notices(sight, seen, visit.values.get(DONE)),
    )
    return Shown(page=page, language=reader.tongue.code, shop=order.shop, order=order, session=seen.session)


def _live(sight: Sight, session: str | None) -> Live | None:
    order, reader = sight.order, sight.reader
    if session is None or "live" in sight.hidden or order.state in _FINAL:
        return None
    return Live(
        stream_url=f"{reader.place.storefront}/order/live",
        fragment_url=reader.here(**{FRAGMENT: "1"}),
        session=session,
        updated_at=order.updated_at.isoformat(),
    )


def _notices(sight: Sight, seen: SeenOrder, done: str | None) -> list[Notice]:
    notices = []
    if seen.as_of is not None:
        iso = seen.as_of.astimezone(sight.phrases.zone).isoformat(timespec="minutes")
        notices.append(Notice(kind="stale", time=Time(iso=iso, words=sight.phrases.lately(seen.as_of))))
    match done:
        # Anybody can write a link: what it claims has to be true.
        case "cancelled" if seen.order.state == "cancelled":
            notices.append(Notice(kind="cancelled"))
        case "address_changed" if sight.reader.identity.token:
            notices.append(Notice(kind="address_changed"))
        case "shipped" | "refused" | "token_needed":
            notices.append(Notice(kind=done))
    return notices


async def _asked_form(pages: Pages, visit: Visit, seen: SeenOrder) -> answers.AddressForm | None:
    wanted = visit.values.get(actions.CHANGE) == "address"
    if not wanted or seen.session is None or not seen.order.allowed.change_address.allowed:
        return None
    try:
        return await pages.source.client(visit.slug, visit.reader.tongue).address(seen.session)
    except errors.KarlaError:
        return None  # the page without the form, which has a link to it


async def finder(pages: Pages, visit: Visit, problem: Problem | None, retry_after: float | None = None) -> Shown:
    """The form for number and ZIP code, with what was typed."""
    # A link that opened nothing is not offered again, in another language or otherwise.
    reader = msgspec.structs.replace(visit.reader, identity=msgspec.structs.replace(visit.identity, token=""))
    try:
        shop = await pages.source.shop(visit.slug, reader.tongue)
    except NotAnswering:
        return error(visit, "unavailable")
    except errors.ApiError as refusal:
        return error(visit, _missing(refusal))
    if not shop.page_enabled:
        return error(visit, "switched_off", shop)
    statuses = {None: 200, "incomplete": 422, "too_many_attempts": 429, "unavailable": 503}
    page = FinderPage(
        chrome=frame.chrome(
            reader, shop, shop.brand.texts.get("finder_title") or reader.words.gettext("Track your order")
        ),
        action=reader.place.page,
        hidden=[Hidden(name=name, value=value) for name, value in reader.manner.items() if value],
        order_number=visit.identity.order_number,
        zip_code=visit.identity.zip_code,
        problem=problem,
        retry=_retry(visit, retry_after) if problem == "too_many_attempts" else None,
    )
    again = round(retry_after or _WAIT_SECONDS) if problem == "too_many_attempts" else None
    again = AGAIN_SECONDS if problem == "unavailable" else again
    return Shown(
        page=page,
        language=reader.tongue.code,
        status=statuses.get(problem, 404),
        retry_after=again,
        shop=shop,
        key=problem,
    )


def _missing(refusal: errors.ApiError) -> ErrorKind:
    if refusal.key == "page_switched_off":
        return "switched_off"
    return "unknown_shop" if isinstance(refusal, errors.NotFound | errors.Invalid) else "unavailable"


def _retry(visit: Visit, retry_after: float | None) -> Time:
    seconds = retry_after or _WAIT_SECONDS
    moment = visit.reader.now + timedelta(seconds=seconds)
    return Time(iso=moment.isoformat(timespec="seconds"), words=visit.reader.phrases("UTC", None).after(seconds))


async def refused(pages: Pages, visit: Visit, refusal: errors.ApiError) -> Shown:
    """What somebody is told who was not let in: nothing about what is there."""
    match refusal:
        case errors.RateLimited():
            return await finder(pages, visit, "too_many_attempts", refusal.retry_after)
        case errors.Unauthorised():
            return await finder(pages, visit, "order_token_invalid")
        case errors.NotFound() | errors.Invalid():
            return await finder(pages, visit, "order_not_found")
    return await unavailable(pages, visit)


async def unavailable(pages: Pages, visit: Visit) -> Shown:
    """The API doesn't answer: what was typed is kept, and a link can be opened again."""
    if visit.identity.token:
        return error(visit, "unavailable")
    return await finder(pages, visit, "unavailable")


def error(visit: Visit, kind: ErrorKind, shop: answers.StorefrontShop | None = None) -> Shown:
    """A page that says why there is none."""
    reader = visit.reader
    title = {
        "unknown_shop": reader.words.gettext("Page not found"),
        "not_found": reader.words.gettext("Page not found"),
        "switched_off": reader.words.gettext("No tracking page"),
        "unavailable": reader.words.gettext("Back in a moment"),
        "ask_shop": reader.words.gettext("Please ask the shop"),
    }[kind]
    chrome = frame.chrome(reader, shop, title) if shop else frame.plain_chrome(reader, title)
    away = kind == "unavailable"
    return Shown(
        language=reader.tongue.code,
        page=ErrorPage(chrome=msgspec.structs.replace(chrome, beacon_url=None), kind=kind),
        status=503 if away else 200 if kind == "ask_shop" else 404,
        retry_after=AGAIN_SECONDS if away else None,
        shop=shop,
        key=kind,
    )


def broken(visit: Visit) -> Shown:
    """What is shown where a page breaks."""
    return msgspec.structs.replace(error(visit, "unavailable"), status=500)


def demo_shown(visit: Visit, order: answers.StorefrontOrder, switches: Sequence[Switch]) -> Shown:
    """A made-up order, with a bar to look at others."""
    sight = sight_of(visit.reader, order)
    page = OrderPage(
        chrome=frame.chrome(visit.reader, order.shop, visit.reader.words.gettext("Demo"), switches),
        order=order_view(sight),
    )
    return Shown(page=page, language=visit.reader.tongue.code, shop=order.shop, order=order)
