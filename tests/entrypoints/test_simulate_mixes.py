"""The mixes of `karla simulate`: those that come with Karla are whole, and each fault of another is named."""

import re
from pathlib import Path

import pytest

from karla.entrypoints.cli.simulate.mix import MixInvalid, mix_of, names, read
from karla.entrypoints.cli.simulate.planning import Wish, plans_of
from tests.entrypoints.test_simulate_planning import START

GUIDE = Path(__file__).resolve().parents[2] / "docs/guides/simulate.md"

OWN = """
title = "A small shop"
origin = "DE"
zone = "Europe/Berlin"

[orders]
weekdays = { mon = 1, tue = 1 }
hours = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
lines = [1]

[handling]
days = ["mon", "tue", "wed", "thu", "fri"]
cut_off = "13:00"
handover = ["14:30", "18:00"]

[stories]
DELIVERED = 1
CUSTOMS = 1

[carriers.gls]
LOCKER = 1

[[lanes]]
country = "DE"
weight = 2
carriers = { dhl = 1, gls = 1 }

[[lanes]]
country = "CH"
weight = 1
carriers = { swisspost = 1 }
stories = { DELIVERED = 0 }
"""


def faults_of(text: str) -> list[str]:
    with pytest.raises(MixInvalid) as refused:
        read("own", text.encode())
    headline, *faults = str(refused.value).splitlines()
    assert "'own'" in headline
    return [fault.strip() for fault in faults]


def test_those_that_come_with_karla() -> None:
    assert names() == ["europe", "germany", "worldwide"]
    for name in names():
        mix = mix_of(name)
        used = {story for lane in mix.lanes for one in lane.carriers for story in mix.stories_of(lane, one)}
        assert len(used) >= 20, f"{name} has few of the 25 stories"


def test_the_one_of_the_guide() -> None:
    (told,) = re.findall(r"```toml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    mix = read("guide", told.encode())
    assert len(plans_of(Wish(name="guide", mix=mix, orders=10, seed=1, start=START, days=7))) == 10


def test_a_merchants_own(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(OWN)
    mix = mix_of(str(file))
    assert mix.stories_of(mix.lanes[0], "dhl") == {"DELIVERED": 1}
    assert mix.stories_of(mix.lanes[0], "gls") == {"DELIVERED": 1, "LOCKER": 1}
    assert mix.stories_of(mix.lanes[1], "swisspost") == {"CUSTOMS": 1}
    plans = plans_of(Wish(name="Größe 40!", mix=mix, orders=20, seed=7, start=START, days=7))
    assert {plan.placed_at.weekday() for plan in plans} <= {0, 1}
    assert {plan.reference.rpartition("-")[0] for plan in plans} == {"SIM-GROSSE-40-7"}


@pytest.mark.parametrize(
    ("written", "instead", "faults"),
    [
        ('title = "A small shop"', "", ["title: Field required"]),
        ('origin = "DE"', 'origin = "DE"\ncolour = "red"', ["colour: "]),
        ("lines = [1]", "lines = []", ["orders.lines: "]),
        ("lines = [1]", "lines = [0]", ["orders.lines: all weights are 0"]),
        ("lines = [1]", "lines = [1]\npartial = 1.5", ["orders.partial: "]),
        ("{ mon = 1, tue = 1 }", "{ mon = 0 }", ["orders.weekdays: all weights are 0"]),
        ("{ mon = 1, tue = 1 }", "{ monday = 1 }", ["orders.weekdays"]),
        ("hours = [0, 0,", "hours = [", ["orders.hours: "]),
        ("weight = 2", "weight = -2", ["lanes[1].weight: "]),
        ("weight = 2", "weight = nan", ["lanes[1].weight: "]),
        ('"Europe/Berlin"', '"Europe/Bielefeld"', ["zone: there is no time zone 'Europe/Bielefeld'"]),
        ('"13:00"', '"25:00"', ["handling.cut_off: "]),
        ('"13:00"', '"15:00"', ["handling.handover: begins before handling.cut_off"]),
        ('["14:30", "18:00"]', '["14:30", "14:30"]', ["handling.handover: ends before it begins"]),
        ("DELIVERED = 1\n", "DELIVERD = 1\n", ["stories.DELIVERD: there is no such story of the sandbox; did you"]),
        ("DELIVERED = 1\n", "DELIVERED = 0\n", ["lanes[1].carriers.dhl: no story can happen"]),
        ("[carriers.gls]", "[carriers.ups]", ["carriers.ups: no lane has this carrier"]),
        ("dhl = 1", "dlh = 1", ["lanes[1].carriers.dlh: there is no such carrier"]),
        ("dhl = 1, gls = 1", "dhl = 0, gls = 0", ["lanes[1].carriers: all weights are 0"]),
        ('country = "DE"', 'country = "AQ"', ["lanes[1].country: nobody is known to live in AQ; there are DE, AT"]),
        (
            'country = "CH"',
            'country = "DE"',
            ["lanes[2]: there is a lane from DE to DE before it", "lanes[2].carriers"],
        ),
        ('"Europe/Berlin"', "1979-05-27", ["zone: "]),
    ],
)
def test_each_fault_is_named(written: str, instead: str, faults: list[str]) -> None:
    assert OWN.count(written) >= 1
    found = faults_of(OWN.replace(written, instead, 1))
    assert len(found) == len(faults), found
    for fault, told in zip(faults, found, strict=True):
        assert told.startswith(fault)


def test_all_faults_at_once() -> None:
    several = OWN.replace("lines = [1]", "lines = [0]").replace("dhl = 1", "dlh = 1").replace("Berlin", "Bielefeld")
    assert [fault.partition(":")[0] for fault in faults_of(several)] == [
        "zone",
        "orders.lines",
        "lanes[1].carriers.dlh",
    ]
    misshapen = OWN.replace("weight = 2", 'weight = "two"').replace('origin = "DE"', 'origin = "Germany"')
    assert sorted(fault.partition(":")[0] for fault in faults_of(misshapen)) == ["lanes[1].weight", "origin"]


@pytest.mark.parametrize("text", [b"title = ", b"\xff", b"title = 1\ntitle = 2", b"seed = 99999999999999999999999"])
def test_what_is_no_toml(text: bytes) -> None:
    with pytest.raises(MixInvalid, match="'own'"):
        read("own", text)


def test_no_order_on_any_of_the_days() -> None:
    mix = read("own", OWN.replace("{ mon = 1, tue = 1 }", "{ sun = 1 }").encode())
    with pytest.raises(MixInvalid, match="no orders on the days from 2026-03-02"):
        plans_of(Wish(name="own", mix=mix, orders=1, seed=1, start=START, days=2))


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MixInvalid, match="there are europe, germany, worldwide"):
        mix_of("mars")
    with pytest.raises(MixInvalid, match="can't be read: No such file"):
        mix_of(str(tmp_path / "own.toml"))
