"""The client of the storefront API: what it sends and reads, and that it knows every shape that the API has."""

import asyncio
import types
import typing
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

import httpx
import msgspec
import pytest

from karla.client import ConnectionFailed, NotFound, RateLimited, Retries, Unauthorised
from karla.client.storefront import AsyncStorefront, Storefront, answers
from karla.entrypoints.api.storefront import shapes
from tests.client.scripted import HANGS, HeldTime, Reply, answer, error, scripted

SHOP = "nord"


def structs(module: types.ModuleType) -> dict[str, type[msgspec.Struct]]:
    return {
        name: found
        for name, found in vars(module).items()
        if isinstance(found, type) and issubclass(found, msgspec.Struct) and found.__module__ == module.__name__
    }


def plain(hint: Any) -> str:
    """A type in words, by what it is on the wire: choices are texts, times are times."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return plain(inner[0])
    if origin is typing.Literal:
        return "str"
    if origin in (typing.Union, types.UnionType):
        return " | ".join(sorted({plain(one) for one in inner}))
    if origin is not None:
        return f"{origin.__name__}[{', '.join(plain(one) for one in inner)}]"
    if isinstance(hint, typing.ForwardRef):
        return hint.__forward_arg__
    return "str" if hint is datetime else getattr(hint, "__name__", str(hint))


def members(kind: type[msgspec.Struct]) -> dict[str, str]:
    hints = typing.get_type_hints(kind, include_extras=True)
    return {field.encode_name: plain(hints[field.name]) for field in msgspec.structs.fields(kind)}


@pytest.mark.parametrize("name", structs(shapes))
def test_every_shape_of_the_api_is_known_member_by_member(name: str) -> None:
    assert members(structs(answers)[name]) == members(structs(shapes)[name])


def test_a_shopper_gets_in_by_number_and_zip_code() -> None:
    with (
        scripted(error(404, "order_not_found")) as api,
        Storefront(api.url, SHOP, language="de") as storefront,
        pytest.raises(NotFound) as caught,
    ):
        storefront.open(order_number="1001", zip_code="10119")
    assert caught.value.key == "order_not_found"
    (seen,) = api.seen
    assert (seen.method, seen.path) == ("POST", "/v1/shops/nord/storefront/sessions")
    assert msgspec.json.decode(seen.body) == {"order_number": "1001", "zip_code": "10119"}
    assert seen.headers["accept-language"] == "de"
    assert "authorization" not in seen.headers


def test_a_session_goes_in_the_header_of_its_call_alone() -> None:
    with scripted(error(401, "order_token_invalid")) as api, Storefront(api.url, SHOP) as storefront:
        for call in (storefront.order, storefront.cancel, storefront.address):
            with pytest.raises(Unauthorised):
                call("one-session")
        with pytest.raises(Unauthorised):
            storefront.change_address("another", city="Berlin")
        with pytest.raises(Unauthorised):
            storefront.shop()
    sent = [(seen.path.rpartition("storefront/")[2], seen.headers.get("authorization")) for seen in api.seen]
    assert sent == [
        ("order", "Bearer one-session"),
        ("order/cancel", "Bearer one-session"),
        ("order/address", "Bearer one-session"),
        ("order/address", "Bearer another"),
        ("shop", None),
    ]
    assert all("one-session" not in seen.path for seen in api.seen)


@pytest.mark.parametrize("token", ["ü ñ", "a\r\nX-Forged: 1", "Bearer x", ""])
def test_whatever_stands_in_a_link_is_a_token_at_most(token: str) -> None:
    with (
        scripted(error(401, "order_token_invalid")) as api,
        Storefront(api.url, SHOP) as storefront,
        pytest.raises(Unauthorised),
    ):
        storefront.order(token)
    assert "x-forged" not in api.seen[0].headers


def test_a_page_is_told_at_once_that_something_is_wrong() -> None:
    with (
        scripted(error(429, "too_many_attempts", retry_after="20")) as api,
        Storefront(api.url, SHOP) as storefront,
        pytest.raises(RateLimited) as caught,
    ):
        storefront.open(token="x")
    assert caught.value.retry_after == 20
    assert len(api.seen) == 1


def test_who_wants_retries_has_them() -> None:
    slept: list[float] = []
    retries = Retries(attempts=3, sleep=slept.append)
    replies = (error(503, "unavailable"), error(503, "unavailable"), answer({"slug": SHOP}))
    with scripted(*replies) as api, Storefront(api.url, retries=retries) as storefront:
        assert storefront.host("track.nord.example").slug == SHOP
    assert [seen.path for seen in api.seen] == ["/v1/storefront/hosts/track.nord.example"] * 3
    assert len(slept) == 2


def test_no_answer_in_time_is_a_failed_connection() -> None:
    with (
        scripted(HANGS) as api,
        Storefront(api.url, SHOP, timeout=0.05) as storefront,
        pytest.raises(ConnectionFailed),
    ):
        storefront.shop()


async def test_one_client_serves_every_shop_and_language() -> None:
    asked: list[httpx.Request] = []

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(202)

    async with AsyncStorefront("http://karla.test", transport=httpx.MockTransport(reply)) as storefront:
        for slug, language in (("nord", "de"), ("sued", "it")):
            of_shop = storefront.with_options(shop=slug, language=language)
            await of_shop.record(page="track", visits=[{"kind": "opened"}], language=language)
        with pytest.raises(ValueError, match="no shop is named"):
            await asyncio.wait_for(storefront.shop(), 1)
    sent = [(request.url.path, request.headers["accept-language"]) for request in asked]
    assert sent == [("/v1/shops/nord/storefront/visits", "de"), ("/v1/shops/sued/storefront/visits", "it")]


def test_a_client_shows_no_secret() -> None:
    with Storefront("https://karla.test", SHOP) as storefront:
        assert repr(storefront) == "Storefront('https://karla.test/', shop='nord')"


def changed(minute: int) -> bytes:
    return b'event: changed\ndata: {"updated_at":"2026-03-16T12:%02d:00+00:00"}\n\n' % minute


def stream(*messages: bytes) -> Reply:
    return Reply(200, b"retry: 1\n\n" + b": heartbeat\n\n" + b"".join(messages), {"Content-Type": "text/event-stream"})


def test_an_order_is_followed_over_lost_connections_until_the_session_ends() -> None:
    time = HeldTime()
    replies = (stream(changed(1), changed(2)), stream(changed(3)), error(401, "session_invalid"))
    with (
        scripted(*replies) as api,
        Storefront(api.url, SHOP, retries=time.retries(attempts=1)) as storefront,
    ):
        seen = []
        with pytest.raises(Unauthorised):
            for told in storefront.live("one-session", since="2026-03-16T12:00:00+00:00"):
                seen.append(told.updated_at.minute)  # noqa: PERF401 - it ends by an error
    assert seen == [1, 2, 3]
    queries = [parse_qs(seen.path.partition("?")[2]).get("since") for seen in api.seen]
    assert [query[0][14:16] for query in queries if query] == ["00", "02", "03"]
    assert {seen.headers["authorization"] for seen in api.seen} == {"Bearer one-session"}


def test_an_order_out_of_reach_is_given_up_after_a_while() -> None:
    time = HeldTime()
    with (
        scripted(error(429, "streams_exhausted", retry_after="30")) as api,
        Storefront(api.url, SHOP, retries=time.retries(attempts=1)) as storefront,
        pytest.raises(RateLimited),
    ):
        next(iter(storefront.live("one-session", patience=60)))
    assert sum(time.waits) >= 60
