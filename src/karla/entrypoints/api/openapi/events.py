"""The document's `webhooks`: every event that Karla tells of, with its schema and an example.

Schemas and examples come from the envelope that subscribers really get. Claims have no room of their own
yet, so their part of it stands here.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import msgspec

from karla.domain.subscribers.envelope import VERSION, Context, Envelope, entries
from karla.entrypoints.api.openapi import sample, texts
from karla.entrypoints.api.openapi.schemas import Json, Schemas
from karla.entrypoints.api.times import Timestamp, stamp
from karla.infra.signing import karla_signature, standard_headers
from karla.vocabulary.events import ALL_DELIVERED, CATALOGUE, CLAIM_ACTIONS, RETURN_PHASES, EventKind, Phase
from karla.vocabulary.events import texts as event_texts


class ClaimItem(msgspec.Struct, kw_only=True):
    """A product that a claim is about."""

    sku: str | None
    title: str | None
    quantity: int
    net_price: float | None
    image_urls: list[str]


class ClaimData(msgspec.Struct, kw_only=True):
    """`event_data` of a claim's event."""

    claim_id: UUID
    event_name: str
    event_group: str
    created_at: Timestamp
    updated_at: Timestamp
    resolution_preference: str | None
    reason: str
    status: str
    description: str | None
    customer_signature_image_url: str | None
    selected_items: list[ClaimItem]
    image_urls: list[str]
    optional_image_urls: list[str]


def _payload(name: str, event_data: Any, doc: str) -> type[msgspec.Struct]:
    """The struct of a whole payload: the envelope, and the shop that the journal appends to it."""
    types: dict[str, Any] = {field.name: field.type for field in msgspec.structs.fields(Envelope)}
    types |= {"triggered_at": Timestamp, "event_data": event_data or types["event_data"], "context": Context}
    members = [*types.items(), ("shop_slug", str), ("shop_id", UUID)]
    return msgspec.defstruct(name, members, kw_only=True, namespace={"__doc__": doc})


SHIPMENT_PAYLOAD = _payload("ShipmentEventPayload", None, "The body of every webhook about a shipment.")
CLAIM_PAYLOAD = _payload("ClaimEventPayload", ClaimData, "The body of every webhook about a claim.")
TYPES = (SHIPMENT_PAYLOAD, CLAIM_PAYLOAD)

TAGS: list[Json] = [
    *(
        {
            "name": texts.phase_tag(phase),
            "x-displayName": phase.replace("_", " ").capitalize(),
            "description": texts.PHASES[phase],
        }
        for phase in Phase
    ),
    {
        "name": texts.CLAIMS_TAG,
        "x-displayName": "Claims",
        "description": "What customers report about what they got.",
    },
]


def shipment_example(kind: EventKind) -> Json:
    """What a webhook gets when this event happens."""
    (entry,) = entries([sample.event(kind)], sample.TOLD)
    head: Json = msgspec.json.decode(entry.head + b"}")
    return {**head, "shop_slug": sample.SHOP.slug, "shop_id": str(sample.SHOP.id)}


def claim_example(action: str) -> Json:
    """What a webhook gets when a claim is made or changes."""
    delivered = shipment_example(CATALOGUE["SUCCESSFULLY_DELIVERED"])
    data = ClaimData(
        claim_id=sample.id_of("claim"),
        event_name=action,
        event_group=f"claim_{action}",
        created_at=stamp(sample.TOLD),
        updated_at=stamp(sample.TOLD),
        resolution_preference="refund",
        reason="partial_damage",
        status="accepted" if action == "updated" else "pending",
        description="One of the two mugs is cracked.",
        customer_signature_image_url=None,
        selected_items=[
            ClaimItem(
                sku="MUG-BLUE",
                title="Stoneware mug, blue",
                quantity=1,
                net_price=23.11,
                image_urls=["https://cdn.example.com/claims/crack.jpg"],
            )
        ],
        image_urls=["https://cdn.example.com/claims/box.jpg"],
        optional_image_urls=[],
    )
    claim = {
        "uuid": str(data.claim_id),
        "reason": data.reason,
        "status": data.status,
        "resolution_preference": data.resolution_preference,
    }
    return {
        **delivered,
        "source": "claims",
        "ref": f"claims/{action}",
        "version": VERSION,
        "event_group": data.event_group,
        "event_data": msgspec.to_builtins(data),
        "context": {**delivered["context"], "claims": [claim]},
    }


