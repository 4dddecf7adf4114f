"""The document's `webhooks`: every event that Karla tells of, with its schema and an example.

Schemas and examples come from the envelope that subscribers really get. Claims have no room of their own
yet, so their part of it stands here.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import msgspec

from karla.domain.subscribers.envelope import VERSION, Context, Envelope, NoticeData, ShipmentData, entry_of
from karla.domain.subscribers.records.lanes import LaneFailure, LaneState, WebhookNotice
from karla.domain.subscribers.rules.cloudevents import CONTENT_TYPE, CloudEvent
from karla.entrypoints.api.openapi import sample, texts
from karla.entrypoints.api.openapi.schemas import Json, Schemas
from karla.entrypoints.api.times import Timestamp, stamp
from karla.infra.signing import karla_signature, standard_headers
from karla.infra.work import Fact
from karla.vocabulary.events import ALL_DELIVERED, CATALOGUE, CLAIM_ACTIONS, RETURN_PHASES, EventKind, Notice, Phase
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


def _payload(name: str, event_data: type[msgspec.Struct], doc: str) -> type[msgspec.Struct]:
    """The struct of a whole payload: the envelope, and the shop that the journal appends to it."""
    types: dict[str, Any] = {field.name: field.type for field in msgspec.structs.fields(Envelope)}
    types |= {"triggered_at": Timestamp, "event_data": event_data, "context": Context}
    members = [*types.items(), ("shop_slug", str), ("shop_id", UUID)]
    return msgspec.defstruct(name, members, kw_only=True, namespace={"__doc__": doc})


SHIPMENT_PAYLOAD = _payload("ShipmentEventPayload", ShipmentData, "The body of every webhook about a shipment.")
CLAIM_PAYLOAD = _payload("ClaimEventPayload", ClaimData, "The body of every webhook about a claim.")
NOTICE_PAYLOAD = _payload("WebhookEventPayload", NoticeData, "The body of every webhook about a webhook of the shop.")
TYPES = (SHIPMENT_PAYLOAD, CLAIM_PAYLOAD, NOTICE_PAYLOAD, CloudEvent)

_NOTICES: Mapping[Notice, tuple[str, str]] = {
    Notice.FAILING: (
        "Webhook failing",
        (
            "Three attempts or more in a row have failed, for five minutes at least, or a delivery's last attempt has. "
            "Events wait, and it is tried again and again with pauses; it is never switched off for that."
        ),
    ),
    Notice.RECOVERED: (
        "Webhook recovered",
        "An endpoint that was failing has taken an event: what waited flows again.",
    ),
    Notice.DISABLED: (
        "Webhook disabled",
        "The endpoint has answered 410 Gone. The webhook is inactive, and what was due to it is cancelled.",
    ),
    Notice.TEST: ("Webhook test", "Somebody asked for it, to see whether the endpoint takes events."),
}

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
    {
        "name": texts.WEBHOOKS_TAG,
        "x-displayName": "Webhooks",
        "description": "How the shop's own webhooks are doing. Only webhooks that name these events get them: `*` "
        "doesn't match them, and no webhook is told of itself, but for its test.",
    },
]


def shipment_example(kind: EventKind) -> Json:
    """What a webhook gets when this event happens."""
    return _example(sample.event(kind))


def notice_example(notice: Notice) -> Json:
    """What a webhook gets when this is told of another one."""
    failed = notice in (Notice.FAILING, Notice.DISABLED)
    return _example(
        WebhookNotice(
            event_id=sample.id_of(f"webhook {notice}"),
            shop_id=sample.SHOP.id,
            notice=notice,
            webhook_id=sample.id_of("webhook"),
            url="https://erp.example.com/hooks/karla",
            lane=LaneState(
                failures=17 if failed else 0,
                failing_since=sample.HAPPENED if failed else None,
                last_failure=LaneFailure(sample.TOLD, 410 if notice is Notice.DISABLED else 503, None),
            ),
            occurred_at=sample.TOLD,
        )
    )


def _example(fact: Fact) -> Json:
    entry = entry_of(fact, sample.TOLD)
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


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the document says of one event."""

    ref: str
    operation_id: str
    tag: str
    summary: str
    description: str
    schema: Json
    example: Json


