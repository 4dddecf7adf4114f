"""What a scan stands for once a parcel goes back to its sender."""

from typing import Final

from karla.vocabulary.events import CATALOGUE, Phase

ON_THE_WAY: Final = frozenset({Phase.ORDER_PROCESSED, Phase.IN_TRANSIT, Phase.IN_DELIVERY})


def on_the_way_back(name: str | None) -> str | None:
    """An event of a parcel that goes back: a hub is no progress, and a delivery is one to the sender."""
    if name is None:
        return None
    phase = CATALOGUE[name].phase
    if phase is Phase.DELIVERED:
        return "RETURNED_TO_SENDER"
    return "RETURN_TO_SENDER_IN_TRANSIT" if phase in ON_THE_WAY else name
