"""The stand-in for La Poste's Suivi v2."""

import re

from karla.infra.http.standin import Asked, Reply
from karla.integrations.standins import Recordings

KEY, WRONG_KEY = "standin+okapi/key+of+laposte==", "standin+okapi/key+of+nobody==="

_PATH = "/suivi/v2/idships/"
_NUMBER = re.compile(r"[0-9A-Za-z]{11,35}")
_LANGUAGES = frozenset({"fr_FR", "en_GB"})
_MOST = 10
_INVALID = "Le numéro que vous avez saisi n’est pas valide."
_NOTHING = "Nous ne trouvons aucun envoi avec ce numéro."


class StandIn:
    """Takes one key, and answers with the recording that each number plays."""

    def __init__(self) -> None:
        self.recordings = Recordings(__package__)

    def answer(self, asked: Asked) -> Reply:
        """As the real one: the gateway looks at the key first, then the service at the numbers."""
        if asked.headers.get("x-okapi-key") != KEY:
            return _refused(401, "UNAUTHORIZED", "Unauthorized access")
        if not asked.path.startswith(_PATH) or asked.method != "GET":
            return _refused(404, "RESOURCE_NOT_FOUND", "No resource found")
        numbers = asked.path.removeprefix(_PATH).split(",")
        language = asked.query.get("lang", "fr_FR")
        if language not in _LANGUAGES or len(numbers) > _MOST or set(asked.query) - {"lang"}:
            return _refused(400, "BAD_REQUEST", "lang or the count of numbers is wrong")
        told = [self._item(number, language) for number in numbers]
        if len(told) == 1:
            return Reply(status=told[0][0], headers={"Content-Type": "application/json"}, body=told[0][1])
        status = 200 if all(code == 200 for code, _ in told) else 207
        body = b"[" + b",".join(item for _, item in told) + b"]"
        return Reply(status=status, headers={"Content-Type": "application/json"}, body=body)

    def busy(self) -> Reply:
        """The gateway says how much is allowed, but not when to come back."""
        return _refused(429, "TOO_MANY_REQUESTS", "max quota reached (100 calls per 1s)")

    def credentials(self, url: str) -> dict[str, str]:
        """The key that it takes."""
        return {"api_key": KEY, "address": url}

    def wrong_credentials(self, url: str) -> dict[str, str]:
        """A key that it never gave."""
        return {"api_key": WRONG_KEY, "address": url}

    def _item(self, number: str, language: str) -> tuple[int, bytes]:
        if not _NUMBER.fullmatch(number):
            return 400, _nothing(400, _INVALID, number, language)
        body = self.recordings.next(number)
        return (404, _nothing(404, _NOTHING, number, language)) if body is None else (200, body)


def _nothing(code: int, message: str, number: str, language: str) -> bytes:
    told = {"returnCode": code, "returnMessage": message, "lang": language, "scope": "open", "idShip": number}
    return Reply.json(told).body


def _refused(status: int, code: str, message: str) -> Reply:
    return Reply.json({"code": code, "message": message}, status)
