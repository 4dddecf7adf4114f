"""The types that the SDK ships are those of what it does and of what the storefront API answers."""

import re
import types
import typing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from karla.entrypoints.api.storefront import shapes
from karla.entrypoints.api.times import Timestamp
from karla.entrypoints.sdk.files import SOURCE
from karla.vocabulary.parcels import Flow

TYPES = (SOURCE / "karla.d.ts").read_text(encoding="utf-8")
SCRIPT = (SOURCE / "karla.js").read_text(encoding="utf-8")

SHAPES = [
    shape
    for shape in vars(shapes).values()
    if isinstance(shape, type)
    and issubclass(shape, msgspec.Struct)
    and shape.__module__.startswith("karla.")
    # What only sessions answer, and the forms of actions, are no part of what elements show.
    and re.search(rf"\b{shape.__name__}\b", TYPES)
]
PLAIN = {
    "str": "string",
    "int": "number",
    "float": "number",
    "bool": "boolean",
    "UUID": "string",
    "Any": "unknown",
    "NoneType": "null",
}
GIVEN = set(re.findall(r"\bgiven\.(\w+)", SCRIPT))
# Lists of choices keep the name of the choice.
CHOICES = {(Flow,): "Flow"}


def members(interface: str) -> dict[str, str]:
    found = re.search(rf"interface {interface}\b[^{{]*\{{(.*?)\n\}}", TYPES, re.DOTALL)
    assert found, f"there is no interface {interface}"
    without_comments = re.sub(r"/\*\*.*?\*/", "", found[1], flags=re.DOTALL)
    return {
        name: " ".join(kind.split()).removeprefix("| ")
        for name, kind in re.findall(r'^  "?([\w-]+)"?\??:([^;]+);', without_comments, re.MULTILINE)
    }


def in_typescript(kind: Any) -> set[str]:
    """A type of Python's as the parts of a union."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if kind == Timestamp:
        return {"Timestamp"}
    if origin is typing.Literal:
        return {f'"{value}"' for value in inner}
    if origin in (typing.Union, types.UnionType):
        return set().union(*map(in_typescript, inner))
    if origin is list:
        return {f"{CHOICES.get(inner, 0) or in_typescript(inner[0]).pop()}[]"}
    if origin is dict:
        return {"Record<{}, {}>".format(*(in_typescript(one).pop() for one in inner))}
    return {PLAIN.get(kind.__name__, kind.__name__)}


def parts(written: str) -> set[str]:
    """A union of TypeScript's, with named choices as what they stand for."""
    found: set[str] = set()
    for part in written.split(" | "):
        alias = (
            re.search(rf"^export type {re.escape(part)} =([^;]+);", TYPES, re.MULTILINE)
            if part.isidentifier()
            else None
        )
        is_union = alias is not None and '"' in alias[1]
        found |= parts(" ".join(alias[1].split()).removeprefix("| ")) if alias and is_union else {part}
    return found


def test_every_shape_of_an_order_has_its_interface() -> None:
    assert {shape.__name__ for shape in SHAPES} >= {"StorefrontOrder", "StorefrontShipment", "TimelineEntry", "Brand"}
    named = {name for written in TYPES.split("interface ")[1:] for name in re.findall(r"\b([A-Z]\w+)\b", written)}
    declared = set(re.findall(r"(?:interface|type) (\w+)", TYPES))
    assert {shape.__name__ for shape in SHAPES} <= declared & named


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_an_interface_has_the_members_of_its_shape(shape: type[msgspec.Struct]) -> None:
    written = members(shape.__name__)
    hints = typing.get_type_hints(shape, include_extras=True)
    answered = {field.encode_name: in_typescript(hints[field.name]) for field in msgspec.structs.fields(shape)}
    assert {name: parts(kind) for name, kind in written.items()} == answered


def test_events_are_those_that_are_told() -> None:
    assert set(members("KarlaElementEventMap")) == set(re.findall(r'#tell\("([\w-]+)"', SCRIPT))
    assert set(members("KarlaElementEventMap")) == {"ready", "order-loaded", "event", "action", "error"}


@pytest.mark.parametrize(
    ("detail", "told"),
    [
        ("KarlaReadyDetail", r'#tell\("ready", \{(.*?)\}'),
        ("KarlaOrderLoadedDetail", r'#tell\("order-loaded", \{(.*?)\}'),
        ("KarlaEventDetail", r"news\.push\(\{(.*?)\}"),
        ("KarlaActionDetail", r'#tell\("action", \{(.*?)\}'),
        ("KarlaErrorDetail", r'#tell\("error", \{(.*?)\}'),
    ],
)
def test_details_have_the_members_that_are_told(detail: str, told: str) -> None:
    found = re.findall(told, SCRIPT)
    assert found
    for literal in found:
        assert {member.partition(":")[0].strip() for member in literal.split(",")} == set(members(detail))


def test_errors_of_the_sdks_own_are_declared() -> None:
    own = set(re.findall(r'new Refusal\((?:[^")]*\|\| )?"(\w+)"', SCRIPT)) | set(
        re.findall(r'\|\| "(unexpected)"', SCRIPT)
    )
    assert own == {"unreachable", "unexpected", "shop_missing", "not_shown"}
    assert own <= set(re.findall(r'\| "(\w+)"', TYPES))


def test_elements_have_what_is_declared() -> None:
    declared = re.search(r"interface KarlaElement extends HTMLElement \{(.*?)addEventListener", TYPES, re.DOTALL)
    assert declared
    for method in re.findall(r"^  (\w+)\(", declared[1], re.MULTILINE):
        assert re.search(rf"^    {method}\(", SCRIPT, re.MULTILINE), method
    assert re.findall(r"^  readonly (\w+)", declared[1], re.MULTILINE) == re.findall(
        r"^    get (\w+)\(", SCRIPT, re.MULTILINE
    )
    assert set(re.findall(r'customElements\.define\("([\w-]+)"', SCRIPT)) == set(
        re.findall(r'^    "(karla-[\w-]+)": ', TYPES, re.MULTILINE)
    )


def test_the_global_has_what_is_declared() -> None:
    made = re.search(r"window\.Karla = Object\.freeze\(\{(.*?)\}\)", SCRIPT)
    assert made
    named = set(
        re.findall(r"^  readonly (\w+)", TYPES.partition("interface KarlaGlobal")[2].partition("}")[0], re.MULTILINE)
    )
    assert {member.partition(":")[0].strip() for member in made[1].split(",")} == named


def test_attributes_are_documented_in_types() -> None:
    observed = re.search(r"return \[(.*?)\];", SCRIPT)
    assert observed
    for name in re.findall(r'"([\w-]+)"', observed[1]):
        assert f"`{name}`" in TYPES


def test_the_guide_tells_of_every_attribute_event_and_error() -> None:
    guide = (Path(__file__).parents[2] / "docs/guides/embed.md").read_text(encoding="utf-8")
    observed = re.search(r"return \[(.*?)\];", SCRIPT)
    assert observed
    of_elements = set(re.findall(r'"([\w-]+)"', observed[1])) | {"for"}
    of_script = {"data-" + re.sub("[A-Z]", lambda found: "-" + found[0].lower(), name) for name in GIVEN}
    errors = set(re.findall(r'\| "(\w+)"', TYPES.partition("message: string")[0]))
    for name in (
        of_elements | of_script | set(members("KarlaElementEventMap")) | errors - {"unexpected", "shop_missing"}
    ):
        assert f"`{name}`" in guide, name
