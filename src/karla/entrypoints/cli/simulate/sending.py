"""The calls of a simulated shop, made over the public API in as few requests as possible, and counted."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

import msgspec

from karla.client import AsyncKarla, KarlaError, NotFound
from karla.client.resources.orders import BULK_ORDERS
from karla.entrypoints.cli.simulate.agenda import Due
from karla.entrypoints.cli.simulate.planning import Parcel, Plan

_SANDBOX = ("carriers", "sandbox")


class SandboxPaused(KarlaError):
    """The shop has paused its connection with the sandbox."""


async def connect_sandbox(client: AsyncKarla) -> bool:
    """See that the shop follows parcels of the sandbox; whether it had to be connected. SandboxPaused."""
    try:
        status = (await client.connections.get(*_SANDBOX)).status
    except NotFound:
        status = "missing"
    if status == "paused":
        raise SandboxPaused("The shop has paused the sandbox. `karla connections resume sandbox` uses it again.")
    if status == "active":
        return False
    await client.connections.connect(*_SANDBOX, credentials={})
    return True


class Refusal(msgspec.Struct, frozen=True):
    """A call that Karla didn't carry out, by the order that it was about."""

    order: str
    key: str
    message: str


class Sender:
    """Sends what is due, and knows what was sent."""

    def __init__(self, client: AsyncKarla) -> None:
        self._client = client
        self.orders: list[Plan] = []
        self.parcels: list[Parcel] = []
        self.refused: list[Refusal] = []

    async def send(self, due: Sequence[Due]) -> None:
        """Make these calls, in their order, and count those that were carried out."""
        for part in _parts(due, BULK_ORDERS):
            results = await self._client.orders.bulk([one.body for one in part])
            for one, result in zip(part, results, strict=True):
                if result.error is not None:
                    self.refused.append(Refusal(one.plan.reference, result.error.key, result.error.message))
                elif one.parcel is None:
                    self.orders.append(one.plan)
                else:
                    self.parcels.append(one.parcel)

    async def phases(self) -> dict[str, str]:
        """Where each parcel that was sent stands now, as Karla says, by its number."""
        sent = {parcel.number for parcel in self.parcels}
        found: dict[str, str] = {}
        async for shipment in self._client.shipments.search():
            if shipment.tracking_number in sent:
                found[shipment.tracking_number] = shipment.phase
                if len(found) == len(sent):
                    break
        return found

    def counted(self) -> dict[str, dict[str, int]]:
        """What was sent, by destination, carrier and story; the most frequent first."""
        return {
            "countries": _frequent(Counter(plan.country for plan in self.orders)),
            "carriers": _frequent(Counter(parcel.carrier for parcel in self.parcels)),
            "stories": _frequent(Counter(parcel.story for parcel in self.parcels)),
        }


def _parts(due: Sequence[Due], size: int) -> Iterator[list[Due]]:
    left = iter(due)
    while part := list(islice(left, size)):
        yield part


def _frequent(counter: Counter[str]) -> dict[str, int]:
    return dict(sorted(counter.items(), key=lambda one: (-one[1], one[0])))
