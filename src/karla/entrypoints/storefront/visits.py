"""A request for a page: who asks, for what, in which language, and where the page stands."""

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Request

from karla.entrypoints.storefront import policy
from karla.entrypoints.storefront.contexts.reader import Reader, Surface
from karla.entrypoints.storefront.identity import (
    EMBED,
    LANGUAGE,
    STATE,
    THEME,
    Identity,
    Place,
    hosted,
    identity_of,
    on_own_domain,
)
from karla.entrypoints.storefront.languages import chosen, says
from karla.entrypoints.storefront.parts import Pages

OWN_DOMAIN = "storefront_own_domain"
"""The member of a request's scope that says that it came by a domain of the shop's own."""
_LONGEST = 300


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """`values` are the query's or the form's; `address` is the shopper's."""

    reader: Reader
    values: Mapping[str, str]
    address: str | None

    @property
    def slug(self) -> str:
        """The shop."""
        return self.reader.place.slug

    @property
    def identity(self) -> Identity:
        """Who says to be whose."""
        return self.reader.identity


async def visit_of(
    request: Request[Any, Any, Any],
    slug: str,
    pages: Pages,
    values: Mapping[str, Any] | None = None,
    surface: Surface | None = None,
) -> Visit:
    """A request to one of the pages' own paths; `values` are a form's, else the query counts."""
    own_domain = bool(request.scope.get(OWN_DOMAIN))
    place = on_own_domain(slug) if own_domain else hosted(slug)
    return await visit_at(place, request, pages, texts(request.query_params if values is None else values), surface)


async def visit_at(
    place: Place,
    request: Request[Any, Any, Any],
    pages: Pages,
    values: Mapping[str, str],
    surface: Surface | None = None,
) -> Visit:
    """A request for a page that stands there."""
    asked, accept = values.get(LANGUAGE, ""), request.headers.get("accept-language")
    otherwise = None if says(asked, accept) else await pages.source.language_of(place.slug)
    identity, embedded = identity_of(values), values.get(EMBED) == "1"
    reader = Reader(
        place=place,
        tongue=chosen(asked, accept, otherwise),
        now=pages.clock.now(),
        nonce=policy.nonce(),
        identity=identity,
        asked=asked,
        surface=surface or ("iframe" if embedded else "track" if identity.is_whole else "finder"),
        embedded=embedded,
        demo={name: values.get(name, "") for name in (STATE, THEME)} if surface == "demo" else {},
    )
    client = request.scope.get("client")
    return Visit(reader=reader, values=values, address=client[0] if client else None)


def texts(values: Mapping[str, Any]) -> dict[str, str]:
    """What is text among the values; of a name that is there twice the last one."""
    return {
        name: value[:_LONGEST] if name == LANGUAGE else value
        for name, value in values.items()
        if isinstance(value, str)
    }
