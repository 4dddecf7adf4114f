"""What the document says in words: the introduction, the tags, and parameters by their names."""

from collections.abc import Mapping

from karla.domain.branding.records import ImageType
from karla.entrypoints.api.openapi.schemas import Json
from karla.integrations.contract import Kind
from karla.vocabulary.events import Phase

SUMMARY = "Everything that happens to an order after the purchase: parcels, events, webhooks."

INTRODUCTION = """
Send Karla your orders and their tracking numbers; it keeps the story of every parcel and tells you what happens to
it by signed webhooks.

### Authentication

HTTP Basic: the user name of an API key, and the key as the password. `400` means that there are no credentials or
that they can't be read, `401` that they are unknown, revoked or expired, `403` that the key has no access to that
shop or no role that allows the call. Roles are `viewer` (reads), `editor` (also writes) and `admin` (also manages
keys and connections and deletes shops).

### Conventions

- Bodies are JSON in UTF-8. A member that is `null` counts as absent.
- Unknown members and parameters are ignored, but for those of connections, of the test clock, of tests, replays
  and rotations of webhooks, and of searches in deliveries, replays, events, carriers, integrations and the audit
  trail: there a slip would do or find too much, and is a `422`.
- Times are ISO 8601 with an offset; answers use `+00:00`. Ids are UUIDs. Prices are numbers in the order's currency.
- Searches take `page` and `per_page`; a page shorter than `per_page` is the last. Lists that grow while they are
  read take a `cursor` instead: `Karla-Next-Cursor` and `Link` lead to the next page.
- `Accept-Language` chooses the language of texts about shipments; English without a match.
- Writes are idempotent where this is possible: the same body twice changes nothing and announces nothing.
- Any POST takes an `Idempotency-Key`. Sent again within 24 hours it has its first answer again, marked
  `Idempotent-Replayed: true`; with another body it is a `422`, and while the first is still under way a `409`.
- Every key has a limit of requests a minute: beyond it `429`, with `Retry-After`.
- Every answer has an `X-Request-Id`; one that you send is kept.

### Errors

Every answer from `400` up has the body `Error`: a stable `key`, a `message` for people, and in `errors` **every**
invalid value with its place (`loc`) and a stable word for what is wrong (`type`). Repeat a `5xx` or a `429` later,
never another `4xx`.

### By host

Where Karla answers to `{slug}.<domain>`, `https://{slug}.<domain>/api/v1/…` is the same as `/v1/shops/{slug}/…`.

### Webhooks

The section *Webhooks* lists every event with an example. To verify a delivery, split `Karla-Signature` into `t` and
`v1`, compute `HMAC-SHA256(secret, t + "." + body)` over the raw body, and compare it in constant time with each `v1`;
refuse a `t` that is more than five minutes off. A library of Standard Webhooks can check the `webhook-*` headers
instead. Deliveries come at least once: `webhook-id` is the event's id and stays the same over all attempts. They
come in the order of each shipment where the webhook's `ordering` is `shipment`, and otherwise as fast as they can.
""".strip()

TAGS: Mapping[str, str] = {
    "Orders": "Orders with their trackings. The upsert is the one call that an integration needs.",
    "Shipments": "Parcels, their timelines, and events that no carrier reports.",
    "Webhooks": "Subscriptions to events, and the log of what was delivered to them.",
    "Events": "The journal: every event that was announced, as webhooks got it.",
    "Products": "The catalogue that order lines refer to by `product_id` and `variant_id`.",
    "Carriers": "The catalogue of carriers: names, tracking pages, number formats. And how a shop's are doing.",
    "Connections": "A shop's accounts with third parties, and the integrations that it can connect.",
    "Images": "Uploads for pages and claims.",
    "Settings": "What a shop has switched on.",
    "Shops": "The shops of an organisation.",
    "API keys": "Credentials: created and rotated here, shown once.",
    "Organisations": "The people of an organisation.",
    "Analytics": "How a shop's tracking page is used.",
    "Storefront": "What a shopper's browser may call: a shop's page, an order by number and ZIP code or by its token.",
    "Audit trail": "Who changed what, when and from where.",
}

