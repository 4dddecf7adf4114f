"""What carriers' answers teach of how long parcels take, and what that says of those that no carrier promises."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from karla.domain.shipments.records import Observation, Shipment
from karla.domain.shipments.rules.phases import MOVES_NOTHING
from karla.domain.tracking.queries.transits import ON_ITS_WAY, histories_of
from karla.domain.tracking.records import Answer, Forecast, Journey, TransitSample
from karla.domain.tracking.rules.answers import passed
from karla.domain.tracking.rules.forecasting import days_taken, forecast, moved
from karla.infra.work import Connection
from karla.integrations.carriers import zones
from karla.integrations.carriers.contract import Reading, Scan
from karla.vocabulary.carriers import SANDBOX
from karla.vocabulary.events import CATALOGUE, RETURN_PHASES, Direction, Phase
from karla.vocabulary.scope import Scope

ORIGIN: Final = "karla"
UPDATED: Final = "ESTIMATED_DELIVERY_UPDATED"

Asked: TypeAlias = tuple[Answer, Reading, Shipment | None]
"""The newest answer of a parcel, what it says, and the parcel as that left it; None where that was as it was."""

_LONGEST_SERVICE: Final = 60
_COUNTRY: Final = re.compile("[A-Z]{2}")
_YEARS: Final = range(1990, 2200)
_HANDED_IN: Final = ("PICKED_UP_BY_CARRIER", "DROPPED_OFF_BY_SENDER")
_OUT: Final = (
    "OUT_FOR_DELIVERY",
    "LOADED_ONTO_DELIVERY_VEHICLE",
    "DELIVERY_WINDOW_ANNOUNCED",
    "DELIVERY_WINDOW_UPDATED",
    "DRIVER_NEARBY",
    "SECOND_DELIVERY_ATTEMPT_STARTED",
)
# Told of a parcel, and nothing that is done with it.
_SAID: Final = MOVES_NOTHING | {
    "ADDRESS_CORRECTED",
    "DELIVERY_INSTRUCTIONS_RECEIVED",
    "DELIVERY_DATE_CHANGED_BY_CUSTOMER",
    "DELIVERY_PAUSED_BY_CUSTOMER",
    "REDIRECTED_BY_CUSTOMER",
}
_SENT_BACK: Final = RETURN_PHASES | {Phase.RETURNED}


class Window(msgspec.Struct, frozen=True):
    """A forecast in time, from the start of its first to the end of its last day at the destination."""

    opens: datetime
    closes: datetime
    confidence: float
    basis: str

    def told(self) -> dict[str, Any]:
        """As an event tells it."""
        window = {
            "from": self.opens.isoformat(),
            "to": self.closes.isoformat(),
            "confidence": self.confidence,
            "basis": self.basis,
        }
        return {"expected_delivery": window}


def journey_of(answer: Answer, reading: Reading) -> Journey | None:
    """What says how long the parcel takes; None where it wasn't handed in yet, or nobody knows where it goes.

    In a parcel of the sandbox nobody but the sandbox is at work, whatever carrier it plays.
    """
    destination = _country(answer.country) or _country(reading.destination_country)
    scans = _standing_scans(reading)
    handed_in = next((scan for scan in scans if _is_under_way(scan)), None)
    if handed_in is None or not destination:
        return None
    out = scans[-1] if scans[-1].event_name in _OUT else None
    place = _place(answer, destination)
    return Journey(
        shop_id=answer.shop_id,
        origin=_country(reading.origin_country) or _country(handed_in.location.get("country")),
        destination=destination,
        carrier=SANDBOX if answer.provider == SANDBOX else answer.carrier,
        service=_service(reading.service),
        handed_on=_day(handed_in.event_time, place),
        out_on=_day(out.event_time, place) if out else None,
    )


def sample_of(answer: Answer, reading: Reading) -> TransitSample | None:
    """How long a parcel took that has arrived: with its receiver, or where it can be collected; else None.

    One that was seen for the first time when it went out for delivery teaches nothing.
    """
    journey = journey_of(answer, reading)
    scans = _standing_scans(reading)
    arrived = next((scan for scan in scans if _is_arrival(scan)), None)
    sent_back = any(_phase(scan) in _SENT_BACK for scan in scans)
    if journey is None or arrived is None or sent_back or answer.direction is not Direction.MERCHANT_CUSTOMER:
        return None
    if all(_phase(scan) is not Phase.IN_TRANSIT and scan.event_name not in _HANDED_IN for scan in scans):
        return None
    took = days_taken(journey, _day(arrived.event_time, _place(answer, journey.destination)))
    if took is None:
        return None
    days, steps = took
    return TransitSample(
        shipment_id=answer.shipment_id, journey=journey, days=days, steps=steps, delivered_at=arrived.event_time
    )


def wants_forecast(answer: Answer, reading: Reading, after: Shipment | None) -> bool:
    """Whether the parcel is on its way to a customer, and nobody promises when it comes."""
    stands = after or answer
    if stands.phase not in ON_ITS_WAY or stands.direction is not Direction.MERCHANT_CUSTOMER:
        return False
    forecast_stands = stands.expected_confidence is not None
    promised = (reading.expected_from, reading.expected_to) != (None, None)
    if promised and not (forecast_stands and passed(reading.expected_to, answer.as_of)):
        return False
    return forecast_stands or (stands.expected_from is None and stands.expected_to is None)


async def foretold(scope: Scope, connection: Connection, asked: Sequence[Asked]) -> list[Observation]:
    """When those of the parcels are expected of which that is new, or has moved by a day."""
    journeys = [
        (answer, after, journey)
        for answer, reading, after in asked
        if wants_forecast(answer, reading, after) and (journey := journey_of(answer, reading)) is not None
    ]
    windows = await windows_of(scope, connection, [(answer, journey, answer.as_of) for answer, _, journey in journeys])
    told = []
    for (answer, after, _), window in zip(journeys, windows, strict=True):
        stands = after or answer
        before = stands.expected_from, stands.expected_to
        if window is None or not moved(before, (window.opens, window.closes), answer.as_of):
            continue
        told.append(
            Observation(
                shop_id=answer.shop_id,
                shipment_id=answer.shipment_id,
                origin=ORIGIN,
                external_id=f"forecast:{answer.id}",
                event_name=UPDATED,
                event_time=answer.as_of,
                additional_info=window.told(),
            )
        )
    return told


async def windows_of(
    scope: Scope, connection: Connection, asked: Sequence[tuple[Answer, Journey, datetime]]
) -> list[Window | None]:
    """When each parcel is expected, as it looks at a moment; None where nobody can say."""
    if not asked:
        return []
    known = await histories_of(scope, connection, [journey for _, journey, _ in asked])
    windows: list[Window | None] = []
    for (answer, journey, now), histories in zip(asked, known, strict=True):
        place = _place(answer, journey.destination)
        hour = zones.hour_at(place.country, place.postal_code, now)
        made = forecast(journey, histories, _day(now, place), hour)
        windows.append(_window(made, place) if made else None)
    return windows


def _window(made: Forecast, place: zones.Place) -> Window:
    opens, _ = zones.day_of(made.first, place)
    _, closes = zones.day_of(made.last, place)
    return Window(opens, closes, made.confidence, made.basis)


def _standing_scans(reading: Reading) -> Sequence[Scan]:
    """Those of a known meaning that tell of the parcel itself, without what its carrier took back."""
    scans = [
        scan
        for scan in reading.scans
        if scan.event_name is not None and scan.event_name not in _SAID and scan.event_time.year in _YEARS
    ]
    corrected = max((scan.event_time for scan in scans if scan.additional_info.get("correction") is True), default=None)
    if corrected is None:
        return scans
    return [scan for scan in scans if scan.event_time >= corrected or not _is_arrival(scan)]


def _is_arrival(scan: Scan) -> bool:
    """With its receiver, or where it can be collected."""
    return scan.event_name is not None and CATALOGUE[scan.event_name].handover


def _is_under_way(scan: Scan) -> bool:
    return _phase(scan) in ON_ITS_WAY or scan.event_name in _HANDED_IN


def _phase(scan: Scan) -> Phase | None:
    return CATALOGUE[scan.event_name].phase if scan.event_name else None


def _country(told: object) -> str:
    """A code of two letters, '' for what isn't one."""
    code = told.strip().upper() if isinstance(told, str) else ""
    return code if _COUNTRY.fullmatch(code) else ""


def _service(told: str | None) -> str:
    """A carrier's word for its product in one form; '' where there is none."""
    words = " ".join((told or "").replace("\0", "").split())[:_LONGEST_SERVICE].strip()
    return "" if words == "*" else words.upper()


def _place(answer: Answer, destination: str) -> zones.Place:
    postal_code = answer.postal_code if _country(answer.country) == destination else None
    return zones.Place(destination, None, postal_code)


def _day(moment: datetime, place: zones.Place) -> date:
    zone = zones.zone_of(place)
    return moment.astimezone(ZoneInfo(zone) if zone else UTC).date()
