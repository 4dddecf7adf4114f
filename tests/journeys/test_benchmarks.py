"""Benchmarks whose ceilings write Karla's rows by hand still run: a change of a table would break them unseen."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks/results.md"


@pytest.mark.parametrize("name", ["upsert", "read", "bulk", "scans", "deliveries"])
def test_it_runs_beside_its_ceiling(name: str) -> None:
    before = RESULTS.read_bytes()
    command = [sys.executable, "-m", "benchmarks", name, "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    assert re.search(r"\| \*\*\d+\.\d\d\*\* \(", done.stdout), done.stdout
    assert RESULTS.read_bytes() == before
