"""The sandbox's parcels as the tests ask about them: what is told of a number by a moment."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from karla.integrations.carriers.contract import Parcel, Reading, Scan
from karla.integrations.carriers.sandbox import grammar, mapping, telling
from karla.integrations.carriers.sandbox.stories import STORIES
from karla.integrations.carriers.sandbox.timeline import Life, life_of

ROOT = Path(__file__).resolve().parents[3]
START = datetime(2026, 3, 16, 9, 0, tzinfo=UTC)
END = START + timedelta(days=1000)
NAMES = [*STORIES]
STARTS = [START, datetime(2026, 3, 28, 23, 30, tzinfo=UTC), datetime(2026, 10, 24, 0, 10, tzinfo=UTC)]
SUFFIXES = ["", "-1", "-10482", "-ORDER-7B"]
STATUSES = ROOT / "src/karla/integrations/carriers/sandbox/statuses.csv"


def parcel(number: str, **members: Any) -> Parcel:
    told: dict[str, Any] = {"destination_country": "DE", "destination_postal_code": "10119", "placed_at": START}
    return Parcel(tracking_number=number, carrier_reference="sandbox", **(told | members))


def body_of(number: str, now: datetime = END, **members: Any) -> bytes | None:
    about = parcel(number, **members)
    assert about.placed_at
    return telling.answer(grammar.parse(number), about, about.placed_at, now)


def read(number: str, now: datetime = END, **members: Any) -> Reading:
    body = body_of(number, now, **members)
    return mapping.read(body, parcel(number, **members)) if body else Reading()


def events(reading: Reading) -> list[str | None]:
    return [scan.event_name for scan in reading.scans]


def life(number: str, start: datetime = START) -> Life:
    return life_of(grammar.parse(number), start, "Europe/Berlin")


def hours(number: str) -> list[float]:
    """When its scans are told, in hours after the start."""
    return [(scan.told_at - START) / timedelta(hours=1) for scan in life(number).scans]


def correction(scan: Scan) -> bool:
    return bool(scan.additional_info.get("correction"))
