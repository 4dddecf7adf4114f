"""Those with whom the demo's shop has accounts for tracking: stand-ins on this machine, and the sandbox."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec

from karla.entrypoints.cli.demo.steps import Parcel
from karla.infra.http.standin import Server
from karla.integrations import registry
from karla.integrations.contract import Kind
from karla.integrations.standins import serving


class Provider(msgspec.Struct, frozen=True):
    """What the merchant has to know of it; `server` plays it, None where nobody is called."""

    credentials: Mapping[str, str]
    server: Server | None


@asynccontextmanager
async def providers_of(parcels: Iterable[Parcel]) -> AsyncIterator[Mapping[str, Provider]]:
    """Each provider that tells of a parcel, by slug, listening and playing what it is to tell."""
    recorded: dict[str, list[Parcel]] = {}
    for parcel in parcels:
        recorded.setdefault(parcel.provider, []).append(parcel)
    async with AsyncExitStack() as stack:
        made: dict[str, Provider] = {}
        for slug, told in recorded.items():
            made[slug] = _provider(slug, told)
            if server := made[slug].server:
                stack.push_async_callback(server.close)
                await server.up()
        yield made


def _provider(slug: str, told: Iterable[Parcel]) -> Provider:
    playing = {parcel.number: parcel.recording for parcel in told if parcel.recording}
    if not playing:
        return Provider({}, None)
    standin = registry.standin(Kind.CARRIERS, slug)
    for number, recording in playing.items():
        standin.recordings.play(number, recording)
    server = serving(standin)
    return Provider(standin.credentials(server.url), server)
