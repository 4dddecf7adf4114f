"""The pages under a shop's own host, through Shopify's app proxy, which signs what it hands on."""

import hashlib
import hmac
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import msgspec
import pytest

from karla.entrypoints.storefront import shopify
from tests.storefront import documents
from tests.storefront.world import SECRET, World

HOST = "lamp-shop.myshopify.com"


def signed(secret: str = SECRET, **changes: str) -> dict[str, str]:
    """The query as Shopify documents it."""
    query = {
        "shop": HOST,
        "logged_in_customer_id": "",
        "path_prefix": "/apps/karla",
        "timestamp": str(int(documents.NOW.timestamp())),
    } | changes
    message = "".join(f"{name}={query[name]}" for name in sorted(query))
    return query | {"signature": hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()}


async def visit(world: World, path: str = "/apps/karla/track", **query: str) -> httpx.Response:
    world.api.hosts[HOST] = "lamps"
    return await world.http.get(path, params=signed(**query), headers={"Accept-Language": "en-GB"})


def test_the_example_of_shopifys_own_documentation_verifies() -> None:
    query = (
        "extra=1&extra=2&shop=shop-name.myshopify.com&logged_in_customer_id=1&path_prefix=%2Fapps%2Fawesome_reviews"
        "&timestamp=1317327555&signature=4c68c8624d737112c91818c11017d24d334b524cb5c2b8ba08daa056f7395ddb"
    )
    moment = documents.NOW.fromtimestamp(1317327555, documents.NOW.tzinfo)
    assert shopify.is_signed(parse_qsl(query, keep_blank_values=True), "hush", moment)


@pytest.mark.parametrize("name", ["shop", "path_prefix", "timestamp", "logged_in_customer_id"])
async def test_what_the_proxy_tells_is_not_the_shoppers_to_add(world: World, name: str) -> None:
    world.api.hosts |= {HOST: "lamps", "other.myshopify.com": "lamps"}
    given = {key: value for key, value in signed().items() if key != "signature"}
    own = "other.myshopify.com" if name == "shop" else given[name]
    message = "".join(f"{key}={value}{f',{own}' if key == name else ''}" for key, value in sorted(given.items()))
    signature = hmac.new(SECRET.encode(), message.encode(), hashlib.sha256).hexdigest()
    query = [*given.items(), (name, own), ("signature", signature)]
    assert (await world.http.get("/apps/karla/track", params=urlencode(query))).status_code == 401


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"shop": "other.myshopify.com"}, "another shop"),
        ({"signature": "0" * 64}, "another signature"),
        ({"signature": ""}, "no signature"),
        ({"orderNumber": "1002"}, "a parameter more"),
        ({"signature": "é"}, "what is no hexadecimal"),
    ],
)
async def test_what_was_changed_on_the_way_is_not_believed(world: World, change: dict[str, str], name: str) -> None:
    del name
    world.api.hosts |= {HOST: "lamps", "other.myshopify.com": "lamps"}
    answer = await world.http.get("/apps/karla/track", params=signed() | change)
    assert answer.status_code == 401
    assert answer.content == b""


@pytest.mark.parametrize("age", [timedelta(minutes=6), timedelta(minutes=-6)])
async def test_an_old_link_is_not_believed(world: World, age: timedelta) -> None:
    stamp = str(int((documents.NOW - age).timestamp()))
    assert (await visit(world, timestamp=stamp)).status_code == 401


async def test_another_apps_secret_is_not_believed(world: World) -> None:
    world.api.hosts[HOST] = "lamps"
    answer = await world.http.get("/apps/karla/track", params=signed(secret="another-secret-it-is"))
    assert answer.status_code == 401


async def test_a_signature_that_is_there_twice_is_not_believed(world: World) -> None:
    query = urlencode([*signed().items(), ("signature", "0" * 64)])
    assert (await world.http.get(f"/apps/karla/track?{query}")).status_code == 401


async def test_without_a_secret_nobody_is_answered(world: World) -> None:
    world.pages = msgspec.structs.replace(world.pages, shopify_app_secret=None)
    assert (await visit(world)).status_code == 404


async def test_a_shop_that_nobody_has_connected_is_not_there(world: World) -> None:
    assert (await world.http.get("/apps/karla/track", params=signed())).status_code == 404
    assert (await world.http.get("/apps/karla/track", params=signed(shop="evil.example"))).status_code == 404


async def test_a_guest_sees_the_order_on_the_shops_own_host(world: World) -> None:
    page = await visit(world, orderNumber="1001", zipCode="10119")
    assert page.status_code == 200
    assert "Your order is on its way" in page.text
    # What the page loads is Karla's, by its whole address: on the shop's host there is only the page.
    assert 'href="https://karla.example/track/assets/page.css?v=' in page.text
    assert '"stream": "https://karla.example/v1/shops/lamps/storefront/order/live"' in page.text
    assert "script-src 'nonce-" in page.headers["content-security-policy"]
    assert "https://karla.example" in page.headers["content-security-policy"]
    assert 'href="/apps/karla/track?orderNumber=1001' in page.text
    # Shopify's own parameters are nobody's business.
    assert "signature" not in page.text
    assert "logged_in_customer_id" not in page.text


