"""Hermes Germany's HTTP interface: sign-in of business customers, and Shipment Info of the Shipping Interface."""

from urllib.parse import urlencode

import msgspec

from karla.integrations.calling import Calling, Dialect, Request, words_at
from karla.integrations.contract import Refused, Unauthorised
from karla.integrations.tokens import Granted, Token

# A shipment of Hermes's documentation, for a call that says nothing but whether the account may ask.
SAMPLE_NUMBER = "T1132981237129800"
_DIALECT = Dialect(words=words_at("listOfResultCodes.0.code", "listOfResultCodes.0.message"))
_SIGN_IN = Dialect(words=words_at("error", "error_description"))
# Hermes says by a 400 what others say by a 401: that the token is none, or good no more.
_OF_TOKENS = frozenset({"e902", "e903"})
_OF_CREDENTIALS = frozenset({"invalid_grant", "invalid_client", "invalid_token", "unauthorized_client"})


class _Granted(msgspec.Struct):
    """A token, good for so many seconds."""

    access_token: str
    expires_in: float


class _Told(msgspec.Struct):
    """An item a shipment, each left as it came; none where Hermes only gives result codes."""

    shipmentinfo: list[msgspec.Raw] = []


class Client:
    """One client of the Shipping Interface, and the user that it acts for."""

    def __init__(self, address: str, token_address: str, form: dict[str, str], calling: Calling) -> None:
        self._url = f"{address}/services/hsi/shipmentinfo"
        self._token_url = f"{token_address}/authorization-facade/oauth2/access_token"
        self._form = {"grant_type": "password", **form}
        self._calling = calling
        self._token = Token(self._granted, calling)

    async def shipment(self, number: str, language: str) -> list[bytes]:
        """GET /shipmentinfo about one number: the items as they came; a Failure. `language` is DE or EN."""
        return await self._token.used(lambda token: self._asked(token, number, language))

    async def _asked(self, token: str, number: str, language: str) -> list[bytes]:
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": language}
        request = Request(url=self._url, query={"shipmentID": number}, headers=headers)
        try:
            response = await self._calling.call(request, _DIALECT)
        except Refused as refused:
            if refused.code in _OF_TOKENS:
                raise Unauthorised(refused.message) from None
            raise
        return [bytes(item) for item in response.json(_Told).shipmentinfo]

    async def _granted(self) -> Granted:
        request = Request(
            url=self._token_url,
            method="POST",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(self._form).encode(),
        )
        try:
            response = await self._calling.call(request, _SIGN_IN)
        except Refused as refused:
            if refused.code in _OF_CREDENTIALS:
                raise Unauthorised(refused.message) from None
            raise
        told = response.json(_Granted)
        return Granted(told.access_token, told.expires_in)
