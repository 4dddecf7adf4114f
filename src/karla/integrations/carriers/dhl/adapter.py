"""DHL as a carrier: which calls answer what is asked of it."""

from collections.abc import Mapping, Sequence

import msgspec

from karla.integrations.calling import Calling
from karla.integrations.carriers.contract import Answer, Carrier, Parcel, Raw
from karla.integrations.carriers.dhl import mapping
from karla.integrations.carriers.dhl.client import SAMPLE_NUMBER, Client
from karla.integrations.contract import Manifest, NotFound, Refused, Unreachable


class Adapter(Carrier):
    """One merchant's key."""

    def __init__(self, manifest: Manifest, credentials: Mapping[str, str], calling: Calling) -> None:
        self._manifest = manifest
        self._client = Client(credentials["address"], credentials["api_key"], calling)

    async def try_credentials(self) -> None:
        """One call of the day's budget: there is no cheaper one that needs the key."""
        await self._client.shipments({"trackingNumber": SAMPLE_NUMBER, "limit": "1"})

    async def track(self, parcels: Sequence[Parcel]) -> list[Answer]:
        """One call a parcel, a second one where the number is another parcel's too and DHL says who else has it."""
        return [await self._of(parcel) for parcel in parcels]

    async def _of(self, parcel: Parcel) -> Answer:
        try:
            return await self._found(parcel)
        except Refused as refused:
            return refused

    async def _found(self, parcel: Parcel) -> Answer:
        service = self._manifest.carriers.get(parcel.carrier_reference or "")
        body = await self._client.shipments(self._query(parcel, service))
        if body is None:
            return NotFound()
        elsewhere, known = _read(body, parcel)
        if not known and elsewhere:
            body = await self._client.shipments(self._query(parcel, elsewhere))
            known = body is not None and _read(body, parcel)[1]
        return Raw(body) if body and known else NotFound()

    def _query(self, parcel: Parcel, service: str | None) -> dict[str, str]:
        told = {
            "trackingNumber": "".join(parcel.tracking_number.split()),
            "service": service,
            "language": parcel.language if parcel.language in self._manifest.languages else "en",
            "requesterCountryCode": parcel.destination_country,
            "originCountryCode": parcel.origin_country,
            "recipientPostalCode": parcel.destination_postal_code,
            "limit": "5",
        }
        return {name: value for name, value in told.items() if value}


def _read(body: bytes, parcel: Parcel) -> tuple[str | None, bool]:
    """Which service may know more, and whether the parcel is in the answer."""
    try:
        return next(iter(mapping.additional(body)), None), mapping.has(body, parcel)
    except msgspec.ValidationError:
        pass
    raise Unreachable("answered JSON of another form than documented")
