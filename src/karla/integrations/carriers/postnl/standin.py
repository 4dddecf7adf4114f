"""The stand-in for PostNL's Shippingstatus API."""

from collections.abc import Mapping

from karla.infra.http.standin import Asked, Reply
from karla.integrations.standins import Recordings

KEY, WRONG_KEY = "standin-postnl-key-0001", "standin-postnl-key-nobody"

_PATH = "/shipment/v2/status/barcode/"
_LANGUAGES = frozenset({"NL", "EN", "CN", "DE", "FR"})
_PARAMETERS = frozenset({"detail", "language", "maxDays"})
_NO_KEY = "Failed to resolve API Key variable 'request.header.apikey'"
_NOTHING = {"Warnings": [{"Code": "2", "Message": "No shipment found"}]}


class StandIn:
    """Takes one key, and answers with the recording that a barcode plays."""

    def __init__(self) -> None:
        self.recordings = Recordings(__package__)

    def answer(self, asked: Asked) -> Reply:
        """As the real one: the gateway looks at the key first, then the service at the request."""
        if asked.headers.get("apikey") != KEY:
            return _denied(401, "Invalid ApiKey" if "apikey" in asked.headers else _NO_KEY)
        if asked.method != "GET":
            return _denied(405, "Only GET requests allowed")
        barcode = asked.path.removeprefix(_PATH)
        if not asked.path.startswith(_PATH) or not barcode:
            return _fault(400, "no barcode supplied in path", "errorcode6")
        if not _documented(asked.query):
            return _fault(400, "invalid request parameters", "errorcode7")
        body = self.recordings.next(barcode)
        told = Reply.json(_NOTHING).body if body is None else body
        return Reply(headers={"Content-Type": "application/json;charset=UTF-8"}, body=told)

    def busy(self) -> Reply:
        """The gateway doesn't say when to come back."""
        return _denied(429, "Too many requests. Rate limit exceeded!")

    def credentials(self, url: str) -> dict[str, str]:
        """The key that it takes."""
        return {"api_key": KEY, "address": url}

    def wrong_credentials(self, url: str) -> dict[str, str]:
        """A key that PostNL never gave."""
        return {"api_key": WRONG_KEY, "address": url}


def _documented(query: Mapping[str, str]) -> bool:
    flags = query.get("detail", "false") in {"true", "false"} and query.get("maxDays", "1").isdecimal()
    return flags and query.get("language", "NL") in _LANGUAGES and not set(query) - _PARAMETERS


def _denied(status: int, message: str) -> Reply:
    return Reply.json({"message": message, "http_status_code": float(status)}, status)


def _fault(status: int, text: str, code: str) -> Reply:
    return Reply.json({"fault": {"faultstring": text, "detail": {"errorcode": code}}}, status)
