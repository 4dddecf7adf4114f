"""Swiss Post as a carrier: which calls answer what is asked of it."""

import re
from collections.abc import Mapping, Sequence

from karla.integrations.calling import Calling
from karla.integrations.carriers.contract import Answer, Carrier, Parcel, Raw
from karla.integrations.carriers.swisspost.answers import key_in
from karla.integrations.carriers.swisspost.client import SAMPLE_NUMBER, Client
from karla.integrations.contract import Manifest, NotFound, Refused

# As printed, a number has dots: 99.00.123456.12345678.
_NOT_OF_A_NUMBER = re.compile(r"[\s.]")


class Adapter(Carrier):
    """One merchant's account."""

    def __init__(self, manifest: Manifest, credentials: Mapping[str, str], calling: Calling) -> None:
        self._languages = manifest.languages
        self._client = Client(
            credentials["address"],
            credentials["token_address"],
            credentials["client_id"],
            credentials["client_secret"],
            calling,
        )

    async def try_credentials(self) -> None:
        """A token, and one call with it about a number that nobody has."""
        await self._client.detail(SAMPLE_NUMBER, "en")

    async def track(self, parcels: Sequence[Parcel]) -> list[Answer]:
        """Two calls a parcel: what it is and where it is to go, then what happened to it.

        Where its number is no key to it, the key is searched for, by a third call.
        """
        return [await self._of(parcel) for parcel in parcels]

    async def _of(self, parcel: Parcel) -> Answer:
        number = _NOT_OF_A_NUMBER.sub("", parcel.tracking_number)
        language = parcel.language if parcel.language in self._languages else "en"
        try:
            return await self._found(number, language)
        except Refused as refused:
            return refused

    async def _found(self, number: str, language: str) -> Answer:
        key, detail = number, await self._client.detail(number, language)
        if detail is None:
            told = await self._client.search(number)
            found = key_in(told, number) if told else None
            if found is None or found == number:
                return NotFound()
            key, detail = found, await self._client.detail(found, language)
        if detail is None:
            return NotFound()
        events = await self._client.events(key, language)
        # Both answers byte by byte, as the members of one object.
        return Raw(b'{"detail":%b,"events":%b}' % (detail, events or b"null"))
