"""The sandbox for people: `karla standin sandbox` shows on a server of its own what a number tells."""

from datetime import UTC, datetime, timedelta

import msgspec

from karla.infra.http.standin import Asked, Reply
from karla.integrations.carriers.contract import Parcel
from karla.integrations.carriers.sandbox import grammar, telling
from karla.integrations.standins import Recordings

START = datetime(2026, 3, 16, 9, tzinfo=UTC)
"""When a parcel was handed in that nobody says this of."""

_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_SPAN = timedelta(days=200 * 365)
_PARAMETERS = frozenset({"placed_at", "now", "language", "origin_country", "country", "postal_code"})


class StandIn:
    """Karla calls nobody for the sandbox; this answers `GET /NUMBER` with what she would read."""

    def __init__(self) -> None:
        self.recordings = Recordings(__package__)

    def answer(self, asked: Asked) -> Reply:
        """The whole story, or with `?now=` as much of it as is told by then."""
        number = asked.path.removeprefix("/")
        if asked.method != "GET" or not grammar.is_sandboxes(number):
            return _problem(404, ["GET /NUMBER, a tracking number that begins with SBX"])
        faults = [f"{name} is no parameter" for name in asked.query if name not in _PARAMETERS]
        start, now = _moment(asked, "placed_at", faults), _moment(asked, "now", faults)
        try:
            story = grammar.parse(number)
        except grammar.NumberInvalid as invalid:
            faults += invalid.faults
        if faults:
            return _problem(400, faults)
        start = start or START
        body = telling.answer(story, _parcel(asked), start, now or start + 2 * grammar.LONGEST_STORY)
        return _problem(404, ["nothing is told of it yet"]) if body is None else _pretty(body)

    def busy(self) -> Reply:
        """It never is, unless it is told to be."""
        return _problem(429, ["too many calls"])

    def credentials(self, url: str) -> dict[str, str]:
        """None are needed."""
        return {}

    def wrong_credentials(self, url: str) -> dict[str, str]:
        """None can be wrong."""
        return {}


def _moment(asked: Asked, name: str, faults: list[str]) -> datetime | None:
    # A plus of an offset that nobody wrote as %2B has become a blank.
    text = asked.query.get(name, "").replace(" ", "+")
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        moment = None
    if text and (moment is None or moment.tzinfo is None or not timedelta(0) < moment - _EARLIEST < _SPAN):
        faults.append(f"{name} is no time with a zone, such as 2026-03-16T09:00:00Z")
        return None
    return moment


def _parcel(asked: Asked) -> Parcel:
    query = asked.query
    return Parcel(
        tracking_number=asked.path.removeprefix("/"),
        destination_country=query.get("country"),
        destination_postal_code=query.get("postal_code"),
        origin_country=query.get("origin_country"),
        language=query.get("language", "en"),
    )


def _pretty(body: bytes) -> Reply:
    return Reply(headers={"Content-Type": "application/json"}, body=msgspec.json.format(body, indent=2))


def _problem(status: int, faults: list[str]) -> Reply:
    return Reply.json({"status": status, "faults": faults}, status)
