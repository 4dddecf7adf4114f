"""How the bodies that describe a webhook are read: what is wrong with their shape and with what they say, at once."""

from typing import Any

import msgspec
from litestar.dto import AbstractDTO

from karla.domain.subscribers.rules.webhooks import faults_of
from karla.entrypoints.api.bodies import json_body
from karla.infra.errors import Fault, Invalid


def webhook_body(shape_type: type[msgspec.Struct]) -> type[AbstractDTO[Any]]:
    """As `json_body`; where values are of a wrong form, the faults of the others' meaning are named besides."""
    plain = json_body(shape_type)

    class WebhookBody(plain):  # type: ignore[misc, valid-type]
        def decode_bytes(self, value: bytes) -> Any:
            try:
                return super().decode_bytes(value)
            except Invalid as error:
                settings = self.asgi_connection.app.state.services.settings
                further = _further_faults(value, error.faults, settings.allow_private_targets)
                if not further:
                    raise
                faults = [*error.faults, *further]
                raise Invalid(message=f"{len(faults)} values are not valid.", faults=faults) from error

    return WebhookBody


def _further_faults(body: bytes, found: "tuple[Fault, ...]", allow_private: bool) -> list[Fault]:
    """What is wrong with a URL and with filters that are of the right form, in a body that isn't."""
    said = msgspec.json.decode(body)
    if not isinstance(said, dict):
        return []
    wrong = {fault.loc[:2] for fault in found}
    url, filters = said.get("url"), said.get("enabled_events")
    return faults_of(
        url if isinstance(url, str) and ("body", "url") not in wrong else None,
        filters if isinstance(filters, list) and ("body", "enabled_events") not in wrong else None,
        allow_private,
    )
