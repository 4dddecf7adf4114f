"""GLS's HTTP interface: Track And Trace V1 of the group's developer portal, with its Authentication API v2."""

import base64
from collections.abc import Sequence
from urllib.parse import quote

import msgspec

from karla.integrations.calling import Calling, Dialect, Request, Words, words_at
from karla.integrations.contract import Refused, Unauthorised, Unreachable
from karla.integrations.tokens import Granted, Token

# The service itself, the gateway before it, and the gateway's login have each a form of their own.
_FORMS = (
    words_at("title", "detail"),
    words_at("fault.detail.errorcode", "fault.faultstring"),
    words_at("error", "error_description"),
    words_at("ErrorCode", "Error"),
)
_NOTHING: Words = (None, "")


def _words(body: bytes) -> Words:
    return next((told for form in _FORMS if (told := form(body)) != _NOTHING), _NOTHING)


# A 404 has `parcels` like a 200, each with its error, or is one of the gateway's.
_DIALECT = Dialect(meaningful=frozenset({404}), words=_words)
_LOGIN_DIALECT = Dialect(words=_words)


class _Granted(msgspec.Struct, frozen=True):
    """An answer of the login."""

    access_token: str
    expires_in: float = 3600.0


class _Parcels(msgspec.Struct, frozen=True):
    """An answer about parcels, each of them as it came."""

    parcels: list[msgspec.Raw] | None = None


class Client:
    """One app of dev-portal.gls-group.net."""

    def __init__(self, address: str, api_key: str, api_secret: str, calling: Calling) -> None:
        self._address = address
        self._basic = base64.b64encode(f"{api_key}:{api_secret}".encode()).decode()
        self._calling = calling
        self._token = Token(self._granted, calling)

    async def parcels(self, numbers: Sequence[str], language: str) -> list[bytes]:
        """GET simple/trackids: the members of `parcels` as they came, of at most ten numbers; a Failure."""
        path = f"simple/trackids/{','.join(quote(number, safe='') for number in numbers)}"
        query = {"showEvents": "true", "showLinks": "false"}
        told = await self._token.used(lambda token: self._get(path, query, language, token))
        return [bytes(parcel) for parcel in told]

    async def event_codes(self) -> None:
        """GET events/codes, which is about no parcel; a Failure."""
        await self._token.used(self._codes)

    async def _get(self, path: str, query: dict[str, str], language: str, token: str) -> list[msgspec.Raw]:
        response = await self._calling.call(self._request(path, query, language, token), _DIALECT)
        parcels = response.json(_Parcels).parcels
        if parcels is not None:
            return parcels
        if response.status == 404:
            raise Refused("404", "GLS knows no such service; the API address may be wrong")
        raise Unreachable("answered JSON of another form than documented")

    async def _codes(self, token: str) -> None:
        response = await self._calling.call(self._request("events/codes", {}, "en", token), _LOGIN_DIALECT)
        response.json(dict[str, msgspec.Raw])

    def _request(self, path: str, query: dict[str, str], language: str, token: str) -> Request:
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": language.upper()}
        return Request(url=f"{self._address}/track-and-trace-v1/tracking/{path}", query=query, headers=headers)

    async def _granted(self) -> Granted:
        headers = {"Authorization": f"Basic {self._basic}", "Content-Type": "application/x-www-form-urlencoded"}
        request = Request(
            url=f"{self._address}/oauth2/v2/token",
            method="POST",
            headers=headers,
            body=b"grant_type=client_credentials",
        )
        try:
            response = await self._calling.call(request, _LOGIN_DIALECT)
        except Refused as refused:
            if refused.code != "invalid_client":
                raise
            wrong = Unauthorised(refused.message)
        else:
            granted = response.json(_Granted)
            return Granted(granted.access_token, granted.expires_in)
        raise wrong
