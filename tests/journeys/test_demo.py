"""`karla demo` as whoever tries Karla sees it."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.processes import IN_THE_BACKGROUND, that_mention
from tests.support.waiting import until


class Demo:
    """One `karla demo`, which has its temporary files in `folder`."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder / "temporary"
        self.folder.mkdir(mode=0o711)
        self._output = folder / "output"
        with self._output.open("w") as output:
            self.process = subprocess.Popen(
                [*IN_THE_BACKGROUND, sys.executable, "-m", "karla", "demo", *options],
                # It keeps off the database of whoever starts it.
                env={**os.environ, "TMPDIR": str(self.folder), "KARLA_DATABASE_URL": "postgresql://nowhere.invalid/"},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._output.read_text()

    @property
    def left_behind(self) -> object:
        return that_mention(str(self.folder)) or list(self.folder.iterdir())


@contextmanager
def started(*options: str) -> Iterator[Demo]:
    with tempfile.TemporaryDirectory(prefix="karla-test-demo-") as made:
        Path(made).chmod(0o711)
        running = Demo(Path(made), *options)
        try:
            yield running
        finally:
            running.process.kill()
            running.process.wait()


@pytest.fixture
def demo() -> Iterator[Demo]:
    with started() as running:
        yield running


@pytest.fixture(scope="module")
def ended() -> Iterator[Demo]:
    with started() as running:
        assert running.process.wait(120) == 0, running.output
        yield running


def test_it_ends_well_with_every_count_right(ended: Demo) -> None:
    lines = ended.output.splitlines()
    assert max(len(line) for line in lines if "http://" not in line) <= 100
    assert lines[-1].startswith("Every count is right")
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if line.startswith("│")]
    counts = [row for row in rows if row[1]]
    assert [row for row in counts if row[-1] != "✓"] == []
    for what, number in (("orders", "13"), ("parcels", "15"), ("all", "78"), ("received twice", "0")):
        assert [what, number, number, "✓"] in counts
    verified = [row[1] for row in counts if row[0] == "Karla-Signature verified"]
    assert verified == ["78", "13"]
    assert "body.trackings.0.carrier_reference: Unknown carrier" in ended.output
    assert len(re.findall(r"last-mile +[A-Z_]+  refused \d×, then 200 in \d+ ms  signatures ✓ ✓", ended.output)) == 4
    assert not ended.left_behind


def test_parcels_of_three_providers_are_told_of_in_two_languages_beside_the_carriers_words(ended: Demo) -> None:
    lines = ended.output.splitlines()
    begin = next(place for place, line in enumerate(lines) if line.startswith("Three orders more"))
    chapter = lines[begin : lines.index("What the shop sees")]
    titles = [line.strip() for line in chapter if ", told by " in line]
    assert titles == [
        "DHL Paket 00340434161094042571, told by DHL: collect",
        "China Post LV482913609CN, told by 17TRACK: delivered",
        "Karla Sandbox SBX-LOCKER, told by Sandbox: delivered",
    ]
    told = [line for line in chapter if re.match(r"  \d\d Mar \d\d:\d\d  ", line)]
    assert len(told) == 3 + 6 + 5 + 8  # each shop's label, and what the carriers told
    assert max(len(line) for line in chapter[chapter.index("") :]) <= 80
    story = "\n".join(chapter)
    for english, german, said in (
        ("Ready at the parcel shop", "Im Paketshop abholbereit", "Die Sendung liegt ab sofort in der Filiale"),
        ("Arrived in your country", "In Ihrem Land angekommen", "London: Arrived in country of destination"),
        (
            "Collected from the locker",
            "Aus der Paketstation abgeholt",
            "Die Sendung wurde aus der Paketstation entnommen",
        ),
    ):
        assert re.search(rf"{english} +{german}\n +(\w+: )?{said}", story), english
    sent = re.findall(r"sent +everything (\d of \d)  signatures ✓ ✓ +last-mile (\d of \d)  signatures ✓ ✓", story)
    assert sent == [("6 of 6", "1 of 1"), ("5 of 5", "1 of 1"), ("8 of 8", "2 of 2")]


def links(output: str) -> list[str]:
    return re.findall(r"^ +(http://\S+/track/nordlicht\?\S+)$", output, re.MULTILINE)


def test_it_ends_with_links_to_six_orders_in_six_states(ended: Demo) -> None:
    chapter = ended.output.partition("Six orders as their shoppers see them\n")[2]
    states = re.findall(r"^  (\d{5})  ([a-z ]+)$", chapter, re.MULTILINE)
    assert states == [
        ("10491", "placed"),
        ("10492", "on the way"),
        ("10493", "out for delivery"),
        ("10494", "waiting"),
        ("10495", "delivered"),
        ("10496", "delayed"),
    ]
    assert len(set(links(chapter))) == 6


def test_asked_to_stay_it_lets_the_links_be_opened_until_it_is_ended() -> None:
    with started("--stay") as demo:
        until(lambda: "Ctrl-C ends it" in demo.output or demo.process.poll() is not None, "the end of the story", 120)
        for link in links(demo.output):
            page = httpx.get(link)
            assert page.status_code == 200
            assert page.request.url.params["orderNumber"] in page.text
        demo.process.send_signal(signal.SIGINT)
        assert demo.process.wait(30) == 0, demo.output
        assert len(links(demo.output)) == 6
        assert not demo.left_behind


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_before_the_end_it_leaves_nothing_behind(demo: Demo, number: signal.Signals) -> None:
    until(lambda: "SHIPPING_LABEL_CREATED" in demo.output, "the story's beginning", 60)
    demo.process.send_signal(number)
    assert demo.process.wait(30) == 130
    assert demo.output.endswith("Stopped before the end.\n")
    assert not demo.left_behind
