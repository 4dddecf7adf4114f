"""The stand-in for Swiss Post's login and its track consignments interface."""

import re
from urllib.parse import parse_qsl, unquote

import msgspec

from karla.infra.http.standin import Asked, Reply
from karla.integrations.standins import Recordings

CLIENT_ID, SECRET, WRONG_SECRET = "standin-shop", "standin-secret-0001", "standin-secret-nobody"
_GIVEN = "standin-token-0001"
_SCOPE = "MYSB_MAILPIECE_TRACKING_B2B_READ"
_MAILPIECES = "/logistics/mailpiece/tracking/business/v1/mailpieces"
_PATH = re.compile(rf"{_MAILPIECES}/(?P<number>[^/]+)/(?P<part>detail|events/?)")
_LANGUAGE = re.compile(r"(de|fr|it|en)(-[A-Z]{2})?")


class _Recorded(msgspec.Struct):
    """A recording's two answers; null events are answered by 404."""

    detail: msgspec.Raw
    events: msgspec.Raw


class _Wanted(msgspec.Struct):
    """A search."""

    ids: list[str]


class StandIn:
    """Lets one client in, and answers with the recording that a number plays."""

    def __init__(self) -> None:
        self.recordings = Recordings(__package__)
        self._told: dict[str, bytes] = {}

    def answer(self, asked: Asked) -> Reply:
        """As the real one: a token for the client's credentials, then the consignments for the token."""
        if asked.path == "/OAuth/token":
            return self._login(asked)
        if asked.headers.get("authorization") != f"Bearer {_GIVEN}":
            return _problem(401, "unauthorized", "The access token is missing or no longer valid.")
        if asked.path == _MAILPIECES:
            return self._search(asked)
        found = _PATH.fullmatch(asked.path)
        if amiss := _amiss(asked, found):
            return amiss
        body = self._part(unquote(found["number"]), found["part"]) if found else None
        if body is None:
            return _problem(404, "not_found", "No mailpiece was found for this key.")
        return Reply(headers={"Content-Type": "application/json;charset=UTF-8"}, body=body)

    def _search(self, asked: Asked) -> Reply:
        """By number; of those that it knows, the number is the key."""
        try:
            wanted = msgspec.json.decode(asked.body, type=_Wanted)
        except msgspec.DecodeError:
            return _problem(400, "bad_request", "The body must have the ids of mailpieces.")
        known = {recording.number for recording in self.recordings.all.values()}
        told = [{"mailpieceId": one, "mailpieceKey": one} for one in wanted.ids if one in known]
        return Reply.json({"mailpieces": told})

    def _part(self, number: str, part: str) -> bytes | None:
        """The detail begins the next recording of a number's story, the events are of the same one."""
        body = self.recordings.next(number) if part == "detail" else self._told.get(number)
        if body is None:
            return None
        self._told[number] = body
        told = bytes(getattr(msgspec.json.decode(body, type=_Recorded), part.rstrip("/")))
        return None if told == b"null" else told

    def _login(self, asked: Asked) -> Reply:
        given = dict(parse_qsl(asked.body.decode()))
        if asked.method != "POST" or "form-urlencoded" not in asked.headers.get("content-type", ""):
            return _refusal(400, "invalid_request", "The token is asked for by a posted form.")
        if given.get("grant_type") != "client_credentials":
            return _refusal(400, "unsupported_grant_type", "The grant type must be client_credentials.")
        if (given.get("client_id"), given.get("client_secret")) != (CLIENT_ID, SECRET):
            return _refusal(401, "invalid_client", "The client could not be authenticated.")
        if given.get("scope") != _SCOPE:
            return _refusal(400, "invalid_scope", "The client is not subscribed to this scope.")
        told = {"access_token": _GIVEN, "token_type": "Bearer", "expires_in": 3600, "scope": _SCOPE}
        return Reply.json(told, headers={"Cache-Control": "no-store"})

    def busy(self) -> Reply:
        """With the header that says when to come back."""
        return _problem(429, "too_many_requests", "The quota has been exceeded.", {"Retry-After": "30"})

    def credentials(self, url: str) -> dict[str, str]:
        """The client that it lets in."""
        return {"client_id": CLIENT_ID, "client_secret": SECRET, "address": url, "token_address": url}

    def wrong_credentials(self, url: str) -> dict[str, str]:
        """The same client with a secret that it never had."""
        return {**self.credentials(url), "client_secret": WRONG_SECRET}


def _amiss(asked: Asked, found: re.Match[str] | None) -> Reply | None:
    if not found:
        return _problem(404, "not_found", "There is no such resource.")
    if asked.method != "GET":
        return _problem(405, "method_not_allowed", "The resource can only be read.")
    if not _LANGUAGE.fullmatch(asked.headers.get("accept-language", "de")):
        return _problem(400, "bad_request", "Accept-Language must be one of de, fr, it, en.")
    return None


def _problem(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Reply:
    return Reply.json({"code": code, "message": message}, status, headers)


def _refusal(status: int, error: str, description: str) -> Reply:
    return Reply.json({"error": error, "error_description": description}, status)
