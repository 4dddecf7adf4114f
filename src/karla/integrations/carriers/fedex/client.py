"""FedEx's HTTP interface: OAuth client credentials, and the Track API v1."""

from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec

from karla.infra.ids import new_id
from karla.integrations.calling import Calling, Dialect, Request, words_at
from karla.integrations.tokens import Granted, Token

# One of FedEx's mock numbers, for a call that says nothing but whether the project may track.
SAMPLE_NUMBER = "449044304137821"
_DIALECT = Dialect(words=words_at("errors.0.code", "errors.0.message"))


class _Granted(msgspec.Struct):
    """A token, good for so many seconds."""

    access_token: str
    expires_in: float


class _Output(msgspec.Struct, rename="camel"):
    """An item a number, each left as it came."""

    complete_track_results: list[msgspec.Raw]


class _Tracked(msgspec.Struct):
    """A whole answer."""

    output: _Output


class Client:
    """One project of developer.fedex.com."""

    def __init__(self, address: str, api_key: str, secret_key: str, calling: Calling) -> None:
        self._address = address
        self._form = {"grant_type": "client_credentials", "client_id": api_key, "client_secret": secret_key}
        self._calling = calling
        self._token = Token(self._granted, calling)

    async def track(self, numbers: Mapping[str, str], locale: str) -> list[bytes]:
        """POST /track/v1/trackingnumbers about at most 30 numbers, each with its carrier code, or with an empty one.

        Answers the items of `completeTrackResults` as they came; a Failure.
        """
        infos = [
            {"trackingNumberInfo": {"trackingNumber": number, **({"carrierCode": code} if code else {})}}
            for number, code in numbers.items()
        ]
        body = msgspec.json.encode({"includeDetailedScans": True, "trackingInfo": infos})
        return await self._token.used(lambda token: self._asked(token, body, locale))

    async def _asked(self, token: str, body: bytes, locale: str) -> list[bytes]:
        request = Request(
            url=f"{self._address}/track/v1/trackingnumbers",
            method="POST",
            headers={
                "Authorization": f"Bearer {token}",
                "Content-Type": "application/json",
                "X-locale": locale,
                "x-customer-transaction-id": new_id().hex,
            },
            body=body,
        )
        told = (await self._calling.call(request, _DIALECT)).json(_Tracked)
        return [bytes(item) for item in told.output.complete_track_results]

    async def _granted(self) -> Granted:
        request = Request(
            url=f"{self._address}/oauth/token",
            method="POST",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(self._form).encode(),
        )
        told = (await self._calling.call(request, _DIALECT)).json(_Granted)
        return Granted(told.access_token, told.expires_in)
