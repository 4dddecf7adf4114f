from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest

from karla.infra.json_text import JsonText, dec_hook, encode


def text(json: str) -> JsonText[Any]:
    return JsonText(msgspec.Raw(json.encode()))


class Held(msgspec.Struct):
    lines: JsonText[list[dict[str, Any]]]
    number: int = 0


def test_what_passes_through_keeps_its_writing() -> None:
    assert encode(Held(text('[{"b": 24.950,"a":1}]'))) == b'{"lines":[{"b": 24.950,"a":1}],"number":0}'


def test_two_that_mean_the_same_are_equal_however_they_are_written() -> None:
    said = JsonText[Any].of([{"sku": "TEE", "price": 24.95}])
    assert said == text('[{"price": 24.950, "sku": "\\u0054EE"}]')
    assert Held(said) == Held(text('[{"price": 24.95, "sku": "TEE"}]'))
    assert said != text('[{"sku": "TEE", "price": 24.96}]')
    assert said != said.value


def test_it_is_read_when_it_is_asked_for_and_once() -> None:
    unreadable = text("[1,")
    with pytest.raises(msgspec.DecodeError):
        _ = unreadable.value
    held = text("[1]")
    assert held.value == [1]
    assert held.value is held.value


def test_decimals_are_numbers_and_what_has_no_json_is_refused() -> None:
    assert encode([Decimal("1.10"), UUID(int=0)]) == b'[1.10,"00000000-0000-0000-0000-000000000000"]'
    with pytest.raises(NotImplementedError, match="object"):
        encode(object())


def test_a_decoder_makes_them_of_what_it_reads() -> None:
    decoder = msgspec.json.Decoder(Held, dec_hook=dec_hook)
    held = decoder.decode(b'{"lines": [{"sku": "TEE"}], "number": 3}')
    assert (held.lines.value, held.number) == ([{"sku": "TEE"}], 3)
    with pytest.raises(NotImplementedError, match="Held"):
        dec_hook(Held, [])