PHASES: Mapping[Phase, str] = {
    Phase.ORDER_CREATED: "The order is placed; its parcels are drafts.",
    Phase.ORDER_PROCESSED: "Packed, labelled, waiting for the carrier.",
    Phase.IN_TRANSIT: "With the carrier.",
    Phase.IN_DELIVERY: "On the delivery vehicle, and attempts to deliver.",
    Phase.COLLECT: "Waiting at a pick-up point.",
    Phase.DELIVERED: "With the recipient.",
    Phase.DELIVERY_FAILED: "An attempt failed for good, or needs help.",
    Phase.RETURNED: "On the way back to the sender, or there.",
    Phase.RETURN_CREATED: "A customer's return is announced.",
    Phase.RETURN_TRANSIT: "A customer's return is on its way.",
    Phase.RETURN_RECEIVED: "A customer's return has arrived.",
    Phase.RETURN_FAILED: "A customer's return went wrong.",
}

CLAIMS_TAG = "Events: claims"
WEBHOOKS_TAG = "Events: webhooks"


def phase_tag(phase: Phase) -> str:
    """The tag of the events of a phase."""
    return f"Events: {phase.replace('_', ' ')}"


_UUID: Json = {"type": "string", "format": "uuid"}
_TEXT: Json = {"type": "string"}

PATH_PARAMETERS: Mapping[str, tuple[str, Json]] = {
    "slug": ("The shop's slug.", _TEXT),
    "delivery_uuid": ("The delivery's UUID.", _UUID),
    "event_id": ("The event's id.", _UUID),
    "integration": ("The integration's slug, such as `dhl`.", _TEXT),
    "host": ("The host name, without a port.", _TEXT),
    "kind": ("The kind of integration.", {"type": "string", "enum": [str(kind) for kind in Kind]}),
    "image_type": ("What the image is for.", {"type": "string", "enum": [str(kind) for kind in ImageType]}),
    "name": ("The last part of the image's address.", _TEXT),
    "product_id": ("The merchant's id of the product.", {"type": "string", "maxLength": 255}),
    "variant_id": ("The merchant's id of the variant.", {"type": "string", "maxLength": 255}),
    "reference": ("The carrier's reference, such as `dhl`.", _TEXT),
    "shipment_id": ("The shipment's UUID.", _UUID),
    "uuid": ("Its UUID.", _UUID),
}
PLACES: Mapping[tuple[str, str], str] = {
    ("orders", "ref"): "UUID, order number, external id or order name of the order, or a tracking number of it.",
    ("shipments", "ref"): "UUID, tracking number or external id of the shipment.",
    ("orgs", "slug"): "The organisation's slug.",
}
"""Path parameters that mean something else after this part of a path."""

EXAMPLES: Mapping[str, str] = {
    "slug": "my-shop",
    "kind": "carriers",
    "integration": "dhl",
    "ref": "10001",
    "product_id": "mug",
    "reference": "dhl",
    "variant_id": "mug-blue",
}

QUERY_PARAMETERS: Mapping[str, str] = {
    "carrier": "The carrier's reference, such as `dhl`.",
    "direction": "Towards the customer, or back.",
    "email_id": "The customer's e-mail address.",
    "event_id": "The event that was delivered.",
    "external_id": "The shop system's own id.",
    "language": "The shop's language.",
    "order": "Any reference of an order.",
    "order_placed_from": "Placed at this time or later.",
    "order_placed_to": "Placed at this time or earlier.",
    "organization": "The organisation's slug.",
    "product_id": "The merchant's id of the product.",
    "phase": "Where the shipment is in its life.",
    "shipment_updated_since": "With a shipment that changed at this time or later.",
    "shop_provider": "The shop system.",
    "status": "In this state.",
    "updated_since": "Changed at this time or later.",
    "url": "The address exactly as it was given.",
    "uuid": "The one with this UUID.",
    "variant_id": "The merchant's id of the variant.",
}


def query_description(name: str) -> str:
    """What a filter without words of its own means."""
    return QUERY_PARAMETERS.get(name) or f"With exactly this {name.replace('_', ' ')}."
