"""The operations of the storefront API: what each is to send."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Unpack

import msgspec

from karla.client.bodies import Address
from karla.client.calls import Call, Given
from karla.client.operations import Place, Resource, S, operation, stream
from karla.client.storefront.answers import (
    AddressForm,
    Changed,
    Host,
    Opened,
    StorefrontOrder,
    StorefrontShop,
)
from karla.client.storefront.bodies import Visits
from karla.client.streams import Following, Message

PATIENCE_SECONDS = 60.0

_BELOW = "/v1/shops/{slug}/storefront"


class _LiveOrder(Following[Changed]):
    """An order that is followed: what changed while there was no connection is told with the next."""

    def __init__(self, call: Call[Changed], after: str | None, patience: float | None) -> None:
        super().__init__(call, after, patience)
        self._seen: datetime | None = None

    def resumed(self) -> Call[Changed]:
        """The same call, from what was told last."""
        return self._call if self._seen is None else self._call.asking(since=self._seen)

    def items(self, message: Message) -> Iterator[Changed]:
        """When the order changed."""
        changed = self.read(_CHANGED, message)
        self._seen = changed.updated_at
        yield changed


_CHANGED = msgspec.json.Decoder(Changed)


def _told(**values: Any) -> Mapping[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


class StorefrontCalls(Resource[S]):
    """The calls of a shop's pages. A `session` is that of `Opened`, or an order's token itself."""

    @operation("v1StorefrontShopGet", f"GET {_BELOW}/shop", StorefrontShop)
    def shop(self, theme: str | None = None) -> Given:
        """The shop with its design and its links; `theme` tries another theme than its own."""
        return Given(query={} if theme is None else {"theme": theme})

    @operation("v1StorefrontSessionsOpen", f"POST {_BELOW}/sessions", Opened)
    def open(self, *, order_number: str | None = None, zip_code: str | None = None, token: str | None = None) -> Given:
        """An order, by its number and the ZIP code that it goes to, or by its token.

        NotFound `order_not_found` for a wrong number and a wrong ZIP code alike; Unauthorised `order_token_invalid`
        for every token that opens nothing; RateLimited after too many attempts.
        """
        return Given(body=_told(order_number=order_number, zip_code=zip_code, token=token))

    @operation("v1StorefrontOrderGet", f"GET {_BELOW}/order", StorefrontOrder)
    def order(self, session: str) -> Given:
        """The order as it is now."""
        return Given(bearer=session)

    @stream("v1StorefrontOrderLive", f"GET {_BELOW}/order/live", Changed, _LiveOrder)
    def live(
        self, session: str, *, since: datetime | str | None = None, patience: float | None = PATIENCE_SECONDS
    ) -> Place:
        """Tells without end whenever the order changed, also later than `since`, the `updated_at` that is known.

        It connects again by itself, for `patience` seconds (None: for ever); Unauthorised when the session has ended.
        """
        return Place(Given(bearer=session, query=_told(since=since)), None, patience)

    @operation("v1StorefrontOrderCancel", f"POST {_BELOW}/order/cancel", StorefrontOrder)
    def cancel(self, session: str) -> Given:
        """Cancel the order, by its token alone; Conflict `order_shipped`, Forbidden `order_token_needed`."""
        return Given(bearer=session)

    @operation("v1StorefrontOrderAddressGet", f"GET {_BELOW}/order/address", AddressForm)
    def address(self, session: str) -> Given:
        """The order's address, and what its country asks for; by its token alone."""
        return Given(bearer=session)

    @operation("v1StorefrontOrderAddressUpdate", f"PUT {_BELOW}/order/address", StorefrontOrder)
    def change_address(self, session: str, **address: Unpack[Address]) -> Given:
        """Send the order elsewhere, by its token alone; Invalid names every field that the country doesn't take."""
        return Given(bearer=session, body=address)

    @operation("v1StorefrontDemoGet", f"GET {_BELOW}/demo", StorefrontOrder)
    def demo(self, state: str | None = None, *, theme: str | None = None) -> Given:
        """An order that is made up, in any state of one; in another theme to try it."""
        return Given(query=_told(state=state, theme=theme))

    @operation("v1StorefrontVisitsRecord", f"POST {_BELOW}/visits", type(None))
    def record(self, **visits: Unpack[Visits]) -> Given:
        """Tell what was opened and clicked on a page."""
        return Given(body=visits)

    @operation("v1StorefrontPicturesGet", f"GET {_BELOW}/pictures/{{signature}}/{{name}}", bytes)
    def picture(self, signature: str, name: str) -> Given:
        """A small picture (WebP) as the answers of other calls name it."""
        return Given(path={"signature": signature, "name": name})

    @operation("v1StorefrontDemoPicturesGet", f"GET {_BELOW}/demo/{{name}}", bytes)
    def demo_picture(self, name: str) -> Given:
        """A picture of the made-up order."""
        return Given(path={"name": name})

    @operation("v1StorefrontHostsGet", "GET /v1/storefront/hosts/{host}", Host)
    def host(self, name: str) -> Given:
        """The shop that a domain belongs to; NotFound for one of nobody."""
        return Given(path={"host": name})
