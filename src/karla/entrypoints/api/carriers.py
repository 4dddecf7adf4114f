"""Carriers: the catalogue that `carrier_reference` is taken from."""

from typing import Annotated, Literal

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta

from karla.domain.shipments.rules.carrier_search import search_carriers as search
from karla.entrypoints.api.access import any_key
from karla.entrypoints.api.bodies import from_query
from karla.infra.errors import NotFound
from karla.infra.paging import Paged
from karla.vocabulary.carriers import CARRIERS, Carrier
from karla.vocabulary.carriers.logos import logo_of

TAGS = ["Carriers"]
Kind = Literal["aggregator", "crossborder", "express", "freight", "last_mile", "locker", "parcel", "post"]


class CarrierSearch(Paged, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which carriers; all that are given must hold."""

    q: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=100,
                description="A part of the name, an alias or the reference, in whatever case and without accents.",
            ),
        ]
        | None
    ) = None
    country: Annotated[str, Meta(pattern="^[A-Za-z]{2}$", description="The home country, ISO 3166 alpha-2.")] | None = (
        None
    )
    kind: Annotated[Kind, Meta(description="What it mostly moves, or how; a hint.")] | None = None


class CarrierNumberPattern(msgspec.Struct, kw_only=True):
    """A form of the carrier's numbers.

    `pattern` is an anchored regular expression for the number without blanks, hyphens and dots, in upper case; `check`
    names the rule of its check digit, and is null where there is none to trust.
    """

    pattern: str
    check: str | None


class CarrierAggregators(msgspec.Struct, kw_only=True):
    """What trackers call the carrier."""

    aftership: str | None
    seventeentrack: str | None


class CarrierLogo(msgspec.Struct, kw_only=True):
    """A mark of Karla's own making: a letter, to be shown in white on the colour (`#rrggbb`)."""

    letter: str
    color: str


class CarrierDetail(msgspec.Struct, kw_only=True):
    """A carrier.

    `country` is its home country, null where it is international. `tracking_url` holds `{number}` where the tracking
    number goes.
    """

    reference: str
    name: str
    aliases: list[str]
    country: str | None
    kind: str
    website: str | None
    tracking_url: str | None
    number_patterns: list[CarrierNumberPattern]
    aggregators: CarrierAggregators
    logo: CarrierLogo


def carrier_detail(carrier: Carrier) -> CarrierDetail:
    """The row as the API shows it."""
    logo = logo_of(carrier)
    return CarrierDetail(
        reference=carrier.reference,
        name=carrier.name,
        aliases=list(carrier.aliases),
        country=carrier.country or None,
        kind=carrier.kind,
        website=carrier.website or None,
        tracking_url=carrier.tracking_url or None,
        number_patterns=[
            CarrierNumberPattern(pattern=pattern, check=None if check == "-" else check)
            for pattern, check in zip(carrier.number_patterns, carrier.checks, strict=True)
        ],
        aggregators=CarrierAggregators(
            aftership=carrier.aftership_slug or None, seventeentrack=carrier.seventeentrack_key or None
        ),
        logo=CarrierLogo(letter=logo.letter, color=logo.color),
    )


@get(
    "/v1/carriers",
    opt=any_key(),
    dependencies={"filters": from_query(CarrierSearch)},
    operation_id="v1CarriersSearch",
    summary="Search carriers",
    tags=TAGS,
)
async def search_carriers(filters: NamedDependency[CarrierSearch]) -> list[CarrierDetail]:
    """The carriers that Karla knows, by name: exact names first, then the best-known.

    The catalogue is the same for every key. A page shorter than `per_page` is the last.
    """
    found = search(filters.q, filters.country, filters.kind)
    return [carrier_detail(carrier) for carrier in found[filters.offset : filters.offset + filters.per_page]]


@get(
    "/v1/carriers/{reference:str}",
    opt=any_key(),
    operation_id="v1CarriersGet",
    summary="Get a carrier",
    tags=TAGS,
)
async def get_carrier(reference: FromPath[str]) -> CarrierDetail:
    """One carrier by its reference; 404 `carrier_not_found` when there is none."""
    carrier = CARRIERS.get(reference)
    if carrier is None:
        raise NotFound("carrier_not_found", "There is no carrier with this reference.")
    return carrier_detail(carrier)


HANDLERS = (search_carriers, get_carrier)
