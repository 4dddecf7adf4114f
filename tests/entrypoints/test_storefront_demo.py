"""The demo shows every state that a real order can be in, made by what makes the real ones."""

import tomllib
from importlib.resources import files
from typing import Any, get_args

import httpx
import msgspec
import pytest
import pytest_asyncio

from karla.entrypoints.api.storefront.shapes import StorefrontOrder
from karla.vocabulary.events import CATALOGUE, LANGUAGES
from karla.vocabulary.orders import OrderState
from tests.support.karla import Karla, ShopClient
from tests.support.storefront import shop_with_page

STATES: tuple[OrderState, ...] = get_args(OrderState)
OTHERS = {"multi": "out_for_delivery", "neighbour": "delivered", "letterbox": "delivered", "locker": "waiting"}


@pytest_asyncio.fixture(scope="module")
async def shop(karla: Karla) -> ShopClient:
    return await shop_with_page(karla, theme="linen")


async def demo(karla: Karla, shop: ShopClient, **params: str) -> httpx.Response:
    return await karla.http.get(f"/v1/shops/{shop.slug}/storefront/demo", params=params)


async def order(karla: Karla, shop: ShopClient, **params: str) -> Any:
    answer = await demo(karla, shop, **params)
    assert answer.status_code == 200, answer.text
    msgspec.json.decode(answer.content, type=StorefrontOrder, strict=False)
    return answer.json()


@pytest.mark.parametrize("language", sorted(LANGUAGES))
@pytest.mark.parametrize(("state", "expected"), [*((state, state) for state in STATES), *OTHERS.items()])
async def test_each_state_in_each_language(
    karla: Karla, shop: ShopClient, state: str, expected: str, language: str
) -> None:
    told = await order(karla, shop, state=state, lang=language)
    assert (told["state"], told["level"], told["language"]) == (expected, "demo", language)
    assert told["shipments"]
    assert all(item["title"] and item["image_url"] for item in told["items"])
    assert all(entry["label"] for parcel in told["shipments"] for entry in parcel["entries"])
    slots = told["slots"]
    assert slots["banner"]["code"]
    assert slots["basic"]["title"]
    assert (len(slots["products"]), len(slots["announcements"])) == (3, 1)


async def test_it_looks_like_the_shop_or_like_any_theme(karla: Karla, shop: ShopClient) -> None:
    assert (await order(karla, shop))["shop"]["brand"]["theme"] == "linen"
    assert (await order(karla, shop, theme="slate"))["shop"]["brand"]["theme"] == "slate"
    assert (await order(karla, shop))["shop"]["slug"] == shop.slug


async def test_it_is_there_before_the_page_is(karla: Karla) -> None:
    assert (await demo(karla, await karla.shop())).status_code == 200


async def test_several_parcels_in_different_states_and_one_to_come(karla: Karla, shop: ShopClient) -> None:
    told = await order(karla, shop, state="multi")
    assert [parcel["situation"] for parcel in told["shipments"]] == [
        "delivered",
        "out_for_delivery",
        "on_the_way",
        "expected",
    ]
    assert [[item["sku"] for item in parcel["items"]] for parcel in told["shipments"]] == [
        ["MUG"],
        ["SHIRT"],
        ["BLANKET"],
        ["CANDLE"],
    ]
    assert told["shipments"][0]["proof"]["neighbour"]
    assert told["expected_packages"] == 1


async def test_places_and_proofs_are_shown(karla: Karla, shop: ShopClient) -> None:
    (locker,) = (await order(karla, shop, state="locker"))["shipments"]
    assert (locker["pickup"]["type"], len(locker["pickup"]["opening_hours"])) == ("locker", 1)
    assert locker["pickup"]["until"]
    (letterbox,) = (await order(karla, shop, state="letterbox"))["shipments"]
    photo = letterbox["proof"]["photo_url"]
    picture = await karla.http.get(photo.removeprefix("http://karla.test"))
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/svg+xml")
    assert picture.content.startswith(b"<svg")


async def test_times_are_of_just_now(karla: Karla, shop: ShopClient) -> None:
    told = await order(karla, shop, state="out_for_delivery")
    (parcel,) = told["shipments"]
    now = karla.services.clock.now().isoformat()
    assert parcel["entries"][0]["time"] < now < parcel["expected"]["to"]
    assert told["placed_at"] < parcel["entries"][-2]["time"]


@pytest.mark.parametrize("state", ["teleported", ""])
async def test_a_state_that_is_none(karla: Karla, shop: ShopClient, state: str) -> None:
    assert (await demo(karla, shop, state=state)).status_code == 422


@pytest.mark.parametrize("name", ["door", "door.png", "nothing.svg"])
async def test_a_picture_that_is_none(karla: Karla, shop: ShopClient, name: str) -> None:
    answer = await karla.http.get(f"/v1/shops/{shop.slug}/storefront/demo/{name}")
    assert (answer.status_code, answer.json()["key"]) == (404, "picture_not_found")


def test_the_tables_name_events_that_there_are_and_speak_every_language() -> None:
    folder = files("karla.entrypoints.api.storefront.demos")
    orders, words = (
        tomllib.loads((folder / name).read_text(encoding="utf-8")) for name in ("orders.toml", "words.toml")
    )
    assert set(orders["states"]) == {*STATES, *OTHERS}
    parcels = [parcel for state in orders["states"].values() for parcel in state["parcels"]]
    events = [event["name"] for told in (*parcels, *orders["ways"].values()) for event in told.get("events", ())]
    assert set(events) <= set(CATALOGUE)

    def spoken(table: dict[str, Any]) -> None:
        for name, value in table.items():
            if name in ("titles", "subtitles", "labels", "texts"):
                assert set(value) == LANGUAGES, (table, name)
            elif isinstance(value, dict):
                spoken(value)

    spoken(words)
