"""DHL's messages: which event each is, and when a scan is the same."""

import csv
from pathlib import Path

import msgspec
import pytest

from tests.integrations.carriers.dhl_answers import NUMBER, answer, event, read

MESSAGES = [*csv.DictReader((Path(__file__).parent / "dhl_messages.csv").read_text(encoding="utf-8").splitlines())]


def test_there_are_enough_messages_in_both_languages() -> None:
    assert len({row["text"] for row in MESSAGES if row["event"] not in "?-"}) >= 60


@pytest.mark.parametrize("row", MESSAGES, ids=lambda row: row["text"] or f"{row['service']}:{row['code']}")
def test_a_message_is_the_event_that_it_tells_of(row: dict[str, str]) -> None:
    told = event("2026-03-12T08:00:00", row["text"], row["status_code"], status=row["code"] or row["text"])
    reading = read(answer(told, service=row["service"]))
    (scan,) = reading.scans
    assert scan.event_name == (None if row["event"] in "?-" else row["event"])
    assert bool(reading.unknown) == (row["event"] == "?")
    assert scan.raw_text == row["text"]


def test_an_unknown_message_is_named_by_its_code_or_its_words() -> None:
    told = [event("2026-03-12T08:00:00", "", status="XQ"), event("2026-03-12T07:00:00", "Neues aus <b>Bonn</b>")]
    assert read(answer(*told, told[1])).unknown == ("Neues aus <b>Bonn</b>", "parcel-de:XQ")


def test_wording_is_compared_by_its_words() -> None:
    text = "  die SENDUNG wurde <a href='https://dhl.de'>erfolgreich</a>\n zugestellt!"
    assert read(answer(event("2026-03-12T08:00:00", text))).scans[0].event_name == "SUCCESSFULLY_DELIVERED"


def test_a_scan_is_the_same_in_another_wording_where_dhl_gives_its_code() -> None:
    german = event("2026-03-12T08:00:00", "Die Sendung wurde in das Zustellfahrzeug geladen.", status="PO")
    english = event("2026-03-12T08:00:00", "The shipment has been loaded onto the delivery vehicle", status="PO")
    assert read(answer(german)).scans[0].external_id == read(answer(english)).scans[0].external_id


def test_a_scan_stays_the_same_as_the_story_goes_on_and_is_told_once() -> None:
    first = event("2026-03-11T14:02:00", "Die Sendung wurde elektronisch angekündigt.", "pre-transit")
    second = event("2026-03-12T08:00:00", "Die Sendung wurde in das Zustellfahrzeug geladen.")
    early, late = read(answer(first)), read(answer(second, second, first))
    assert [scan.external_id for scan in late.scans][:1] == [scan.external_id for scan in early.scans]
    assert len(late.scans) == 2


def test_the_status_stands_in_for_events_that_are_left_out() -> None:
    told = event("2026-03-11T14:02:00", "Die Sendung wurde elektronisch angekündigt.", "pre-transit")
    bare = msgspec.json.encode({"shipments": [{"id": NUMBER, "service": "parcel-de", "status": told}]})
    assert read(bare).scans == read(answer(told)).scans


@pytest.mark.parametrize("timestamp", [None, "", "yesterday", "0001-01-01T00:00:00", "9999-12-31T23:59:59"])
def test_a_scan_without_a_time_is_passed_over(timestamp: str | None) -> None:
    told = event("2026-03-12T08:00:00", "Die Sendung wurde zugestellt.")
    assert len(read(answer(told, {**told, "timestamp": timestamp})).scans) == 1


@pytest.mark.parametrize("body", [b"", b"[]", b'{"shipments": 1}', b'{"shipments": [{"events": "none"}]}', b"\xff"])
def test_what_is_no_answer_of_dhl_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read(body)


def test_what_is_null_counts_as_left_out() -> None:
    told = event("2026-03-12T08:00:00", "Die Sendung wurde zugestellt.", location=None, remark=None)
    bare = event("2026-03-12T08:00:00", "Die Sendung wurde zugestellt.")
    nothing = {
        "details": None,
        "estimatedDeliveryTimeFrame": None,
        "returnFlag": None,
        "destination": {"address": None},
    }
    assert read(answer(told, None, **nothing)) == read(answer(bare))  # type: ignore[arg-type]
