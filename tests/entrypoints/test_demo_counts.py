"""The demo's closing table tells every way in which the counts can be wrong."""

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from karla.entrypoints.cli.demo.counts import Outcome, Seen, Tracked, expected_events, sections, wrong
from karla.entrypoints.cli.demo.parcels import LANGUAGES, PARCELS, TO_BERLIN
from karla.entrypoints.cli.demo.steps import Event, Follow, Look, Page, Parcel
from karla.entrypoints.cli.demo.story import CARRIERS, ENDINGS, SUBSCRIBERS, calls, story
from karla.infra.http.receiver import Received

ACTS = story(datetime(2026, 3, 16, tzinfo=UTC))
EVERYTHING, LAST_MILE = SUBSCRIBERS
STEPS = [step for act in ACTS for step in act.steps]
FOLLOWED: list[Parcel] = [parcel for step in STEPS if isinstance(step, Follow) for parcel in step.parcels]
PAGES: list[Page] = [page for step in STEPS if isinstance(step, Look) for page in step.pages]


def outcome() -> Outcome:
    """As the story has it: the last-mile receiver missed the first four events for it."""
    events: list[dict[str, Any]] = [
        {"event_id": f"e{place}", "ref": event.ref, "event_group": event.group, "event_data": {"event_id": f"e{place}"}}
        for place, event in enumerate(expected_events(ACTS))
    ]
    deliveries: dict[str, list[dict[str, Any]]] = {}
    received: dict[str, list[Received]] = {}
    for subscriber in SUBSCRIBERS:
        wanted = [entry for entry in events if subscriber.wants(Event(entry["ref"], entry["event_group"]))]
        missed = wanted[:4] if subscriber is LAST_MILE else []
        deliveries[subscriber.name] = [
            {
                "status": "delivered",
                "attempts": [*[{"status_code": None}] * (2 if entry in missed else 0), {"status_code": 200}],
            }
            for entry in wanted
        ]
        received[subscriber.name] = [request(entry) for entry in wanted]
    drafts = [{"draft": True, "phase": "order_created"}] * 4
    parcels = [
        {"draft": False, "tracking_number": number, "carrier_reference": CARRIERS.get(number, "dhl"), "phase": phase}
        for number, phase in ENDINGS.items()
    ]
    return Outcome(
        answers=[(call, call.status) for call in calls(ACTS)],
        orders=[{"status": status} for status in ("placed", "placed", "cancelled", *["fulfilled"] * 10)],
        shipments=[*drafts, *parcels],
        events=events,
        deliveries=deliveries,
        received=received,
        accounts=[{"status": "active", "last_error": None} for _ in PARCELS],
        answered=[200, 404, 200],
        tracked={parcel.number: tracked(parcel) for parcel in FOLLOWED},
        pages=[
            Seen(
                page.order_number, f"https://shop.example/{page.order_number}", 200, page.state, "Good news", shown=True
            )
            for page in PAGES
        ],
    )


def tracked(parcel: Parcel) -> Tracked:
    """With the shop's label before what the provider told."""
    names = [event.ref.rpartition("/")[2] for event in parcel.brings]
    told = [("shop", "SHIPPING_LABEL_CREATED"), *((parcel.provider, name) for name in names)]
    worded = len(told) - parcel.unworded
    timelines = {
        language: [
            {
                "origin": origin,
                "event_key": name,
                "language": language,
                "event_strings": {"list_label": f"{name} in {language}"},
                "additional_info": {"carrier_text": "as it came"} if place < worded else {},
            }
            for place, (origin, name) in enumerate(told)
        ]
        for language in LANGUAGES
    }
    return Tracked(shipment={"phase": parcel.ends}, timelines=timelines)


def request(entry: dict[str, Any]) -> Received:
    body = {name: value for name, value in entry.items() if name != "event_id"}
    return Received(
        path="/hooks",
        headers={"karla-delivery-id": entry["event_id"], "webhook-id": entry["event_id"]},
        body=json.dumps(body).encode(),
        karla_signed=True,
        standard_signed=True,
        status=200,
    )


def test_what_goes_as_the_story_has_it_is_right() -> None:
    table = sections(ACTS, outcome())
    assert wrong(table) == []
    assert sum(len(section.rows) for section in table) > 30


def one_answer_differs(it: Any) -> None:
    it.answers[0] = (it.answers[0][0], 500)


def an_event_is_missing(it: Any) -> None:
    del it.events[0]


def an_event_too_many(it: Any) -> None:
    it.events.append({**it.events[0], "event_id": "more"})


def a_delivery_came_twice(it: Any) -> None:
    it.received["everything"].append(it.received["everything"][0])


def a_delivery_never_came(it: Any) -> None:
    it.received["last-mile"].pop()


def a_signature_was_bad(it: Any) -> None:
    it.received["everything"][3] = msgspec.structs.replace(it.received["everything"][3], karla_signed=False)


def another_body_was_sent(it: Any) -> None:
    it.received["everything"][3] = msgspec.structs.replace(it.received["everything"][3], body=b'{"event_data": {}}')


