"""The stand-in for FedEx's OAuth and its Track API v1."""

import re
from typing import Any
from urllib.parse import parse_qs

import msgspec

from karla.infra.http.standin import Asked, Reply
from karla.integrations.standins import Recordings

KEY, SECRET, WRONG_SECRET = "l7standinkeyofkarla0001", "standinsecretofkarla00000001", "standinsecretofnobody0000001"
TOKEN, GOOD_FOR = "standin-token-of-fedex-0001", 3599
_OAUTH, _TRACK = "/oauth/token", "/track/v1/trackingnumbers"
_LOCALE = re.compile(r"[a-z]{2}_[A-Z]{2}")
_MOST = 30
_COMPANIES = frozenset(["", "FDXE", "FDXG", "FXSP", "FXFR", "FDXC", "FXCC", "FEDEX_CARGO"])
_UNKNOWN = (
    b'{"trackingNumber":"%(number)s","trackResults":[{"trackingNumberInfo":{"trackingNumber":"%(number)s",'
    b'"trackingNumberUniqueId":"","carrierCode":""},"error":{"code":"TRACKING.TRACKINGNUMBER.NOTFOUND","message":'
    b'"Tracking number cannot be found. Please correct the tracking number and try again."}}]}'
)


class StandIn:
    """Gives one project a token, and answers with the recordings that the numbers play."""

    def __init__(self) -> None:
        self.recordings = Recordings(__package__)

    def answer(self, asked: Asked) -> Reply:
        """As the real one: the token comes first, then the headers, then the body."""
        if asked.path == _OAUTH:
            return _token(asked)
        return _refusal(asked) or self._tracked(asked)

    def _tracked(self, asked: Asked) -> Reply:
        try:
            told: Any = msgspec.json.decode(asked.body)
            infos = [info["trackingNumberInfo"] for info in told["trackingInfo"]]
            detailed = told["includeDetailedScans"]
        except (msgspec.DecodeError, KeyError, TypeError):
            return _error(400, "BAD.REQUEST.ERROR", "The request is not of the form that is documented.")
        numbers = [str(info.get("trackingNumber") or "") for info in infos]
        if not numbers or not all(numbers):
            return _error(400, "TRACKING.TRACKINGNUMBER.EMPTY", "Please provide tracking number.")
        if len(numbers) > _MOST:
            return _error(400, "TRACKING.TRACKINGNUMBER.MAXIMUM", f"At most {_MOST} tracking numbers are allowed.")
        if not isinstance(detailed, bool) or any(info.get("carrierCode", "") not in _COMPANIES for info in infos):
            return _error(400, "TRACKING.CARRIERCODE.INVALID", "Please provide a valid carrier code.")
        items = b",".join(self._item(number) for number in numbers)
        body = b'{"transactionId":"standin","output":{"completeTrackResults":[' + items + b"]}}"
        return Reply(headers={"Content-Type": "application/json"}, body=body)

    def _item(self, number: str) -> bytes:
        body = self.recordings.next(number)
        return _UNKNOWN % {b"number": number.encode()} if body is None else body

    def busy(self) -> Reply:
        """FedEx doesn't say by a header when to come back."""
        return _error(429, "TOO.MANY.REQUESTS", "We have received too many requests. Please try again later.")

    def credentials(self, url: str) -> dict[str, str]:
        """The project that it knows."""
        return {"api_key": KEY, "secret_key": SECRET, "address": url}

    def wrong_credentials(self, url: str) -> dict[str, str]:
        """A secret that FedEx never gave."""
        return {"api_key": KEY, "secret_key": WRONG_SECRET, "address": url}


def _refusal(asked: Asked) -> Reply | None:
    if asked.headers.get("authorization") != f"Bearer {TOKEN}":
        return _error(401, "NOT.AUTHORIZED.ERROR", "Access token expired. Please modify your request and try again.")
    if asked.path != _TRACK:
        return _error(404, "NOT.FOUND.ERROR", "The resource you requested is no longer available.")
    if asked.method != "POST":
        return _error(405, "METHOD.NOT.ALLOWED.ERROR", "The method is not allowed for this resource.")
    if "application/json" not in asked.headers.get("content-type", ""):
        return _error(415, "UNSUPPORTED.MEDIA.TYPE.ERROR", "The content type must be application/json.")
    if not _LOCALE.fullmatch(asked.headers.get("x-locale", "en_US")):
        return _error(400, "BAD.REQUEST.ERROR", "Invalid locale.")
    return None


def _token(asked: Asked) -> Reply:
    if asked.method != "POST" or "application/x-www-form-urlencoded" not in asked.headers.get("content-type", ""):
        return _error(415, "UNSUPPORTED.MEDIA.TYPE.ERROR", "The content type must be a form.")
    form = {name: values[-1] for name, values in parse_qs(asked.body.decode()).items()}
    if form.get("grant_type") != "client_credentials":
        return _error(400, "BAD.REQUEST.ERROR", "Missing or duplicate parameters.")
    if (form.get("client_id"), form.get("client_secret")) != (KEY, SECRET):
        return _error(401, "NOT.AUTHORIZED.ERROR", "The given client credentials were not valid.")
    return Reply.json({"access_token": TOKEN, "token_type": "bearer", "expires_in": GOOD_FOR, "scope": "CXS"})


def _error(status: int, code: str, message: str) -> Reply:
    return Reply.json({"transactionId": "standin", "errors": [{"code": code, "message": message}]}, status)
