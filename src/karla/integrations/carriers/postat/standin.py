"""The stand-in for the Österreichische Post's web service Track & Trace."""

from base64 import b64encode

import msgspec

from karla.infra.http.standin import Asked, Reply
from karla.integrations.standins import Recordings

USERNAME, PASSWORD, WRONG_PASSWORD = "standin-shop", "standin-password", "standin-password-of-nobody"
_LOGIN = f"Basic {b64encode(f'{USERNAME}:{PASSWORD}'.encode()).decode()}"


class _Question(msgspec.Struct):
    """What is asked; both as text."""

    IdentCode: str
    WithDescription: str = "false"


class StandIn:
    """Lets one user in, and answers with the recording that a number plays."""

    def __init__(self) -> None:
        self.recordings = Recordings(__package__)

    def answer(self, asked: Asked) -> Reply:
        """As the real one: the user comes first, then the path, then the question."""
        if asked.headers.get("authorization") != _LOGIN:
            reply = _refusal(401, "Unauthorized", "Invalid UserName or Password")
            return msgspec.structs.replace(reply, headers={**reply.headers, "WWW-Authenticate": 'Basic realm="/auth"'})
        question = _question(asked)
        if isinstance(question, Reply):
            return question
        body = self.recordings.next(question.IdentCode)
        if body is None:
            return _refusal(404, "ParcelNotFound", "There is no parcel with this IdentCode.")
        return Reply(headers={"Content-Type": "application/json; charset=utf-8"}, body=body)

    def busy(self) -> Reply:
        """It doesn't say when to come back."""
        return _refusal(429, "TooManyRequests", "Too many requests.")

    def credentials(self, url: str) -> dict[str, str]:
        """The user that it lets in."""
        return {"username": USERNAME, "password": PASSWORD, "address": url}

    def wrong_credentials(self, url: str) -> dict[str, str]:
        """The same user with a password that it never had."""
        return {"username": USERNAME, "password": WRONG_PASSWORD, "address": url}


def _question(asked: Asked) -> _Question | Reply:
    """What is asked, or what is wrong with the asking."""
    if asked.path != "/api/v1/GetParcelDetail":
        return _refusal(404, "NotFound", f"Handler for request not found: {asked.path}")
    if asked.method != "POST":
        return _refusal(405, "MethodNotAllowed", "Operation is not supported by this verb.")
    if "application/json" not in asked.headers.get("content-type", ""):
        return _refusal(415, "UnsupportedMediaType", "The request must be JSON.")
    try:
        return msgspec.json.decode(asked.body, type=_Question)
    except msgspec.DecodeError:
        return _refusal(400, "RequestBindingException", "Unable to bind to request 'GetParcelDetail'")


def _refusal(status: int, code: str, message: str) -> Reply:
    return Reply.json({"ResponseStatus": {"ErrorCode": code, "Message": message}}, status)
