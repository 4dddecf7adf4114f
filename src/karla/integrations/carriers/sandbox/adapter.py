"""The sandbox as a carrier: it calls nobody, but tells by the account's clock what its numbers say."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from karla.integrations.calling import Calling
from karla.integrations.carriers.contract import Answer, Carrier, Parcel, Raw
from karla.integrations.carriers.sandbox import grammar, telling
from karla.integrations.contract import Manifest, NotFound, Refused


class Adapter(Carrier):
    """Any merchant's account: there is nothing to connect."""

    def __init__(self, manifest: Manifest, credentials: Mapping[str, str], calling: Calling) -> None:
        self._clock = calling.clock

    async def try_credentials(self) -> None:
        """There are none."""

    async def track(self, parcels: Sequence[Parcel]) -> list[Answer]:
        """What is told by now of each, by the clock of the account and the moment that the parcel was handed in."""
        now = self._clock.now()
        return [_answer(parcel, now) for parcel in parcels]


def _answer(parcel: Parcel, now: datetime) -> Answer:
    if not grammar.is_sandboxes(parcel.tracking_number):
        return NotFound()
    try:
        story = grammar.parse(parcel.tracking_number)
    except grammar.NumberInvalid as invalid:
        return Refused("tracking_number_invalid", f"The tracking number is wrong: {invalid}.")
    if parcel.placed_at is None:
        return Refused("placed_at_missing", "A story begins when the parcel is handed in, and that isn't known.")
    body = telling.answer(story, parcel, parcel.placed_at, now)
    return NotFound() if body is None else Raw(body)
