"""results.md: one section a benchmark, rewritten by its last run."""

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

_FILE = Path(__file__).parent / "results.md"
_HEAD = """# Benchmark results

Each figure comes from one run of the command in its section; ratios are to the ceiling measured in that same run.
Absolute figures depend on the machine, ratios much less. Server, PostgreSQL and load generator share the cores.
Speeds are the medians of the rounds, a ratio is the median of the rounds' own ratios (the least and the greatest in
brackets): the speed of the machine may change by half within minutes, and both of a round are measured in turn.
"""


class Section(NamedTuple):
    """What one benchmark has to say."""

    name: str
    title: str
    text: str


def write(section: Section) -> None:
    """Put the section in the place of its former self, or at the end."""
    text = _FILE.read_text() if _FILE.exists() else _HEAD
    block = (
        f"<!-- {section.name} -->\n## {section.title}\n\n`python -m benchmarks {section.name}`, {where()}\n\n"
        f"{section.text.strip()}\n<!-- /{section.name} -->\n"
    )
    pattern = re.compile(rf"<!-- {section.name} -->.*?<!-- /{section.name} -->\n", re.DOTALL)
    text = pattern.sub(lambda _: block, text) if pattern.search(text) else f"{text}\n{block}"
    _FILE.write_text(text)


def where() -> str:
    """Date, machine, Python and revision of a figure."""
    cpu = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.processor(),
    )
    revision = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({cpu}), Python {platform.python_version()}, {revision}"
    )
