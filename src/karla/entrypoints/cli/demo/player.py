"""Plays the story: each step, and what is seen to follow from it."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from karla.entrypoints.cli.demo.api import ShopApi
from karla.entrypoints.cli.demo.counts import Outcome, expected_events
from karla.entrypoints.cli.demo.following import Following
from karla.entrypoints.cli.demo.instance import DemoFailed
from karla.entrypoints.cli.demo.looking import Looking
from karla.entrypoints.cli.demo.screen import Screen
from karla.entrypoints.cli.demo.steps import (
    Act,
    Call,
    ComesBack,
    Connect,
    Event,
    Follow,
    Look,
    Step,
    Subscribe,
    Subscriber,
)
from karla.entrypoints.cli.demo.story import SUBSCRIBERS
from karla.infra.http.receiver import Received, Receiver

_PATIENCE_SECONDS = 5.0
_RETRY_PATIENCE_SECONDS = 12.0
_PAUSE_SECONDS = 0.02
_TRIES_IN_VAIN = 2


class Player:
    """Holds what the shop's software knows: ids of parcels, of webhooks, and the events seen so far."""

    def __init__(self, api: ShopApi, receivers: Mapping[str, Receiver], following: Following, screen: Screen) -> None:
        self._api = api
        self._receivers = receivers
        self._following = following
        self._looking = Looking(api, screen)
        self._screen = screen
        self._subscribers = {subscriber.name: subscriber for subscriber in SUBSCRIBERS}
        self._down = {subscriber.name for subscriber in SUBSCRIBERS if not subscriber.up_at_first}
        self._webhooks: dict[str, str] = {}
        self._parcels: dict[str, str] = {}
        self._seen: set[str] = set()
        self._answers: list[tuple[Call, int]] = []

    async def play(self, acts: Sequence[Act]) -> Outcome:
        """Play all acts, wait for the last delivery, and look at what there is."""
        for act in acts:
            self._screen.act(act.title)
            for step in act.steps:
                await self._step(step)
        return await self._outcome(acts)

    async def _step(self, step: Step) -> None:
        match step:
            case Call():
                await self._call(step)
            case Subscribe():
                await self._subscribe(self._subscribers[step.subscriber])
            case ComesBack():
                await self._come_back(self._subscribers[step.subscriber])
            case Connect():
                await self._following.connect(step)
            case Follow():
                await self._follow_parcels(step)
            case Look():
                await self._looking.look(step.pages)

    async def _call(self, call: Call) -> None:
        shipment_id = self._parcels.get(call.parcel or "", "unknown")
        answer = await self._api.call(call.method, call.path.format(id=shipment_id), call.body)
        self._answers.append((call, answer.status))
        self._screen.call(call, call.path.format(id=f"{shipment_id[:8]}…"), answer)
        if answer.status < 400 and isinstance(answer.body, dict):
            for tracking in answer.body.get("trackings", ()):
                self._parcels[tracking["tracking_number"]] = tracking["id"]
        news = await self._news()
        for entry in news:
            self._screen.event(entry)
            await self._follow(entry)
        if not news and call.method != "GET" and answer.status < 400:
            self._screen.nothing()

    async def _subscribe(self, subscriber: Subscriber) -> None:
        receiver = self._receivers[subscriber.name]
        if subscriber.up_at_first:
            await receiver.up()
        body = {"url": receiver.url, "enabled_events": list(subscriber.enabled_events)}
        answer = await self._api.call("POST", "/webhooks", body)
        self._screen.subscribed(subscriber.name, subscriber.enabled_events, subscriber.up_at_first, answer)
        if answer.status != 201:
            raise DemoFailed(f"The webhook was not made: {answer.body}")
        self._webhooks[subscriber.name] = answer.body["uuid"]
        receiver.secrets.append(answer.body["secret"])

    async def _news(self) -> list[dict[str, Any]]:
        """The events that weren't seen before, the oldest first."""
        page = await self._api.read("/events?per_page=100")
        new = [entry for entry in reversed(page) if entry["event_id"] not in self._seen]
        self._seen.update(entry["event_id"] for entry in new)
        return new

    async def _follow(self, entry: dict[str, Any]) -> None:
        """Show the event's way to each receiver that wants it, as far as it gets now."""
        event = Event(entry["ref"], str(entry["event_group"]))
        for name, subscriber in self._subscribers.items():
            if not subscriber.wants(event):
                continue
            log = await self._settled(name, entry["event_id"])
            if log is None:
                self._screen.missing(name)
            else:
                self._screen.delivery(name, log, self._received(name, log))

    async def _follow_parcels(self, step: Follow) -> None:
        await self._following.follow(step.parcels, self._parcels, step.shown)
        news = {entry["event_id"]: Event(entry["ref"], str(entry["event_group"])) for entry in await self._news()}
        for parcel in step.parcels:
            if step.shown:
                self._following.show(parcel)
            told = [event_id for event_id in self._following.event_ids(parcel) if event_id in news]
            sent = {
                name: await self._sent(name, [event_id for event_id in told if subscriber.wants(news[event_id])])
                for name, subscriber in self._subscribers.items()
            }
            if step.shown:
                self._screen.deliveries(sent)

    async def _sent(self, name: str, event_ids: Sequence[str]) -> list[tuple[dict[str, Any] | None, list[Received]]]:
        """The deliveries of these events, and what was received of each."""
        logs = [await self._settled(name, event_id) for event_id in event_ids]
        return [(log, self._received(name, log) if log else []) for log in logs]

    async def _settled(self, name: str, event_id: str) -> dict[str, Any] | None:
        """The delivery of an event once it was settled, or tried at all where the receiver is down."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            found = await self._deliveries(name, f"&event_id={event_id}")
            log = found[0] if found else None
            done = log and (log["status"] != "pending" or (name in self._down and log["attempts"]))
            if done or time.monotonic() > deadline:
                return log
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _come_back(self, subscriber: Subscriber) -> None:
        name = subscriber.name
        deadline = time.monotonic() + _RETRY_PATIENCE_SECONDS
        while time.monotonic() < deadline:
            waiting = await self._deliveries(name)
            if all(len(log["attempts"]) >= _TRIES_IN_VAIN for log in waiting):
                break
            await asyncio.sleep(_PAUSE_SECONDS)
        await self._receivers[name].up()
        self._down.discard(name)
        self._screen.waiting(name)
        left = [log["uuid"] for log in reversed(waiting)]
        while left and time.monotonic() < deadline:
            for log in reversed(await self._deliveries(name)):
                if log["uuid"] in left and log["status"] != "pending":
                    left.remove(log["uuid"])
                    self._screen.delivery(name, log, self._received(name, log), log["ref"].rpartition("/")[2])
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _deliveries(self, name: str, query: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self._api.read(
            f"/webhooks/{self._webhooks[name]}/deliveries?per_page=100{query}"
        )
        return found

    def _received(self, name: str, log: dict[str, Any]) -> list[Received]:
        return [one for one in self._receivers[name].journal if one.delivery_id == log["uuid"]]

    async def _outcome(self, acts: Sequence[Act]) -> Outcome:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            deliveries = {name: await self._deliveries(name) for name in self._subscribers}
            if all(
                len(deliveries[name]) >= len(expected_events(acts, subscriber.wants))
                and all(log["status"] != "pending" for log in deliveries[name])
                for name, subscriber in self._subscribers.items()
            ):
                break
            await asyncio.sleep(_PAUSE_SECONDS)
        return Outcome(
            answers=self._answers,
            orders=await self._api.read("/orders?per_page=100"),
            shipments=await self._api.read("/shipments?per_page=100"),
            events=await self._api.read("/events?per_page=100"),
            deliveries=deliveries,
            received={name: receiver.journal for name, receiver in self._receivers.items()},
            accounts=await self._following.accounts(),
            answered=self._following.answered(),
            tracked=self._following.tracked,
            pages=self._looking.seen,
        )
