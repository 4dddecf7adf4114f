"""The Österreichische Post's HTTP interface: the web service Track & Trace, version 1."""

from base64 import b64encode
from typing import Any

import msgspec

from karla.integrations.calling import Calling, Dialect, Request, words_at

# A number of the right form that nobody has, for a call that says nothing but whether the account is good.
SAMPLE_NUMBER = "1000000000000000000000"
_PATH = "/api/v1/GetParcelDetail"
_DIALECT = Dialect(meaningful=frozenset({404}), words=words_at("ResponseStatus.ErrorCode", "ResponseStatus.Message"))


class Client:
    """One user of the web service."""

    def __init__(self, address: str, username: str, password: str, calling: Calling) -> None:
        self._url = f"{address}{_PATH}"
        login = b64encode(f"{username}:{password}".encode()).decode()
        calling.hide(login)
        self._headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
        self._calling = calling

    async def parcel_detail(self, number: str) -> bytes | None:
        """POST GetParcelDetail: the body as it came, None where nothing is known of the number; a Failure."""
        request = Request(
            url=self._url,
            method="POST",
            query={"format": "json"},
            headers=self._headers,
            body=msgspec.json.encode({"IdentCode": number, "WithDescription": "true"}),
        )
        response = await self._calling.call(request, _DIALECT)
        if response.status == 404:
            return None
        response.json(dict[str, Any])
        return response.body
