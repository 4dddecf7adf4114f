"""The stand-in for USPS's OAuth 3 and Tracking 3.2."""

import re
from typing import Any

import msgspec

from karla.infra.http.standin import Asked, Reply
from karla.integrations.standins import Recordings

KEY, SECRET, WRONG_SECRET = "standinConsumerKey0001", "standinConsumerSecret0001", "standinConsumerSecretOfNobody"

_LIMIT = 35
_MEMBERS = frozenset({"trackingNumber", "mailingDate", "destinationZIPCode"})
_NUMBER = re.compile(r"[0-9A-Za-z]{10,34}")
_NOTHING = (
    "Tracking is not available for this item. This may be because the tracking number is invalid; USPS has not yet "
    "received payment; USPS has not yet received the item; the item does not include tracking; or other reasons."
)


class StandIn:
    """Takes one app, gives it one token, and answers with the recordings that numbers play.

    `withdraw` takes the token back, as USPS does now and then; the next one that is asked for is another.
    """

    def __init__(self) -> None:
        self.recordings = Recordings(__package__)
        self._given = 0

    @property
    def token(self) -> str:
        """The one that is good now."""
        return f"standin-access-token-{self._given}"

    def withdraw(self) -> None:
        """From now on the token is good no more."""
        self._given += 1

    def answer(self, asked: Asked) -> Reply:
        """As the real one: the path comes first, then the token, then the body."""
        if asked.path == "/oauth2/v3/token":
            return self._grant(asked)
        if asked.path != "/tracking/v3r2/tracking":
            return _error(404, "Not Found", "There is no such resource.")
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return _error(401, "Unauthorized", "The client application identifier is invalid.")
        if asked.method != "POST":
            return _error(405, "Method Not Allowed", "The method is not allowed for this resource.")
        told = _json(asked)
        if faults := _faults(told):
            return _error(400, "Bad Request", "; ".join(faults))
        return self._elements([item["trackingNumber"] for item in told])

    def _grant(self, asked: Asked) -> Reply:
        told = _json(asked)
        if not isinstance(told, dict) or told.get("grant_type") != "client_credentials":
            wrong = {"error": "unsupported_grant_type", "error_description": "The grant type is not supported."}
            return Reply.json(wrong, 400)
        if (told.get("client_id"), told.get("client_secret")) != (KEY, SECRET):
            told = {"error": "invalid_client", "error_description": "Client authentication failed."}
            return Reply.json(told, 401)
        return Reply.json(
            {
                "access_token": self.token,
                "token_type": "Bearer",
                "issued_at": 1773302400000,
                "expires_in": 28799,
                "status": "approved",
                "scope": "tracking",
                "client_id": KEY,
            }
        )

    def _elements(self, numbers: list[str]) -> Reply:
        bodies = [(number, self.recordings.next(number)) for number in numbers]
        known = sum(body is not None for _, body in bodies)
        status = 200 if known == len(bodies) else 207 if known else 404
        told = b",".join(_unknown(number) if body is None else body for number, body in bodies)
        return Reply(status=status, headers={"Content-Type": "application/json"}, body=b"[" + told + b"]")

    def busy(self) -> Reply:
        """USPS says in seconds when to come back."""
        told = _error(429, "Too Many Requests", "Too many requests have been received in a short time period.")
        return msgspec.structs.replace(told, headers={**told.headers, "Retry-After": "60"})

    def credentials(self, url: str) -> dict[str, str]:
        """The app that it knows."""
        return {"consumer_key": KEY, "consumer_secret": SECRET, "address": url}

    def wrong_credentials(self, url: str) -> dict[str, str]:
        """That app with the secret of another."""
        return {"consumer_key": KEY, "consumer_secret": WRONG_SECRET, "address": url}


def _json(asked: Asked) -> Any:
    if not asked.headers.get("content-type", "").startswith("application/json"):
        return None
    try:
        return msgspec.json.decode(asked.body)
    except msgspec.DecodeError:
        return None


def _faults(told: Any) -> list[str]:
    if not isinstance(told, list) or not all(isinstance(item, dict) for item in told):
        return ["the body must be a list of objects, sent as application/json"]
    faults = [] if 1 <= len(told) <= _LIMIT else [f"the list must have 1 to {_LIMIT} members"]
    faults += [f"{name} is not known" for item in told for name in item if name not in _MEMBERS]
    if not all(_NUMBER.fullmatch(str(item.get("trackingNumber", ""))) for item in told):
        faults.append("trackingNumber must have 10 to 34 letters and digits")
    return faults


def _unknown(number: str) -> bytes:
    error = {"code": "404", "message": _NOTHING, "errors": []}
    return msgspec.json.encode({"trackingNumber": number, "statusCode": "404", "error": error})


def _error(status: int, title: str, detail: str) -> Reply:
    errors = [{"status": str(status), "code": str(status), "title": title, "detail": detail}]
    error = {"code": str(status), "message": detail, "errors": errors}
    return Reply.json({"apiVersion": "/tracking/v3r2", "error": error}, status)
