"""A shop's test clock as the API takes and answers it; tolerant as `answers`."""

from datetime import datetime
from typing import Literal, Required, TypedDict

import msgspec

from karla.client.bodies import Time


class ClockChange(TypedDict, total=False):
    """What is to become of the clock; each action has members of its own, and `release` has none."""

    action: Required[Literal["freeze", "advance", "speed", "release"]]
    at: Time | None
    by_seconds: float
    factor: float


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """What time it is for the parcels of the sandbox: `now`.

    `factor` is how many of its seconds one lasts, 0 while it stands still. A shop without a test clock has the `real`
    time, and no `set_at`.
    """

    now: datetime
    running: bool
    factor: float
    set_at: datetime | None
    real: datetime
