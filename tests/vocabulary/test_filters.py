import pytest

from karla.vocabulary.events import CATALOGUE, CLAIM_ACTIONS, GROUPS, Phase
from karla.vocabulary.filters import canonical_filter, filter_problem, filter_tokens


@pytest.mark.parametrize(
    "written",
    [
        "*",
        "shipments",
        "shipments/delivered",
        "shipments/in_delivery/DELIVERY_ATTEMPTED",
        "shipments/in_transit/NOT_YET_KNOWN_2",
        "claims",
        "claims/created",
        "claims/escalated_again",
        "webhooks",
        "webhooks/failing",
        "webhook_disabled",
        "shipment_delivered",
        "shipment_delivered_all_events",
        "return_shipment_in_transit",
        "claim_created",
        "shipment_delivered_to_parcelshop",
        "shipment_not_picked_up_returned",
    ],
)
def test_a_valid_filter(written: str) -> None:
    assert filter_problem(written) is None


@pytest.mark.parametrize("written", [*(f"shipments/{phase}" for phase in Phase), *sorted(GROUPS)])
def test_every_phase_and_group_is_a_filter(written: str) -> None:
    assert filter_problem(written) is None


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("", "a ref that starts with"),
        ("**", "a ref that starts with"),
        (" shipments", "a ref that starts with"),
        ("Shipments", "a ref that starts with"),
        ("orders", "a ref that starts with"),
        ("delivered", "a ref that starts with"),
        ("shipment_lost", "a ref that starts with"),
        ("/shipments", "a ref that starts with"),
        ("shipments*", "a ref that starts with"),
        ("shipments/", "phases are order_created"),
        ("shipments/*", "phases are order_created"),
        ("shipments/Delivered", "phases are order_created"),
        ("shipments/lost", "phases are order_created"),
        ("shipments/delivered/", "UPPER_SNAKE_CASE"),
        ("shipments/delivered/*", "UPPER_SNAKE_CASE"),
        ("shipments/delivered/Delivered", "UPPER_SNAKE_CASE"),
        ("shipments/delivered/_X", "UPPER_SNAKE_CASE"),
        ("shipments/delivered/SUCCESSFULLY_DELIVERED\n", "UPPER_SNAKE_CASE"),
        ("shipments/delivered/SUCCESSFULLY_DELIVERED/", "three parts"),
        ("claims/", "lower case"),
        ("claims/CREATED", "lower case"),
        ("claims/created\n", "lower case"),
        ("claims/created/now", "two parts"),
        ("webhooks/", "failing, recovered, disabled, test"),
        ("webhooks/broken", "failing, recovered, disabled, test"),
        ("webhooks/failing/now", "failing, recovered, disabled, test"),
    ],
)
def test_an_invalid_filter_says_why(written: str, told: str) -> None:
    assert told in (filter_problem(written) or "it passed")


def test_the_tokens_of_an_event() -> None:
    assert filter_tokens("shipments/in_delivery/DELIVERY_ATTEMPTED", "shipment_delivery_second_attempt") == (
        "*",
        "shipments",
        "shipments/in_delivery",
        "shipments/in_delivery/DELIVERY_ATTEMPTED",
        "shipment_delivery_second_attempt",
    )
    assert filter_tokens("claims/created", "claim_created") == (
        "*",
        "claims",
        "claims/created",
        "claim_created",
    )
    assert filter_tokens("shipments/order_created/ORDER_ON_HOLD", None) == (
        "*",
        "shipments",
        "shipments/order_created",
        "shipments/order_created/ORDER_ON_HOLD",
    )


def test_what_is_told_of_webhooks_has_to_be_named() -> None:
    assert filter_tokens("webhooks/failing", "webhook_failing") == ("webhooks", "webhooks/failing", "webhook_failing")


def test_a_handover_has_one_token_more() -> None:
    ref, group = "shipments/delivered/DELIVERED_TO_NEIGHBOUR", "shipment_delivered_to_neighbour"
    tokens = filter_tokens(ref, group, handover=True)
    assert tokens == (*filter_tokens(ref, group), "shipment_delivered_all_events")
    assert all(filter_problem(token) is None for token in tokens)


def test_segments_match_whole() -> None:
    assert "shipments/in_transit/DELAYED" not in filter_tokens("shipments/in_transit/DELAYED_BY_CARRIER", None)
    assert "shipments/return" not in filter_tokens("shipments/returned/RETURNED_TO_SENDER", None)


def test_every_token_of_every_event_can_be_subscribed_to() -> None:
    refs = [(kind.ref, group) for kind in CATALOGUE.values() for group in (kind.group, kind.return_group)]
    refs += [(f"claims/{action}", f"claim_{action}") for action in CLAIM_ACTIONS]
    for ref, group in refs:
        for token in filter_tokens(ref, group):
            assert filter_problem(token) is None, token
            assert canonical_filter(token) == token


def test_the_other_spellings_of_two_groups() -> None:
    assert canonical_filter("shipment_delivered_to_parcelshop") == "shipment_delivered_to_parcel_shop"
    assert canonical_filter("shipment_not_picked_up_returned") == "shipment_not_picked_up_then_returned"
    assert canonical_filter("shipments/delivered") == "shipments/delivered"
