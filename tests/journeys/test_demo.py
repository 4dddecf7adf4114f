"""`karla demo` as whoever tries Karla sees it."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import that_mention
from tests.support.waiting import until


class Demo:
    """One `karla demo`, which has its temporary files in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "temporary"
        self.folder.mkdir(mode=0o711)
        self._output = folder / "output"
        with self._output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "karla", "demo"],
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


@pytest.fixture
def demo() -> Iterator[Demo]:
    with tempfile.TemporaryDirectory(prefix="karla-test-demo-") as made:
        Path(made).chmod(0o711)
        running = Demo(Path(made))
        yield running
        running.process.kill()
        running.process.wait()


def test_it_ends_well_with_every_count_right(demo: Demo) -> None:
    assert demo.process.wait(90) == 0, demo.output
    lines = demo.output.splitlines()
    assert max(len(line) for line in lines) <= 100
    assert lines[-1].startswith("Every count is right")
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if line.startswith("│")]
    counts = [row for row in rows if row[1]]
    assert [row for row in counts if row[-1] != "✓"] == []
    for what, number in (("orders", "4"), ("parcels", "5"), ("all", "15"), ("received twice", "0")):
        assert [what, number, number, "✓"] in counts
    verified = [row[1] for row in counts if row[0] == "Karla-Signature verified"]
    assert verified == ["15", "5"]
    assert "body.trackings.0.carrier_reference: Unknown carrier" in demo.output
    assert len(re.findall(r"last-mile +[A-Z_]+  refused \d×, then 200 in \d+ ms  signatures ✓ ✓", demo.output)) == 4
    assert not demo.left_behind


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_before_the_end_it_leaves_nothing_behind(demo: Demo, number: signal.Signals) -> None:
    until(lambda: "SHIPPING_LABEL_CREATED" in demo.output, "the story's beginning", 60)
    demo.process.send_signal(number)
    assert demo.process.wait(30) == 130
    assert demo.output.endswith("Stopped before the end.\n")
    assert not demo.left_behind
