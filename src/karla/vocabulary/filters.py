"""The language of webhook filters: what a subscriber may write, and which filters an event matches."""

import re

from karla.vocabulary.events import ALL_DELIVERED, EVENT_NAME, GROUPS, WEBHOOKS, Notice, Phase

_ACTION = re.compile(r"[a-z_]+")
_PHASES = frozenset(Phase)
_NOTICES = frozenset(Notice)

# Two groups are spelled otherwise in the guides of some marketing tools.
_SPELLINGS = {
    "shipment_delivered_to_parcelshop": "shipment_delivered_to_parcel_shop",
    "shipment_not_picked_up_returned": "shipment_not_picked_up_then_returned",
}


def canonical_filter(written: str) -> str:
    """The spelling to store: what `filter_tokens` produces for a matching event."""
    return _SPELLINGS.get(written, written)


def filter_problem(written: str) -> str | None:
    """Why a filter can't be subscribed to, as a sentence for its author; None where it can.

    A filter is `*`, a ref or its beginning in whole segments (`shipments`, `shipments/delivered`,
    `shipments/delivered/SUCCESSFULLY_DELIVERED`, `claims`, `claims/created`, `webhooks/failing`), or the name of a
    group.
    An event name that is new to us passes under a known phase, so that a subscriber can be ahead of us.
    """
    if written == "*" or canonical_filter(written) in GROUPS:
        return None
    source, *rest = written.split("/")
    if source == "shipments":
        return _shipment_problem(rest)
    if source == "claims":
        return _claim_problem(rest)
    if source == WEBHOOKS:
        return _notice_problem(rest)
    return "A filter is *, a ref that starts with shipments, claims or webhooks, or the name of an event group."


def _shipment_problem(rest: list[str]) -> str | None:
    if len(rest) > 2:
        return "A shipment ref has at most three parts: shipments/{phase}/{EVENT_NAME}."
    if rest and rest[0] not in _PHASES:
        return f"The phase is not known; the phases are {', '.join(Phase)}."
    if len(rest) == 2 and not EVENT_NAME.fullmatch(rest[1]):
        return "An event name is written in UPPER_SNAKE_CASE."
    return None


def _claim_problem(rest: list[str]) -> str | None:
    if len(rest) > 1:
        return "A claim ref has at most two parts: claims/{action}."
    if rest and not _ACTION.fullmatch(rest[0]):
        return "A claim's action is written in lower case, such as created."
    return None


def _notice_problem(rest: list[str]) -> str | None:
    if not rest or (len(rest) == 1 and rest[0] in _NOTICES):
        return None
    return f"What is told of webhooks is one of {', '.join(Notice)}."


def filter_tokens(ref: str, group: str | None, *, handover: bool = False) -> tuple[str, ...]:
    """Every filter that an event with this ref and group matches; a webhook with any of them gets it.

    `handover`: a parcel on its way to the customer was handed over, in whichever way. What is told of webhooks
    goes to those alone that name it: `*` is older than it, and there are receivers that refuse a new source.
    """
    segments = ref.split("/")
    prefixes = ["/".join(segments[:end]) for end in range(1, len(segments) + 1)]
    everything = () if segments[0] == WEBHOOKS else ("*",)
    return (*everything, *prefixes, *([group] if group else []), *([ALL_DELIVERED] if handover else []))
