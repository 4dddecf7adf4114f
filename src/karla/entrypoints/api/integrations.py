"""Integrations: the third parties that a shop can connect, and what each asks for."""

from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta

from karla.entrypoints.api.access import any_key
from karla.entrypoints.api.bodies import from_query
from karla.entrypoints.api.services import Services
from karla.entrypoints.inbound.carriers import push_address
from karla.infra.errors import NotFound
from karla.infra.paging import Paged
from karla.integrations import registry
from karla.integrations.contract import CredentialField, Kind, Manifest

TAGS = ["Connections"]


class IntegrationSearch(Paged, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which integrations."""

    kind: Annotated[Kind, Meta(description="Of this kind alone.")] | None = None


class IntegrationField(msgspec.Struct, kw_only=True):
    """A field of the form that connects an account.

    `pattern` is a regular expression for the whole value. A field that is not `required` may be left out and has its
    `default` then, if there is one. What is `sensitive` is never shown again.
    """

    name: str
    label: str
    help: str
    pattern: str
    sensitive: bool
    required: bool
    default: str | None


class IntegrationPace(msgspec.Struct, kw_only=True):
    """How fast Karla uses one account, unless the account says that it may more; null is no limit."""

    calls_per_second: float | None
    calls_per_day: int | None
    concurrency: int
    batch: Annotated[int, Meta(description="How many things one call asks for.")]


class IntegrationDetail(msgspec.Struct, kw_only=True):
    """A third party that shops can connect.

    `carriers` has, by reference in Karla's catalogue, what the provider calls each carrier that it tracks; with the
    capability `any_carrier` it tracks others too. `setup` tells a merchant how to connect it, in Markdown.
    """

    kind: Kind
    integration: str
    name: str
    capabilities: list[str]
    languages: list[str]
    documentation: str
    fields: list[IntegrationField]
    pace: IntegrationPace
    carriers: dict[str, str]
    setup: str
    push_url: Annotated[
        str | None,
        Meta(
            description="Where the third party tells of a shop's parcels by itself, with the shop's slug for `{slug}`; "
            "null where it doesn't."
        ),
    ]


def demand_integration(kind: str, slug: str) -> Manifest:
    """NotFound where there is none of this kind and slug."""
    known = next((one for one in Kind if one == kind), None)
    if known is None or slug not in registry.slugs(known):
        raise NotFound("integration_not_found", "There is no such integration.")
    return registry.manifest(known, slug)


def integration_detail(about: Manifest, base_url: str) -> IntegrationDetail:
    """The manifest as the API at this address shows it."""
    pace = about.pace
    return IntegrationDetail(
        kind=about.kind,
        integration=about.slug,
        name=about.name,
        capabilities=list(about.capabilities),
        languages=list(about.languages),
        documentation=about.documentation,
        fields=[_field(field) for field in about.credentials],
        pace=IntegrationPace(
            calls_per_second=pace.calls_per_second,
            calls_per_day=pace.calls_per_day,
            concurrency=pace.concurrency,
            batch=pace.batch,
        ),
        carriers=dict(about.carriers),
        setup=registry.setup(about.kind, about.slug),
        push_url=push_url(about.kind, about.slug, base_url, "{slug}"),
    )


def push_url(kind: str, integration: str, base_url: str, shop_slug: str) -> str | None:
    """Where a third party tells this Karla of a shop's things; None of one that doesn't tell by itself."""
    return push_address(base_url, integration, shop_slug) if kind == Kind.CARRIERS else None


def _field(field: CredentialField) -> IntegrationField:
    return IntegrationField(
        name=field.name,
        label=field.label,
        help=field.help,
        pattern=field.pattern,
        sensitive=field.sensitive,
        required=field.default is None and not field.optional,
        default=field.default,
    )


@get(
    "/v1/integrations",
    opt=any_key(),
    dependencies={"filters": from_query(IntegrationSearch)},
    operation_id="v1IntegrationsSearch",
    summary="Search integrations",
    tags=TAGS,
)
async def search_integrations(
    services: NamedDependency[Services], filters: NamedDependency[IntegrationSearch]
) -> list[IntegrationDetail]:
    """The third parties that a shop can connect, and what each asks for: all that a form needs.

    They are the same for every key. A page shorter than `per_page` is the last.
    """
    kinds = [filters.kind] if filters.kind else [*Kind]
    found = [(kind, slug) for kind in kinds for slug in registry.slugs(kind)]
    page = found[filters.offset : filters.offset + filters.per_page]
    return [integration_detail(registry.manifest(kind, slug), services.settings.base_url) for kind, slug in page]


@get(
    "/v1/integrations/{kind:str}/{integration:str}",
    opt=any_key(),
    operation_id="v1IntegrationsGet",
    summary="Get an integration",
    tags=TAGS,
)
async def get_integration(
    services: NamedDependency[Services], kind: FromPath[str], integration: FromPath[str]
) -> IntegrationDetail:
    """One integration; 404 `integration_not_found` when there is none."""
    return integration_detail(demand_integration(kind, integration), services.settings.base_url)


HANDLERS = (search_integrations, get_integration)