def a_delivery_failed(it: Any) -> None:
    it.deliveries["last-mile"][0]["status"] = "failed"


def nothing_was_retried(it: Any) -> None:
    for delivery in it.deliveries["last-mile"]:
        del delivery["attempts"][:-1]


def a_phase_moved_back(it: Any) -> None:
    it.shipments[4]["phase"] = "in_delivery"


def an_order_was_lost(it: Any) -> None:
    it.orders.pop()


def timeline(it: Any, language: str) -> Any:
    return it.tracked[TO_BERLIN.number].timelines[language]


def a_scan_was_not_told(it: Any) -> None:
    del timeline(it, "en")[-1]


def a_scan_was_told_twice(it: Any) -> None:
    timeline(it, "en").append(timeline(it, "en")[-1])


def scans_are_in_the_wrong_order(it: Any) -> None:
    timeline(it, "en")[2:4] = reversed(timeline(it, "en")[2:4])


def another_provider_told_it(it: Any) -> None:
    timeline(it, "en")[2]["origin"] = "aftership"


def a_parcel_was_not_followed(it: Any) -> None:
    del it.tracked[TO_BERLIN.number]


def german_was_asked_for_and_english_came(it: Any) -> None:
    timeline(it, "de")[3]["language"] = "en"


def words_are_missing(it: Any) -> None:
    timeline(it, "de")[3]["event_strings"]["list_label"] = ""


def the_carriers_words_were_lost(it: Any) -> None:
    timeline(it, "en")[4]["additional_info"] = {}


def an_account_was_refused(it: Any) -> None:
    it.accounts[1]["status"] = "refused"


def an_account_has_trouble(it: Any) -> None:
    it.accounts[1]["last_error"] = "timeout"


def a_link_leads_to_another_order(it: Any) -> None:
    it.pages[1] = msgspec.structs.replace(it.pages[1], url=it.pages[0].url)


def an_order_is_in_another_state(it: Any) -> None:
    it.pages[3] = msgspec.structs.replace(it.pages[3], state="on_the_way")


def a_page_has_another_headline(it: Any) -> None:
    it.pages[2] = msgspec.structs.replace(it.pages[2], shown=False)


def a_page_is_not_found(it: Any) -> None:
    it.pages[5] = msgspec.structs.replace(it.pages[5], status=404)


def a_stand_in_found_fault(it: Any) -> None:
    it.answered.append(400)


@pytest.mark.parametrize(
    ("spoil", "row"),
    [
        (one_answer_differs, "The shop's calls: answered as they should be"),
        (an_event_is_missing, "Events in the journal, by group: all"),
        (an_event_too_many, "Events in the journal, by group: all"),
        (a_delivery_came_twice, "Webhook everything: *: received twice"),
        (a_delivery_never_came, "Webhook last-mile: shipments/delivered, shipment_out_for_delivery: received"),
        (a_signature_was_bad, "Webhook everything: *: Karla-Signature verified"),
        (another_body_was_sent, "Webhook everything: *: equal to the journal"),
        (a_delivery_failed, "Webhook last-mile: shipments/delivered, shipment_out_for_delivery: delivered"),
        (
            nothing_was_retried,
            "Webhook last-mile: shipments/delivered, shipment_out_for_delivery: attempts in vain, while it was down",
        ),
        (a_phase_moved_back, "What Karla keeps: in phase delivered"),
        (an_order_was_lost, "What Karla keeps: orders"),
        (a_scan_was_not_told, f"What carriers told: {TO_BERLIN.number}: scans told by dhl"),
        (a_scan_was_told_twice, f"What carriers told: {TO_BERLIN.number}: scans told by dhl"),
        (scans_are_in_the_wrong_order, f"What carriers told: {TO_BERLIN.number}: scans told by dhl"),
        (another_provider_told_it, f"What carriers told: {TO_BERLIN.number}: scans told by dhl"),
        (a_parcel_was_not_followed, f"What carriers told: {TO_BERLIN.number}: scans told by dhl"),
        (german_was_asked_for_and_english_came, "What carriers told: in Karla's words, de"),
        (words_are_missing, "What carriers told: in Karla's words, de"),
        (the_carriers_words_were_lost, "What carriers told: in the carriers' own words"),
        (an_account_was_refused, "What carriers told: accounts, all in use and without trouble"),
        (an_account_has_trouble, "What carriers told: accounts, all in use and without trouble"),
        (a_link_leads_to_another_order, "What shoppers see: links made"),
        (an_order_is_in_another_state, "What shoppers see: orders in the state of their story"),
        (a_page_has_another_headline, "What shoppers see: pages with its headline"),
        (a_page_is_not_found, "What shoppers see: pages that don't answer 200"),
        (a_stand_in_found_fault, "What carriers told: requests that a stand-in refused"),
    ],
)
def test_a_wrong_count_is_named(spoil: Callable[[Any], None], row: str) -> None:
    spoiled = copy.deepcopy(outcome())
    spoil(spoiled)
    assert row in wrong(sections(ACTS, spoiled))
