"""Integrations, and a shop's connections with them."""

from typing import Unpack

from karla.client.calls import Given
from karla.client.connections import (
    Connection,
    ConnectionChanges,
    ConnectionTest,
    ConnectionUpsert,
    Integration,
    KindFilters,
)
from karla.client.operations import Resource, S, listing, operation


class Integrations(Resource[S]):
    """The third parties that a shop can connect: the same for every key and shop."""

    @listing("v1IntegrationsSearch", "GET /v1/integrations", Integration)
    def search(self, **filters: Unpack[KindFilters]) -> Given:
        """Integrations, and what each asks for."""
        return Given(query=filters)

    @operation("v1IntegrationsGet", "GET /v1/integrations/{kind}/{integration}", Integration)
    def get(self, kind: str, integration: str) -> Given:
        """One integration, such as `carriers`, `dhl`."""
        return Given(path={"kind": kind, "integration": integration})


class Connections(Resource[S]):
    """The shop's accounts with third parties, each named by kind and integration, such as `carriers`, `dhl`."""

    @listing("v1ConnectionsSearch", "GET /v1/shops/{slug}/connections", Connection)
    def search(self, **filters: Unpack[KindFilters]) -> Given:
        """The connections, by kind and integration, without their secrets."""
        return Given(query=filters)

    @operation("v1ConnectionsGet", "GET /v1/shops/{slug}/connections/{kind}/{integration}", Connection)
    def get(self, kind: str, integration: str) -> Given:
        """One connection, without its secrets."""
        return Given(path={"kind": kind, "integration": integration})

    @operation("v1ConnectionsConnect", "PUT /v1/shops/{slug}/connections/{kind}/{integration}", Connection)
    def connect(self, kind: str, integration: str, **wish: Unpack[ConnectionUpsert]) -> Given:
        """Connect the account, or change it; the credentials are tried at the third party before they are saved.

        Invalid `credentials_refused` when it doesn't take them; ApiError `provider_unreachable` when it doesn't say.
        """
        return Given(path={"kind": kind, "integration": integration}, body=wish)

    @operation("v1ConnectionsUpdate", "PATCH /v1/shops/{slug}/connections/{kind}/{integration}", Connection)
    def update(self, kind: str, integration: str, **changes: Unpack[ConnectionChanges]) -> Given:
        """Pause the connection, use it again, or give it another name."""
        return Given(path={"kind": kind, "integration": integration}, body=changes)

    @operation("v1ConnectionsDelete", "DELETE /v1/shops/{slug}/connections/{kind}/{integration}", type(None))
    def disconnect(self, kind: str, integration: str) -> Given:
        """Forget the connection and its credentials for good."""
        return Given(path={"kind": kind, "integration": integration})

    @operation("v1ConnectionsTest", "POST /v1/shops/{slug}/connections/{kind}/{integration}/test", ConnectionTest)
    def test(self, kind: str, integration: str, *, idempotency_key: str | None = None) -> Given:
        """Try the stored credentials now, and tell what came of it."""
        return Given(path={"kind": kind, "integration": integration}, idempotency_key=idempotency_key)
