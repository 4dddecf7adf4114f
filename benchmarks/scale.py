"""The same upsert and the same searches with many orders in the table and with few."""

import itertools
import random
from collections.abc import Iterator
from functools import partial

from benchmarks.api import api_of
from benchmarks.comparison import Comparison, compare, paragraph, table
from benchmarks.explaining import explained_search
from benchmarks.load import drive, request_bytes
from benchmarks.orders import bodies
from benchmarks.plan import Plan
from benchmarks.results import Section
from benchmarks.seeding import fill, template
from benchmarks.stage import SHOP, Stage, free_port, stage
from karla.domain.shipments.queries.search import OrderFilter

CONNECTIONS = 16
AT_MOST = 1.3
# Where `n` is the number of a copy; the counts are those of `seeding`.
_QUERIES = {
    "read by order number": "orders/copy-{n}",
    "read by tracking number": "orders/copy-parcel-{n}",
    "search by order number": "orders?order_number=copy-{n}",
    "search by e-mail (2 orders)": "orders?email_id=buyer-{half}@mail.example",
    "search by ZIP code (20 orders)": "orders?zip_code=Z{twentieth}",
    "shipments by tracking number": "shipments?tracking_number=copy-parcel-{n}",
    "list, first page": "orders?per_page=20",
    "list, first page of the shipments": "shipments?per_page=20",
}
_EXPLAINED = {
    "search by order number": OrderFilter(order_number="copy-77"),
    "search by e-mail (2 orders)": OrderFilter(email_id="buyer-77@mail.example"),
    "search by ZIP code (20 orders)": OrderFilter(zip_code="Z77"),
    "list, first page": OrderFilter(),
}
UPSERT = "upsert of a new order"


class Side:
    """A Karla with so many orders."""

    def __init__(self, it: Stage, port: int, orders: int) -> None:
        self.it = it
        self._port = port
        self._orders = orders
        self._prefixes = itertools.count()

    async def fill(self) -> None:
        """Put them in."""
        await template(api_of(self.it, self._port))
        await fill(self.it.url, self._orders)

    async def rate(self, what: str, seconds: float) -> float:
        """How many a second."""
        requests = self._upserts() if what == UPSERT else self._queries(_QUERIES[what])
        return (await drive(self._port, requests, seconds, CONNECTIONS)).per_second

    def _upserts(self) -> Iterator[bytes]:
        for body in bodies(f"new-{next(self._prefixes)}-"):
            yield request_bytes("PUT", f"/v1/shops/{SHOP}/orders", self.it.authorization, body)

    def _queries(self, query: str) -> Iterator[bytes]:
        chance = random.Random(1)
        while True:
            n = chance.randrange(self._orders)
            path = query.format(n=n, half=n // 2, twentieth=n // 20)
            yield request_bytes("GET", f"/v1/shops/{SHOP}/{path}", self.it.authorization, b"")


async def run(plan: Plan) -> Section:
    """Two databases with a Karla each, in turn."""
    few, many, seconds = plan.of(20_000, 500), plan.of(2_000_000, 5_000), plan.of(2.0, 0.2)
    ports = free_port(), free_port()
    compared: dict[str, Comparison] = {}
    with stage() as one, stage() as other, one.karla("serve", port=ports[0]), other.karla("serve", port=ports[1]):
        sides = {"few": Side(one, ports[0], few), "many": Side(other, ports[1], many)}
        for side in sides.values():
            await side.fill()
        for what in (*_QUERIES, UPSERT):
            print(f" {what}", flush=True)
            contenders = {name: partial(side.rate, what, seconds) for name, side in sides.items()}
            compared[what] = await compare(plan, contenders, "/s")
        slow = [what for what, c in compared.items() if c.middle("few", "many") > AT_MOST]
        plans = [await explained_search(other, what, _EXPLAINED[what]) for what in slow if what in _EXPLAINED]
    rows = [
        [what, f"{c.median('few'):,.0f}/s", f"{c.median('many'):,.0f}/s", c.ratio("few", "many")]
        for what, c in compared.items()
    ]
    lines = [
        paragraph(
            "Orders of 2 KB with a parcel and three timeline events each, all of one shop, in two databases of one",
            f"kind; {CONNECTIONS} connections, median of {plan.rounds} alternating rounds of {seconds:g} s.",
            "The ratio is the time that the same takes with many to the time with few.",
        ),
        "",
        *table(["", f"with {few:,}", f"with {many:,}", "ratio"], rows),
        "",
        f"At most {AT_MOST} is wanted. Over it: {', '.join(slow) or 'none'}.",
        *plans,
    ]
    return Section("scale", "Two million orders", "\n".join(lines))
