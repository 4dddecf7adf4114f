"""La Poste's HTTP interface: Suivi v2 of developer.laposte.fr."""

from collections.abc import Sequence

import msgspec

from karla.integrations.calling import Calling, Dialect, Request, Words, words_at
from karla.integrations.contract import Unreachable

# A number that La Poste shows in its documentation, for a call that says nothing but whether the key is good.
SAMPLE_NUMBER = "EP111111110FR"
_of_service = words_at("returnCode", "returnMessage")
_of_gateway = words_at("code", "message")


def _words(body: bytes) -> Words:
    """The service words its errors otherwise than the gateway before it does."""
    code, message = _of_service(body)
    return (code, message) if message else _of_gateway(body)


# 404 is "nothing known of it" where one number was asked for.
_DIALECT = Dialect(meaningful=frozenset({404}), words=_words)


class Client:
    """One application of developer.laposte.fr."""

    def __init__(self, address: str, api_key: str, calling: Calling) -> None:
        self._url = f"{address}/suivi/v2/idships/"
        self._headers = {"X-Okapi-Key": api_key}
        self._calling = calling

    async def shipments(self, numbers: Sequence[str], language: str) -> list[bytes]:
        """GET /idships/{numbers}: what came of each number, byte by byte and not always in order; a Failure.

        `numbers` are letters and digits, `language` is such as `fr_FR`. An empty list: nothing is known of any.
        """
        response = await self._calling.call(
            Request(url=self._url + ",".join(numbers), query={"lang": language}, headers=self._headers), _DIALECT
        )
        try:
            if response.body.lstrip().startswith(b"["):
                return [bytes(item) for item in response.json(list[msgspec.Raw])]
            response.json(dict[str, msgspec.Raw])
        except Unreachable:
            # La Poste answers some numbers that it can't place by a page that isn't JSON.
            if response.status == 404:
                return []
            raise
        return [response.body]
