"""The catalogue of carriers."""

from typing import Unpack

from karla.client.calls import Given
from karla.client.carriers import CarrierFilters, CatalogueCarrier
from karla.client.operations import Resource, S, listing, operation


class Carriers(Resource[S]):
    """The carriers that Karla knows: the same for every key and shop."""

    @listing("v1CarriersSearch", "GET /v1/carriers", CatalogueCarrier)
    def search(self, **filters: Unpack[CarrierFilters]) -> Given:
        """Carriers, exact names first, then the best-known."""
        return Given(query=filters)

    @operation("v1CarriersGet", "GET /v1/carriers/{reference}", CatalogueCarrier)
    def get(self, reference: str) -> Given:
        """One carrier by its reference, such as `dhl`."""
        return Given(path={"reference": reference})
