"""Who a shopper is, and where the page stands that they look at: what links are made of."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, quote_plus

import msgspec

ORDER_NUMBER, ZIP_CODE, TOKEN, LANGUAGE, FLOW, EMBED = "orderNumber", "zipCode", "token", "lang", "flowType", "embed"
STATE, THEME = "state", "theme"
"""The query of the demo: which order is looked at, and how."""
FRAGMENT = "fragment"
"""The query of the page that asks for its main part alone: `fragment=1`."""
_LONGEST = 1000


class Identity(msgspec.Struct, frozen=True):
    """What an order is opened by: its token, else its number with a ZIP code. Any may be empty."""

    order_number: str = ""
    zip_code: str = ""
    token: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether an order can be opened by it."""
        return bool(self.token or (self.order_number and self.zip_code))

    @property
    def given(self) -> dict[str, str]:
        """For the client's `open`."""
        if self.token:
            return {"token": self.token}
        return {"order_number": self.order_number, "zip_code": self.zip_code}

    @property
    def query(self) -> dict[str, str]:
        """For a link to the same order. A token stands for the ZIP code."""
        zip_code = "" if self.token else self.zip_code
        return {ORDER_NUMBER: self.order_number, ZIP_CODE: zip_code, TOKEN: self.token}


def identity_of(values: Mapping[str, Any]) -> Identity:
    """Of a query, form or JSON body; blanks around what was typed are not meant."""
    return Identity(*(_text(values.get(name)) for name in (ORDER_NUMBER, ZIP_CODE, TOKEN)))


def _text(value: object) -> str:
    return value.strip()[:_LONGEST] if isinstance(value, str) else ""


class Place(msgspec.Struct, frozen=True):
    """Where a page is shown. Addresses begin with a slash, or are absolute where the page is on somebody else's host.

    `page` is the page's own, `below` that of what belongs to it (`/cancel`), `assets` that of its files, `api` that
    of the API.
    """

    slug: str
    page: str
    below: str
    assets: str = "/track/assets"
    api: str = ""

    @property
    def storefront(self) -> str:
        """The shop's part of the storefront API."""
        return f"{self.api}/v1/shops/{quote(self.slug, safe='')}/storefront"


def hosted(slug: str) -> Place:
    """On Karla's own host."""
    path = path_of(slug)
    return Place(called(slug), page=path, below=path)


def called(slug: str) -> str:
    """The slug as calls may name it: dots alone would lead to another path, and are no shop's."""
    return slug if slug.strip(".") else "%"


def path_of(slug: str) -> str:
    """The path of a shop's page; the slug may be anything that somebody typed into an address."""
    return f"/track/{quote(slug, safe='')}"


def on_own_domain(slug: str) -> Place:
    """At the top of a domain that the shop has pointed here."""
    return Place(slug, page="/", below="")


def elsewhere(slug: str, public_url: str) -> Place:
    """Within somebody else's page."""
    return in_proxy(slug, f"{public_url}{path_of(slug)}", public_url)


def in_proxy(slug: str, path: str, public_url: str) -> Place:
    """On the shop's host, whose server hands on one path."""
    return Place(
        called(slug),
        page=path,
        below=f"{public_url}{path_of(slug)}",
        assets=f"{public_url}/track/assets",
        api=public_url,
    )


def link(address: str, *queries: Mapping[str, str]) -> str:
    """An address, which may have a query of its own, with what is given of the others; names need no quotes."""
    given = {name: value for query in queries for name, value in query.items() if value}
    # A page has a dozen links, and urlencode takes twice the time.
    told = "&".join([f"{name}={quote_plus(value)}" for name, value in given.items()])
    return f"{address}{'&' if '?' in address else '?'}{told}" if told else address