def webhooks(schemas: Schemas) -> Json:
    """One entry an event, by its ref."""
    told = [
        *_shipment_events(schemas.of(SHIPMENT_PAYLOAD)),
        *_claim_events(schemas.of(CLAIM_PAYLOAD)),
        *_notices(schemas.of(NOTICE_PAYLOAD)),
    ]
    return {one.ref: _post(schemas, one) for one in told}


def _shipment_events(payload: Json) -> Iterator[_Told]:
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
        yield _Told(
            ref=kind.ref,
            operation_id=f"on{kind.name.title().replace('_', '')}",
            tag=texts.phase_tag(kind.phase),
            summary=words.status,
            description=f"{words.headline.rstrip('.')}. {_reach(kind)}",
            schema={"allOf": [payload, narrowed]},
            example=shipment_example(kind),
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


def _claim_events(payload: Json) -> Iterator[_Told]:
    for action in CLAIM_ACTIONS:
        ref = f"claims/{action}"
        yield _Told(
            ref=ref,
            operation_id=f"onClaim{action.title()}",
            tag=texts.CLAIMS_TAG,
            summary=f"Claim {action}",
            description=f"A customer's claim was {action}. Group `claim_{action}`.",
            schema={"allOf": [payload, {"properties": {"ref": {"const": ref}}}]},
            example=claim_example(action),
        )


def _notices(payload: Json) -> Iterator[_Told]:
    for notice, (summary, description) in _NOTICES.items():
        yield _Told(
            ref=notice.ref,
            operation_id=f"onWebhook{notice.title()}",
            tag=texts.WEBHOOKS_TAG,
            summary=summary,
            description=f"{description} Group `{notice.group}`.",
            schema={"allOf": [payload, {"properties": {"ref": {"const": notice.ref}}}]},
            example=notice_example(notice),
        )


def _post(schemas: Schemas, told: _Told) -> Json:
    cloud_event = {"allOf": [schemas.of(CloudEvent), {"properties": {"data": told.schema}}]}
    return {
        "post": {
            "operationId": told.operation_id,
            "tags": [told.tag],
            "summary": told.summary,
            "description": told.description,
            "security": [],
            "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in HEADERS],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": told.schema,
                        "examples": {"example": {"value": told.example}},
                    },
                    CONTENT_TYPE: {"schema": cloud_event},
                },
            },
            "responses": {
                "2XX": {"description": "The event is taken."},
                "default": {
                    "description": "Anything else, a redirect too, or no answer within 10 seconds: "
                    "the event is sent again later. `Retry-After` of 429, 502, 503 and 504 is honoured. "
                    "After 410 the webhook is set inactive."
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
            "`t=<unix seconds>,v1=<hex>`: HMAC-SHA256 of `<t>.<raw body>` under the secret. A rotation has two `v1`.",
            karla_signature([_SECRET], sent, body),
        ),
        "Karla-Delivery-Id": ("The delivery, the same at every attempt.", str(sample.id_of("delivery"))),
        "webhook-id": ("The event's id, for recognising one that came before.", event_id),
        "webhook-timestamp": ("When this attempt was signed, in seconds.", standard["webhook-timestamp"]),
        "webhook-signature": (
            "`v1,<base64>`: the signature of Standard Webhooks, over `<webhook-id>.<webhook-timestamp>.<raw body>`.",
            standard["webhook-signature"],
        ),
        "Karla-Replay": ("The replay that this is part of; absent otherwise.", str(sample.id_of("replay"))),
        "Karla-Test": ("`true` where nothing happened but a test; absent otherwise.", "true"),
    }
    return {
        name: {
            "name": name,
            "in": "header",
            "required": name not in ("Karla-Replay", "Karla-Test"),
            "description": description,
            "schema": {"type": "string"},
            "example": example,
        }
        for name, (description, example) in values.items()
    }


_SECRET = "41013bd9-9072-42cd-9902-66da38361be9"  # noqa: S105 - of the example alone
HEADERS = _headers()
