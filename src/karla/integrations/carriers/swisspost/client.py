"""Swiss Post's HTTP interface: track consignments for business customers, version 1."""

from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from karla.integrations.calling import Calling, Dialect, Request, words_at
from karla.integrations.contract import Refused, Unauthorised
from karla.integrations.tokens import Granted, Token

# A number of the right form that nobody has, for a call that says nothing but whether the account is good.
SAMPLE_NUMBER = "990000000000000000"
SCOPE = "MYSB_MAILPIECE_TRACKING_B2B_READ"
_PATH = "/logistics/mailpiece/tracking/business/v1/mailpieces"
_DIALECT = Dialect(meaningful=frozenset({404}), words=words_at("code", "message"))
# What the search doesn't take is a number that it can't know.
_SEARCH = Dialect(meaningful=frozenset({400, 404}))
_LOGIN = Dialect(words=words_at("error", "error_description"))
# RFC 6749: what is wrong with the account rather than with the request, also where the status is 400.
_NOT_LET_IN = frozenset({"invalid_client", "unauthorized_client", "invalid_scope", "access_denied"})


class _Login(msgspec.Struct, frozen=True):
    """What the token's address answers; without `expires_in` the token is taken for a short-lived one."""

    access_token: str
    expires_in: float = 300.0


class Client:
    """One application that Swiss Post let in."""

    def __init__(self, address: str, token_address: str, client_id: str, secret: str, calling: Calling) -> None:
        self._url = f"{address}{_PATH}"
        self._token_url = f"{token_address}/OAuth/token"
        self._account = {"client_id": client_id, "client_secret": secret}
        self._calling = calling
        self._token = Token(self._granted, calling)

    async def search(self, number: str) -> bytes | None:
        """POST to where the mailpieces are: the body as it came, None where the number is no one's; a Failure."""

        async def call(token: str) -> bytes | None:
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            body = msgspec.json.encode({"ids": [number]})
            request = Request(url=self._url, method="POST", headers=headers, body=body)
            response = await self._calling.call(request, _SEARCH)
            if response.status in _SEARCH.meaningful:
                return None
            response.json(object)
            return response.body

        return await self._token.used(call)

    async def detail(self, key: str, language: str) -> bytes | None:
        """GET …/detail: the body as it came, None where nothing is known of the key; a Failure."""
        return await self._get(f"{quote(key, safe='')}/detail", language)

    async def events(self, key: str, language: str) -> bytes | None:
        """GET …/events/: the body as it came, None where there are none; a Failure."""
        return await self._get(f"{quote(key, safe='')}/events/", language)

    async def _get(self, path: str, language: str) -> bytes | None:
        async def call(token: str) -> bytes | None:
            headers = {"Authorization": f"Bearer {token}", "Accept-Language": language}
            response = await self._calling.call(Request(url=f"{self._url}/{path}", headers=headers), _DIALECT)
            if response.status == 404:
                return None
            response.json(dict[str, Any])
            return response.body

        return await self._token.used(call)

    async def _granted(self) -> Granted:
        asked = {"grant_type": "client_credentials", "scope": SCOPE, **self._account}
        request = Request(
            url=self._token_url,
            method="POST",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(asked).encode(),
        )
        try:
            response = await self._calling.call(request, _LOGIN)
        except Refused as refused:
            if refused.code in _NOT_LET_IN:
                raise Unauthorised(refused.message) from None
            raise
        login = response.json(_Login)
        return Granted(login.access_token, login.expires_in)
