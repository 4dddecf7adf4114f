"""AfterShip's trackings as the tests write them, and how they are read."""

from typing import Any

import msgspec

from karla.integrations import tracking
from karla.integrations.carriers.contract import Parcel, Reading

NUMBER = "KRLAS000000001"
PARCEL = Parcel(tracking_number=NUMBER, carrier_reference="dhl", destination_country="DE", registered=True)


def scanned(
    subtag: str | None, message: str = "", at: str = "2026-03-10T08:00:00+01:00", **more: Any
) -> dict[str, Any]:
    tag = subtag.partition("_")[0] if subtag else None
    return {"checkpoint_time": at, "tag": tag, "subtag": subtag, "message": message, **more}


def answer(*checkpoints: dict[str, Any], **members: Any) -> bytes:
    """A tracking, its checkpoints from the oldest as AfterShip has them."""
    return msgspec.json.encode(
        {"tracking_number": NUMBER, "slug": "dhl-germany", "checkpoints": checkpoints, **members}
    )


def read(raw: bytes, parcel: Parcel = PARCEL) -> Reading:
    return tracking.read("aftership", raw, parcel)
