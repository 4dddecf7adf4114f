from pathlib import Path

import pytest

from karla.vocabulary import events
from karla.vocabulary.events import (
    ALL_DELIVERED,
    CATALOGUE,
    CATALOGUE_FIELDS,
    CLAIM_GROUPS,
    FORWARD_GROUPS,
    GROUPS,
    LANGUAGES,
    RETURN_GROUPS,
    RETURN_PHASES,
    STATE_OF,
    TERMINAL,
    TEXT_FIELDS,
    Direction,
    EventKind,
    Flag,
    Notice,
    Owner,
    Phase,
    State,
    read_catalogue,
    read_texts,
    texts,
)

TEXTS_FOLDER = Path(events.__file__).parent / "event_texts"


def test_the_counts_of_the_published_catalogue() -> None:
    assert len(CATALOGUE) == 126
    assert len(Phase) == 12
    assert (len(set(FORWARD_GROUPS)), len(set(RETURN_GROUPS)), len(set(CLAIM_GROUPS))) == (23, 5, 2)
    assert len(GROUPS) == 30 + len(Notice)
    assert {kind.phase for kind in CATALOGUE.values()} == set(Phase)


def test_a_documented_event_reads_as_documented() -> None:
    kind = CATALOGUE["DEPARTURE_FROM_TRANSPORT_HUB"]
    assert kind.ref == "shipments/in_transit/DEPARTURE_FROM_TRANSPORT_HUB"
    assert kind.group_for(Direction.MERCHANT_CUSTOMER) == "shipment_in_transit"
    assert kind.group_for(Direction.CUSTOMER_MERCHANT) == "return_shipment_in_transit"
    assert CATALOGUE["DELIVERY_ATTEMPTED"].ref == "shipments/in_delivery/DELIVERY_ATTEMPTED"
    assert CATALOGUE["SUCCESSFULLY_DELIVERED"].ref == "shipments/delivered/SUCCESSFULLY_DELIVERED"


def test_an_event_may_notify_nobody_in_one_direction() -> None:
    assert CATALOGUE["ORDER_CANCELLED"].group_for(Direction.CUSTOMER_MERCHANT) is None
    assert CATALOGUE["RETURN_TO_SENDER_IN_TRANSIT"].group_for(Direction.MERCHANT_CUSTOMER) is None
    assert CATALOGUE["RETURN_INSPECTED"].group_for(Direction.MERCHANT_CUSTOMER) is None


def test_a_return_is_told_of_whichever_way_the_parcel_travels() -> None:
    for direction in Direction:
        assert CATALOGUE["RETURN_IN_TRANSIT"].group_for(direction) == "return_shipment_in_transit"
        assert CATALOGUE["RETURN_RECEIVED_BY_MERCHANT"].group_for(direction) == "return_shipment_delivered"
    for kind in CATALOGUE.values():
        forward = kind.group_for(Direction.MERCHANT_CUSTOMER)
        assert forward == (kind.return_group if kind.phase in RETURN_PHASES else kind.group), kind.name


def test_every_forward_group_but_the_synthetic_one_has_an_event() -> None:
    assert {kind.group for kind in CATALOGUE.values()} - {None} == set(FORWARD_GROUPS) - {ALL_DELIVERED}
    assert {kind.return_group for kind in CATALOGUE.values()} - {None} == set(RETURN_GROUPS)


def test_positions_follow_the_file() -> None:
    assert [kind.position for kind in CATALOGUE.values()] == list(range(126))
    assert all(name == kind.name for name, kind in CATALOGUE.items())


def test_every_problem_has_an_owner_and_nothing_else_has() -> None:
    for kind in CATALOGUE.values():
        assert (kind.owner is Owner.NONE) == (kind.flag is Flag.NORMAL), kind.name
    assert {kind.owner for kind in CATALOGUE.values()} == set(Owner)


def test_a_draft_carries_the_events_of_an_order() -> None:
    drafts = {kind.name for kind in CATALOGUE.values() if kind.draft}
    assert {"ORDER_CREATED", "ORDER_IN_PROCESSING", "ORDER_CANCELLED"} <= drafts
    assert drafts == {name for name in CATALOGUE if name.startswith("ORDER_")}
    assert {CATALOGUE[name].phase for name in drafts} == {Phase.ORDER_CREATED, Phase.ORDER_PROCESSED}


def test_a_handover_is_what_a_delivered_flow_would_tell() -> None:
    def tells_of_delivery(kind: EventKind) -> bool:
        group = kind.group or ""
        return group in {"shipment_delivered", "shipment_picked_up"} or group.startswith("shipment_delivered_to")

    for kind in CATALOGUE.values():
        assert kind.handover == tells_of_delivery(kind), kind.name
        assert not kind.handover or kind.phase in {Phase.DELIVERED, Phase.COLLECT}, kind.name


