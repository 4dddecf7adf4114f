from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karla.domain.shipments.rules.phases import MOVES_NOTHING, Scan, Standing, settle
from karla.vocabulary.events import CATALOGUE, TERMINAL, Flag, Phase, State

START = datetime(2026, 11, 20, 8, tzinfo=UTC)
quick = settings(derandomize=True, max_examples=150, deadline=None, database=None)


def at(hour: int, name: str, *, correction: bool = False) -> Scan:
    return Scan(name, START + timedelta(hours=hour), correction)


def story(*names: str) -> list[Scan]:
    return [at(hour, name) for hour, name in enumerate(names)]


def test_nothing_reported_yet() -> None:
    assert settle([]) == Standing(Phase.ORDER_CREATED, State.PENDING, Flag.NORMAL, None, None)


def test_a_standing_names_its_event() -> None:
    assert settle(story("ORDER_CREATED", "DELAYED_DUE_TO_WEATHER")) == Standing(
        Phase.IN_TRANSIT, State.TRANSIT, Flag.DELAY, "DELAYED_DUE_TO_WEATHER", START + timedelta(hours=1)
    )


@pytest.mark.parametrize(
    ("names", "phase", "state"),
    [
        (["ORDER_CREATED"], "order_created", "pending"),
        (["ORDER_CREATED", "SHIPPING_LABEL_CREATED"], "order_processed", "pending"),
        (["SHIPPING_LABEL_CREATED"], "order_processed", "pending"),
        (["SHIPPING_LABEL_CREATED", "ACCEPTED_BY_CARRIER"], "in_transit", "transit"),
        (["ACCEPTED_BY_CARRIER", "OUT_FOR_DELIVERY"], "in_delivery", "transit"),
        (["ACCEPTED_BY_CARRIER", "READY_FOR_COLLECTION_AT_PARCEL_SHOP"], "collect", "collect"),
        (["READY_FOR_COLLECTION_AT_PARCEL_SHOP", "PICKED_UP_BY_CUSTOMER"], "delivered", "delivered"),
        (["OUT_FOR_DELIVERY", "SUCCESSFULLY_DELIVERED"], "delivered", "delivered"),
        (["OUT_FOR_DELIVERY", "DELIVERY_FAILED_NO_ACCESS"], "delivery_failed", "transit"),
        (["DELIVERY_FAILED_NO_ACCESS", "OUT_FOR_DELIVERY"], "in_delivery", "transit"),
        (["DELIVERY_FAILED_NO_ACCESS", "ARRIVAL_AT_DELIVERY_DEPOT"], "in_transit", "transit"),
        (["DELIVERY_FAILED_NO_ACCESS", "READY_FOR_COLLECTION_AT_POST_OFFICE"], "collect", "collect"),
        (["OUT_FOR_DELIVERY", "READY_FOR_COLLECTION_AT_PARCEL_LOCKER"], "collect", "collect"),
        (["OUT_FOR_DELIVERY", "ARRIVAL_AT_DELIVERY_DEPOT"], "in_transit", "transit"),
        (["COLLECTION_PERIOD_EXPIRED", "NOT_PICKED_UP_RETURN_TO_SENDER"], "returned", "returned"),
        (["DELIVERY_FAILED_REFUSED", "REFUSED_RETURN_TO_SENDER"], "returned", "returned"),
        (["OUT_FOR_DELIVERY", "DAMAGED_RETURN_TO_SENDER"], "returned", "returned"),
        (["LOST_IN_TRANSIT", "RETURN_TO_SENDER_INITIATED"], "returned", "returned"),
        (["RETURN_TO_SENDER_INITIATED", "RETURN_FAILED"], "return_failed", "transit"),
        (["RETURN_FAILED", "RETURNED_TO_SENDER"], "returned", "returned"),
        (["ORDER_CREATED", "ORDER_CANCELLED"], "order_created", "pending"),
        (["SHIPPING_LABEL_CREATED", "SHIPPING_LABEL_CANCELLED"], "order_processed", "pending"),
        (["RETURN_REQUESTED", "RETURN_LABEL_CREATED"], "return_created", "pending"),
        (["RETURN_LABEL_CREATED", "RETURN_IN_TRANSIT"], "return_transit", "transit"),
        (["RETURN_IN_TRANSIT", "RETURN_RECEIVED_BY_MERCHANT"], "return_received", "returned"),
        (["RETURN_IN_TRANSIT", "RETURN_LOST"], "return_failed", "transit"),
        (["SUCCESSFULLY_DELIVERED", "RETURNED_TO_SENDER"], "returned", "returned"),
        (["SUCCESSFULLY_DELIVERED", "RETURN_REQUESTED"], "return_created", "pending"),
    ],
)
def test_the_transitions_of_the_reference(names: list[str], phase: str, state: str) -> None:
    standing = settle(story(*names))
    assert (standing.phase, standing.state) == (phase, state)


