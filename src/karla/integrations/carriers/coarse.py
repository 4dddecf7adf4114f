"""Aggregators' codes are coarse where the wording of the carrier itself may say more."""

from collections.abc import Set as AbstractSet
from typing import Final

import msgspec

from karla.integrations.statuses import StatusTable
from karla.vocabulary.events import CATALOGUE, Flag, Phase

_TROUBLES: Final = frozenset({Phase.IN_TRANSIT, Phase.IN_DELIVERY, Phase.DELIVERY_FAILED, Phase.RETURNED})


class Coarse(msgspec.Struct, frozen=True, kw_only=True):
    """What a wording may make more precise.

    `moving` codes, in small letters, say no more than that the parcel moves, and `troubled` ones that something is
    wrong with it. `events` may become more precise ones, and nothing else.
    """

    moving: AbstractSet[str]
    troubled: AbstractSet[str]
    events: AbstractSet[str]

    def refined(self, table: StatusTable, name: str | None, code: str, wording: str | None) -> str | None:
        """A code's event, or the one that the wording names where that fits the code."""
        told = table.by_text(wording)
        if told is None or told.event is None:
            return name
        phase, flag = CATALOGUE[told.event].phase, CATALOGUE[told.event].flag
        if code in self.moving:
            fits = phase in (Phase.ORDER_PROCESSED, Phase.IN_TRANSIT)
        elif code in self.troubled:
            fits = phase in _TROUBLES and flag is not Flag.NORMAL
        elif name is not None and name in self.events:
            own = CATALOGUE[name].phase
            # A parcel in a locker or shop is told of as delivered by some carriers.
            fits = phase is own or (own is Phase.DELIVERED and phase is Phase.COLLECT)
        else:
            fits = False
        return told.event if fits else name
