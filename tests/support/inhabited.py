"""A shop with one of everything and callers of every kind: what tests over all operations walk through."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import asyncpg
import httpx
import msgspec

from karla.domain.tenants import commands as tenants
from karla.entrypoints.api import app as api
from karla.entrypoints.api.streams import Streams
from karla.entrypoints.api.watching import Watch
from karla.infra.access import NOWHERE
from karla.vocabulary.scope import Role
from tests.support.connections import connect_dhl
from tests.support.documents import Operation
from tests.support.images import PNG
from tests.support.karla import Karla, ShopClient
from tests.support.receiver import receiving
from tests.support.samples import sample


class Inhabited(NamedTuple):
    """A shop with one of everything, and callers of every kind; `credentials` are those that DHL takes now."""

    names: dict[str, str]
    callers: dict[str, ShopClient]
    credentials: dict[str, str] | None = None

    def path(self, operation: Operation, slug: str | None = None) -> str:
        """The operation's path with this shop's own things in it."""
        names = {**self.names, "slug": self.names["organisation" if operation.needs.of == "organisation" else "slug"]}
        if slug is not None:
            names["slug"] = slug
        if "/shipments/{ref}" in operation.path:
            names["ref"] = names["shipment_id"]
        return operation.path.format_map({**names, "uuid": names[f"uuid of {operation.resource}"]})

    async def rows(self, url: str) -> dict[str, list[str]]:
        """Every row of the shop and its organisation, by table; but for when its keys were used."""
        connection = await asyncpg.connect(url)
        try:
            await connection.execute("set karla.everywhere = 'on'")
            columns = await connection.fetch(
                """
                select table_name, column_name from information_schema.columns
                where table_schema = current_schema() and column_name in ('shop_id', 'organisation_id')
                """
            )
            return {
                f"{table} by {column}": sorted(
                    json.dumps(json.loads(row["row"]), sort_keys=True)
                    for row in await connection.fetch(
                        f"select to_jsonb(t) - 'last_used_at' as row from {table} t where {column}::text = $1",  # noqa: S608 - names of tables
                        self.names[column],
                    )
                )
                for table, column in columns
            }
        finally:
            await connection.close()


@asynccontextmanager
async def with_ending_streams(karla: Karla) -> AsyncIterator[Karla]:
    """The same Karla, whose streams end after what is there, so that each call has a whole answer."""
    watch = Watch(karla.services.db, ending=lambda: True, heartbeat_seconds=0.01)
    services = msgspec.structs.replace(karla.services, streams=Streams(ending=lambda: True), watch=watch)
    transport = httpx.ASGITransport(app=api.with_services(services), raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://karla.test") as http:
        yield Karla(services, karla.belt, http)


async def inhabit(karla: Karla, credentials: dict[str, str] | None = None) -> Inhabited:
    admin = await karla.shop(Role.ADMIN)
    organisation = await karla.key_for(admin.shop, Role.ADMIN, whole_organisation=True)
    keys = (await organisation.get(f"/v1/orgs/{admin.shop.organisation}/keys")).json()
    callers = {
        "viewer": await karla.key_for(admin.shop, Role.VIEWER),
        "editor": await karla.key_for(admin.shop, Role.EDITOR),
        "admin": admin,
        "organisation": organisation,
        "sibling": await _sibling(karla, admin),
        "revoked": await _revoked_key(organisation),
        "expired": await _expired_key(organisation),
    }
    async with receiving() as receiver:
        webhook = (await admin.post("/webhooks", {"url": receiver.url})).json()
        order = (await admin.put("/orders", sample("order_upsert.request.headless"))).json()
        await karla.drain()
        delivery = receiver.journal[0].delivery_id
    products = sample("products_bulk.request")
    await admin.post("/products", products)
    connected = await connect_dhl(karla, admin)
    return Inhabited(
        names={
            "slug": admin.slug,
            "shop_id": str(admin.shop.id),
            "organisation": admin.shop.organisation,
            "organisation_id": str(admin.shop.organisation_id),
            "ref": order["uuid"],
            "shipment_id": order["trackings"][0]["id"],
            "uuid of webhooks": webhook["uuid"],
            "uuid of keys": next(key["uuid"] for key in keys if key["shops"][0]["shop_slug"] == admin.slug),
            "uuid of connections": str(connected.connection.id),
            "uuid of ": "",
            "delivery_uuid": str(delivery),
            "event_id": order["trackings"][0]["events"][0]["event_id"],
            "product_id": products[0]["product_id"],
            "variant_id": products[0]["variant_id"],
            "image_type": "logo",
            "reference": "dhl",
            "kind": "carriers",
            "integration": "dhl",
        },
        callers=callers,
        credentials=credentials,
    )


async def _sibling(karla: Karla, admin: ShopClient) -> ShopClient:
    """The admin of another shop of the same organisation."""
    shop = await karla.services.db.write(
        NOWHERE,
        lambda work: tenants.create_shop(
            work, organisation=admin.shop.organisation, slug=f"{admin.slug}-sibling", name="Sibling"
        ),
    )
    return await karla.key_for(shop, Role.ADMIN)


async def _another_key(organisation: ShopClient) -> tuple[ShopClient, str]:
    """It, and its path."""
    keys = f"/v1/orgs/{organisation.shop.organisation}/keys"
    issued = (await organisation.post(keys, {"shops": [{"shop_slug": "*", "role": "admin"}]})).json()
    client = ShopClient(organisation.http, organisation.shop, issued["username"], issued["key"])
    return client, f"{keys}/{issued['uuid']}"


async def _revoked_key(organisation: ShopClient) -> ShopClient:
    client, path = await _another_key(organisation)
    answer = await organisation.delete(path)
    assert answer.status_code == 204, answer.text
    return client


async def _expired_key(organisation: ShopClient) -> ShopClient:
    client, path = await _another_key(organisation)
    answer = await organisation.post(f"{path}/rotate", {"overlap_hours": 0})
    assert answer.status_code == 201, answer.text
    return client


def options(operation: Operation, here: Inhabited | None = None) -> dict[str, Any]:
    """A body that the operation takes; with `here` one that fits that shop."""
    if operation.multipart:
        return {"files": {"image": ("logo.png", PNG, "image/png")}}
    if operation.method in ("GET", "DELETE"):
        return {}
    body = operation.example
    if here and here.credentials and "credentials" in body:
        body = {**body, "credentials": here.credentials}
    if here and operation.id == "v1OrdersTrackpageUrl":
        body = {"id": here.names["ref"], "id_type": "uuid"}
    if here and "organization" in body:
        body = {**body, "organization": here.names["organisation"], "slug": f"{here.names['slug']}-new"}
    if here:
        body = json.loads(json.dumps(body).replace('"shop_slug": "my-shop"', f'"shop_slug": "{here.names["slug"]}"'))
    return {"json": body}
