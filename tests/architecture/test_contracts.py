"""The import contracts of pyproject.toml hold, and forget no room."""

import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.architecture.source import ROOMS, ROOT, Offence, verdict


def test_the_contracts_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"An import breaks a contract of pyproject.toml:\n{done.stdout}{done.stderr}", pytrace=False)


def test_every_room_keeps_its_rules_pure() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (pure,) = (c for c in settings["tool"]["importlinter"]["contracts"] if c["name"].startswith("Rules are pure"))
    rules = [f"karla.domain.{path.parent.name}.rules" for path in sorted(ROOMS.glob("*/rules*"))]
    found = [
        Offence(name, "is not watched")
        for name in rules
        if not any(fnmatch(name, pattern) for pattern in pure["source_modules"])
    ]
    verdict(found, {}, f"Add these to the source_modules of the contract {pure['name']!r} in pyproject.toml:")
