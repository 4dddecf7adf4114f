"""The chapter of the shoppers: links to their pages are made as a shop's mail program makes them, and opened."""

import html
from collections.abc import Sequence

from karla.entrypoints.cli.demo.api import ShopApi
from karla.entrypoints.cli.demo.counts import Seen
from karla.entrypoints.cli.demo.screen import Screen
from karla.entrypoints.cli.demo.steps import Page


class Looking:
    """What was seen on each page, in the order in which they were opened."""

    def __init__(self, api: ShopApi, screen: Screen) -> None:
        self.seen: list[Seen] = []
        self._api = api
        self._screen = screen

    async def look(self, pages: Sequence[Page]) -> None:
        """Make each order's link, open it without a browser, and hold it against what the API says."""
        for page in pages:
            self.seen.append(await self._open(page))
            self._screen.page(page, self.seen[-1])

    async def _open(self, page: Page) -> Seen:
        wish = {"id": page.order_number, "id_type": "order_number"}
        made = await self._api.call("POST", "/orders/trackpage-url", wish)
        if made.status != 200:
            return Seen(page.order_number, "", made.status, "", "", shown=False)
        opened = await self._api.call("POST", "/storefront/sessions", {"token": made.body["token"]})
        if opened.status != 200:
            return Seen(page.order_number, made.body["url"], opened.status, "", "", shown=False)
        order = opened.body["order"]
        status, text = await self._api.page(made.body["url"])
        headline = str(order["texts"]["headline"])
        return Seen(
            order_number=page.order_number,
            url=made.body["url"],
            status=status,
            state=order["state"],
            headline=headline,
            shown=headline in html.unescape(text),
        )
