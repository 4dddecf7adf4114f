"""The sandbox's numbers: which are stories, and what is said of those that are none."""

import pytest

from karla.domain.shipments.rules.carriers import match
from karla.integrations import registry
from karla.integrations.carriers.sandbox import grammar
from karla.integrations.carriers.sandbox.grammar import NumberInvalid
from karla.integrations.carriers.sandbox.stories import STORIES
from tests.integrations.carriers.sandbox_parcels import NAMES


@pytest.mark.parametrize(
    ("number", "steps", "suffix"),
    [
        ("SBX-DELIVERED", STORIES["DELIVERED"].steps, ""),
        ("SBX-DELIVERED-12345", STORIES["DELIVERED"].steps, "12345"),
        ("sbx-delivered-12345", STORIES["DELIVERED"].steps, "12345"),
        (" SBX-DELIVERED - 123 45 ", STORIES["DELIVERED"].steps, "12345"),
        ("SBX-LOST-ORDER-1001-A", STORIES["LOST"].steps, "ORDER-1001-A"),
        ("SBX-A.4H.T.10H.O.3H.D-123", "A.4H.T.10H.O.3H.D", "123"),
        ("SBX-A.4H.T.10H.O.3H.D", "A.4H.T.10H.O.3H.D", ""),
        ("SBX-D", "D", ""),
        ("SBX-D-1", "D", "1"),
        ("SBX-DWL-1", "DWL", "1"),
        ("SBX-X42-1", "X42", "1"),
        ("SBX-30D.A-1", "30D.A", "1"),
        ("SBX-A.E2D.0730.O2.E3H.EU-1", "A.E2D.0730.O2.E3H.EU", "1"),
        ("SBX-A.B6H.T.N.M.D-1", "A.B6H.T.N.M.D", "1"),
        ("SBX-A.M.B6H.D-1", "A.M.B6H.D", "1"),
        ("SBX-A.2359.T.0000.D-1", "A.2359.T.0000.D", "1"),
    ],
)
def test_a_number_is_a_story(number: str, steps: str, suffix: str) -> None:
    story = grammar.parse(number)
    assert ".".join(step.word for step in story.steps) == steps
    assert story.suffix == suffix
    assert grammar.is_sandboxes(number)


@pytest.mark.parametrize(
    ("number", "faults"),
    [
        ("SBX", ["is not of the form SBX-STORY-SUFFIX"]),
        ("SBX-", ["is not of the form"]),
        ("SBXDELIVERED1", ["is not of the form"]),
        ("SBX--1", ["is not of the form"]),
        ("SBX-DELIVERD-1", ["there is no story DELIVERD; did you mean DELIVERED?"]),
        ("SBX-LOCKERS-1", ["there is no story LOCKERS; did you mean LOCKER"]),
        ("SBX-QWERTZ-1", ["there is no story QWERTZ, and SBX-STORY-SUFFIX or"]),
        ("SBX-QQ-1", ["step 1 (QQ) is none"]),
        ("SBX-A.TT.D-1", ["step 2 (TT) is none; the codes that begin with T are TO, T, TA, TD, TE, TX, TI, TP, TV"]),
        ("SBX-A..D-1", ["step 2 is empty"]),
        ("SBX-A.D.-1", ["step 3 is empty"]),
        ("SBX-A.4.D-1", ["step 2 (4) is neither a time of day such as 0730 nor a wait such as 4H"]),
        ("SBX-A.2460.D-1", ["step 2 (2460) is no time of day from 0000 to 2359"]),
        ("SBX-A.1000H.D-1", ["step 2 (1000H) has more than three digits"]),
        ("SBX-A.4W.D-1", ["step 2 (4W) is none"]),
        ("SBX-4H-1", ["has no scan"]),
        ("SBX-A.D.3D-1", ["step 3 (3D) is a wait for nothing"]),
        ("SBX-A.D.3D.0730-1", ["step 3 (3D) is a wait for nothing", "step 4 (0730) is a wait for nothing"]),
        ("SBX-N.A-1", ["step 1 (N) repeats a scan, and there is none before it"]),
        ("SBX-A.B3H.4H.D-1", ["step 2 (B3H) must stand right before a scan"]),
        ("SBX-A.D.M-1", ["step 3 (M) must stand right before a scan"]),
        ("SBX-A.300D.T.300D.D-1", ["waits for more than 400 days"]),
        ("SBX-DELIVERED-", ["has a hyphen with nothing behind it"]),
        ("SBX-DELIVERED-1--2", ["has a hyphen with nothing behind it"]),
        ("SBX-DELIVERED-1.2", ["has a dot in its suffix"]),
        ("SBX:A.D~1", ["has : ~, and only letters, digits, dots and hyphens may stand in it", "is not of the form"]),
        ("SBX-DELIVERED-Ü_1", ["has _ Ü, and only letters"]),
        (f"SBX-DELIVERED-{'1' * 47}", ["has 61 characters, and 60 are the most"]),
    ],
)
def test_a_wrong_number_is_told_what_is_wrong(number: str, faults: list[str]) -> None:
    with pytest.raises(NumberInvalid) as refused:
        grammar.parse(number)
    assert len(refused.value.faults) == len(faults)
    for told, awaited in zip(refused.value.faults, faults, strict=True):
        assert awaited in told


def test_every_fault_of_a_number_is_named_at_once() -> None:
    with pytest.raises(NumberInvalid) as refused:
        grammar.parse(f"SBX-N.4.Q.M.3D-1.{'2' * 50}_")
    assert len(refused.value.faults) == 8
    assert str(refused.value) == "; ".join(refused.value.faults)


@pytest.mark.parametrize("number", ["", "00340434161094000010", "1Z5R89390357567127", "SB-DELIVERED", "DELIVERED-SBX"])
def test_other_carriers_numbers_are_none_of_the_sandbox(number: str) -> None:
    assert not grammar.is_sandboxes(number)


@pytest.mark.parametrize("country", ["DE", "US", ""])
@pytest.mark.parametrize(
    "number", [*(f"SBX-{name}-1" for name in NAMES), "SBX-D-1", "sbx-a.4h.t.10h.o.3h.d-123", f"SBX-A.D-{'7' * 35}"]
)
def test_a_number_is_recognised_as_the_sandboxs(number: str, country: str) -> None:
    assert match(number, country=country).reference == "sandbox"
    assert registry.trackers("sandbox")[0] == "sandbox"
