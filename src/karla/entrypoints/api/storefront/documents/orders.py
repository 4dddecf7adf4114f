"""A whole order: all parcels, where it goes, and what may be done."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from karla.domain.branding.queries import settings_of
from karla.domain.branding.records import ShopSettings
from karla.domain.branding.rules.pages import page_of
from karla.domain.catalog.queries import listed_variants
from karla.domain.catalog.rules import variant_key
from karla.domain.shipments.queries.changes import order_file
from karla.domain.shipments.records import OrderFile
from karla.domain.shipments.rules.contents import contents_of
from karla.domain.shipments.rules.fulfilment import cancellable, readdressable
from karla.domain.shipments.rules.order_states import lone_parcel, order_state
from karla.domain.shipments.rules.situations import Standing, situation_of
from karla.domain.shoppers.records import Level
from karla.domain.tenants.queries import get_shop
from karla.domain.tenants.records import Shop
from karla.entrypoints.api.services import Services
from karla.entrypoints.api.shoppers import Shopper, session_invalid
from karla.entrypoints.api.storefront.access import demand_page
from karla.entrypoints.api.storefront.documents.lines import item
from karla.entrypoints.api.storefront.documents.parcels import parcel, parcel_texts, told
from karla.entrypoints.api.storefront.documents.views import Catalogue, View, country_name, destination_of
from karla.entrypoints.api.storefront.languages import language_for
from karla.entrypoints.api.storefront.shapes import (
    Allowed,
    Destination,
    Gate,
    Slots,
    StorefrontOrder,
    StorefrontShipment,
)
from karla.entrypoints.api.storefront.shops import shop_document
from karla.entrypoints.api.times import stamp
from karla.infra.pictures import PictureSigner
from karla.infra.work import Connection
from karla.vocabulary.events import EventTexts
from karla.vocabulary.orders import order_texts
from karla.vocabulary.scope import Scope

_ADDRESS = (
    "name",
    "company",
    "address_line_1",
    "address_line_2",
    "street",
    "zip_code",
    "city",
    "province",
    "province_code",
    "country",
    "country_code",
    "phone",
)


class Surroundings(msgspec.Struct, frozen=True):
    """What a document is made with: Karla's own address, what writes those of pictures, and the shop's products.

    `token_id` is the order token that it is looked at by.
    """

    public_url: str
    signer: PictureSigner
    catalogue: Catalogue
    token_id: UUID | None = None

    @classmethod
    def of(cls, services: Services, catalogue: Catalogue, token_id: UUID | None = None) -> "Surroundings":
        """Those of this process; `catalogue` holds the products that lines name."""
        return cls(services.settings.base_url, services.picture_signer, catalogue, token_id)


async def order_for(services: Services, shopper: Shopper, wish: str) -> StorefrontOrder:
    """The shopper's order as it is now, in the language of a `wish` as Accept-Language has it.

    Unauthorised when the order has gone, NotFound when its shop has no page.
    """
    async with services.db.read(shopper.scope) as connection:
        return await order_read(connection, services, shopper, wish)


async def order_read(connection: Connection, services: Services, shopper: Shopper, wish: str) -> StorefrontOrder:
    """As `order_for`, within a transaction that is under way."""
    shop, settings, file = await _loaded(connection, shopper)
    surroundings = Surroundings.of(services, await catalogue_of(shopper.scope, connection, file), shopper.token_id)
    language = language_for(shop, wish)
    return order_document(shop, settings, file, shopper.level, language, services.clock.now(), surroundings)


async def load_order(services: Services, shopper: Shopper) -> tuple[Shop, ShopSettings, OrderFile]:
    """The shop, its settings and the order; Unauthorised when that has gone, NotFound when its shop has no page."""
    async with services.db.read(shopper.scope) as connection:
        return await _loaded(connection, shopper)


async def _loaded(connection: Connection, shopper: Shopper) -> tuple[Shop, ShopSettings, OrderFile]:
    scope = shopper.scope
    shop = await get_shop(scope, connection)
    demand_page(shop)
    settings = await settings_of(scope, connection)
    file = await order_file(scope, connection, shopper.order_id)
    if file is None:
        raise session_invalid()
    return shop, settings, file


async def catalogue_of(scope: Scope, connection: Connection, file: OrderFile) -> Catalogue:
    """The products that lines of the order or of its parcels name; asks for nothing where none does."""
    lines = [*file.order.products.value, *(line for shipment in file.shipments for line in shipment.products or ())]
    named = {key for line in lines if (key := variant_key(line))}
    return await listed_variants(scope, connection, named) if named else {}


def order_document(
    shop: Shop,
    settings: ShopSettings,
    file: OrderFile,
    level: Level,
    language: str,
    now: datetime,
    surroundings: Surroundings,
) -> StorefrontOrder:
    """An order of `shop` as a shopper of this level sees it at `now`, texts in `language`."""
    order = file.order
    country, timezone = destination_of(order.address)
    view = View(
        file,
        language,
        now,
        level is Level.TOKEN,
        country,
        timezone,
        shop.slug,
        surroundings.public_url,
        surroundings.signer,
        surroundings.catalogue,
        surroundings.token_id,
    )
    timelines = [file.events_of(shipment.id) for shipment in file.shipments]
    standings = [
        situation_of(order, shipment, timeline, now)
        for shipment, timeline in zip(file.shipments, timelines, strict=True)
    ]
    state = order_state(file, standings)
    held = contents_of(file)
    parcels = [
        parcel(view, number, shipment, timeline, standing, held[shipment.id])
        for number, (shipment, timeline, standing) in enumerate(
            zip(file.shipments, timelines, standings, strict=True), start=1
        )
    ]
    return StorefrontOrder(
        order_number=order.order_number,
        order_name=order.order_name,
        placed_at=stamp(order.order_placed_at),
        cancelled_at=stamp(order.cancelled_at),
        updated_at=stamp(max([order.updated_at, *(shipment.updated_at for shipment in file.shipments)])),
        state=state,
        texts=told(_words(view, standings, order_texts(state, language))),
        language=language,
        currency=order.currency,
        destination=_destination(view, order.address),
        items=[item(view, line) for line in order.products.value],
        total_price=float(order.total_order_price) if view.whole and order.total_order_price is not None else None,
        shipments=parcels,
        expected_packages=sum(one.situation == "expected" for one in parcels),
        level=level.value,
        allowed=_allowed(settings, file, level, parcels),
        slots=Slots(),
        shop=shop_document(shop, settings, language, surroundings.public_url, surroundings.signer),
    )


def _words(view: View, standings: list[Standing], words: EventTexts) -> EventTexts:
    """Of an order with one parcel those of the parcel, which know more."""
    lone = lone_parcel(view.file.order, view.file.shipments)
    if lone is None:
        return words
    place = view.file.shipments.index(lone)
    return parcel_texts(view, lone, view.file.events_of(lone.id), standings[place])


def _destination(view: View, address: dict[str, Any]) -> Destination:
    told_of = {name: address.get(name) for name in _ADDRESS}
    return Destination(
        city=address.get("city") or None,
        zip_code=address.get("zip_code") or None,
        country_code=view.country,
        country=country_name(view.country, view.language) if view.country else address.get("country") or None,
        timezone=view.timezone,
        address=told_of if view.whole else None,
    )


def _allowed(settings: ShopSettings, file: OrderFile, level: Level, parcels: list[StorefrontShipment]) -> Allowed:
    actions = page_of(settings).actions
    return Allowed(
        claim=Gate(allowed=any(one.flows for one in parcels), reason=None),
        cancel=_gate(file, level, possible=cancellable(file), offered=actions.cancel),
        change_address=_gate(file, level, possible=readdressable(file), offered=actions.change_address),
    )


def _gate(file: OrderFile, level: Level, *, possible: bool, offered: bool) -> Gate:
    """That a token would open it is told only where nothing else stands against it."""
    if not offered:
        return Gate(allowed=False, reason="switched_off")
    if file.order.cancelled_at is not None:
        return Gate(allowed=False, reason="cancelled")
    if not possible:
        return Gate(allowed=False, reason="shipped")
    if level is not Level.TOKEN:
        return Gate(allowed=False, reason="token_needed")
    return Gate(allowed=True, reason=None)
