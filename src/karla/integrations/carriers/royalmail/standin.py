"""The stand-in for Royal Mail's Tracking 2."""

import re

from karla.infra.http.standin import Asked, Reply
from karla.integrations.standins import Recordings

CLIENT_ID = "standin-client-id-0001"
GOOD, WRONG = "standin-client-secret-0001", "standin-client-secret-of-nobody"

_PATH = re.compile(r"/mailpieces/v2/(?P<number>[0-9A-Za-z]+)/events")


class StandIn:
    """Takes one app, and answers with the recording that a number plays."""

    def __init__(self) -> None:
        self.recordings = Recordings(__package__)

    def answer(self, asked: Asked) -> Reply:
        """As the real one: the gateway looks at the path and the app first, Tracking at the rest."""
        path = _PATH.fullmatch(asked.path)
        given = (asked.headers.get("x-ibm-client-id"), asked.headers.get("x-ibm-client-secret"))
        if given != (CLIENT_ID, GOOD):
            return _gateway(401, "Unauthorized", "Client id or secret not registered.")
        if path is None:
            return _gateway(404, "Not Found", "No resources match requested URI")
        if asked.method != "GET":
            return _gateway(405, "Method Not Allowed", "The method is not allowed for the requested URL")
        if fault := _fault(asked):
            return _error(400, "Bad Request", "E0004", fault, "Please check the API request and re-submit")
        body = self.recordings.next(path["number"])
        if body is None:
            unknown = f"Barcode reference {path['number']} isn't recognised"
            return _error(404, "Not Found", "E1142", unknown, "Check barcode and resubmit")
        return Reply(headers={"Content-Type": "application/json"}, body=body)

    def busy(self) -> Reply:
        """Royal Mail doesn't say when to come back."""
        return _gateway(429, "Too Many Requests", "Rate Limit exceeded")

    def credentials(self, url: str) -> dict[str, str]:
        """The app that it knows."""
        return {"client_id": CLIENT_ID, "client_secret": GOOD, "address": url}

    def wrong_credentials(self, url: str) -> dict[str, str]:
        """That app with the secret of another."""
        return {"client_id": CLIENT_ID, "client_secret": WRONG, "address": url}


def _fault(asked: Asked) -> str | None:
    if asked.headers.get("x-accept-rmg-terms") != "yes":
        return "Failed header validation for X-Accept-RMG-Terms"
    if asked.headers.get("accept") != "application/json":
        return "Failed header validation for Accept"
    return "Failed parameter validation" if asked.query else None


def _gateway(status: int, message: str, more: str) -> Reply:
    return Reply.json({"httpCode": str(status), "httpMessage": message, "moreInformation": more}, status)


def _error(status: int, message: str, code: str, description: str, resolution: str) -> Reply:
    error = {"errorCode": code, "errorDescription": description, "errorCause": description}
    told = {"httpCode": str(status), "httpMessage": message}
    return Reply.json({**told, "errors": [{**error, "errorResolution": resolution}]}, status)
