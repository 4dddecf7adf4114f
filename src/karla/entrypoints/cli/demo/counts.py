"""The closing table: what the story demands beside what Karla and the receivers have."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from karla.entrypoints.cli.demo.parcels import LANGUAGES
from karla.entrypoints.cli.demo.steps import (
    Act,
    Call,
    ComesBack,
    Connect,
    Event,
    Follow,
    Look,
    Page,
    Parcel,
    Subscriber,
)
from karla.entrypoints.cli.demo.story import CARRIERS, DRAFTS_END, ENDINGS, SUBSCRIBERS, calls
from karla.infra.http.receiver import Received

# A provider may answer that it doesn't know a number.
_TAKEN = (200, 404)


class Tracked(msgspec.Struct, frozen=True, kw_only=True):
    """A followed parcel as the API has it; `timelines` by language, each oldest first."""

    shipment: dict[str, Any]
    timelines: Mapping[str, Sequence[dict[str, Any]]]

    def scans(self, provider: str, language: str) -> list[dict[str, Any]]:
        """What this provider told."""
        return [entry for entry in self.timelines[language] if entry["origin"] == provider]


class Seen(msgspec.Struct, frozen=True):
    """A shopper's page: its link, the status it answers, the order's state and headline by the API, which it `shown`.

    Where no link was made or the API refused it, the status is that refusal's.
    """

    order_number: str
    url: str
    status: int
    state: str
    headline: str
    shown: bool


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What there is in the end; `deliveries` and `received` by the name of the subscriber, `tracked` by number.

    All but `answers` (each with its call), `received`, and the statuses with which stand-ins `answered` was read
    through the public API.
    """

    answers: Sequence[tuple[Call, int]]
    orders: Sequence[dict[str, Any]]
    shipments: Sequence[dict[str, Any]]
    events: Sequence[dict[str, Any]]
    deliveries: Mapping[str, Sequence[dict[str, Any]]]
    received: Mapping[str, Sequence[Received]]
    accounts: Sequence[dict[str, Any]]
    answered: Sequence[int | None]
    tracked: Mapping[str, Tracked]
    pages: Sequence[Seen]


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
        Section("What carriers told", _followed(acts, outcome)),
        Section("What shoppers see", _seen(acts, outcome)),
        Section("Events in the journal, by group", _journal(acts, outcome)),
        *(Section(f"Webhook {s.name}: {', '.join(s.enabled_events)}", _webhook(acts, outcome, s)) for s in SUBSCRIBERS),
    ]


def wrong(table: Sequence[Section]) -> list[str]:
    """The rows whose counts differ."""
    return [f"{section.title}: {row.what}" for section in table for row in section.rows if not row.ok]


def expected_events(acts: Sequence[Act], wanted: Callable[[Event], bool] = lambda event: True) -> list[Event]:
    """The events that follow from the story."""
    steps = [step for act in acts for step in act.steps]
    return [event for step in steps if isinstance(step, Call | Follow) for event in step.brings if wanted(event)]


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
    expected: dict[str, int] = {}
    for call in calls(acts):
        if call.body and call.method == "PUT" and call.status == 200:
            parcels = {tracking["tracking_number"] for tracking in call.body["trackings"]}
            numbers.setdefault(call.body["id"], set()).update(parcels)
            expected[call.body["id"]] = call.body["order"].get("expected_number_of_shipments", 1)
    drafts = sum(max(0, expected[number] - len(parcels)) for number, parcels in numbers.items())
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


def _followed(acts: Sequence[Act], outcome: Outcome) -> list[Row]:
    steps = [step for act in acts for step in act.steps]
    parcels = [parcel for step in steps if isinstance(step, Follow) for parcel in step.parcels]
    wanted = sum(len(parcel.brings) for parcel in parcels)
    told = {
        language: [scan for parcel in parcels for scan in _scans(parcel, outcome, language)] for language in LANGUAGES
    }
    worded = {language: [scan for scan in scans if _is_in(language, scan)] for language, scans in told.items()}
    return [
        _equal(
            "accounts, all in use and without trouble",
            _number(steps, lambda step: isinstance(step, Connect)),
            _number(outcome.accounts, lambda one: one["status"] == "active" and one["last_error"] is None),
        ),
        _equal("requests that a stand-in refused", 0, _number(outcome.answered, lambda status: status not in _TAKEN)),
        *(
            _equal(
                f"{parcel.number}: scans told by {parcel.provider}",
                len(parcel.brings),
                _as_wanted(parcel, _scans(parcel, outcome, LANGUAGES[0])),
            )
            for parcel in parcels
        ),
        *(_equal(f"in Karla's words, {language}", wanted, len(scans)) for language, scans in worded.items()),
        _equal(
            "in the carriers' own words",
            wanted - sum(parcel.unworded for parcel in parcels),
            _number(told[LANGUAGES[0]], lambda scan: scan["additional_info"].get("carrier_text")),
        ),
    ]


def _seen(acts: Sequence[Act], outcome: Outcome) -> list[Row]:
    wanted: list[Page] = [page for act in acts for step in act.steps if isinstance(step, Look) for page in step.pages]
    states = {page.order_number: page.state for page in wanted}
    return [
        _equal("links made", len(wanted), len({page.url for page in outcome.pages if page.url})),
        _equal("orders in the state of their story", len(wanted), _in_state(states, outcome.pages)),
        _equal("pages with its headline", len(wanted), _number(outcome.pages, lambda one: one.shown)),
        _equal("pages that don't answer 200", 0, _number(outcome.pages, lambda one: one.status != 200)),
    ]


def _in_state(states: Mapping[str, str], pages: Sequence[Seen]) -> int:
    return _number(pages, lambda one: states.get(one.order_number) == one.state)


def _scans(parcel: Parcel, outcome: Outcome, language: str) -> list[dict[str, Any]]:
    tracked = outcome.tracked.get(parcel.number)
    return tracked.scans(parcel.provider, language) if tracked else []


def _is_in(language: str, scan: dict[str, Any]) -> bool:
    return scan["language"] == language and bool(scan["event_strings"]["list_label"])


def _as_wanted(parcel: Parcel, scans: Sequence[dict[str, Any]]) -> int:
    """How many are what the story has in their place; where there are too many, how many there are."""
    wanted = [event.ref.rpartition("/")[2] for event in parcel.brings]
    if len(scans) > len(wanted):
        return len(scans)
    return _number(zip(scans, wanted, strict=False), lambda pair: pair[0]["event_key"] == pair[1])


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
