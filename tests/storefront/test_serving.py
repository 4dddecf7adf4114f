"""How pages and their files are served: headers, caches, policies, sizes."""

import re

import pytest

from tests.storefront.world import World


async def test_the_shopper_asks_and_not_this_machine(world: World) -> None:
    await world.order()
    assert set(world.api.callers) == {"203.0.113.9"}


async def test_nobody_keeps_a_page_with_an_order_and_no_search_finds_it(world: World) -> None:
    page = await world.by_token()
    assert page.headers["cache-control"] == "private, no-store"
    assert page.headers["x-robots-tag"] == "noindex, nofollow"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "geolocation=()" in page.headers["permissions-policy"]
    assert "set-cookie" not in page.headers


async def test_a_page_loads_nothing_but_its_own(world: World) -> None:
    first, second = await world.by_token(), await world.by_token()
    policies = [page.headers["content-security-policy"] for page in (first, second)]
    assert policies[0] != policies[1]
    for page in (first, second):
        directives = {name: told for name, _, told in (one.partition(" ") for one in page.headers[POLICY].split("; "))}
        nonce = re.search(r"'nonce-([\w-]{20,})'", directives["script-src"])
        assert nonce
        assert directives["default-src"] == "'none'"
        assert directives["base-uri"] == "'none'"
        assert directives["frame-ancestors"] == "'self'"
        assert "unsafe" not in page.headers[POLICY]
        tags = re.findall(r"<(?:script|style)\b[^>]*>", page.text)
        assert tags
        assert all(f'nonce="{nonce[1]}"' in tag for tag in tags)
        assert not re.search(r"\sstyle=|\son\w+=", page.text)
        loaded = re.findall(r'(?:src|<link[^>]*href)="([^"]+)"', page.text)
        assert all(address.startswith("/track/assets/") for address in loaded)


POLICY = "content-security-policy"


@pytest.mark.parametrize(
    "path",
    [
        "/track/lamps",
        "/track/lamps?orderNumber=1001&zipCode=10119",
        "/track/lamps?orderNumber=1001&zipCode=99999",
        "/track/lamps/demo",
        "/track/lamps/delivery.ics?orderNumber=1001&zipCode=10119",
        "/track/lamps/embed.css",
        "/track/assets/page.css",
    ],
)
async def test_who_asks_for_the_head_of_a_page_gets_that(world: World, path: str) -> None:
    whole, head = await world.get(path), await world.http.head(path, headers={"Accept-Language": "en-GB"})
    assert head.content == b""
    assert head.status_code == whole.status_code
    for name in ("content-type", "content-encoding", "cache-control", "vary"):
        assert head.headers.get(name) == whole.headers.get(name)


async def test_a_page_is_compressed_and_no_cookie_lets_anybody_in(world: World) -> None:
    page = await world.by_token()
    embedded = await world.http.post("/track/lamps/embed", json={"orderNumber": "1001", "zipCode": "10119"})
    for answer in (page, embedded):
        assert answer.headers["content-encoding"] == "gzip"
        assert "Accept-Encoding" in answer.headers["vary"]
        assert "set-cookie" not in answer.headers
    plain = await world.http.get("/track/lamps", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    # What a link doesn't bring, nobody's browser brings for it.
    asked = {"Cookie": "session=ks_session; token=kt_secret-token", "Authorization": "Bearer ks_session"}
    anybody = await world.http.get("/track/lamps", headers=asked)
    assert 'name="orderNumber"' in anybody.text
    assert "1001" not in anybody.text


async def test_files_are_kept_for_ever_under_their_version_and_compressed(world: World) -> None:
    page = await world.order()
    for address in re.findall(r'"(/track/assets/[^"]+)"', page.text):
        answer = await world.http.get(address)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-encoding"] == "gzip"
        again = await world.http.get(address, headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
    unversioned = await world.http.get("/track/assets/page.css")
    assert unversioned.headers["cache-control"] == "no-cache"
    for name in ("nothing.css", "..%2Fviews.py", "page.css%00"):
        assert (await world.http.get(f"/track/assets/{name}")).status_code == 404


async def test_a_page_with_all_its_files_is_light(world: World) -> None:
    page = await world.by_token(change="address")
    parts = [page, *[await world.http.get(address) for address in re.findall(r'"(/track/assets/[^"]+)"', page.text)]]
    assert sum(int(part.headers["content-length"]) for part in parts) <= 50 * 1024
