"""The catalogue of carriers as an integration sees it."""

from urllib.parse import parse_qsl

import pytest

from karla.vocabulary.carriers import CARRIERS
from karla.vocabulary.scope import Role
from tests.support.karla import Karla, ShopClient


@pytest.fixture
async def shop(karla: Karla) -> ShopClient:
    return await karla.shop(Role.VIEWER)


async def references(shop: ShopClient, query: str) -> list[str]:
    answer = await shop.get("/v1/carriers", **dict(parse_qsl(query, keep_blank_values=True)))
    assert answer.status_code == 200, answer.text
    return [carrier["reference"] for carrier in answer.json()]


async def test_a_carrier_has_everything_that_the_catalogue_knows(shop: ShopClient) -> None:
    answer = await shop.get("/v1/carriers/ups")
    assert answer.status_code == 200
    told = answer.json()
    aliases, patterns = told.pop("aliases"), told.pop("number_patterns")
    assert "United Parcel Service" in aliases
    assert {"pattern": r"^1Z[A-Z0-9]{15}\d$", "check": "ups1z"} in patterns
    assert told == {
        "reference": "ups",
        "name": "UPS",
        "country": CARRIERS["ups"].country or None,
        "kind": CARRIERS["ups"].kind,
        "website": "ups.com",
        "tracking_url": "https://www.ups.com/track?tracknum={number}",
        "aggregators": {"aftership": "ups", "seventeentrack": "100002"},
        "logo": told["logo"],
    }
    assert told["logo"]["letter"] == "U"


async def test_what_the_catalogue_does_not_know_is_null(shop: ShopClient) -> None:
    told = (await shop.get("/v1/carriers/dhl_old")).json()
    assert (told["number_patterns"], told["aliases"]) == ([], [])
    assert told["aggregators"] == {"aftership": None, "seventeentrack": None}
    checks = [pattern["check"] for pattern in (await shop.get("/v1/carriers/dhl")).json()["number_patterns"]]
    assert checks == ["mod10_31", "identcode_49", None, "s10"]


async def test_an_unknown_carrier_is_not_found(shop: ShopClient) -> None:
    answer = await shop.get("/v1/carriers/nobody")
    assert answer.status_code == 404
    assert answer.json()["key"] == "carrier_not_found"


async def test_it_is_searched_by_name_alias_and_reference(shop: ShopClient) -> None:
    assert (await references(shop, "q=hermes"))[0] == "hrs"
    assert (await references(shop, "q=United Parcel Service"))[0] == "ups"
    assert (await references(shop, "q=goexp")) == ["goexp"]
    assert (await references(shop, "q=OSTERREICHISCHE post"))[0] == "postat"
    assert await references(shop, "q=qqqqqq") == []
    assert await references(shop, "q=---") == []


async def test_filters_hold_together(shop: ShopClient) -> None:
    assert set(await references(shop, "q=dhl&country=nl")) == {"dhl_nl"}
    posts = await references(shop, "country=DE&kind=post&per_page=100")
    assert "depost" in posts
    assert {(CARRIERS[ref].country, CARRIERS[ref].kind) for ref in posts} == {("DE", "post")}


async def test_pages_lead_through_the_whole_catalogue(shop: ShopClient) -> None:
    found: list[str] = []
    for page in range(1, 21):
        found += await references(shop, f"page={page}&per_page=100")
    assert found == list(CARRIERS)
    assert len(await references(shop, "")) == 30


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("name=dhl", {"name"}),
        ("country=Germany&kind=drone&page=0&per_page=101", {"country", "kind", "page", "per_page"}),
        ("q=", {"q"}),
    ],
)
async def test_a_slip_is_refused_with_every_fault(shop: ShopClient, query: str, fields: set[str]) -> None:
    answer = await shop.get("/v1/carriers", **dict(parse_qsl(query, keep_blank_values=True)))
    assert answer.status_code == 422
    assert {error["loc"][-1] for error in answer.json()["errors"]} == fields


async def test_it_takes_a_key(shop: ShopClient) -> None:
    assert (await shop.http.get("/v1/carriers")).status_code == 400
