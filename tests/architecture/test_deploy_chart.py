"""The chart holds together by itself: its templates are closed and have a form, and what they name is there.

It is read without Helm, which `make lint-deploy` runs besides.
"""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from jsonschema import Draft7Validator

from tests.architecture.source import ROOT

CHART = ROOT / "deploy/helm/karla"
TEMPLATES = sorted((CHART / "templates").iterdir())
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in TEMPLATES}
EVERYTHING = "\n".join(TEXTS.values())
ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
OPENING = ("define", "if", "range", "with")
KINDS = ["ConfigMap", "Deployment", "HorizontalPodAutoscaler", "Ingress", "Job", "PersistentVolumeClaim",
         "PodDisruptionBudget", "Secret", "Service", "ServiceAccount"]  # fmt: skip
each_template = pytest.mark.parametrize("name", TEXTS)


def loaded(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


VALUES = loaded(CHART / "values.yaml")
SCHEMA = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))


def leaves(values: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of each value that is no mapping, or an empty one."""
    if isinstance(values, dict) and values:
        for name, value in values.items():
            yield from leaves(value, (*path, name))
    else:
        yield path


def is_there(values: Any, path: tuple[str, ...]) -> bool:
    """Whether the path leads into the values; what is below an open mapping or a list is anyone's."""
    for name in path:
        if values in ({}, []):
            return True
        if not isinstance(values, dict) or name not in values:
            return False
        values = values[name]
    return True


def named_values() -> set[tuple[str, ...]]:
    """Paths that templates ask for; those of `own` and `$own` are of the API and of the worker alike."""
    found: set[tuple[str, ...]] = set()
    for action in ACTION.findall(EVERYTHING):
        found |= {tuple(path.split(".")) for path in re.findall(r"\.Values\.([\w.]*\w)", action)}
        own = [path.split(".") for path in re.findall(r"(?:\$|\.)own\.([\w.]*\w)", action)]
        found |= {(component, *path) for component in ("api", "worker") for path in own}
    return found


def skeletons(text: str) -> list[Any]:
    """The documents of a template without its actions: lines of actions alone go, others become a word."""
    plain = re.sub(r"^[ \t]*(?:\{\{(?:(?!\}\}).)*\}\}[ \t]*)+\n", "", text + "\n", flags=re.MULTILINE | re.DOTALL)
    return [document for document in yaml.safe_load_all(ACTION.sub("word", plain)) if document]


@each_template
def test_every_action_and_every_block_is_closed(name: str) -> None:
    rest = ACTION.sub("", TEXTS[name])
    assert "{{" not in rest
    assert "}}" not in rest
    open_blocks: list[str] = []
    for action in ACTION.findall(TEXTS[name]):
        assert action.count("(") == action.count(")") or action.startswith("/*"), action
        word = action.partition(" ")[0]
        if word in OPENING:
            open_blocks.append(action)
        elif word == "end":
            assert open_blocks, "an end without a beginning"
            open_blocks.pop()
    assert open_blocks == []


def test_every_template_by_name_is_there_once_and_used() -> None:
    defined = Counter(re.findall(r'define "([^"]+)"', EVERYTHING))
    assert set(defined.values()) == {1}
    assert defined.keys() == set(re.findall(r'include "([^"]+)"', EVERYTHING))
    for file in re.findall(r'BasePath "/([^"]+)"', EVERYTHING):
        assert file in TEXTS


def test_every_value_that_a_template_names_is_there() -> None:
    assert sorted(path for path in named_values() if not is_there(VALUES, path)) == []


def test_every_value_is_used_and_has_a_form() -> None:
    named = named_values()
    for leaf in leaves(VALUES):
        assert any(leaf[:length] in named for length in range(2, len(leaf) + 1)) or leaf[:1] in named, leaf
        schema = SCHEMA
        for name in leaf:
            schema = schema.get("properties", schema)
            assert name in schema or "additionalProperties" in schema, leaf
            schema = schema.get(name, {})
            schema = SCHEMA["$defs"]["resources"] if "$ref" in schema else schema


@pytest.mark.parametrize("name", [name for name in TEXTS if name.endswith(".yaml")])
def test_every_manifest_has_a_form(name: str) -> None:
    documents = skeletons(TEXTS[name])
    assert documents
    for document in documents:
        assert {"apiVersion", "kind", "metadata"} <= document.keys()
        assert document["metadata"].keys() >= {"name", "labels"}


def test_the_kinds_are_these() -> None:
    """None of them closes a way out, which the API needs as the worker does, to ask carriers."""
    manifests = [one for name, text in TEXTS.items() if name.endswith(".yaml") for one in skeletons(text)]
    assert sorted({manifest["kind"] for manifest in manifests}) == KINDS


def test_pods_have_what_the_image_asks_for() -> None:
    (container,) = re.findall(
        r'define "karla.container" -\}\}\n(.*?)\{\{- end -\}\}\n?$', TEXTS["_pods.tpl"], re.DOTALL
    )
    (form,) = skeletons(container)
    assert {"startupProbe", "livenessProbe", "readinessProbe", "resources", "securityContext"} <= form.keys()
    assert form["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert form["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert {mount["mountPath"] for mount in form["volumeMounts"]} >= {"/var/lib/karla", "/tmp"}  # noqa: S108


def test_keys_are_in_secrets_alone() -> None:
    names = TEXTS["_names.tpl"]
    for variable in ("KARLA_DATABASE_URL", "KARLA_SECRET_KEY", "KARLA_PREVIOUS_SECRET_KEYS"):
        assert f"{variable}: " in names
        assert variable not in EVERYTHING.replace(names, "")
    assert "secretData" not in TEXTS["configmap.yaml"]


@pytest.mark.parametrize(
    ("keys", "good"),
    [("", True), ("a" * 32, True), (f"{'a' * 32},{'b' * 40}", True), ("short", False), (f"{'a' * 32},short", False)],
)
def test_keys_of_before_are_whole(keys: str, good: bool) -> None:
    assert Draft7Validator(SCHEMA).is_valid({"previousSecretKeys": keys}) == good


def test_the_chart_brings_this_version() -> None:
    about = loaded(CHART / "Chart.yaml")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert about["apiVersion"] == "v2"
    assert about["appVersion"] == project["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", about["version"])
