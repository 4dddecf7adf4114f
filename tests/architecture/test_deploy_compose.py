"""The Compose file holds together by itself: what it names is there, and each process reaches what it needs.

`make lint-deploy` gives it to Compose itself besides.
"""

import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.architecture.source import ROOT

FOLDER = ROOT / "deploy/compose"
TEXT = (FOLDER / "compose.yaml").read_text(encoding="utf-8")
FILE: Mapping[str, Any] = yaml.safe_load(TEXT)
SERVICES: Mapping[str, Any] = FILE["services"]
# What a service may have: Compose refuses a word that it doesn't know, and so does this.
SERVICE_WORDS = {
    *(
        "build",
        "cap_drop",
        "command",
        "depends_on",
        "deploy",
        "environment",
        "healthcheck",
        "image",
        "init",
        "networks",
    ),
    *("ports", "read_only", "restart", "secrets", "security_opt", "shm_size", "stop_grace_period", "tmpfs", "volumes"),
}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
each_service = pytest.mark.parametrize("name", SERVICES)


def networks_of(name: str) -> set[str]:
    return set(SERVICES[name]["networks"])


def reaches_the_internet(name: str) -> bool:
    return any(not FILE["networks"][network].get("internal") for network in networks_of(name))


def has_a_health_check(name: str) -> bool:
    service = SERVICES[name]
    own = service.get("healthcheck", {})
    of_the_image = "build" in service and "HEALTHCHECK" in (ROOT / "Dockerfile").read_text(encoding="utf-8")
    return not own.get("disable") and ("test" in own or of_the_image)


def test_only_words_of_compose_are_used() -> None:
    assert {word for word in FILE if not word.startswith("x-")} == {
        *("name", "services", "networks", "volumes", "secrets")
    }
    assert {word for service in SERVICES.values() for word in service} <= SERVICE_WORDS


@each_service
def test_what_a_service_names_is_there(name: str) -> None:
    service = SERVICES[name]
    assert networks_of(name) <= FILE["networks"].keys()
    assert set(service.get("secrets", ())) <= FILE["secrets"].keys()
    for volume in service.get("volumes", ()):
        source = volume.partition(":")[0]
        assert (FOLDER / source).is_file() if source.startswith(".") else source in FILE["volumes"]
    for value in map(str, service.get("environment", {}).values()):
        if value.startswith("/run/secrets/"):
            assert value.removeprefix("/run/secrets/") in service["secrets"]
    if "build" in service:
        assert (FOLDER / service["build"]["context"] / "Dockerfile").is_file()


@each_service
def test_a_service_waits_for_what_can_come(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        assert how["condition"] in CONDITIONS
        assert networks_of(name) & networks_of(other) or other == "migrate"
        if how["condition"] == "service_healthy":
            assert has_a_health_check(other)
        if how["condition"] == "service_completed_successfully":
            assert SERVICES[other]["restart"] == "no"


@each_service
def test_a_service_that_stays_tells_whether_it_is_well_and_has_its_limits(name: str) -> None:
    service = SERVICES[name]
    assert has_a_health_check(name) == (service["restart"] != "no")
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    image = service["image"]
    assert image == "${IMAGE:-karla:latest}" if "build" in service else re.fullmatch(r"[a-z/.]+:\d[\w.-]*", image)


def test_all_that_is_used_is_made_and_the_reverse() -> None:
    for kind in ("networks", "secrets"):
        assert {one for service in SERVICES.values() for one in service.get(kind, ())} == FILE[kind].keys()
    mounted = {volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())}
    assert FILE["volumes"].keys() == {volume for volume in mounted if not volume.startswith(".")}


def test_who_asks_carriers_has_a_way_out_and_nobody_else() -> None:
    """The API tries the credentials of connections, the worker follows parcels and sends webhooks."""
    assert {name for name in SERVICES if reaches_the_internet(name)} == {"serve", "work", "proxy"}


def test_the_proxy_sees_each_api_once_and_nothing_else() -> None:
    assert networks_of("proxy") & networks_of("serve") == {"edge"}
    assert not networks_of("proxy") & (networks_of("work") | networks_of("postgres"))


def test_every_variable_has_a_default_and_is_told() -> None:
    used = re.findall(r"\$\{(\w+)(:-)?", TEXT)
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert used
    for variable, default in used:
        assert default, variable
        assert f"`{variable}`" in readme


def test_the_key_of_before_can_be_given() -> None:
    for name in ("serve", "work", "migrate"):
        assert SERVICES[name]["environment"]["KARLA_PREVIOUS_SECRET_KEYS"] == "${PREVIOUS_SECRET_KEYS:-}"
