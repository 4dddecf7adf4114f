"""The SDK as browsers fetch it: by version for ever, with hashes, small, and readable from any page."""

import base64
import gzip
import hashlib
import re
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest

from karla.entrypoints.sdk.files import SOURCE, contents, released
from karla.entrypoints.sdk.freezing import freeze
from karla.entrypoints.sdk.reducing import reduced
from tests.support.karla import Karla

VERSION = version("karla")
ELSEWHERE = {"Origin": "https://shop.example"}
MOST_BYTES = 10_000


async def fetched(karla: Karla, path: str, **headers: str) -> httpx.Response:
    return await karla.http.get(f"/sdk/{path}", headers={**ELSEWHERE, **headers})


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("karla.min.js", "text/javascript; charset=utf-8"),
        ("karla.d.ts", "text/plain; charset=utf-8"),
        ("integrity.json", "application/json"),
    ],
)
async def test_any_page_may_read_the_files(karla: Karla, name: str, media_type: str) -> None:
    for path in (f"latest/{name}", f"{VERSION}/{name}"):
        answer = await fetched(karla, path)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == media_type
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert "set-cookie" not in answer.headers


async def test_a_version_is_kept_for_ever_and_the_latest_asked_for_again(karla: Karla) -> None:
    pinned, latest = await fetched(karla, f"{VERSION}/karla.min.js"), await fetched(karla, "latest/karla.min.js")
    assert pinned.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert latest.headers["cache-control"] == "public, max-age=300, must-revalidate"
    assert pinned.content == latest.content
    again = await fetched(karla, "latest/karla.min.js", **{"If-None-Match": latest.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["access-control-allow-origin"] == "*"


async def test_the_hash_is_that_of_the_script(karla: Karla) -> None:
    script = (await fetched(karla, f"{VERSION}/karla.min.js")).content
    told = (await fetched(karla, f"{VERSION}/integrity.json")).json()
    assert told == {"karla.min.js": "sha384-" + base64.b64encode(hashlib.sha384(script).digest()).decode()}


async def test_the_script_is_small(karla: Karla) -> None:
    url = httpx.Request("GET", "http://karla.test/sdk/latest/karla.min.js", headers={"Accept-Encoding": "gzip"})
    answer = await karla.http.send(url, stream=True)
    sent = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert len(sent) <= MOST_BYTES
    assert gzip.decompress(sent) == (await fetched(karla, "latest/karla.min.js")).content


async def test_the_script_knows_its_version(karla: Karla) -> None:
    assert f'const VERSION = "{VERSION}";' in (await fetched(karla, "latest/karla.min.js")).text


@pytest.mark.parametrize(
    "path",
    [
        "0.0.1/karla.min.js",
        "9.9.9/integrity.json",
        f"{VERSION}/karla.js",
        "latest/routes.py",
        "..%2Fsource/karla.js",
        "%2E%2E/karla.d.ts",
        "README.md/karla.d.ts",
    ],
)
async def test_other_versions_and_files_are_not_there(karla: Karla, path: str) -> None:
    answer = await fetched(karla, path)
    assert answer.status_code == 404
    assert answer.json()["key"] in ("sdk_file_not_found", "route_not_found")


async def test_the_script_asks_nobody_but_karla_and_keeps_nothing(karla: Karla) -> None:
    script = (await fetched(karla, "latest/karla.min.js")).text
    assert not re.search(r"https?://", script)
    assert not re.search(
        r"\b(cookie|localStorage|sessionStorage|indexedDB|eval|new Function|insertAdjacentHTML)\b", script
    )
    assert script.count("innerHTML") == 1, "one place takes HTML, through the policy"


def test_reducing_leaves_out_comments_of_their_own_lines_and_blanks() -> None:
    source = """
        /*
         * What it is.
         */
        const a = 1; // stays, as only whole lines go

        // gone
        /** gone as well */
        const text = "// stays";
            if (a) {
                run("/* stays */");
            }
    """
    assert reduced(source).splitlines() == [
        "const a = 1; // stays, as only whole lines go",
        'const text = "// stays";',
        "if (a) {",
        'run("/* stays */");',
        "}",
    ]


def test_no_line_of_a_text_in_the_source_begins_like_a_comment() -> None:
    in_text = in_comment = False
    for line in map(str.strip, (SOURCE / "karla.js").read_text(encoding="utf-8").splitlines()):
        begins = line.startswith(("//", "/*"))
        assert not (in_text and begins), f"reducing would cut this out of a text: {line}"
        assert not line.endswith("\\"), f"reducing would join what a string has broken: {line}"
        if not in_comment and not begins:
            in_text ^= line.count("`") % 2 == 1
        in_comment = (in_comment or line.startswith("/*")) and not line.endswith("*/")


def test_a_released_version_stays_as_it_was(tmp_path: Path) -> None:
    made = contents(VERSION, versions=tmp_path)
    freeze(VERSION, versions=tmp_path)
    changed = tmp_path / "source"
    changed.mkdir()
    for file in SOURCE.iterdir():
        (changed / file.name).write_text(file.read_text(encoding="utf-8") + "\n// later", encoding="utf-8")
    assert contents(VERSION, source=changed, versions=tmp_path) == made
    with pytest.raises(FileExistsError):
        freeze(VERSION, versions=tmp_path)
    (tmp_path / VERSION).rename(tmp_path / "0.0.1")
    earlier = contents("0.0.1", versions=tmp_path)
    assert earlier == made


def test_the_source_is_not_that_of_a_version_which_has_been_released() -> None:
    if VERSION in released():
        kept = contents(VERSION)
        assert kept is not None
        made = reduced((SOURCE / "karla.js").read_text(encoding="utf-8").replace("{version}", VERSION))
        assert kept["karla.min.js"] == made.encode(), "Released files don't change: the next version is another one."


def test_the_guide_shows_the_lines_that_are_tried() -> None:
    guides = Path(__file__).parents[2] / "docs/guides"
    lines = (guides / "samples/embed/frame.js").read_text(encoding="utf-8")
    assert len(lines.splitlines()) == 6
    assert f"```js\n{lines}```" in (guides / "embed.md").read_text(encoding="utf-8")
