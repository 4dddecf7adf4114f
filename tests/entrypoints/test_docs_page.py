"""The front page and the API browser: everything they need comes from Karla itself."""

import re

import pytest

from tests.support.karla import Karla

ADDRESS = re.compile(r"""(?:src|href|action|content|url)\s*[=(]\s*["']?([^"'\s>)]+)""")
FOREIGN = re.compile(r"https?:|//|data:|blob:")


async def html_of(karla: Karla, path: str) -> str:
    answer = await karla.http.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return answer.text


def local_addresses(html: str) -> list[str]:
    return [address for address in ADDRESS.findall(html) if address.startswith("/")]


@pytest.mark.parametrize("path", ["/", "/docs"])
async def test_pages_refer_to_no_other_host(karla: Karla, path: str) -> None:
    html = await html_of(karla, path)
    assert [address for address in ADDRESS.findall(html) if FOREIGN.match(address)] == []
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\son\w+=|\sstyle=", html), "nothing is inline"


@pytest.mark.parametrize("path", ["/", "/docs"])
async def test_what_pages_refer_to_is_there(karla: Karla, path: str) -> None:
    addresses = local_addresses(await html_of(karla, path))
    assert len(addresses) >= 5
    for address in addresses:
        answer = await karla.http.get(address)
        assert answer.status_code == 200, address
        assert answer.content, address


async def test_assets_are_kept_for_ever_under_their_version(karla: Karla) -> None:
    assets = [address for address in local_addresses(await html_of(karla, "/docs")) if "/assets/" in address]
    assert {address.rpartition(".")[2].partition("?")[0] for address in assets} == {"js", "css", "svg"}
    for address in assets:
        kept = await karla.http.get(address)
        assert "immutable" in kept.headers["cache-control"], address
        unversioned = await karla.http.get(address.partition("?")[0])
        assert unversioned.headers["cache-control"] == "no-cache"
        known = await karla.http.get(address, headers={"If-None-Match": kept.headers["etag"]})
        assert known.status_code == 304


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("scalar.js", "text/javascript; charset=utf-8"),
        ("docs.js", "text/javascript; charset=utf-8"),
        ("docs.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ],
)
async def test_assets_say_what_they_are(karla: Karla, name: str, media_type: str) -> None:
    answer = await karla.http.get(f"/docs/assets/{name}")
    assert answer.headers["content-type"] == media_type
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", ["swagger_bundle.js", "docs.html", "..%2Fpages.py", "%2e%2e/pages.py"])
async def test_other_files_are_not_served(karla: Karla, name: str) -> None:
    answer = await karla.http.get(f"/docs/assets/{name}")
    assert answer.status_code == 404


async def test_the_browser_runs_only_what_karla_serves(karla: Karla) -> None:
    answers = [await karla.http.get("/docs") for _ in range(2)]
    policies = [answer.headers["content-security-policy"] for answer in answers]
    nonces = [re.search(r"'nonce-([^']+)'", policy) for policy in policies]
    policy = {part.split()[0]: part.split()[1:] for part in policies[0].split("; ")}
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == policy["connect-src"] == policy["font-src"] == ["'self'"]
    assert policy["img-src"] == ["'self'", "data:"]
    assert nonces[0] and nonces[1] and nonces[0][1] != nonces[1][1]
    assert f'content="{nonces[0][1]}"' in answers[0].text


async def test_the_browser_reads_our_document_and_tells_nobody(karla: Karla) -> None:
    script = (await karla.http.get("/docs/assets/docs.js")).text
    assert '"/public/openapi.json"' in script
    assert not re.search(r"https?://", script)
    for switch in ("telemetry: false", "withDefaultFonts: false", "agent: { disabled: true }"):
        assert switch in script


async def test_the_front_page_works_without_scripts(karla: Karla) -> None:
    html = await html_of(karla, "/")
    assert "<script" not in html
    assert {"/docs", "/public/openapi.json", "/healthz", "/readyz"} <= set(local_addresses(html))