async def test_a_customer_who_is_logged_in_finds_the_number_filled_in(world: World) -> None:
    page = await visit(world, orderNumber="1001")
    assert page.status_code == 200
    assert 'value="1001"' in page.text
    assert 'action="/apps/karla/track"' in page.text


@pytest.mark.parametrize(
    ("market", "prefix", "language", "expected"),
    [
        ("de-at", "/apps/karla", "de-AT", "/de-at/apps/karla/track"),
        ("de-at", "/de-at/apps/karla", "de-AT", "/de-at/apps/karla/track"),
        ("fr", "/a/parcels", "fr", "/fr/a/parcels/track"),
        ("at", "//evil.example", "en-GB", "/at/apps/karla/track"),
    ],
)
async def test_a_market_has_its_folder_and_language(
    world: World, market: str, prefix: str, language: str, expected: str
) -> None:
    page = await visit(world, f"/{market}/apps/karla/track", path_prefix=prefix)
    assert f'<html lang="{language}"' in page.text
    assert f'action="{expected}"' in page.text


async def test_what_is_no_market_is_not_there(world: World) -> None:
    assert (await visit(world, "/anything/apps/karla/track")).status_code == 404


async def test_the_link_says_which_language(world: World) -> None:
    assert '<html lang="nl"' in (await visit(world, "/de/apps/karla/track", lang="nl")).text
    assert '<html lang="it"' in (await visit(world, locale="it")).text


async def test_resolve_leads_to_the_shops_own_form(world: World) -> None:
    links = {"resolve_url": "https://help.lamp.example/claims?from=page"}
    world.api.shop = documents.shop(links=links)
    answer = await visit(world, "/apps/karla/resolve", orderNumber="1001", zipCode="10119", flowType="defective")
    assert answer.status_code == 303
    address = urlsplit(answer.headers["location"])
    assert address.hostname == "help.lamp.example"
    assert dict(parse_qsl(address.query)) == {
        "from": "page",
        "orderNumber": "1001",
        "zipCode": "10119",
        "flowType": "defective",
        "utm_source": "karla",
        "utm_medium": "tracking_page",
    }


async def test_resolve_hands_no_token_on(world: World) -> None:
    world.api.shop = documents.shop(links={"resolve_url": "https://claims.example/"})
    answer = await visit(world, "/de-at/apps/karla/resolve", orderNumber="1001", token="secret", flowType="nonsense")
    query = urlencode({"orderNumber": "1001", "lang": "de-AT"})
    assert answer.headers["location"] == f"https://claims.example/?{query}"


async def test_resolve_leads_to_the_service_where_there_is_no_form(world: World) -> None:
    answer = await visit(world, "/apps/karla/resolve", orderNumber="1001")
    assert answer.headers["location"].startswith("https://help.lamp.example/contact?")


async def test_resolve_says_whom_to_ask_where_there_is_neither(world: World) -> None:
    world.api.shop = documents.shop(links={"service_url": None})
    page = await visit(world, "/apps/karla/resolve")
    assert page.status_code == 200
    assert "Please ask the shop" in page.text
    assert "https://www.lamp.example" in page.text


@pytest.mark.parametrize(
    ("forwarded", "caller"),
    [
        ("198.51.100.7", "198.51.100.7"),
        # Who sends the header himself stands to the left of what Shopify saw.
        ("192.0.2.1, 198.51.100.7", "198.51.100.7"),
        # A proxy before Karla has added Shopify's own address.
        ("192.0.2.1, 2001:db8::7, 203.0.113.9", "2001:db8::7"),
        ("nonsense", "203.0.113.9"),
        ("203.0.113.9", "203.0.113.9"),
        ("", "203.0.113.9"),
    ],
)
async def test_guesses_count_for_the_shopper_and_not_for_shopify(world: World, forwarded: str, caller: str) -> None:
    world.api.hosts[HOST] = "lamps"
    query = signed(orderNumber="1001", zipCode="10119")
    headers = {"X-Forwarded-For": forwarded, "Accept-Language": "en"}
    await world.http.get("/apps/karla/track", params=query, headers=headers)
    assert world.api.callers[-1] == caller


async def test_nobody_elses_header_says_who_guesses(world: World) -> None:
    query = {"orderNumber": "1001", "zipCode": "10119"}
    await world.http.get("/track/lamps", params=query, headers={"X-Forwarded-For": "198.51.100.7"})
    assert world.api.callers[-1] == "203.0.113.9"