def test_scans_may_be_skipped() -> None:
    assert settle(story("ORDER_CREATED", "SUCCESSFULLY_DELIVERED")).phase is Phase.DELIVERED


def test_the_time_of_the_event_decides_and_not_its_arrival() -> None:
    arrived = [at(5, "OUT_FOR_DELIVERY"), at(3, "ARRIVAL_AT_DELIVERY_DEPOT")]
    assert settle(arrived).phase is Phase.IN_DELIVERY


@pytest.mark.parametrize("late", ["ARRIVAL_AT_TRANSPORT_HUB", "DELIVERY_ATTEMPTED", "PICKUP_REMINDER", "ORDER_PACKED"])
@pytest.mark.parametrize("last", ["SUCCESSFULLY_DELIVERED", "RETURNED_TO_SENDER", "RETURN_RECEIVED_BY_MERCHANT"])
def test_a_late_scan_does_not_undo_an_end(last: str, late: str) -> None:
    ended = story("ACCEPTED_BY_CARRIER", last)
    assert settle([*ended, at(9, late)]) == settle(ended)


def test_nothing_but_a_correction_follows_a_received_return() -> None:
    received = story("RETURN_IN_TRANSIT", "RETURN_RECEIVED_BY_MERCHANT")
    assert settle([*received, at(9, "RETURN_IN_TRANSIT")]).phase is Phase.RETURN_RECEIVED


def test_an_old_delivery_that_arrives_late_does_not_undo_the_return() -> None:
    scans = [at(8, "RETURNED_TO_SENDER"), at(5, "SUCCESSFULLY_DELIVERED")]
    assert settle(scans).phase is Phase.RETURNED


def test_at_the_same_second_the_later_row_of_the_catalogue_stands() -> None:
    same_second = [at(0, "SUCCESSFULLY_DELIVERED"), at(0, "DELIVERED_WITH_SIGNATURE")]
    assert settle(same_second) == settle(same_second[::-1])
    assert settle(same_second).event_name == "DELIVERED_WITH_SIGNATURE"


def test_a_name_outside_the_catalogue_is_passed_over() -> None:
    known = story("ACCEPTED_BY_CARRIER")
    assert settle([*known, at(9, "TELEPORTED"), at(9, "TELEPORTED", correction=True)]) == settle(known)


def test_a_correction_takes_a_delivery_back() -> None:
    scans = [
        *story("OUT_FOR_DELIVERY", "SUCCESSFULLY_DELIVERED"),
        at(2, "ARRIVAL_AT_DELIVERY_DEPOT", correction=True),
    ]
    assert settle(scans).phase is Phase.IN_TRANSIT
    scans.append(at(3, "OUT_FOR_DELIVERY"))
    assert settle(scans).phase is Phase.IN_DELIVERY
    scans.append(at(4, "DELIVERED_TO_NEIGHBOUR"))
    assert settle(scans).event_name == "DELIVERED_TO_NEIGHBOUR"


