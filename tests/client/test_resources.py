"""Every other resource by the client, on a Karla that is served."""

import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from PIL import Image

from karla.client import Conflict, Forbidden, NotFound
from karla.client.webhooks import verify
from karla.infra.paging import Cursor
from karla.vocabulary.scope import Role
from tests.client.conftest import Caller, Open
from tests.support.karla import Karla, ShopClient
from tests.support.receiver import Receiver, receiving

ORDER = {"order_number": "1", "address": {"zip_code": "10119"}}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as up:
        yield up


async def test_a_webhooks_life(client: Caller, karla: Karla, receiver: Receiver) -> None:
    created = await client(lambda c: c.webhooks.create(url=receiver.url, enabled_events=["shipments/order_created"]))
    assert created == await client(lambda c: c.webhooks.get(created.uuid))
    assert (created.status, created.ordering, created.payload_format) == ("active", "none", "karla")
    assert created.secret not in repr(created)
    await client(lambda c: c.orders.upsert(id="1", order=ORDER))
    await karla.drain()
    (received,) = receiver.journal
    event = verify(received.body, received.headers, created.secret)
    assert event.ref == "shipments/order_created/ORDER_CREATED"
    (delivery,) = await client.list(lambda c: c.webhooks.deliveries(created.uuid))
    assert (delivery.status, delivery.event_id, len(delivery.attempts)) == ("delivered", event.event_id, 1)
    changed = await client(lambda c: c.webhooks.update(created.uuid, payload_format="cloudevents", ordering="shipment"))
    assert (changed.payload_format, changed.ordering) == ("cloudevents", "shipment")
    assert await client.list(lambda c: c.webhooks.list(status="active")) == [changed]
    await client(lambda c: c.webhooks.delete(created.uuid))
    with pytest.raises(NotFound):
        await client(lambda c: c.webhooks.get(created.uuid))


async def test_a_secret_is_rotated_without_a_gap(client: Caller, karla: Karla, receiver: Receiver) -> None:
    before = await client(lambda c: c.webhooks.create(url=receiver.url, enabled_events=[]))
    after = await client(lambda c: c.webhooks.rotate_secret(before.uuid, overlap_hours=1))
    assert before.secret != after.secret
    assert after.previous_secret_expires_at is not None
    await client(lambda c: c.webhooks.test(before.uuid, event_name="OUT_FOR_DELIVERY"))
    await karla.drain()
    (received,) = receiver.journal
    by_old, by_new, by_either = (
        verify(received.body, received.headers, known)
        for known in (before.secret, after.secret, [after.secret, before.secret])
    )
    assert by_old == by_new == by_either
    assert received.headers["karla-test"] == "true"
    with pytest.raises(Conflict) as caught:
        await client(lambda c: c.webhooks.rotate_secret(before.uuid))
    assert caught.value.key == "rotation_under_way"


async def test_what_was_delivered_is_sent_again_on_request(client: Caller, karla: Karla, receiver: Receiver) -> None:
    webhook = await client(lambda c: c.webhooks.create(url=receiver.url, payload_format="cloudevents"))
    await client(lambda c: c.orders.upsert(id="1", order=ORDER))
    await karla.drain()
    counted = await client(lambda c: c.webhooks.replay(webhook.uuid, status="all", dry_run=True))
    assert (counted.replay_id, counted.deliveries, counted.dry_run) == (None, 1, True)
    assert (await client(lambda c: c.webhooks.replay(webhook.uuid))).deliveries == 0
    done = await client(lambda c: c.webhooks.replay(webhook.uuid, status="all", events=["shipments"]))
    await karla.drain()
    first, again = receiver.journal
    assert verify(first.body, first.headers, webhook.secret) == verify(again.body, again.headers, webhook.secret)
    assert again.headers["karla-replay"] == str(done.replay_id)
    (replay,) = await client.list(lambda c: c.webhooks.replays(webhook.uuid))
    assert (replay.replay_id, replay.pending, replay.delivered) == (done.replay_id, 0, 1)
    assert (replay.criteria.source, replay.criteria.status, replay.criteria.events) == (
        "deliveries",
        "all",
        ["shipments"],
    )
    (sent,) = await client.list(lambda c: c.webhooks.deliveries(webhook.uuid, replay_id=done.replay_id))
    assert await client(lambda c: c.webhooks.delivery(webhook.uuid, sent.uuid)) == sent
    assert (await client(lambda c: c.webhooks.replay_delivery(webhook.uuid, sent.uuid))).status == "pending"
    assert len(await client.list(lambda c: c.webhooks.deliveries(webhook.uuid, per_page=1))) == 3
    alone = next(one for one in await client.list(lambda c: c.webhooks.replays(webhook.uuid)) if one.delivery_uuid)
    assert (alone.delivery_uuid, alone.criteria, alone.pending) == (sent.uuid, None, 1)


async def test_events_are_read_by_cursor_and_followed(client: Caller) -> None:
    await client(lambda c: c.orders.bulk({"id": one, "order": {**ORDER, "order_number": one}} for one in "123"))
    newest = await client.list(lambda c: c.events.list(per_page=1))
    assert sorted(event.context["order"]["order_number"] for event in newest) == ["1", "2", "3"]
    assert await client.list(lambda c: c.events.list(per_page=2, sort="asc")) == newest[::-1]
    assert await client.list(lambda c: c.events.list(order="2", since=newest[0].triggered_at)) == []
    assert await client(lambda c: c.events.get(newest[0].event_id)) == newest[0]


