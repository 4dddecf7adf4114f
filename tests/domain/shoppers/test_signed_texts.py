"""Order tokens and sessions as texts: nobody but Karla writes one, and each is good for what it says alone."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karla.domain.shoppers.records import Holder, Level, OrderToken
from karla.domain.shoppers.rules import sessions, tokens
from karla.domain.shoppers.rules.keys import ShopperKeys
from karla.domain.shoppers.rules.sessions import session_by_token, session_by_zip_code, session_from, session_text
from karla.domain.shoppers.rules.tokens import token_id, token_text
from tests.support.clocks import NOON

OLD, NEW, OTHER = (
    "old secret of thirty-two letters",
    "new secret of thirty-two letters",
    "a secret of quite another Karla..",
)
KEYS = ShopperKeys.of([NEW, OLD])
SHOP, ORDER, TOKEN = UUID(int=1), UUID(int=2), UUID("0f8fad5b-d9cb-469f-a165-70867728950e")


def stored(key_name: str = KEYS.tokens.newest) -> OrderToken:
    return OrderToken(shop_id=SHOP, id=TOKEN, order_id=ORDER, key_name=key_name, created_at=NOON)


TEXT = token_text(KEYS.tokens, stored())
SESSION = session_text(KEYS.sessions, SHOP, session_by_zip_code(ORDER, NOON))


def changed(text: str) -> Iterator[str]:
    """The text with one thing changed: each character, its length, its case, its spelling."""
    for place, character in enumerate(text):
        yield text[:place] + ("b" if character != "b" else "c") + text[place + 1 :]
        yield text[:place] + text[place + 1 :]
    yield from (text.upper(), text + "a", text + "=", " " + text, text + "\n", text[::-1], text.swapcase(), "")
    yield from (text[:-1] + "ı", text[:-1] + "8", text[:-1] + "é", text[:-1] + "\0")


def test_a_token_is_always_the_same_and_fits_into_a_link() -> None:
    assert token_text(KEYS.tokens, stored()) == TEXT
    assert len(TEXT) == 68 == tokens.FORM.length
    assert TEXT.isascii()
    assert TEXT.replace("_", "").isalnum()


def test_a_token_tells_its_id_to_its_own_shop_alone() -> None:
    assert token_id(KEYS.tokens, SHOP, TEXT) == TOKEN
    assert token_id(KEYS.tokens, UUID(int=3), TEXT) is None


@pytest.mark.parametrize("text", [*dict.fromkeys(changed(TEXT))])
def test_a_changed_token_is_none(text: str) -> None:
    assert token_id(KEYS.tokens, SHOP, text) is None


@pytest.mark.parametrize("text", [*dict.fromkeys(changed(SESSION))])
def test_a_changed_session_is_none(text: str) -> None:
    assert session_from(KEYS.sessions, SHOP, text, NOON) is None


@given(
    st.text(max_size=200) | st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=60, max_size=100).map("kt1_".__add__)
)
def test_no_random_text_is_a_token_or_a_session(text: str) -> None:
    assert token_id(KEYS.tokens, SHOP, text) is None
    assert session_from(KEYS.sessions, SHOP, text, NOON) is None


def test_a_token_lives_as_long_as_its_key_is_known() -> None:
    before = ShopperKeys.of([OLD])
    text = token_text(before.tokens, stored(before.tokens.newest))
    assert token_id(KEYS.tokens, SHOP, text) == TOKEN
    assert token_text(KEYS.tokens, stored(before.tokens.newest)) == text
    after = ShopperKeys.of([NEW])
    assert token_id(after.tokens, SHOP, text) is None
    with pytest.raises(LookupError):
        token_text(after.tokens, stored(before.tokens.newest))
    assert token_id(ShopperKeys.of([OTHER]).tokens, SHOP, text) is None


def test_a_session_is_signed_by_the_newest_key_and_read_by_each() -> None:
    before = session_text(ShopperKeys.of([OLD]).sessions, SHOP, session_by_zip_code(ORDER, NOON))
    assert session_from(KEYS.sessions, SHOP, before, NOON)
    assert session_from(ShopperKeys.of([NEW]).sessions, SHOP, SESSION, NOON)
    assert session_from(ShopperKeys.of([NEW]).sessions, SHOP, before, NOON) is None


def test_a_session_says_by_what_the_shopper_came() -> None:
    by_zip = session_from(KEYS.sessions, SHOP, SESSION, NOON)
    assert by_zip is not None
    assert (by_zip.order_id, by_zip.token_id, by_zip.level) == (ORDER, None, Level.ZIP_CODE)
    text = session_text(KEYS.sessions, SHOP, session_by_token(Holder(TOKEN, ORDER, None), NOON))
    by_token = session_from(KEYS.sessions, SHOP, text, NOON)
    assert by_token is not None
    assert (by_token.order_id, by_token.token_id, by_token.level) == (ORDER, TOKEN, Level.TOKEN)


def test_a_session_ends_after_twelve_hours_and_with_its_token() -> None:
    end = NOON + timedelta(hours=12)
    assert timedelta(hours=12) == sessions.LIFETIME
    assert session_from(KEYS.sessions, SHOP, SESSION, end - timedelta(seconds=1))
    assert session_from(KEYS.sessions, SHOP, SESSION, end) is None
    soon = NOON + timedelta(minutes=5)
    assert session_by_token(Holder(TOKEN, ORDER, soon), NOON).expires_at == soon
    assert session_by_token(Holder(TOKEN, ORDER, NOON + timedelta(days=9)), NOON).expires_at == end


def test_a_session_of_another_shop_is_none() -> None:
    assert session_from(KEYS.sessions, UUID(int=3), SESSION, NOON) is None


def test_one_kind_of_text_is_never_taken_for_another() -> None:
    assert session_from(KEYS.sessions, SHOP, TEXT, NOON) is None
    assert token_id(KEYS.tokens, SHOP, SESSION) is None
    assert KEYS.tokens.newest != KEYS.sessions.newest, "each purpose has a key of its own"


def test_the_names_of_keys_tell_nothing_of_the_secrets() -> None:
    for secret in (OLD, NEW):
        assert secret not in TEXT + SESSION + "".join(KEYS.tokens.names)
    assert len(KEYS.tokens.names) == 2


@given(st.uuids(), st.uuids())
def test_tokens_of_two_orders_differ_in_more_than_a_guess(one: UUID, other: UUID) -> None:
    first, second = (token_text(KEYS.tokens, stored_as(name)) for name in (one, other))
    assert (first == second) == (one == other)


def stored_as(name: UUID) -> OrderToken:
    return OrderToken(shop_id=SHOP, id=name, order_id=uuid4(), key_name=KEYS.tokens.newest, created_at=NOON)
