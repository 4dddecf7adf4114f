"""One struct for each template."""

from typing import Literal

import msgspec

from karla.entrypoints.storefront.views.frame import Chrome, Hidden, Notice, Time
from karla.entrypoints.storefront.views.orders import Order


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """What `page.js` needs to keep the page new; it is written into the page as JSON.

    `stream_url` is the API's `order/live`, read with `session` as bearer. `fragment_url` answers `fragment.html` of the
    same order to a GET with the same bearer. `updated_at` is the API's.
    """

    stream_url: str
    fragment_url: str
    session: str
    updated_at: str


class OrderPage(msgspec.Struct, frozen=True, kw_only=True):
    """For `order.html`, and for `fragment.html`, which is its main part alone. `live` None: the page stays as it is."""

    chrome: Chrome
    order: Order
    live: Live | None = None
    notices: list[Notice] = []


class FinderPage(msgspec.Struct, frozen=True, kw_only=True):
    """For `finder.html`. The form is a GET of `action` with `orderNumber` and `zipCode`, and the hidden inputs.

    `problem`: `order_not_found` (number or ZIP, nobody says which), `order_token_invalid`, `too_many_attempts` (with
    `retry` the moment from when on), `unavailable`, `incomplete` (one of the two is missing).
    """

    chrome: Chrome
    action: str
    hidden: list[Hidden]
    order_number: str
    zip_code: str
    problem: (
        Literal["order_not_found", "order_token_invalid", "too_many_attempts", "unavailable", "incomplete"] | None
    ) = None
    retry: Time | None = None


class ErrorPage(msgspec.Struct, frozen=True, kw_only=True):
    """For `error.html`; where the shop isn't known, its chrome is Karla's default brand with an empty `shop_name`.

    `ask_shop`: something is wrong with an order, and the shop has no form for it.
    """

    chrome: Chrome
    kind: Literal["unknown_shop", "switched_off", "unavailable", "not_found", "ask_shop"]


Page = OrderPage | FinderPage | ErrorPage

TEMPLATES: dict[type, str] = {OrderPage: "order.html", FinderPage: "finder.html", ErrorPage: "error.html"}
"""Each template reads one variable, `page`. `fragment.html` takes an OrderPage or FinderPage, its main part alone;
`brand.css` takes a BrandStyle as `brand` and answers its custom properties, for `:root`: pages have them in their one
style block, somebody else's page needs them beside `page.css`. Jinja runs with autoescape and newstyle gettext."""