def webhooks(schemas: Schemas) -> Json:
    """One entry an event, by its ref."""
    return dict([*_shipment_events(schemas.of(SHIPMENT_PAYLOAD)), *_claim_events(schemas.of(CLAIM_PAYLOAD))])


def _shipment_events(payload: Json) -> Iterator[tuple[str, Json]]:
    for kind in CATALOGUE.values():
        words = event_texts(kind.name, "en")
        groups = [group for group in (kind.group, kind.return_group) if group]
        group: Json = {"enum": groups} if groups else {"type": "null"}
        narrowed: Json = {
            "properties": {
                "ref": {"const": kind.ref},
                "event_group": group,
                "event_data": {"properties": {"event_name": {"const": kind.name}, "phase": {"const": kind.phase}}},
            }
        }
        yield (
            kind.ref,
            _post(
                operation_id=f"on{kind.name.title().replace('_', '')}",
                tag=texts.phase_tag(kind.phase),
                summary=words.status,
                description=f"{words.headline.rstrip('.')}. {_reach(kind)}",
                schema={"allOf": [payload, narrowed]},
                example=shipment_example(kind),
            ),
        )


def _reach(kind: EventKind) -> str:
    """Whom the event notifies, and who can solve the problem that it tells of."""
    if kind.group is None and kind.return_group is None:
        told = "It has no group, so no webhook gets it; it stands on the timeline and in the journal."
    elif kind.group is None and kind.phase in RETURN_PHASES:
        told = f"Group `{kind.return_group}`, whichever way the parcel travels."
    elif kind.group is None:
        told = f"Group `{kind.return_group}`, on the way back alone."
    elif kind.return_group is None:
        told = f"Group `{kind.group}`, towards the customer alone."
    else:
        told = f"Group `{kind.group}`, on the way back `{kind.return_group}`."
    if kind.handover:
        told += f" Towards the customer the filter `{ALL_DELIVERED}` matches it too."
    return f"{told} The problem is for: {kind.owner}." if kind.owner != "none" else told


def _claim_events(payload: Json) -> Iterator[tuple[str, Json]]:
    for action in CLAIM_ACTIONS:
        ref = f"claims/{action}"
        yield (
            ref,
            _post(
                operation_id=f"onClaim{action.title()}",
                tag=texts.CLAIMS_TAG,
                summary=f"Claim {action}",
                description=f"A customer's claim was {action}. Group `claim_{action}`.",
                schema={"allOf": [payload, {"properties": {"ref": {"const": ref}}}]},
                example=claim_example(action),
            ),
        )


def _post(*, operation_id: str, tag: str, summary: str, description: str, schema: Json, example: Json) -> Json:
    return {
        "post": {
            "operationId": operation_id,
            "tags": [tag],
            "summary": summary,
            "description": description,
            "security": [],
            "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in HEADERS],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": schema, "examples": {"example": {"value": example}}}},
            },
            "responses": {
                "2XX": {"description": "The event is taken."},
                "default": {
                    "description": "Anything else, a redirect too, or no answer within 10 seconds: "
                    "the event is sent again later. `Retry-After` of 429 and 503 is honoured. "
                    "After 410 it isn't sent again."
                },
            },
        }
    }


def _headers() -> Json:
    body, sent = b"{}", int(sample.TOLD.timestamp())
    event_id = str(sample.OUT_FOR_DELIVERY.event_id)
    standard = standard_headers([_SECRET], event_id, sent, body)
    values: Mapping[str, tuple[str, str]] = {
        "Karla-Signature": (
            "`t=<unix seconds>,v1=<hex>`: HMAC-SHA256 of `<t>.<raw body>` under the secret. There may be several `v1`.",
            karla_signature([_SECRET], sent, body),
        ),
        "Karla-Delivery-Id": ("The delivery, the same at every attempt.", str(sample.id_of("delivery"))),
        "webhook-id": ("The event's id, for recognising one that came before.", event_id),
        "webhook-timestamp": ("When this attempt was signed, in seconds.", standard["webhook-timestamp"]),
        "webhook-signature": (
            "`v1,<base64>`: the signature of Standard Webhooks, over `<webhook-id>.<webhook-timestamp>.<raw body>`.",
            standard["webhook-signature"],
        ),
    }
    return {
        name: {
            "name": name,
            "in": "header",
            "required": True,
            "description": description,
            "schema": {"type": "string"},
            "example": example,
        }
        for name, (description, example) in values.items()
    }


_SECRET = "41013bd9-9072-42cd-9902-66da38361be9"  # noqa: S105 - of the example alone
HEADERS = _headers()
