"""DPD as a carrier: which calls answer what is asked of it."""

import re
from collections.abc import Mapping, Sequence

from karla.integrations.calling import Calling
from karla.integrations.carriers.contract import Answer, Carrier, Parcel, Raw
from karla.integrations.carriers.dpd import mapping
from karla.integrations.carriers.dpd.client import Client
from karla.integrations.contract import Manifest, NotFound, Refused, Unreachable

# Fourteen digits; labels and mails of DPD have a check sign behind them, scanners the whole barcode.
_NUMBER = re.compile(r"(?:%?[0-9A-Z]{7}(?=[0-9]{20}$))?([0-9]{14})(?:[0-9A-Z]|[0-9]{6})?")


class Adapter(Carrier):
    """One merchant's user."""

    def __init__(self, manifest: Manifest, credentials: Mapping[str, str], calling: Calling) -> None:
        self._languages = manifest.languages
        self._client = Client(credentials["address"], credentials["delis_id"], credentials["password"], calling)

    async def try_credentials(self) -> None:
        """A login: DPD wants no parcels asked for but real ones."""
        await self._client.login()

    async def track(self, parcels: Sequence[Parcel]) -> list[Answer]:
        """One call a parcel."""
        return [await self._of(parcel) for parcel in parcels]

    async def _of(self, parcel: Parcel) -> Answer:
        number = _NUMBER.fullmatch("".join(parcel.tracking_number.split()).upper())
        if number is None:
            return NotFound()  # a number of another form isn't DPD's: that is known without a call
        try:
            body = await self._client.tracking(number[1], self._language(parcel))
            return Raw(body, "text/xml") if body and mapping.has(body) else NotFound()
        except Refused as refused:
            return refused
        except ValueError:
            reason = "answered SOAP of another form than documented"
        raise Unreachable(reason)

    def _language(self, parcel: Parcel) -> str:
        return parcel.language if parcel.language in self._languages else "en"
