"""The files under `deploy` fit the Karla that they deploy."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from jsonschema import Draft7Validator

from karla.entrypoints.cli.program import app
from karla.infra.settings import Settings, variable_of
from tests.architecture.source import ROOT, Offence, verdict

CHART = ROOT / "deploy/helm/karla"
GUIDES = ("self-hosting", "citus", "upgrading")
FILES = [
    path
    for path in [
        ROOT / "Dockerfile",
        *sorted((ROOT / "deploy").rglob("*")),
        *(ROOT / f"docs/guides/{name}.md" for name in GUIDES),
        *sorted((ROOT / "docs/runbooks").glob("*.md")),
    ]
    if path.is_file() and "secrets" not in path.parts
]
KNOWN = {variable_of(field) for field in Settings.__struct_fields__}
OTHER_VARIABLES = {"KARLA_TEST_DATABASE_URL": "of the test suite"}


def values() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    return loaded


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose/compose.yaml").read_text(encoding="utf-8"))
    return loaded


def strangers(file: Path) -> Iterator[str]:
    for name in re.findall(r"\bKARLA_[A-Z_]+[A-Z]", file.read_text(encoding="utf-8")):
        # The image's entrypoint takes every variable as a file too.
        if name.removesuffix("_FILE") not in KNOWN and name not in KNOWN | OTHER_VARIABLES.keys():
            yield name


def test_every_variable_is_a_setting() -> None:
    found = [Offence(file.relative_to(ROOT).as_posix(), name) for file in FILES for name in strangers(file)]
    verdict(found, {}, "No setting of infra/settings.py has this variable:")


def test_every_command_is_one() -> None:
    units = "\n".join(file.read_text() for file in (ROOT / "deploy/systemd").iterdir())
    templates = "\n".join(file.read_text() for file in (CHART / "templates").iterdir())
    named = {
        *(service["command"][0] for service in compose()["services"].values() if "build" in service),
        *re.findall(r"bin/karla (\w+)", units),
        *re.findall(r'"verb" "(\w+)"', templates),
        *re.findall(r"args: \[(\w+)\]", templates),
        *re.findall(r"-- karla (\w+)", templates),
    }
    groups = {group.name for group in app.registered_groups}
    assert {"serve", "work", "migrate", "backup", "shop"} <= named
    assert named <= {command.name for command in app.registered_commands} | groups


def test_the_default_values_fit_their_schema() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    Draft7Validator.check_schema(schema)
    assert [error.message for error in Draft7Validator(schema).iter_errors(values())] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"secretKey": "short"},
        {"database": {"url": "mysql://db"}},
        {"api": {"replicas": -1}},
        {"worker": {"replica": 3}},
        {"settings": {"LOG_LEVEL": "debug"}},
        {"persistence": {"accessModes": []}},
    ],
)
def test_the_schema_finds_mistakes(wrong: dict[str, Any]) -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    assert list(Draft7Validator(schema).iter_errors(wrong))


def test_the_image_gets_what_the_dockerfile_copies() -> None:
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = [
        source
        for line in (ROOT / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
        if not source.startswith("--")
    ]
    assert copied
    for source in copied:
        assert (ROOT / source).exists(), source
        assert any(source == path or source.startswith(f"{path}/") for path in let_in), f"{source} is kept out"


def test_the_processes_of_compose_leave_room_in_postgresql() -> None:
    services = compose()["services"]
    processes = [service for service in services.values() if service.get("command") in (["serve"], ["work"])]
    pool = int(processes[0]["environment"]["KARLA_DATABASE_POOL_SIZE"])
    opened = sum(service["deploy"]["replicas"] * (pool + 1) for service in processes)
    (allowed,) = (
        int(word.removeprefix("max_connections=")) for word in services["postgres"]["command"] if "max_c" in word
    )
    assert opened < allowed
