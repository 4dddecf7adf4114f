"""Shops, keys and members: what the rules refuse."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from karla.domain.tenants import rules
from karla.domain.tenants.records import (
    Grant,
    Key,
    KeyGrant,
    KeyTerms,
    Principal,
    Reach,
    ShopRef,
)
from karla.infra.errors import Fault, Forbidden, Invalid, KarlaError
from karla.vocabulary.scope import Role

ORGANISATION, OTHER_ORGANISATION = uuid4(), uuid4()
LINEN, WOOL = (ShopRef(uuid4(), slug, ORGANISATION) for slug in ("linen", "wool"))
STRANGER = ShopRef(uuid4(), "stranger", OTHER_ORGANISATION)


def principal(*grants: Grant) -> Principal:
    return Principal(uuid4(), ORGANISATION, "acme", "acme", None, grants)


@pytest.mark.parametrize("slug", ["a", "nordlicht", "nordlicht-2", "1", "a" * 63])
def test_a_dns_label_is_a_slug(slug: str) -> None:
    rules.demand_shop_slug(slug)


@pytest.mark.parametrize(
    "slug", ["", "-a", "a-", "Nordlicht", "a b", "a.b", "a_b", "ä", "a" * 64, "*", "a\n", "a\0", "api", "portal"]
)
def test_anything_else_is_refused_by_name(slug: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.demand_shop_slug(slug)
    assert refused.value.key == "slug_invalid"
    assert [fault.field for fault in refused.value.faults] == ["slug"]


@pytest.mark.parametrize("username", ["shop", "ops@acme.example", "ü", "a" * 100])
def test_a_user_name_that_basic_can_carry(username: str) -> None:
    assert rules.username_of(username, [KeyGrant("linen", Role.ADMIN)], "acme") == username


@pytest.mark.parametrize("username", ["", "a:b", "a b", "a\n", "\0", "a" * 101])
def test_a_user_name_that_basic_can_not_carry(username: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.username_of(username, [KeyGrant("linen", Role.ADMIN)], "acme")
    assert refused.value.faults[0].loc == ("body", "username")


@pytest.mark.parametrize(
    ("grants", "username"),
    [
        ([KeyGrant("linen", Role.VIEWER)], "linen"),
        ([KeyGrant("*", Role.VIEWER)], "acme"),
        ([KeyGrant("linen", Role.VIEWER), KeyGrant("wool", Role.VIEWER)], "acme"),
    ],
)
def test_a_key_is_named_after_its_only_shop_or_the_organisation(grants: list[KeyGrant], username: str) -> None:
    assert rules.username_of(None, grants, "acme") == username


NOW = datetime(2026, 3, 16, 7, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        (KeyTerms(), []),
        (KeyTerms(expires_at=NOW + timedelta(microseconds=1), requests_per_minute=60), []),
        (KeyTerms(expires_at=rules.LATEST_EXPIRY), []),
        (KeyTerms(expires_at=NOW), ["datetime_in_past"]),
        (KeyTerms(expires_at=datetime(9998, 1, 1, tzinfo=UTC)), ["datetime_out_of_range"]),
        (KeyTerms(requests_per_minute=61), ["less_than_equal"]),
        (KeyTerms(expires_at=NOW, requests_per_minute=61), ["datetime_in_past", "less_than_equal"]),
    ],
)
def test_terms_of_a_key(terms: KeyTerms, words: list[str]) -> None:
    faults: tuple[Fault, ...] = ()
    try:
        rules.demand_terms(terms, 60, NOW)
    except Invalid as refused:
        faults = refused.faults
    assert [fault.type for fault in faults] == words


def test_bad_grants_are_all_named() -> None:
    grants = [KeyGrant(slug, Role.VIEWER) for slug in ("linen", "nowhere", "linen", "*", "*")]
    with pytest.raises(Invalid) as refused:
        rules.demand_grants(grants, {"linen"})
    assert [(fault.loc[2], fault.type) for fault in refused.value.faults] == [
        (1, "shop_not_found"),
        (2, "duplicate"),
        (4, "duplicate"),
    ]


def test_a_key_without_grants_is_refused() -> None:
    with pytest.raises(Invalid):
        rules.demand_grants([], {"linen"})


@pytest.mark.parametrize(
    ("grants", "shop", "role"),
    [
        ([Grant(LINEN.id, Role.EDITOR)], LINEN, Role.EDITOR),
        ([Grant(LINEN.id, Role.EDITOR)], WOOL, None),
        ([Grant(None, Role.VIEWER)], WOOL, Role.VIEWER),
        ([Grant(None, Role.VIEWER), Grant(LINEN.id, Role.ADMIN)], LINEN, Role.ADMIN),
        ([Grant(None, Role.VIEWER), Grant(LINEN.id, Role.ADMIN)], WOOL, Role.VIEWER),
        ([Grant(None, Role.ADMIN)], STRANGER, None),
    ],
)
def test_the_widest_role_in_a_shop_counts(grants: list[Grant], shop: ShopRef, role: Role | None) -> None:
    assert principal(*grants).role_in(shop) is role


@pytest.mark.parametrize(
    ("grants", "shops", "allowed"),
    [
        ([Grant(None, Role.ADMIN)], [None, LINEN.id], True),
        ([Grant(LINEN.id, Role.ADMIN)], [LINEN.id], True),
        ([Grant(LINEN.id, Role.ADMIN)], [LINEN.id, WOOL.id], False),
        ([Grant(LINEN.id, Role.ADMIN)], [None], False),
        ([Grant(LINEN.id, Role.ADMIN), Grant(WOOL.id, Role.EDITOR)], [WOOL.id], False),
        ([Grant(None, Role.EDITOR), Grant(LINEN.id, Role.ADMIN)], [WOOL.id], False),
        ([Grant(None, Role.EDITOR), Grant(LINEN.id, Role.ADMIN)], [LINEN.id], True),
    ],
)
def test_a_key_manages_what_lies_wholly_within_its_shops(grants: list[Grant], shops: list[None], allowed: bool) -> None:
    reach = principal(*grants).reach
    try:
        rules.demand_reach(reach, ORGANISATION, shops)
    except Forbidden:
        assert not allowed
    else:
        assert allowed


def test_no_reach_goes_into_another_organisation() -> None:
    with pytest.raises(Forbidden):
        rules.demand_reach(Reach(ORGANISATION), OTHER_ORGANISATION, [])


@pytest.mark.parametrize(
    ("state", "key"),
    [
        ({"revoked_at": datetime(2026, 3, 1, tzinfo=UTC)}, "key_revoked"),
        ({"replaced_by": uuid4()}, "key_rotated"),
        ({"expires_at": datetime(2026, 3, 1, tzinfo=UTC)}, "key_expired"),
    ],
)
def test_what_has_ended_is_not_rotated(state: dict[str, object], key: str) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    ended = Key(id=uuid4(), username="u", hint="h", shops=(), shop_ids=(), created_at=now, **state)  # type: ignore[arg-type]
    with pytest.raises(KarlaError) as refused:
        rules.demand_rotatable(ended, now)
    assert (refused.value.status, refused.value.key) == (409, key)