def test_a_correction_also_covers_what_arrives_after_it() -> None:
    corrected = [at(5, "ACCEPTED_BY_CARRIER", correction=True)]
    assert settle([*corrected, at(4, "SUCCESSFULLY_DELIVERED")]) == settle(corrected)
    assert settle([*corrected, at(5, "SUCCESSFULLY_DELIVERED")]) == settle(corrected)


def test_the_latest_correction_wins() -> None:
    scans = [
        at(2, "RETURNED_TO_SENDER", correction=True),
        at(4, "ORDER_IN_PROCESSING", correction=True),
        at(3, "SUCCESSFULLY_DELIVERED"),
    ]
    assert settle(scans).event_name == "ORDER_IN_PROCESSING"


def test_two_corrections_at_one_moment_both_count() -> None:
    scans = [at(2, "OUT_FOR_DELIVERY", correction=True), at(2, "ACCEPTED_BY_CARRIER", correction=True)]
    assert settle(scans) == settle(scans[::-1])
    assert settle(scans).event_name == "OUT_FOR_DELIVERY"


SIX_SCANS = [
    at(0, "SHIPPING_LABEL_CREATED"),
    at(10, "ACCEPTED_BY_CARRIER"),
    at(30, "OUT_FOR_DELIVERY"),
    at(34, "DELIVERY_FAILED_RECIPIENT_ABSENT"),
    at(36, "READY_FOR_COLLECTION_AT_PARCEL_SHOP"),
    at(60, "PICKED_UP_BY_CUSTOMER"),
]


@pytest.mark.parametrize("seen", range(1, 7))
def test_every_order_of_a_real_story_ends_in_one_place(seen: int) -> None:
    scans = SIX_SCANS[:seen]
    assert {settle(order) for order in permutations(scans)} == {settle(scans)}
    assert settle(scans).event_name == scans[-1].name


def test_every_order_of_a_corrected_story_ends_in_one_place() -> None:
    scans = [
        *SIX_SCANS[1:4],
        at(35, "SUCCESSFULLY_DELIVERED"),
        at(36, "ARRIVAL_AT_DELIVERY_DEPOT", correction=True),
    ]
    scans.append(at(50, "OUT_FOR_DELIVERY"))
    assert {settle(order).event_name for order in permutations(scans)} == {"OUT_FOR_DELIVERY"}


# Few hours, so that equal times are common.
scan = st.builds(at, st.integers(0, 6), st.sampled_from([*CATALOGUE, "TELEPORTED"]), correction=st.just(value=False))
maybe_correction = st.builds(
    at,
    st.integers(0, 6),
    st.sampled_from(list(CATALOGUE)),
    correction=st.sampled_from([False, False, False, True]),
)


@quick
@given(scans=st.lists(maybe_correction, max_size=12), data=st.data())
def test_order_and_repetition_never_matter(scans: list[Scan], data: st.DataObject) -> None:
    repeated = data.draw(st.lists(st.sampled_from(scans), max_size=6)) if scans else []
    arrived = data.draw(st.permutations([*scans, *repeated]))
    assert settle(arrived) == settle(scans)


@quick
@given(scans=st.lists(scan, min_size=1, max_size=10), late=scan)
def test_an_end_is_only_left_for_a_later_stage_of_the_return(scans: list[Scan], late: Scan) -> None:
    before, after = settle(scans), settle([*scans, late])
    if before.phase in TERMINAL:
        assert after.phase in TERMINAL | {Phase.RETURN_CREATED, Phase.RETURN_TRANSIT, Phase.RETURN_FAILED}
    if before.phase is Phase.RETURN_RECEIVED:
        assert after.phase is Phase.RETURN_RECEIVED


@quick
@given(scans=st.lists(scan, max_size=10), corrected=scan)
def test_after_a_correction_it_stands_until_something_later(scans: list[Scan], corrected: Scan) -> None:
    correction = Scan(corrected.name, START + timedelta(hours=7), correction=True)
    standing = settle([*scans, correction])
    if correction.name in CATALOGUE and correction.name not in MOVES_NOTHING:
        assert standing.event_name == correction.name
    else:
        assert standing == settle(scans)
