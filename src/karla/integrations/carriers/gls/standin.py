"""The stand-in for GLS Track And Trace V1 and the login before it."""

import base64
from collections.abc import Mapping
from urllib.parse import parse_qsl

from karla.infra.http.standin import Asked, Reply
from karla.integrations.standins import Recordings

KEY, SECRET, WRONG_SECRET = "demo-gls-key", "demo-gls-secret", "demo-gls-secret-of-nobody"
TOKEN, TOKEN_SECONDS = "demo-gls-token-0001", 14399

_LOGIN = "/oauth2/v2/token"
_SERVICE = "/track-and-trace-v1/tracking/"
_BY_NUMBER = f"{_SERVICE}simple/trackids/"
_CODES = f"{_SERVICE}events/codes"
_MOST = 10
_SWITCHES = ("showEvents", "showLinks")
_SOME_CODES = (
    ("INTIAL.NORMAL", "0.0", "The parcel was handed over to GLS."),
    ("INBOUD.NORMAL", "2.0", "The parcel has reached the parcel center."),
    ("OUTDEL.NORMAL", "11.0", "The parcel is expected to be delivered during the day."),
    ("DELIVD.NORMAL", "3.0", "The parcel has been delivered."),
)


class StandIn:
    """Takes one app, and answers with the recordings that numbers play, unknown ones as members with an error."""

    def __init__(self) -> None:
        self.recordings = Recordings(__package__)

    def answer(self, asked: Asked) -> Reply:
        """As the real one: login apart, the token comes first, then the path, then the parameters."""
        if asked.path == _LOGIN:
            return _login(asked)
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return _fault(401, "keymanagement.service.invalid_access_token", "Invalid Access Token")
        if asked.method != "GET":
            return _problem(405, "Method Not Allowed", f"Method '{asked.method}' is not supported.")
        return self._served(asked)

    def busy(self) -> Reply:
        """The gateway's quota, of which it doesn't say when it begins anew."""
        return _fault(429, "policies.ratelimit.QuotaViolation", "Rate limit quota violation. Quota limit exceeded.")

    def credentials(self, url: str) -> dict[str, str]:
        """Key and secret of an app that was granted Track And Trace."""
        return {"api_key": KEY, "api_secret": SECRET, "address": url}

    def wrong_credentials(self, url: str) -> dict[str, str]:
        """The app with a secret that isn't its own."""
        return {"api_key": KEY, "api_secret": WRONG_SECRET, "address": url}

    def _served(self, asked: Asked) -> Reply:
        if asked.path == _CODES:
            return Reply.json({"eventsCodes": [_code(*one) for one in _SOME_CODES]})
        if not asked.path.startswith(_BY_NUMBER):
            return _problem(404, "Not Found", f"No static resource {asked.path.strip('/')}.")
        numbers = asked.path.removeprefix(_BY_NUMBER).split(",")
        if faults := _faults(asked.query, numbers):
            return _problem(400, "Bad Request", "; ".join(faults))
        parcels = b",".join(self._told(number) for number in numbers)
        return Reply(headers={"Content-Type": "application/json"}, body=b'{"parcels":[' + parcels + b"]}")

    def _told(self, number: str) -> bytes:
        unknown = {"requested": number, "errorCode": "E_404_01", "errorMessage": "Resource Not Found"}
        return self.recordings.next(number) or Reply.json(unknown).body


def _login(asked: Asked) -> Reply:
    if asked.method != "POST":
        return _problem(405, "Method Not Allowed", f"Method '{asked.method}' is not supported.")
    basic = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
    if asked.headers.get("authorization") != f"Basic {basic}":
        return Reply.json({"error": "invalid_client", "error_description": "Client credentials are invalid"}, 401)
    form = dict(parse_qsl(asked.body.decode(errors="replace")))
    kind = asked.headers.get("content-type", "").partition(";")[0]
    if kind != "application/x-www-form-urlencoded" or form.get("grant_type") != "client_credentials":
        return Reply.json({"error": "invalid_request", "error_description": "grant_type is missing or unknown"}, 400)
    return Reply.json({"access_token": TOKEN, "token_type": "Bearer", "expires_in": TOKEN_SECONDS})


def _faults(query: Mapping[str, str], numbers: list[str]) -> list[str]:
    faults = [f"unknown parameter {name}" for name in query if name not in _SWITCHES]
    faults += [
        f"{name} must be true or false" for name in _SWITCHES if query.get(name, "true") not in ("true", "false")
    ]
    if len(numbers) > _MOST:
        faults.append(f"at most {_MOST} numbers")
    if not all(number.isalnum() for number in numbers):
        faults.append("a number has letters and digits only")
    return faults


def _code(code: str, number: str, description: str) -> dict[str, str]:
    return {"code": code, "codeNo": number, "description": description}


def _fault(status: int, code: str, text: str) -> Reply:
    """An error of the gateway's."""
    return Reply.json({"fault": {"faultstring": text, "detail": {"errorcode": code}}}, status)


def _problem(status: int, title: str, detail: str) -> Reply:
    return Reply.json({"type": "about:blank", "title": title, "status": status, "detail": detail}, status)
