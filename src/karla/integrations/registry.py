"""The list of integrations: the only place that names one. What is behind a name is imported when it is asked for."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.resources import files
from types import ModuleType
from typing import cast

from karla.infra.clock import Clock
from karla.infra.http import Egress
from karla.integrations import manifests
from karla.integrations.calling import Called, Calling
from karla.integrations.carriers.contract import Carrier, Read
from karla.integrations.contract import Kind, Manifest
from karla.integrations.standins import StandIn

# One a line, so that additions don't meet; `make new-carrier` adds at the end.
_LISTED: Mapping[Kind, Sequence[str]] = {
    Kind.CARRIERS: [
        "dhl",
        "ups",
        "fedex",
        "laposte",
        "postnl",
        "swisspost",
        "postat",
        "usps",
        "royalmail",
        "aftership",
        "seventeentrack",
        "gls",
        "dpd",
        "hermes",
        "sandbox",
    ],
}


class IntegrationUnknown(LookupError):
    """There is no integration of this kind and slug."""


def slugs(kind: Kind) -> tuple[str, ...]:
    """Those of one kind, in the order in which they are offered."""
    return tuple(_LISTED.get(kind, ()))


@cache
def manifest(kind: Kind, slug: str) -> Manifest:
    """IntegrationUnknown; ManifestInvalid is a fault of ours."""
    return manifests.read(_text(kind, slug, "manifest.toml"), kind, slug)


def setup(kind: Kind, slug: str) -> str:
    """How a merchant connects it, in Markdown."""
    return _text(kind, slug, "setup.md")


def trackers(carrier_reference: str) -> tuple[str, ...]:
    """The providers that can track parcels of this carrier: its own first, then those who track any carrier."""
    known = [(slug, manifest(Kind.CARRIERS, slug)) for slug in slugs(Kind.CARRIERS)]
    own = [slug for slug, about in known if carrier_reference in about.carriers]
    others = [slug for slug, about in known if slug not in own and "any_carrier" in about.capabilities]
    return (*own, *others)


@cache
def number_prefixes() -> tuple[str, ...]:
    """The beginnings of tracking numbers that are one provider's alone."""
    found = (manifest(Kind.CARRIERS, slug).number_prefix for slug in slugs(Kind.CARRIERS))
    return tuple(prefix for prefix in found if prefix)


def carrier(
    slug: str,
    credentials: Mapping[str, str],
    egress: Egress,
    clock: Clock,
    watch: Callable[[Called], None] | None = None,
    turn: Callable[[], Awaitable[None]] | None = None,
) -> Carrier:
    """An account with a provider; `credentials` are faultless by its manifest, and need no defaults filled in."""
    about = manifest(Kind.CARRIERS, slug)
    calling = Calling(egress, clock, secrets=manifests.secrets_of(about, credentials), watch=watch, turn=turn)
    adapter = cast(
        "Callable[[Manifest, Mapping[str, str], Calling], Carrier]", _module(Kind.CARRIERS, slug, "adapter").Adapter
    )
    return adapter(about, manifests.with_defaults(about, credentials), calling)


def carrier_mapping(slug: str) -> Read:
    """A provider's pure mapping; `tracking.read` counts what it doesn't know."""
    return cast("Read", _module(Kind.CARRIERS, slug, "mapping").read)


def standin(kind: Kind, slug: str) -> StandIn:
    """What plays the provider, to be put behind `infra.http.standin.Server`."""
    return cast("StandIn", _module(kind, slug, "standin").StandIn())


def package(kind: Kind, slug: str) -> str:
    """The package of one integration; IntegrationUnknown."""
    if slug not in slugs(kind):
        raise IntegrationUnknown(f"There is no {slug!r} among the integrations of {kind}.")
    return f"{__package__}.{kind}.{slug}"


def _module(kind: Kind, slug: str, name: str) -> ModuleType:
    return import_module(f"{package(kind, slug)}.{name}")


def _text(kind: Kind, slug: str, name: str) -> str:
    return files(package(kind, slug)).joinpath(name).read_text(encoding="utf-8")
