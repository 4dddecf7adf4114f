"""How the bodies about webhooks are read: what is wrong with their shape and with what they say, at once."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from litestar.dto import AbstractDTO

from karla.domain.subscribers.rules import replays, webhooks
from karla.entrypoints.api.bodies import json_body
from karla.entrypoints.api.webhooks.requests import ReplayRequest
from karla.infra.errors import Fault, Invalid

Said = dict[str, Any]
"""The members of a body that are of the right form."""


def webhook_body(shape_type: type[msgspec.Struct]) -> type[AbstractDTO[Any]]:
    """As `json_body`; where values are of a wrong form, the faults of the others' meaning are named besides."""
    return _body(shape_type, _faults_of_webhook)


def replay_body() -> type[AbstractDTO[Any]]:
    """The same for what is to be sent again."""
    return _body(ReplayRequest, _faults_of_replay)


def _body(
    shape_type: type[msgspec.Struct], faults_of: Callable[[Said, bool], Iterable[Fault]]
) -> type[AbstractDTO[Any]]:
    plain = json_body(shape_type)

    class Body(plain):  # type: ignore[misc, valid-type]
        def decode_bytes(self, value: bytes) -> Any:
            try:
                return super().decode_bytes(value)
            except Invalid as error:
                wrong = {fault.loc[:2] for fault in error.faults}
                said = msgspec.json.decode(value)
                if not isinstance(said, dict):
                    raise
                good = {name: told for name, told in said.items() if ("body", name) not in wrong}
                settings = self.asgi_connection.app.state.services.settings
                # A member of a wrong form counts as absent here, and is no fault twice.
                further = [
                    fault for fault in faults_of(good, settings.allow_private_targets) if fault.loc[:2] not in wrong
                ]
                if not further:
                    raise
                faults = [*error.faults, *further]
                raise Invalid(message=f"{len(faults)} values are not valid.", faults=faults) from error

    return Body


def _faults_of_webhook(said: Said, allow_private: bool) -> Iterable[Fault]:
    return webhooks.faults_of(said.get("url"), said.get("enabled_events"), allow_private)


def _faults_of_replay(said: Said, _allow_private: bool) -> Iterable[Fault]:
    return replays.faults_of(msgspec.convert(said, ReplayRequest).told())
