"""The stand-in for AfterShip Tracking 2026-07."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from karla.infra.http.standin import Asked, Reply
from karla.integrations.carriers.aftership.client import NUMBERS_A_CALL, VERSION
from karla.integrations.carriers.aftership.signing import HEADER, signature
from karla.integrations.standins import Recordings

KEY, WRONG_KEY = "asat_standin0000000000000000000001", "asat_standin0000000000000000nobody"
SECRET = "standin-webhook-secret-0001"  # noqa: S105 - signs what is played here, and opens nothing

_PATH = f"/tracking/{VERSION}/trackings"
_NUMBER = re.compile(r"[A-Z0-9._/-]{4,100}")
_SLUG = re.compile(r"[a-z0-9-]+")
_COUNTRY = re.compile(r"[A-Z]{3}")
_LANGUAGE = re.compile(r"[a-z]{2}(-[A-Za-z]{2,4})?")
_QUERY = frozenset({"cursor", "limit", "tracking_numbers", "slug", "fields", "tag", "created_at_min", "updated_at_min"})
_BODY = frozenset(
    [
        *("tracking_number", "slug", "title", "language", "order_id", "order_number", "destination_postal_code"),
        *("destination_country_region", "origin_country_region", "origin_postal_code"),
    ]
)
_LIMIT_HEADERS = {"X-RateLimit-Limit": "6", "X-RateLimit-Remaining": "5", "X-RateLimit-Reset": "1773309600"}


class StandIn:
    """Takes one key, follows what it was told of, and answers with the recordings that numbers play."""

    def __init__(self) -> None:
        self.recordings = Recordings(__package__)
        self._followed: set[str] = set()

    def answer(self, asked: Asked) -> Reply:
        """As the real one: the key comes first, then the path, then what was asked for."""
        if asked.headers.get("as-api-key") != KEY:
            return _refusal(401, 401, "Unauthorized", "The API key is invalid.")
        if asked.path != _PATH or asked.method not in ("GET", "POST"):
            return _refusal(404, 404, "NotFound", "The URI requested is invalid or the resource does not exist.")
        if not asked.headers.get("content-type", "").startswith("application/json"):
            return _refusal(400, 400, "BadRequest", "Content-Type must be application/json.")
        return self._trackings(asked.query) if asked.method == "GET" else self._created(asked.body)

    def _trackings(self, query: Mapping[str, str]) -> Reply:
        numbers = [number for number in query.get("tracking_numbers", "").split(",") if number]
        limit = query.get("limit", "100")
        if unknown := query.keys() - _QUERY:
            return _refusal(400, 4008, "BadRequest", f"The value of {min(unknown)} is invalid.")
        if not limit.isdecimal() or not 1 <= int(limit) <= 200:
            return _refusal(400, 4008, "BadRequest", "The value of limit is invalid.")
        if len(numbers) > NUMBERS_A_CALL or not all(_NUMBER.fullmatch(number) for number in numbers):
            return _refusal(400, 4008, "BadRequest", "The value of tracking_numbers is invalid.")
        bodies = [body for number in numbers if (body := self.recordings.next(number))]
        page = msgspec.json.encode({"total": len(bodies), "next_cursor": None, "has_next_page": False})
        told = b'{"meta":{"code":200},"data":{"pagination":%b,"trackings":[%b]}}' % (page, b",".join(bodies))
        return Reply(headers={"Content-Type": "application/json", **_LIMIT_HEADERS}, body=told)

    def _created(self, body: bytes) -> Reply:
        try:
            told = msgspec.json.decode(body, type=dict[str, Any])
        except msgspec.DecodeError:
            return _refusal(400, 4001, "BadRequest", "Invalid JSON data.")
        if fault := _fault(told):
            return _refusal(400, fault[0], "BadRequest", fault[1])
        number = str(told["tracking_number"])
        if number in self._followed:
            return _refusal(400, 4003, "BadRequest", "Tracking already exists.")
        self._followed.add(number)
        data = {**told, "id": f"standin{len(self._followed):025d}", "active": True, "tag": "Pending", "checkpoints": []}
        return Reply.json({"meta": {"code": 201}, "data": data}, 201, _LIMIT_HEADERS)

    def busy(self) -> Reply:
        """The header says when the second is over."""
        headers = {**_LIMIT_HEADERS, "X-RateLimit-Remaining": "0"}
        return _refusal(429, 429, "TooManyRequests", "You have exceeded the API call rate limit.", headers)

    def push(self, number: str) -> tuple[Mapping[str, str], bytes]:
        """A `tracking_update` about a number."""
        told = {"ts": 1773309600, "event": "tracking_update", "event_id": "6e9b1b1c-5a8b-4d0a-9d3a-1f1f1f1f1f1f"}
        head = msgspec.json.encode({**told, "is_tracking_first_tag": True})[:-1]
        body = head + b',"msg":' + (self.recordings.next(number) or b"null") + b"}"
        signed = {HEADER: signature(SECRET, body), "as-webhook-version": VERSION}
        return {**signed, "content-type": "application/json"}, body

    def credentials(self, url: str) -> dict[str, str]:
        """The key that it takes, and the secret that it signs with."""
        return {"api_key": KEY, "webhook_secret": SECRET, "address": url}

    def wrong_credentials(self, url: str) -> dict[str, str]:
        """A key that it never gave."""
        return {"api_key": WRONG_KEY, "webhook_secret": SECRET, "address": url}


def _fault(told: Mapping[str, Any]) -> tuple[int, str] | None:
    """The first thing wrong with a parcel to be followed: AfterShip's code, and what it says."""
    if not told.get("tracking_number"):
        return 4007, "tracking_number is required."
    if not _NUMBER.fullmatch(str(told["tracking_number"])):
        return 4005, "The value of tracking_number is invalid."
    if not _SLUG.fullmatch(told.get("slug", "any")):
        return 4010, "The value of slug is invalid."
    wrong = [name for name, value in told.items() if name not in _BODY or not isinstance(value, str)]
    forms = {"destination_country_region": _COUNTRY, "origin_country_region": _COUNTRY, "language": _LANGUAGE}
    wrong += [name for name, form in forms.items() if name in told and not form.fullmatch(str(told[name]))]
    return (4008, f"The value of {wrong[0]} is invalid.") if wrong else None


def _refusal(status: int, code: int, kind: str, message: str, headers: Mapping[str, str] | None = None) -> Reply:
    meta = {"code": code, "type": kind, "message": message, "errors": []}
    return Reply.json({"meta": meta, "data": {}}, status, headers)
