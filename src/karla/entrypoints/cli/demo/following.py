"""The chapter in which carriers tell: accounts are connected, and parcels followed until all of it is known."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from karla.entrypoints.cli.demo.api import ShopApi
from karla.entrypoints.cli.demo.counts import Tracked
from karla.entrypoints.cli.demo.instance import DemoFailed
from karla.entrypoints.cli.demo.parcels import LANGUAGES
from karla.entrypoints.cli.demo.providers import Provider
from karla.entrypoints.cli.demo.screen import Screen
from karla.entrypoints.cli.demo.steps import Connect, Parcel

# An account that was connected has its first turn within seconds; of the rest, the pace of a call a second is most.
_PATIENCE_SECONDS = 20.0
_PAUSE_SECONDS = 0.1


class Following:
    """The shop's accounts, and what came of following; `tracked` by number."""

    def __init__(self, api: ShopApi, providers: Mapping[str, Provider], screen: Screen) -> None:
        self.tracked: dict[str, Tracked] = {}
        self._api = api
        self._providers = providers
        self._names: dict[str, str] = {}
        self._screen = screen

    async def connect(self, step: Connect) -> None:
        """Connect an account as a merchant would, who has its credentials; DemoFailed if they aren't taken."""
        provider = self._providers[step.provider]
        path = f"/connections/carriers/{step.provider}"
        answer = await self._api.call("PUT", path, {"name": step.name, "credentials": dict(provider.credentials)})
        self._screen.connected(path, step.name, provider.server is not None, answer)
        if answer.status != 201:
            raise DemoFailed(f"The account with {step.name} was not connected: {answer.body}")
        self._names[step.provider] = step.name

    async def follow(self, parcels: Sequence[Parcel], ids: Mapping[str, str], shown: bool) -> None:
        """Wait, but not for ever, until all is told of these; `ids` has their shipments by number.

        Of each it is `shown` when that was, or else of all together.
        """
        began = time.monotonic()
        left = list(parcels)
        while left and time.monotonic() - began < _PATIENCE_SECONDS:
            for parcel in tuple(left):
                shipment = await self._read(ids.get(parcel.number, "unknown"), LANGUAGES[0])
                scans = sum(entry["origin"] == parcel.provider for entry in shipment["events"])
                if scans >= len(parcel.brings) and shipment["phase"] == parcel.ends:
                    left.remove(parcel)
                    if shown:
                        self._screen.told(self._names[parcel.provider], shipment, scans, time.monotonic() - began)
            await asyncio.sleep(_PAUSE_SECONDS)
        if not shown:
            self._screen.say(f"       [cyan]told[/]   of {len(parcels) - len(left)} parcels all that is known by now")
        for parcel in left:
            self._screen.say(f"  [bold red]not all was told of {parcel.number} in {_PATIENCE_SECONDS:.0f} s[/]")
        for parcel in parcels:
            read = {language: await self._read(ids.get(parcel.number, "unknown"), language) for language in LANGUAGES}
            timelines = {language: tuple(reversed(shipment["events"])) for language, shipment in read.items()}
            self.tracked[parcel.number] = Tracked(shipment=read[LANGUAGES[0]], timelines=timelines)

    def show(self, parcel: Parcel) -> None:
        """The parcel's timeline, in both languages side by side."""
        self._screen.timeline(self._names[parcel.provider], self.tracked[parcel.number])

    def event_ids(self, parcel: Parcel) -> list[str]:
        """Of what its provider told, in order."""
        scans = self.tracked[parcel.number].scans(parcel.provider, LANGUAGES[0])
        return [scan["event_id"] for scan in scans]

    async def accounts(self) -> list[dict[str, Any]]:
        """The shop's connections as the API has them."""
        found: list[dict[str, Any]] = await self._api.read("/connections")
        return found

    def answered(self) -> list[int | None]:
        """The status of every answer that the stand-ins gave."""
        servers = [provider.server for provider in self._providers.values() if provider.server]
        return [entry.status for server in servers for entry in server.journal]

    async def _read(self, shipment_id: str, language: str) -> dict[str, Any]:
        found: dict[str, Any] = await self._api.read(f"/shipments/{shipment_id}", language)
        return found
