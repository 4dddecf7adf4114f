"""The stand-in for 17TRACK's Tracking API 2.2."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from karla.infra.http.standin import Asked, Reply
from karla.integrations.carriers.seventeentrack.client import (
    ALREADY_REGISTERED,
    NOT_REGISTERED,
    NOTHING_KNOWN,
    NUMBERS_A_CALL,
)
from karla.integrations.carriers.seventeentrack.signing import HEADER, signature
from karla.integrations.standins import Recordings

KEY, WRONG_KEY = "0123456789ABCDEF0123456789ABCDEF", "FEDCBA9876543210FEDCBA9876543210"

_PATH = "/track/v2.2/"
_NUMBER = re.compile(r"[A-Za-z0-9-]{5,50}")
_INVALID_KEY, _INVALID_FORM, _INVALID_DATA, _TOO_MANY = -18010002, -18010012, -18010013, -18010014
_SENTENCES = {
    ALREADY_REGISTERED: "The tracking number {} has been registered, don't need to repeat registration.",
    NOT_REGISTERED: "The tracking number {} does not register, please register first.",
    NOTHING_KNOWN: "No tracking information at this time.",
    _INVALID_FORM: "The format of {} is invalid.",
}


class StandIn:
    """Takes one key, follows what it was told of, and answers with the recordings that numbers play."""

    def __init__(self) -> None:
        self.recordings = Recordings(__package__)
        self._followed: set[tuple[str, int]] = set()

    def answer(self, asked: Asked) -> Reply:
        """As the real one: the key comes first, then the path, then the numbers."""
        if asked.headers.get("17token") != KEY:
            return _errors(_INVALID_KEY, "Access token is invalid.", 401)
        call = asked.path.removeprefix(_PATH)
        if asked.method != "POST" or not asked.path.startswith(_PATH):
            return Reply.json({"code": 404, "message": "Not Found"}, 404)
        if call == "getquota":
            figures = {"quota_total": 100, "quota_used": len(self._followed), "today_used": len(self._followed)}
            return Reply.json({"code": 0, "data": {**figures, "quota_remain": 100 - len(self._followed)}})
        if call == "register":
            return _batch(asked.body, self._registered)
        if call == "gettrackinfo":
            return _batch(asked.body, self._tracked)
        return Reply.json({"code": 404, "message": "Not Found"}, 404)

    def _registered(self, number: str, carrier: int) -> bytes | int:
        if (number, carrier) in self._followed:
            return ALREADY_REGISTERED
        self._followed.add((number, carrier))
        return msgspec.json.encode({"origin": 1 if carrier else 2, "number": number, "carrier": carrier or 100001})

    def _tracked(self, number: str, carrier: int) -> bytes | int:
        followed = (number, carrier) in self._followed
        return self.recordings.next(number) or (NOTHING_KNOWN if followed else NOT_REGISTERED)

    def busy(self) -> Reply:
        """17TRACK doesn't say when to come back."""
        return Reply.json({"code": 429, "message": "Too Many Requests"}, 429)

    def push(self, number: str) -> tuple[Mapping[str, str], bytes]:
        """A `TRACKING_UPDATED` about a number."""
        body = b'{"event":"TRACKING_UPDATED","data":' + (self.recordings.next(number) or b"null") + b"}"
        return {HEADER: signature(KEY, body), "content-type": "application/json"}, body

    def credentials(self, url: str) -> dict[str, str]:
        """The key that it takes."""
        return {"api_key": KEY, "address": url}

    def wrong_credentials(self, url: str) -> dict[str, str]:
        """A key that it never gave."""
        return {"api_key": WRONG_KEY, "address": url}


def _batch(body: bytes, done: Callable[[str, int], bytes | int]) -> Reply:
    """Each number by itself: what is told of it, or the code of its rejection."""
    try:
        items = msgspec.json.decode(body, type=list[dict[str, Any]])
    except msgspec.DecodeError:
        return _errors(_INVALID_DATA, "Submitted data is invalid.")
    if len(items) > NUMBERS_A_CALL:
        return _errors(_TOO_MANY, "Tracking numbers exceed 40 limit.")
    accepted, rejected = [], []
    for item in items:
        number, carrier = item.get("number"), item.get("carrier", 0)
        if not isinstance(number, str) or not isinstance(carrier, int):
            return _errors(_INVALID_DATA, "Submitted data is invalid.")
        told = done(number, carrier) if _NUMBER.fullmatch(number) else _INVALID_FORM
        if isinstance(told, bytes):
            accepted.append(told)
        else:
            error = {"code": told, "message": _SENTENCES[told].format(number)}
            rejected.append({"number": number, "carrier": carrier, "error": error})
    refused = msgspec.json.encode(rejected)
    told_of = b'{"code":0,"data":{"accepted":[%b],"rejected":%b}}' % (b",".join(accepted), refused)
    return Reply(headers={"Content-Type": "application/json"}, body=told_of)


def _errors(code: int, message: str, status: int = 200) -> Reply:
    return Reply.json({"code": 0, "data": {"errors": [{"code": code, "message": message}]}}, status)
