"""The stand-in for UPS's OAuth and its Tracking API v1."""

import re
from base64 import b64encode
from urllib.parse import parse_qs

from karla.infra.http.standin import Asked, Reply
from karla.integrations.standins import Recordings

CLIENT_ID = "StandinClientOfKarla0001"
SECRET, WRONG_SECRET = "StandinSecretOfKarla0001", "StandinSecretOfNobody001"
TOKEN, GOOD_FOR = "standin-token-of-ups-0001", "14399"
_OAUTH, _TRACK = "/security/v1/oauth/token", "/api/track/v1/details/"
_LOCALE = re.compile(r"[a-z]{2}_[A-Z]{2}")
_FLAG = re.compile(r"true|false")
_FLAGS = ("returnSignature", "returnMilestones", "returnPOD")


class StandIn:
    """Gives one app a token, and answers with the recording that a number plays."""

    def __init__(self) -> None:
        self.recordings = Recordings(__package__)

    def answer(self, asked: Asked) -> Reply:
        """As the real one: the token comes first, then the two headers, then the number and the query."""
        if asked.path == _OAUTH:
            return self._token(asked)
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return _error(401, "250002", "Invalid Authentication Information.")
        if not asked.path.startswith(_TRACK):
            return _error(404, "10404", "The requested resource is not found.")
        if asked.method != "GET":
            return _error(405, "10405", "Method not allowed.")
        for code, header in (("VSS002", "transId"), ("VSS003", "transactionSrc")):
            if not asked.headers.get(header.lower()):
                return _error(400, code, f"Missing {header}")
        return self._details(asked, asked.path.removeprefix(_TRACK))

    def _token(self, asked: Asked) -> Reply:
        if asked.method != "POST" or "application/x-www-form-urlencoded" not in asked.headers.get("content-type", ""):
            return _error(400, "10400", "Invalid/Missing Content-Type Header")
        if parse_qs(asked.body.decode()).get("grant_type") != ["client_credentials"]:
            return _error(400, "10400", "Invalid/Missing grant_type")
        if asked.headers.get("authorization") != f"Basic {b64encode(f'{CLIENT_ID}:{SECRET}'.encode()).decode()}":
            return _error(401, "10401", "ClientId is Invalid")
        told = {"token_type": "Bearer", "issued_at": "1773100800000", "client_id": CLIENT_ID, "access_token": TOKEN}
        return Reply.json({**told, "expires_in": GOOD_FOR, "status": "approved"})

    def _details(self, asked: Asked, number: str) -> Reply:
        if not 7 <= len(number) <= 34:
            return _error(400, "TV1002", "Invalid inquiry number")
        if not _LOCALE.fullmatch(asked.query.get("locale", "en_US")):
            return _error(400, "VSS000", "Invalid request and/or required data is missing.")
        if not all(_FLAG.fullmatch(asked.query.get(name, "false")) for name in _FLAGS):
            return _error(400, "VSS000", "Invalid request and/or required data is missing.")
        body = self.recordings.next(number)
        if body is None:
            warning = {"code": "TW0001", "message": "Tracking Information Not Found"}
            return Reply.json({"trackResponse": {"shipment": [{"inquiryNumber": number, "warnings": [warning]}]}})
        return Reply(headers={"Content-Type": "application/json"}, body=body)

    def busy(self) -> Reply:
        """UPS doesn't say when to come back."""
        return _error(429, "10429", "Too Many Requests")

    def credentials(self, url: str) -> dict[str, str]:
        """The app that it knows."""
        return {"client_id": CLIENT_ID, "client_secret": SECRET, "address": url}

    def wrong_credentials(self, url: str) -> dict[str, str]:
        """A secret that UPS never gave."""
        return {"client_id": CLIENT_ID, "client_secret": WRONG_SECRET, "address": url}


def _error(status: int, code: str, message: str) -> Reply:
    return Reply.json({"response": {"errors": [{"code": code, "message": message}]}}, status)
