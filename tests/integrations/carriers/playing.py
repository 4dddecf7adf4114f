"""A provider of the registry behind its stand-in, and the parcels of its recordings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import msgspec

from karla.infra.http import Egress
from karla.infra.http.standin import Server
from karla.integrations import registry
from karla.integrations.calling import Called
from karla.integrations.carriers.contract import Answer, Carrier, Parcel
from karla.integrations.contract import Kind, Manifest
from karla.integrations.standins import Recording, StandIn, serving
from tests.support.clocks import NOON, StandingClock

PLACED = NOON - timedelta(days=3, hours=3)
"""When the parcels of recordings were handed in; the clock stands at noon."""


class Playing(msgspec.Struct):
    """One provider, played; `calls` has every call that its accounts made."""

    slug: str
    manifest: Manifest
    standin: StandIn
    server: Server
    egress: Egress
    clock: StandingClock
    calls: list[Called]

    def account(self, credentials: dict[str, str] | None = None) -> Carrier:
        given = credentials or self.standin.credentials(self.server.url)
        return registry.carrier(self.slug, given, self.egress, self.clock, watch=self.calls.append)

    async def tracked(self, *parcels: Parcel) -> list[Answer]:
        """By as many calls of `track` as the batch of the manifest makes it."""
        account, batch = self.account(), self.manifest.pace.batch
        chunks = [parcels[start : start + batch] for start in range(0, len(parcels), batch)]
        return [answer for chunk in chunks for answer in await account.track(chunk)]


@asynccontextmanager
async def playing(slug: str) -> AsyncIterator[Playing]:
    standin = registry.standin(Kind.CARRIERS, slug)
    server = serving(standin)
    await server.up()
    async with Egress(allow_private=True) as egress:
        about = registry.manifest(Kind.CARRIERS, slug)
        yield Playing(slug, about, standin, server, egress, StandingClock(), [])
    await server.close()


def recordings_of(slug: str) -> list[Recording]:
    return [*registry.standin(Kind.CARRIERS, slug).recordings.all.values()]


def parcel_of(recording: Recording) -> Parcel:
    return Parcel(
        tracking_number=recording.number,
        carrier_reference=recording.carrier or None,
        destination_country=recording.country or None,
        destination_postal_code=recording.postal_code or None,
        language=recording.language,
        registered=True,
        placed_at=PLACED,
    )
