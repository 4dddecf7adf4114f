"""What a shopper with an order token may do: cancel the order, have it go elsewhere."""

from collections.abc import Callable
from typing import Any

import msgspec
from litestar import Request, Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from karla.domain.branding.records import PageActions, ShopSettings
from karla.domain.branding.rules.pages import page_of
from karla.domain.orders.records import Reference, ReferenceKind
from karla.domain.shipments.commands.changes import cancel_order, change_address
from karla.domain.shipments.rules.addresses import address_parts, entered
from karla.domain.shoppers.records import Level
from karla.entrypoints.api.access import shopper as shopper_of_level
from karla.entrypoints.api.bodies import from_query, json_body
from karla.entrypoints.api.orders.requests import Address
from karla.entrypoints.api.services import Services
from karla.entrypoints.api.shoppers import Shopper
from karla.entrypoints.api.storefront.documents import load_order, order_for
from karla.entrypoints.api.storefront.documents.views import country_name, destination_of
from karla.entrypoints.api.storefront.languages import LanguageView, language_for, wished
from karla.entrypoints.api.storefront.orders import PRIVATE
from karla.entrypoints.api.storefront.shapes import AddressField, AddressForm, AddressOption, StorefrontOrder
from karla.infra.errors import Forbidden

TAGS = ["Storefront"]

_BODY_BYTES = 32 * 1024


@post(
    "/v1/shops/{slug:str}/storefront/order/cancel",
    operation_id="v1StorefrontOrderCancel",
    summary="Cancel an order as its shopper",
    tags=TAGS,
    opt=shopper_of_level(Level.TOKEN),
    status_code=200,
    dependencies={"filters": from_query(LanguageView)},
)
async def cancel(
    filters: NamedDependency[LanguageView],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    shopper: NamedDependency[Shopper],
) -> Response[StorefrontOrder]:
    """Cancel the order while none of its parcels has left; 409 `order_shipped` after that. Twice is as once.

    It is announced as `ORDER_CANCELLED`. 403 `switched_off` where the shop doesn't offer it.
    """
    _, settings, _ = await load_order(services, shopper)
    _demand_offer(settings, lambda actions: actions.cancel)
    await services.db.write(shopper.scope, lambda work: cancel_order(work, _reference(shopper)))
    return Response(await order_for(services, shopper, wished(request.scope, filters.lang)), headers=PRIVATE)


@get(
    "/v1/shops/{slug:str}/storefront/order/address",
    operation_id="v1StorefrontOrderAddressGet",
    summary="Get the form to change an order's address",
    tags=TAGS,
    opt=shopper_of_level(Level.TOKEN),
    dependencies={"filters": from_query(LanguageView)},
)
async def read_address(
    filters: NamedDependency[LanguageView],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    shopper: NamedDependency[Shopper],
) -> Response[AddressForm]:
    """The address as it is, and the fields that its country asks for; whether it may be changed the order tells."""
    shop, _, file = await load_order(services, shopper)
    address = file.order.address
    country, _ = destination_of(address)
    fields = [
        AddressField(
            name=part.name,
            required=part.required,
            label_key=part.label,
            max_length=part.max_length,
            pattern=part.pattern,
            options=[AddressOption(value=region.code, label=region.name) for region in part.regions],
        )
        for part in address_parts(country)
    ]
    language = language_for(shop, wished(request.scope, filters.lang))
    form = AddressForm(
        address=entered(address),
        country_code=country,
        country=country_name(country, language) if country else None,
        fields=fields,
    )
    return Response(form, headers=PRIVATE)


@put(
    "/v1/shops/{slug:str}/storefront/order/address",
    operation_id="v1StorefrontOrderAddressUpdate",
    summary="Change an order's address as its shopper",
    tags=TAGS,
    opt=shopper_of_level(Level.TOKEN),
    dto=json_body(Address, _BODY_BYTES),
    dependencies={"filters": from_query(LanguageView)},
)
async def update_address(
    data: JSONBody[Address],
    filters: NamedDependency[LanguageView],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    shopper: NamedDependency[Shopper],
) -> Response[StorefrontOrder]:
    """Have the order go elsewhere within its country, while no parcel has a label; 409 `order_shipped` after that.

    The body has members of the address: what is absent or null stays, what is empty is taken away. The country stays
    in any case, as the shop has priced the way there; a region is known by its code or its name. 422
    `address_invalid` names every member that the country asks for or knows otherwise.

    It is announced as `ORDER_ADDRESS_UPDATED`, with the new address in its order. A cancelled order is a 409
    `order_cancelled`; 403 `switched_off` where the shop doesn't offer it.
    """
    _, settings, _ = await load_order(services, shopper)
    _demand_offer(settings, lambda actions: actions.change_address)
    said = {name: value for name, value in msgspec.structs.asdict(data).items() if value is not None}
    await services.db.write(shopper.scope, lambda work: change_address(work, _reference(shopper), said))
    return Response(await order_for(services, shopper, wished(request.scope, filters.lang)), headers=PRIVATE)


def _reference(shopper: Shopper) -> Reference:
    return Reference(ReferenceKind.UUID, str(shopper.order_id))


def _demand_offer(settings: ShopSettings, offered: Callable[[PageActions], bool]) -> None:
    if not offered(page_of(settings).actions):
        raise Forbidden("switched_off", "This shop doesn't offer that here; please write to it.")


HANDLERS = (cancel, read_address, update_address)
