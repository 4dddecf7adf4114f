"""What shoppers send: to cancel, and to have it sent elsewhere. The answer to a form is the page, asked for anew."""

from typing import Any
from urllib.parse import parse_qsl

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import FromPath

from karla.client import errors
from karla.client.storefront import answers
from karla.entrypoints.storefront.answering import page_answer, redirect
from karla.entrypoints.storefront.contexts.actions import typed_address
from karla.entrypoints.storefront.parts import Pages
from karla.entrypoints.storefront.showing import DONE, order_with_faults, refused, unavailable
from karla.entrypoints.storefront.source import NotAnswering
from karla.entrypoints.storefront.visits import Visit, visit_of
from karla.infra.in_process import on_behalf_of

_MOST_BYTES = 32 * 1024
_MOST_FIELDS = 60


@post("/track/{slug:str}/cancel", request_max_body_size=_MOST_BYTES)
async def cancel_order(
    slug: FromPath[str], request: Request[Any, Any, Any], pages: NamedDependency[Pages]
) -> Response[bytes]:
    """Cancel the order, by the token in the form."""
    visit = await visit_of(request, slug, pages, await _form(request))
    if not visit.identity.token:
        return _back(visit, "token_needed")
    with on_behalf_of(visit.address):
        try:
            await pages.source.client(visit.slug, visit.reader.tongue).cancel(visit.identity.token)
        except errors.KarlaError as refusal:
            return _back(visit, _outcome(refusal))
    return _back(visit, "cancelled")


@post("/track/{slug:str}/address", request_max_body_size=_MOST_BYTES)
async def change_address(
    slug: FromPath[str], request: Request[Any, Any, Any], pages: NamedDependency[Pages]
) -> Response[bytes]:
    """Send the order elsewhere, by the token in the form; what is wrong with the address is told at its fields."""
    visit = await visit_of(request, slug, pages, await _form(request))
    token = visit.identity.token
    if not token:
        return _back(visit, "token_needed")
    client = pages.source.client(visit.slug, visit.reader.tongue)
    with on_behalf_of(visit.address):
        try:
            form = await client.address(token)
            typed: Any = typed_address(form, visit.values)
            await client.change_address(token, **typed)
        except errors.Invalid as refusal:
            return await _with_faults(request, pages, visit, form, refusal)
        except errors.KarlaError as refusal:
            return _back(visit, _outcome(refusal))
    return _back(visit, "address_changed")


async def _with_faults(
    request: Request[Any, Any, Any],
    pages: Pages,
    visit: Visit,
    form: answers.AddressForm,
    refusal: errors.Invalid,
) -> Response[bytes]:
    try:
        seen = await pages.source.order(visit.slug, visit.identity, visit.reader.tongue)
    except NotAnswering:
        return page_answer(request, pages, await unavailable(pages, visit))
    except errors.ApiError as error:
        return page_answer(request, pages, await refused(pages, visit, error))
    if seen.session is None:
        return _back(visit, "refused")
    return page_answer(request, pages, order_with_faults(visit, seen, form, refusal.faults))


def _outcome(refusal: errors.KarlaError) -> str | None:
    """What the page is to say; None where it says it by itself, as of a link that is no longer good."""
    match refusal:
        case errors.Unauthorised():
            return None
        case errors.Conflict():
            return "cancelled" if refusal.key == "order_cancelled" else "shipped"
        case errors.Forbidden() if refusal.key == "order_token_needed":
            return "token_needed"
    return "refused"


def _back(visit: Visit, outcome: str | None) -> Response[bytes]:
    return redirect(visit.reader.here(**({DONE: outcome} if outcome else {})))


async def _form(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The fields of a form; of one that can't be read none."""
    try:
        body = await request.body()
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except (HTTPException, ValueError):
        return {}
    return dict(pairs)


HANDLERS = (cancel_order, change_address)