def test_every_phase_has_a_state() -> None:
    assert set(STATE_OF) == set(Phase)
    assert State.ARCHIVED not in STATE_OF.values()
    assert {Phase.DELIVERED, Phase.RETURNED, Phase.RETURN_RECEIVED} == TERMINAL


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_language_has_every_event_in_order_and_no_leftover(language: str) -> None:
    told = read_texts(TEXTS_FOLDER / f"{language}.csv")
    english = read_texts(TEXTS_FOLDER / "en.csv")
    assert list(told) == list(CATALOGUE)
    assert {name for name in told if not told[name].subtitle} == {name for name in told if not english[name].subtitle}
    if language != "en":
        assert not [name for name in told if told[name].headline == english[name].headline]


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_texts_fit_where_they_are_shown(language: str) -> None:
    for name, text in read_texts(TEXTS_FOLDER / f"{language}.csv").items():
        assert len(text.status) <= 45, name
        assert len(text.headline) <= 90, name
        assert not text.status.endswith("."), name
        assert not text.headline.endswith("."), name
        assert all(part == part.strip() for part in (text.status, text.headline, text.title, text.subtitle)), name


def test_texts_by_language() -> None:
    assert texts("OUT_FOR_DELIVERY", "en").status == "Out for delivery"
    assert texts("OUT_FOR_DELIVERY", "EN-gb") == texts("OUT_FOR_DELIVERY", "en")
    assert texts("OUT_FOR_DELIVERY", "dk") == texts("OUT_FOR_DELIVERY", "da")
    for unknown in ("xx", "", "../en", "tlh_KX"):
        assert texts("OUT_FOR_DELIVERY", unknown) == texts("OUT_FOR_DELIVERY", "en")


def test_texts_of_an_event_that_does_not_exist() -> None:
    with pytest.raises(KeyError):
        texts("TELEPORTED", "en")


GOOD_ROW = "PARCEL_SUNG_TO,in_transit,shipment_in_transit,,normal,none,no,no"


def catalogue_file(folder: Path, *rows: str, header: str = ",".join(CATALOGUE_FIELDS)) -> Path:
    file = folder / "catalogue.csv"
    file.write_text("\n".join((header, *rows)), encoding="utf-8")
    return file


def test_a_catalogue_can_be_replaced(tmp_path: Path) -> None:
    kind = read_catalogue(catalogue_file(tmp_path, GOOD_ROW))["PARCEL_SUNG_TO"]
    assert (kind.ref, kind.return_group, kind.draft) == ("shipments/in_transit/PARCEL_SUNG_TO", None, False)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("parcel_sung_to,in_transit,,,normal,none,no,no", "parcel_sung_to.*UPPER_SNAKE_CASE"),
        ("A,on_the_moon,,,normal,none,no,no", "'A'.*on_the_moon"),
        ("A,in_transit,shipment_lost,,normal,none,no,no", "'A'.*group"),
        ("A,in_transit,return_shipment_in_transit,,normal,none,no,no", "'A'.*group"),
        ("A,in_transit,,shipment_in_transit,normal,none,no,no", "'A'.*group"),
        ("A,in_transit,,,fine,none,no,no", "'A'.*fine"),
        ("A,in_transit,,,delay,gremlins,no,no", "'A'.*gremlins"),
        ("A,in_transit,,,delay,none,no,no", "'A'.*owner"),
        ("A,in_transit,,,normal,carrier,no,no", "'A'.*owner"),
        ("A,in_transit,,,normal,none,maybe,no", "'A'.*maybe"),
        ("A,in_transit,,,normal,none,no", "line 2"),
        ("A,in_transit,,,normal,none,no,no,more", "line 2"),
        (f"{GOOD_ROW}\n{GOOD_ROW}", "twice"),
    ],
)
def test_a_bad_catalogue_is_refused_by_its_row(tmp_path: Path, row: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_catalogue(catalogue_file(tmp_path, row))


def test_a_catalogue_with_other_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="header"):
        read_catalogue(catalogue_file(tmp_path, GOOD_ROW, header="name,phase"))


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["TELEPORTED,a,b,c,"], "TELEPORTED"),
        (["ORDER_CREATED,a,b,c,", "ORDER_CREATED,a,b,c,"], "twice"),
        (["ORDER_CREATED,,b,c,"], "empty"),
        (["ORDER_CREATED,a,b,"], "line 2"),
    ],
)
def test_bad_texts_are_refused_by_their_row(tmp_path: Path, rows: list[str], told: str) -> None:
    file = tmp_path / "xx.csv"
    file.write_text("\n".join((",".join(TEXT_FIELDS), *rows)), encoding="utf-8")
    with pytest.raises(ValueError, match=told):
        read_texts(file)
