"""UPS's HTTP interface: OAuth client credentials, and the Tracking API v1."""

from base64 import b64encode
from typing import Any
from urllib.parse import quote

import msgspec

from karla.infra.ids import new_id
from karla.integrations.calling import Calling, Dialect, Request, words_at
from karla.integrations.contract import Refused
from karla.integrations.tokens import Granted, Token

# Of UPS's documentation, for a call that says nothing but whether the app may track.
SAMPLE_NUMBER = "1Z12345E0205271688"
_SOURCE = "karla"
_WORDS = words_at("response.errors.0.code", "response.errors.0.message")
_OAUTH = Dialect(words=_WORDS)
_TRACKING = Dialect(meaningful=frozenset({404}), words=_WORDS)


class _Answered(msgspec.Struct):
    """A token, good for so many seconds, which UPS writes as a text."""

    access_token: str
    expires_in: float


class Client:
    """One app of developer.ups.com."""

    def __init__(self, address: str, client_id: str, client_secret: str, calling: Calling) -> None:
        self._address = address
        self._basic = b64encode(f"{client_id}:{client_secret}".encode()).decode()
        self._calling = calling
        self._token = Token(self._granted, calling)

    async def details(self, number: str, locale: str) -> bytes | Refused | None:
        """GET /api/track/v1/details/{number}: the body as it came, None where UPS knows nothing of the number.

        What UPS has against this number is returned; a Failure that is raised is about all of them.
        """
        return await self._token.used(lambda token: self._asked(token, number, locale))

    async def _asked(self, token: str, number: str, locale: str) -> bytes | Refused | None:
        request = Request(
            url=f"{self._address}/api/track/v1/details/{quote(number, safe='')}",
            # Neither signatures nor proofs of delivery: they show people.
            query={"locale": locale, "returnSignature": "false", "returnPOD": "false"},
            headers={"Authorization": f"Bearer {token}", "transId": new_id().hex, "transactionSrc": _SOURCE},
        )
        try:
            response = await self._calling.call(request, _TRACKING)
        except Refused as refused:
            return refused
        response.json(dict[str, Any])
        return None if response.status == 404 else response.body

    async def _granted(self) -> Granted:
        request = Request(
            url=f"{self._address}/security/v1/oauth/token",
            method="POST",
            headers={"Authorization": f"Basic {self._basic}", "Content-Type": "application/x-www-form-urlencoded"},
            body=b"grant_type=client_credentials",
        )
        told = (await self._calling.call(request, _OAUTH)).json(_Answered)
        return Granted(told.access_token, told.expires_in)