async def test_events_are_followed_from_a_place_on(client: Caller, karla: Karla) -> None:
    await client(lambda c: c.orders.upsert(id="1", order=ORDER))
    (known,) = await client.list(lambda c: c.events.list())
    assert known.event_id is not None
    start = str(Cursor(known.triggered_at, known.event_id))
    await client(lambda c: c.orders.upsert(id="2", order={**ORDER, "order_number": "2"}))
    (followed,) = await client.list(lambda c: c.events.follow(after=start, ref="shipments"), at_most=1)
    assert followed.context["order"]["order_number"] == "2"
    assert followed.cursor


async def test_products_and_images(client: Caller) -> None:
    items: list[dict[str, Any]] = [{"product_id": f"p{number}", "title": f"Mug {number}"} for number in range(1001)]
    stored = await client(lambda c: c.products.upsert(items))
    assert len(stored) == 1001
    tee = await client(lambda c: c.products.upsert_variant("tee", "olive", title="Tee", price=24.95))
    assert await client(lambda c: c.products.get("tee")) == [tee]
    assert await client(lambda c: c.products.get_variant("tee", "olive")) == tee
    assert len(await client.list(lambda c: c.products.search(title="mug"))) == 1001
    assert await client(lambda c: c.products.delete("tee")) is None
    picture = io.BytesIO()
    Image.new("RGB", (4, 4), "olive").save(picture, "PNG")
    uploaded = await client(lambda c: c.images.upload("logo", picture.getvalue()))
    assert uploaded.image_type == "logo"
    assert (await client(lambda c: c.images.read(uploaded.url.rpartition("/")[2]))).startswith(b"\x89PNG")


async def test_shop_and_settings(client: Caller, shop: ShopClient) -> None:
    assert (await client(lambda c: c.shops.update(description="Tees and mugs"))).description == "Tees and mugs"
    assert (await client(lambda c: c.shops.get())).slug == shop.slug
    assert [found.slug for found in await client.list(lambda c: c.shops.search())] == [shop.slug]
    flat = await client(lambda c: c.settings.set(carriers={"shipment_updates": False}, triggers={"klaviyo": True}))
    assert (flat.carriers.shipment_updates, flat.triggers.klaviyo) == (False, True)
    assert (await client(lambda c: c.settings.update_carriers(shipment_updates=True))).shipment_updates is True
    assert (await client(lambda c: c.settings.update_triggers(shopify=True))).shopify is True
    assert (await client(lambda c: c.settings.update_segments(klaviyo=True))).klaviyo is True
    versioned = await client(lambda c: c.settings.update_trackpages(data={"colour": "olive"}))
    assert (versioned.trackpages.data, versioned.carriers.version) == ({"colour": "olive"}, "1")
    assert (await client(lambda c: c.settings.trackpages())).data == {"colour": "olive"}
    assert (await client(lambda c: c.settings.get())).carriers.data["pp_status"] == "live"
    actions = [entry.action for entry in await client.list(lambda c: c.audit.search(per_page=2))]
    assert "shop.updated" in actions


async def test_keys_members_and_shops_of_an_organisation(open_client: Open, karla: Karla, address: str) -> None:
    owner = await karla.shop(whole_organisation=True)
    organisation = owner.shop.organisation
    client = open_client(address, owner.username, owner.key)
    grant = {"shop_slug": owner.slug, "role": "viewer"}
    issued = await client(lambda c: c.keys.create(organisation, [grant], "reader", requests_per_minute=100))
    assert issued.key not in repr(issued)
    reader = open_client(address, issued.username, issued.key, shop=owner.slug)
    assert (await reader(lambda c: c.shops.get())).slug == owner.slug
    with pytest.raises(Forbidden):
        await reader(lambda c: c.orders.upsert(id="1", order=ORDER))
    rotated = await client(lambda c: c.keys.rotate(organisation, issued.uuid, overlap_hours=0))
    assert (await client(lambda c: c.keys.get(organisation, issued.uuid))).replaced_by == rotated.uuid
    assert await client(lambda c: c.keys.revoke(organisation, rotated.uuid)) is None
    assert {issued.uuid, rotated.uuid} <= {key.uuid for key in await client.list(lambda c: c.keys.search(organisation))}
    assert await client.list(lambda c: c.members.search(organisation)) == []
    new = await client(
        lambda c: c.shops.create(slug=f"{owner.slug}-b", name="B", organization=organisation, klaviyo_enabled=False)
    )
    assert (await client(lambda c: c.with_options(shop=new.slug).shops.get())) == new
    assert await client(lambda c: c.shops.delete(new.slug)) is None
    changes = await client.list(lambda c: c.audit.search_organisation(organisation, action="key"))
    assert {entry.actor.name for entry in changes} >= {owner.username}


async def test_a_viewer_does_not_see_a_secret(
    client: Caller, open_client: Open, karla: Karla, shop: ShopClient, address: str
) -> None:
    webhook = await client(lambda c: c.webhooks.create(url="http://127.0.0.1:9/karla"))
    viewer = await karla.key_for(shop.shop, Role.VIEWER)
    seen = await open_client(address, viewer.username, viewer.key, shop=shop.slug)(
        lambda c: c.webhooks.get(webhook.uuid)
    )
    assert (seen.uuid, seen.secret) == (webhook.uuid, None)
