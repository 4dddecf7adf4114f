"""The files of the browser SDK: this version's, made from the source, and those of earlier ones, as they were."""

import base64
import hashlib
import json
from functools import cache
from importlib.metadata import version
from pathlib import Path

from karla.entrypoints.sdk.reducing import reduced
from karla.infra.assets import Asset, asset_of

SCRIPT, TYPES, INTEGRITY = "karla.min.js", "karla.d.ts", "integrity.json"
MEDIA_TYPES = {
    SCRIPT: "text/javascript",
    TYPES: "text/plain",
    INTEGRITY: "application/json",
}

SOURCE = Path(__file__).with_name("source")
VERSIONS = Path(__file__).with_name("versions")


@cache
def current() -> str:
    """The version of this Karla, which is the SDK's."""
    return version("karla")


def script_of(source: str, its_version: str) -> bytes:
    """The script as browsers get it."""
    return reduced(source.replace("{version}", its_version)).encode()


def integrity_of(script: bytes) -> str:
    """What the attribute `integrity` holds."""
    return "sha384-" + base64.b64encode(hashlib.sha384(script).digest()).decode()


def contents(its_version: str, source: Path = SOURCE, versions: Path = VERSIONS) -> dict[str, bytes] | None:
    """The files of a version by name, None for one that never was. What was released is as it was then."""
    if its_version in released(versions):
        script, types = (versions / its_version / SCRIPT).read_bytes(), (versions / its_version / TYPES).read_bytes()
    elif its_version == current():
        script = script_of((source / "karla.js").read_text(encoding="utf-8"), its_version)
        types = (source / TYPES).read_bytes()
    else:
        return None
    integrity = json.dumps({SCRIPT: integrity_of(script)}).encode()
    return {SCRIPT: script, TYPES: types, INTEGRITY: integrity}


def released(versions: Path = VERSIONS) -> set[str]:
    """The versions whose files are kept."""
    return {folder.name for folder in versions.iterdir() if folder.is_dir()}


@cache
def _of_current() -> dict[str, Asset]:
    return _assets(contents(current()))


def file(its_version: str, name: str) -> Asset | None:
    """A file of a version; None where there is none."""
    found = _of_current() if its_version == current() else _assets(contents(its_version))
    return found.get(name)


def _assets(found: dict[str, bytes] | None) -> dict[str, Asset]:
    return {name: asset_of(content, MEDIA_TYPES[name]) for name, content in (found or {}).items()}
