"""Which parcels a provider means that tells of one by itself."""

from datetime import timedelta
from typing import Final

SENT_AGAIN_WITHIN: Final = timedelta(days=7)
"""For so long a provider may send the same push again, also after newer ones."""


def spellings(tracking_number: str) -> tuple[str, ...]:
    """How a shop may have written a number that a provider tells of; none for what can be no number."""
    number = tracking_number.strip()
    if not number or "\0" in number:
        return ()
    return tuple(dict.fromkeys((number, number.upper(), number.lower())))


def is_meant(known: str | None, told: str | None) -> bool:
    """Whether a parcel of the carrier `known` may be one of the carrier `told`, both in the provider's words.

    None is a carrier that the provider didn't name, or that it has no word for which we know.
    """
    return known is None or told is None or known == told
