"""Manifests: read from `manifest.toml`, and what follows from them for credentials and pace."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, get_type_hints

import msgspec

from karla.infra.errors import Fault
from karla.integrations.contract import CAPABILITIES, CredentialField, Kind, Manifest, Pace
from karla.vocabulary.carriers.catalogue import CARRIERS

_SLUG = re.compile(r"[a-z][a-z0-9_]*")
_LANGUAGE = re.compile(r"[a-z]{2}")
_SHOWN_TAIL = 4
_LONG_ENOUGH_FOR_A_TAIL = 16
_MASK = "••••"


class ManifestInvalid(Exception):
    """A `manifest.toml` is wrong; the message names every fault, one a line."""

    def __init__(self, name: str, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("\n".join([f"The manifest of {name} is wrong:", *(f"  {fault}" for fault in faults)]))


def read(text: str, kind: Kind, slug: str) -> Manifest:
    """The manifest in the folder of this kind and slug; ManifestInvalid."""
    name = f"{kind}/{slug}"
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ManifestInvalid(name, [f"it is not TOML: {error}"]) from None
    if faults := [*_faults_of_form(told)]:
        raise ManifestInvalid(name, faults)
    manifest = msgspec.convert(told, Manifest)
    if faults := [*_faults_of_place(manifest, kind, slug), *_faults_of_sense(manifest)]:
        raise ManifestInvalid(name, faults)
    return manifest


def _faults_of_form(told: Mapping[str, Any]) -> Iterator[str]:
    types = get_type_hints(Manifest)
    required = {field.name for field in msgspec.structs.fields(Manifest) if field.required}
    yield from (f"{name}: is missing" for name in sorted(required - told.keys()))
    yield from (f"{name}: is no member of a manifest" for name in sorted(told.keys() - types.keys()))
    for name in sorted(told.keys() & types.keys()):
        value = told[name]
        if name == "credentials" and isinstance(value, list):
            for place, item in enumerate(value):
                yield from _misfits(f"credentials[{place}]", item, CredentialField)
        else:
            yield from _misfits(name, value, types[name])


def _misfits(place: str, value: Any, kind: Any) -> Iterator[str]:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        yield f"{place}: {error}"


def _faults_of_place(manifest: Manifest, kind: Kind, slug: str) -> Iterator[str]:
    if manifest.slug != slug:
        yield f"slug: is {manifest.slug!r} in the folder {slug!r}"
    if manifest.kind is not kind:
        yield f"kind: is {str(manifest.kind)!r} in the folder {str(kind)!r}"
    if not _SLUG.fullmatch(manifest.slug):
        yield "slug: has lower-case letters, digits and underscores only"


def _faults_of_sense(manifest: Manifest) -> Iterator[str]:
    for capability in sorted(set(manifest.capabilities) - CAPABILITIES.get(manifest.kind, frozenset())):
        yield f"capabilities: {capability!r} is none that {manifest.kind} have"
    if not manifest.documentation.startswith(("https://", "docs/")):
        yield "documentation: is neither an https:// address nor a page of docs/"
    for language in manifest.languages:
        if not _LANGUAGE.fullmatch(language):
            yield f"languages: {language!r} is not two lower-case letters"
    for reference in manifest.carriers:
        if reference not in CARRIERS:
            yield f"carriers: {reference!r} is not in the catalogue of carriers"
    if manifest.kind is Kind.CARRIERS and not manifest.carriers and "any_carrier" not in manifest.capabilities:
        yield "carriers: none is named, and the capability 'any_carrier' is not either"
    if manifest.number_prefix != manifest.number_prefix.upper():
        yield "number_prefix: has small letters"
    yield from _faults_of_pace(manifest)
    yield from _faults_of_fields(manifest)


def _faults_of_pace(manifest: Manifest) -> Iterator[str]:
    for member in Pace.__struct_fields__:
        value = getattr(manifest.pace, member)
        if value is not None and value <= 0:
            yield f"pace.{member}: is not above 0"
    names = {field.name for field in manifest.credentials}
    for member, field in manifest.pace_fields.items():
        if member not in Pace.__struct_fields__:
            yield f"pace_fields: {member!r} is no member of the pace"
        if field not in names:
            yield f"pace_fields: {field!r} is no field of the credentials"


def _faults_of_fields(manifest: Manifest) -> Iterator[str]:
    seen = set()
    for field in manifest.credentials:
        place = f"credentials.{field.name}"
        if field.name in seen:
            yield f"{place}: is there twice"
        seen.add(field.name)
        if not _SLUG.fullmatch(field.name):
            yield f"{place}: a name has lower-case letters, digits and underscores only"
        if field.sensitive and field.default is not None:
            yield f"{place}: a secret has no default"
        try:
            pattern = re.compile(field.pattern)
        except re.error as error:
            yield f"{place}: the pattern is not one: {error}"
        else:
            if field.default is not None and not pattern.fullmatch(field.default):
                yield f"{place}: the default doesn't match the pattern"


def credential_faults(manifest: Manifest, given: Mapping[str, object]) -> list[Fault]:
    """Everything wrong with what a merchant filled in, by field; no message repeats a value."""
    return [*_credential_faults(manifest, given)]


def _credential_faults(manifest: Manifest, given: Mapping[str, object]) -> Iterator[Fault]:
    fields = {field.name: field for field in manifest.credentials}
    for name in given:
        if name not in fields:
            yield Fault(("body", "credentials", name), f"Is no field of {manifest.name}", "value")
    for name, field in fields.items():
        loc, value = ("body", "credentials", name), given.get(name)
        if value is None or value == "":
            if field.default is None and not field.optional:
                yield Fault(loc, f"{field.label} is needed", "missing")
        elif not isinstance(value, str):
            yield Fault(loc, f"{field.label} must be text", "string_type")
        elif not re.fullmatch(field.pattern, value):
            yield Fault(loc, f"Doesn't look like {field.label}: {field.help}", "pattern")


def with_defaults(manifest: Manifest, given: Mapping[str, str]) -> dict[str, str]:
    """Faultless credentials as an adapter takes them: every field that has a value."""
    defaults = {field.name: field.default for field in manifest.credentials if field.default is not None}
    return defaults | {name: value for name, value in given.items() if value}


def masked(manifest: Manifest, credentials: Mapping[str, str]) -> dict[str, str]:
    """Credentials as they may be shown: of a secret at most its last four characters."""
    secret = {field.name for field in manifest.credentials if field.sensitive}
    return {name: _masked(value) if name in secret else value for name, value in credentials.items()}


def _masked(value: str) -> str:
    return _MASK + (value[-_SHOWN_TAIL:] if len(value) >= _LONG_ENOUGH_FOR_A_TAIL else "")


def secrets_of(manifest: Manifest, credentials: Mapping[str, str]) -> tuple[str, ...]:
    """The values that may be shown nowhere."""
    return tuple(
        credentials[field.name] for field in manifest.credentials if field.sensitive and field.name in credentials
    )


def pace_of(manifest: Manifest, credentials: Mapping[str, str]) -> Pace:
    """How fast this account may be used: as the manifest says, or as its merchant states it was raised to."""
    stated = {member: credentials[field] for member, field in manifest.pace_fields.items() if credentials.get(field)}
    told = msgspec.structs.asdict(manifest.pace) | stated
    return msgspec.convert(told, Pace, strict=False)
