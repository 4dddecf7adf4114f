"""The stand-in for Hermes Germany: sign-in of business customers, and Shipment Info."""

from urllib.parse import parse_qs

from karla.infra.http.standin import Asked, Reply
from karla.integrations.standins import Recordings

CLIENT, SECRET, WRONG_SECRET = "hsi.int.standin", "standin-secret-0001", "standin-secret-nobody"
USER, PASSWORD = "standin-user", "standin-password-0001"
GIVEN = "eyJzdGFuZGluLWhlcm1lcyJ9.token"

_SIGN_IN = "/authorization-facade/oauth2/access_token"
_PATH = "/services/hsi/shipmentinfo"
_NOTHING = {"code": "e001", "message": "There is no information for the entered value."}


class StandIn:
    """Knows one client and one user, and answers with the recording that a shipment plays."""

    def __init__(self) -> None:
        self.recordings = Recordings(__package__)

    def answer(self, asked: Asked) -> Reply:
        """As the real one: it signs in, or looks at the token first and then at the request."""
        if asked.path == _SIGN_IN:
            return _signed_in(asked)
        if asked.headers.get("authorization") != f"Bearer {GIVEN}":
            return _result(400, "e902", "Token is invalid.")
        if asked.path != _PATH or asked.method != "GET":
            return _result(404, "e404", "There is no such resource.")
        if set(asked.query) != {"shipmentID"} or asked.headers.get("accept-language", "DE") not in {"DE", "EN"}:
            return _result(400, "e008", "Unsupported Combination of request Parameter")
        number = asked.query["shipmentID"]
        body = self.recordings.next(number)
        if body is None:
            return Reply.json({"shipmentinfo": [{"shipmentID": number, "result": _NOTHING}]})
        return Reply(headers={"Content-Type": "application/json"}, body=b'{"shipmentinfo":[' + body + b"]}")

    def busy(self) -> Reply:
        """The gateway doesn't say when to come back."""
        return Reply(status=429, headers={"Content-Type": "text/plain"}, body=b"Too Many Requests")

    def credentials(self, url: str) -> dict[str, str]:
        """The client and the user that it knows."""
        who = {"client_id": CLIENT, "client_secret": SECRET, "username": USER, "password": PASSWORD}
        return {**who, "address": url, "token_address": url}

    def wrong_credentials(self, url: str) -> dict[str, str]:
        """A secret that Hermes never gave."""
        return {**self.credentials(url), "client_secret": WRONG_SECRET}


def _signed_in(asked: Asked) -> Reply:
    form = {name: values[-1] for name, values in parse_qs(asked.body.decode()).items()}
    if asked.method != "POST" or "application/x-www-form-urlencoded" not in asked.headers.get("content-type", ""):
        return _denied(400, "invalid_request", "Missing grant type")
    if form.get("grant_type") != "password":
        return _denied(400, "unsupported_grant_type", "Unsupported grant type")
    if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
        return _denied(401, "invalid_client", "Client not valid")
    if (form.get("username"), form.get("password")) != (USER, PASSWORD):
        return _denied(400, "invalid_grant", "The provided access grant is invalid, expired, or revoked.")
    told = {"access_token": GIVEN, "refresh_token": "standin-refresh", "scope": "full", "token_type": "Bearer"}
    return Reply.json({**told, "expires_in": "3599"})


def _denied(status: int, error: str, text: str) -> Reply:
    return Reply.json({"error": error, "error_description": text}, status)


def _result(status: int, code: str, message: str) -> Reply:
    return Reply.json({"listOfResultCodes": [{"code": code, "message": message}]}, status)
