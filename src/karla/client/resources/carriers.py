"""The catalogue of carriers, and how those of a shop are doing."""

from typing import Unpack

from karla.client.calls import Given
from karla.client.carriers import CarrierFilters, CarrierHealth, CatalogueCarrier
from karla.client.operations import Resource, S, listing, operation


class Carriers(Resource[S]):
    """The carriers that Karla knows, which are the same for every key and shop; and how those of a shop are doing."""

    @listing("v1CarriersSearch", "GET /v1/carriers", CatalogueCarrier)
    def search(self, **filters: Unpack[CarrierFilters]) -> Given:
        """Carriers, exact names first, then the best-known."""
        return Given(query=filters)

    @operation("v1CarriersGet", "GET /v1/carriers/{reference}", CatalogueCarrier)
    def get(self, reference: str) -> Given:
        """One carrier by its reference, such as `dhl`."""
        return Given(path={"reference": reference})

    @operation("v1ShopsCarriersHealth", "GET /v1/shops/{slug}/carriers/health", list[CarrierHealth])
    def health(self, *, hours: int = 24) -> Given:
        """How each carrier of the shop is doing, counted over the last so many hours, 1 to 720."""
        return Given(query={"hours": hours})
