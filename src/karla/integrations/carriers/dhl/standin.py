"""The stand-in for DHL Shipment Tracking - Unified."""

import re

import msgspec

from karla.infra.http.standin import Asked, Reply
from karla.integrations.standins import Recordings

KEY, WRONG_KEY = "demo-key", "demo-key-of-nobody"

_LANGUAGE = re.compile(r"[a-z]{2}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_SERVICES = frozenset(
    [
        *("dgf", "dsc", "ecommerce", "ecommerce-apac", "ecommerce-europe", "ecommerce-iberia", "ecommerce-ppl"),
        *("express", "freight", "parcel-de", "parcel-nl", "parcel-pl", "parcel-uk", "post-de", "post-international"),
        *("sameday", "svb"),
    ]
)
_PARAMETERS = frozenset(
    [
        *("trackingNumber", "service", "requesterCountryCode", "originCountryCode", "recipientPostalCode", "language"),
        *("offset", "limit"),
    ]
)


class StandIn:
    """Takes one key, and answers with the recording that a number plays."""

    def __init__(self) -> None:
        self.recordings = Recordings(__package__)

    def answer(self, asked: Asked) -> Reply:
        """As the real one: the key comes first, then the path, then the parameters."""
        if asked.headers.get("dhl-api-key") != KEY:
            return _problem(401, "Unauthorized", "Unauthorized for given resource.")
        if asked.path != "/track/shipments":
            return _problem(404, "Not found", "The requested resource doesn't exist.")
        if asked.method != "GET":
            return _problem(405, "Method not allowed", "The method isn't allowed for this resource.")
        if faults := _faults(asked):
            return _problem(400, "Invalid request", "; ".join(faults))
        number = asked.query["trackingNumber"]
        body = self.recordings.next(number)
        if body is None or not _of_service(body, asked.query.get("service")):
            return _problem(404, "No result found", "No shipment with given tracking number found.")
        headers = {"Content-Type": "application/json", "Content-Language": asked.query.get("language", "en")}
        return Reply(headers={**headers, "Correlation-Id": f"standin-{number}"}, body=body)

    def busy(self) -> Reply:
        """DHL doesn't say when to come back."""
        return _problem(
            429, "Too Many Requests", "Too many requests within defined time period, please try again later."
        )

    def credentials(self, url: str) -> dict[str, str]:
        """The key of DHL's own sandbox."""
        return {"api_key": KEY, "address": url}

    def wrong_credentials(self, url: str) -> dict[str, str]:
        """A key that DHL never gave."""
        return {"api_key": WRONG_KEY, "address": url}


def _faults(asked: Asked) -> list[str]:
    query, accept = asked.query, asked.headers.get("accept", "*/*")
    faults = [f"unknown parameter {name}" for name in query if name not in _PARAMETERS]
    if not query.get("trackingNumber"):
        faults.append("trackingNumber is required")
    if not ("application/json" in accept or "*/*" in accept):
        faults.append("Accept must be application/json")
    if not _LANGUAGE.fullmatch(query.get("language", "en")):
        faults.append("language must be an ISO 639-1 code")
    if query.get("service", "express") not in _SERVICES:
        faults.append("service is not known")
    faults += [
        f"{name} must be an ISO 3166-1 alpha-2 code"
        for name in ("requesterCountryCode", "originCountryCode")
        if not _COUNTRY.fullmatch(query.get(name, "DE"))
    ]
    faults += [f"{name} must be a number" for name in ("offset", "limit") if not query.get(name, "0").isdecimal()]
    return faults


def _of_service(body: bytes, service: str | None) -> bool:
    """DHL looks in the service that was asked for alone."""
    told = msgspec.json.decode(body)["shipments"]
    return service is None or not told or any(shipment.get("service") == service for shipment in told)


def _problem(status: int, title: str, detail: str) -> Reply:
    return Reply.json({"title": title, "status": status, "detail": detail}, status)
