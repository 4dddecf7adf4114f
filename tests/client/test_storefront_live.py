"""The client of the storefront API against a Karla that is served, and against one in this process."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from karla.client import Forbidden, Invalid, Karla, NotFound, RateLimited, Unauthorised
from karla.client.storefront import AsyncStorefront, Storefront
from karla.client.storefront.bodies import Visit
from karla.entrypoints.api import app as api
from karla.infra.in_process import InProcess, on_behalf_of
from tests.support.karla import Karla as RunningKarla
from tests.support.karla import ShopClient
from tests.support.samples import sample

STATES = ["placed", "on_the_way", "waiting", "delivered", "lost", "returned", "cancelled", "multi"]


@pytest.fixture
def merchant(address: str, shop: ShopClient) -> Iterator[Karla]:
    with Karla(address, shop.username, shop.key, shop.slug) as client:
        client.shops.update(web_tracking_enabled=True)
        yield client


@pytest.fixture
def storefront(address: str, shop: ShopClient) -> Iterator[Storefront]:
    with Storefront(address, shop.slug, language="de", timeout=20) as client:
        yield client


def order(number: str, **members: Any) -> dict[str, Any]:
    body: dict[str, Any] = sample("order_upsert.request.headless") | {"id": number, "trackings": []}
    body["order"] |= {"order_number": number, "external_id": number, "order_name": None, **members}
    return body


def test_a_shopper_sees_his_order_and_changes_what_he_may(merchant: Karla, storefront: Storefront) -> None:
    number = uuid4().hex[:8]
    merchant.orders.upsert(**order(number))
    by_number = storefront.open(order_number=number, zip_code=" 10119 ")
    assert (by_number.level, by_number.order.order_number, by_number.order.language) == ("zip_code", number, "de")
    with pytest.raises(Forbidden, match="order_token_needed"):
        storefront.cancel(by_number.session)

    link = merchant.orders.trackpage_url(number)
    assert link.token in link.url
    by_token = storefront.open(token=link.token)
    form = storefront.address(by_token.session)
    assert (form.country_code, form.address["city"]) == ("DE", "Berlin")
    with pytest.raises(Invalid) as caught:
        storefront.change_address(link.token, zip_code="nowhere")
    assert [fault.field for fault in caught.value.faults] == ["zip_code"]
    moved = storefront.change_address(link.token, zip_code="20095", city="Hamburg")
    assert (moved.destination.city, moved.destination.zip_code) == ("Hamburg", "20095")
    assert storefront.cancel(by_token.session).state == "cancelled"
    assert storefront.order(by_number.session).cancelled_at is not None

    merchant.orders.revoke_tokens(number)
    for gone in (link.token, by_token.session):
        with pytest.raises(Unauthorised):
            storefront.order(gone)


def test_what_is_wrong_is_told_alike(merchant: Karla, storefront: Storefront) -> None:
    number = uuid4().hex[:8]
    merchant.orders.upsert(**order(number))
    for told in ({"order_number": number, "zip_code": "99999"}, {"order_number": "none", "zip_code": "10119"}):
        with pytest.raises(NotFound, match="order_not_found"):
            storefront.open(**told)
    with pytest.raises(Unauthorised, match="order_token_invalid"):
        storefront.open(token="kt1_ü")


def test_a_change_is_told_while_one_looks(merchant: Karla, storefront: Storefront) -> None:
    number = uuid4().hex[:8]
    merchant.orders.upsert(**order(number))
    opened = storefront.open(order_number=number, zip_code="10119")
    merchant.orders.upsert(**order(number, expected_number_of_shipments=3))
    told = next(iter(storefront.live(opened.session, since=opened.order.updated_at)))
    assert told.updated_at == storefront.order(opened.session).updated_at > opened.order.updated_at


@pytest.mark.parametrize("state", STATES)
def test_made_up_orders_are_read(merchant: Karla, storefront: Storefront, state: str) -> None:
    made_up = storefront.demo(state)
    assert made_up.level == "demo"
    assert state in (made_up.state, "multi")


def test_the_shop_and_its_domain(merchant: Karla, storefront: Storefront, shop: ShopClient) -> None:
    domain = f"{uuid4().hex}.example.com"
    merchant.settings.update_trackpages(data={"theme": "nocturne", "domain": domain})
    assert merchant.settings.trackpages().data == {"theme": "nocturne", "domain": domain}
    assert (storefront.shop().slug, storefront.shop().brand.theme) == (shop.slug, "nocturne")
    assert storefront.shop(theme="linen").brand.theme == "linen"
    assert storefront.host(domain).slug == shop.slug
    with pytest.raises(NotFound, match="host_unknown"):
        storefront.host("nobody.example.com")


async def test_in_the_same_process_each_shopper_comes_from_his_own_address(
    karla: RunningKarla, shop: ShopClient
) -> None:
    await shop.patch(f"/v1/shops/{shop.slug}", {"web_tracking_enabled": True})
    application = api.with_services(karla.services)
    async with AsyncStorefront("http://karla.test", shop.slug, transport=InProcess(application)) as storefront:
        assert (await storefront.shop()).slug == shop.slug
        with on_behalf_of("198.51.100.20"), pytest.raises(RateLimited) as caught:
            for number in range(100):
                with pytest.raises(NotFound):
                    await storefront.open(order_number=f"wrong {number}", zip_code="10119")
        assert caught.value.key == "too_many_attempts"
        assert caught.value.retry_after
        with on_behalf_of("198.51.100.21"), pytest.raises(NotFound):
            await storefront.open(order_number="wrong", zip_code="10119")


async def test_what_a_shops_own_server_reports_is_counted(karla: RunningKarla, shop: ShopClient) -> None:
    await shop.patch(f"/v1/shops/{shop.slug}", {"web_tracking_enabled": True})
    body = sample("order_upsert.request.headless")
    await shop.put("/orders", body)
    application = api.with_services(karla.services)
    async with AsyncStorefront("http://karla.test", shop.slug, transport=InProcess(application)) as storefront:
        opened = await storefront.open(order_number=body["order"]["order_number"], zip_code="10119")
        visits: list[Visit] = [{"kind": "opened"}, {"kind": "slot", "slot": "banner", "campaign": "spring"}]
        await storefront.record(page="track", visits=visits, session=opened.session, language=opened.order.language)
    await karla.services.visits.write()
    found = (await shop.get("/analytics/tracking-page")).json()
    assert (found["totals"]["opened"], found["totals"]["clicks"]["slot"]) == (1, 1)
