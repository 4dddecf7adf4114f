"""How a client is opened: by arguments, by the environment, on an application in the same process."""

import httpx
import pytest

from karla.client import AsyncKarla, Karla, KarlaError, NotConfigured
from karla.entrypoints.api import app as api
from tests.support.karla import Karla as RunningKarla
from tests.support.karla import ShopClient, basic

ENVIRONMENT = {"KARLA_API_URL": "https://karla.test", "KARLA_SHOP": "my-shop", "KARLA_API_KEY": "karla_secret"}


def test_the_environment_is_enough() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={})

    with Karla.from_env(ENVIRONMENT, transport=httpx.MockTransport(answer)) as client:
        client.orders.set_analytics("1", {})
    (request,) = asked
    assert str(request.url) == "https://karla.test/v1/shops/my-shop/orders/1/analytics"
    assert request.headers["authorization"] == basic("my-shop", "karla_secret")


@pytest.mark.parametrize("kind", [Karla, AsyncKarla])
def test_what_the_environment_lacks_is_named(kind: type[Karla | AsyncKarla]) -> None:
    with pytest.raises(NotConfigured, match="not set: KARLA_API_URL, KARLA_API_KEY, KARLA_API_USERNAME") as caught:
        kind.from_env({"KARLA_SHOP": "", "KARLA_API_KEY": ""})
    assert isinstance(caught.value, KarlaError)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("karla.test", "http or https"),
        ("ftp://karla.test", "http or https"),
        ("https://shop:key@karla.test", "no user name"),
        ("https://karla.test/?shop=1", "end with its path"),
    ],
)
def test_an_address_that_is_none_is_refused(address: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Karla(address, "shop", "key")


def test_empty_credentials_are_refused() -> None:
    for username, key in (("", "key"), ("shop", "")):
        with pytest.raises(ValueError, match="must not be empty"):
            Karla("https://karla.test", username, key)


def test_a_client_shows_no_key() -> None:
    with Karla.from_env(ENVIRONMENT) as client:
        assert repr(client) == "Karla('https://karla.test/', shop='my-shop')"


def test_a_call_without_a_shop_says_what_to_do() -> None:
    with Karla("https://karla.test", "shop", "key") as client, pytest.raises(ValueError, match="no shop is named"):
        client.orders.get("1")
    with Karla("https://karla.test", "shop", "key") as client, pytest.raises(ValueError, match="no shop is named"):
        client.shops.delete("")


async def test_it_speaks_to_an_application_in_the_same_process(karla: RunningKarla, shop: ShopClient) -> None:
    transport = httpx.ASGITransport(api.with_services(karla.services))  # type: ignore[arg-type]
    async with AsyncKarla("http://karla.test", shop.username, shop.key, shop.slug, transport=transport) as client:
        assert (await client.shops.get()).slug == shop.slug
