"""The closing table: what the story demands beside what Karla and the receivers have."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from karla.entrypoints.cli.demo.story import (
    CARRIERS,
    DRAFTS_END,
    ENDINGS,
    SUBSCRIBERS,
    Act,
    Call,
    ComesBack,
    Event,
    Subscriber,
    calls,
)
from karla.infra.http.receiver import Received


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What there is in the end; `deliveries` and `received` by the name of the subscriber.

    All but `answers` (each with its call) and `received` was read through the public API.
    """

    answers: Sequence[tuple[Call, int]]
    orders: Sequence[dict[str, Any]]
    shipments: Sequence[dict[str, Any]]
    events: Sequence[dict[str, Any]]
    deliveries: Mapping[str, Sequence[dict[str, Any]]]
    received: Mapping[str, Sequence[Received]]


class Row(msgspec.Struct, frozen=True):
    """One count."""

    what: str
    expected: str
    got: str
    ok: bool


class Section(msgspec.Struct, frozen=True):
    """Rows of one matter."""

    title: str
    rows: Sequence[Row]


def sections(acts: Sequence[Act], outcome: Outcome) -> list[Section]:
    """The whole table."""
    return [
        Section("The shop's calls", _calls(acts, outcome)),
        Section("What Karla keeps", _state(acts, outcome)),
        Section("Events in the journal, by group", _journal(acts, outcome)),
        *(Section(f"Webhook {s.name}: {', '.join(s.enabled_events)}", _webhook(acts, outcome, s)) for s in SUBSCRIBERS),
    ]


def wrong(table: Sequence[Section]) -> list[str]:
    """The rows whose counts differ."""
    return [f"{section.title}: {row.what}" for section in table for row in section.rows if not row.ok]


def expected_events(acts: Sequence[Act], wanted: Callable[[Event], bool] = lambda event: True) -> list[Event]:
    """The events that follow from the story."""
    return [event for call in calls(acts) for event in call.brings if wanted(event)]


def _calls(acts: Sequence[Act], outcome: Outcome) -> list[Row]:
    told = calls(acts)
    as_told = [status for call, status in outcome.answers if status == call.status]
    return [
        _equal("made", len(told), len(outcome.answers)),
        _equal("answered as they should be", len(told), len(as_told)),
        _equal(
            "refused by 422", _number(told, lambda call: call.status == 422), [s for _, s in outcome.answers].count(422)
        ),
    ]


def _state(acts: Sequence[Act], outcome: Outcome) -> list[Row]:
    numbers: dict[str, set[str]] = {}
    for call in calls(acts):
        if call.body and call.method == "PUT" and call.status == 200:
            parcels = {tracking["tracking_number"] for tracking in call.body["trackings"]}
            numbers.setdefault(call.body["id"], set()).update(parcels)
    drafts = _number(numbers.values(), lambda parcels: not parcels)
    phases = Counter([*ENDINGS.values(), *[DRAFTS_END] * drafts])
    found = Counter(shipment["phase"] for shipment in outcome.shipments)
    recognised = {s["tracking_number"]: s["carrier_reference"] for s in outcome.shipments if not s["draft"]}
    return [
        _equal("orders", len(numbers), len(outcome.orders)),
        _equal(
            "of them cancelled",
            _number(calls(acts), lambda call: call.path.endswith("/cancel")),
            _number(outcome.orders, lambda order: order["status"] == "cancelled"),
        ),
        _equal("parcels", drafts + len(set().union(*numbers.values())), len(outcome.shipments)),
        _equal("of them drafts", drafts, _number(outcome.shipments, lambda shipment: shipment["draft"])),
        *(_equal(f"in phase {phase}", phases[phase], found[phase]) for phase in sorted(phases | found)),
        _equal(
            "carrier known by the number alone",
            len(CARRIERS),
            _number(CARRIERS.items(), lambda item: recognised.get(item[0]) == item[1]),
        ),
    ]


def _journal(acts: Sequence[Act], outcome: Outcome) -> list[Row]:
    wanted = Counter(event.group for event in expected_events(acts))
    found = Counter(str(entry["event_group"]) for entry in outcome.events)
    return [
        *(_equal(group, wanted[group], found[group]) for group in sorted(wanted | found)),
        _equal("all", wanted.total(), found.total()),
    ]


def _webhook(acts: Sequence[Act], outcome: Outcome, subscriber: Subscriber) -> list[Row]:
    wanted = expected_events(acts, subscriber.wants)
    log = outcome.deliveries[subscriber.name]
    received = outcome.received[subscriber.name]
    journal = {entry["event_id"]: entry for entry in outcome.events}
    attempts = [attempt for delivery in log for attempt in delivery["attempts"]]
    answered = _number(attempts, lambda attempt: attempt["status_code"] is not None)
    retried = _number(log, lambda delivery: len(delivery["attempts"]) > 1)
    while_down = len(expected_events(_acts_while_down(acts, subscriber), subscriber.wants))
    return [
        _equal("events that its filter wants, in the delivery log", len(wanted), len(log)),
        _equal("delivered", len(wanted), _number(log, lambda delivery: delivery["status"] == "delivered")),
        _equal("received", len(wanted), len({one.delivery_id for one in received})),
        _equal("received twice", 0, len(received) - len({one.delivery_id for one in received})),
        _equal("Karla-Signature verified", len(wanted), _number(received, lambda one: one.karla_signed)),
        _equal("webhook-signature verified", len(wanted), _number(received, lambda one: one.standard_signed)),
        _equal("equal to the journal", len(wanted), _number(received, lambda one: _journalled(one, journal))),
        _equal("attempts with an answer", len(wanted), answered),
        _at_least("attempts in vain, while it was down", 2 * while_down, len(attempts) - answered),
        _equal("deliveries that needed more than one attempt", while_down, retried),
    ]


def _acts_while_down(acts: Sequence[Act], subscriber: Subscriber) -> list[Act]:
    """Those before the receiver comes back."""
    if subscriber.up_at_first:
        return []
    back = next(place for place, act in enumerate(acts) if ComesBack(subscriber.name) in act.steps)
    return list(acts[:back])


def _journalled(one: Received, journal: Mapping[str, dict[str, Any]]) -> bool:
    """What was sent is the journal's entry, which has its id besides."""
    event_id = one.headers.get("webhook-id", "")
    return journal.get(event_id) == {"event_id": event_id, **one.json}


def _number(of: Any, which: Callable[[Any], bool]) -> int:
    return sum(1 for one in of if which(one))


def _equal(what: str, expected: int, got: int) -> Row:
    return Row(what, str(expected), str(got), expected == got)


def _at_least(what: str, expected: int, got: int) -> Row:
    """For what depends on timing; of nothing there must be nothing."""
    if expected == 0:
        return _equal(what, 0, got)
    return Row(what, f"{expected} or more", str(got), got >= expected)
