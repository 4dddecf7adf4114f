"""A new carrier made by `make new-carrier` passes the contract suite once its client and mapping are filled in."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

CLIENT = '''
    async def parcel(self, number: str, language: str) -> bytes | None:
        """One parcel's answer as it came, None where nothing is known of it; a Failure."""
        request = Request(
            url=f"{self._address}/v1/parcels/{number}",
            query={"language": language},
            headers={"Authorization": f"Bearer {self._api_key}"},
        )
        response = await self._calling.call(request, _DIALECT)
        response.json(dict[str, Any])
        return None if response.status == 404 else response.body
'''
MAPPING = '''
class Told(msgspec.Struct):
    time: datetime
    code: str
    text: str = ""


class Parcels(msgspec.Struct):
    scans: list[Told]


def read(raw: bytes, parcel: Parcel) -> Reading:
    """What an answer says of the parcel; a ValueError where it isn't one."""
    scans, unknown = [], []
    for told in msgspec.json.decode(raw, type=Parcels).scans:
        status = TABLE.by_code(told.code)
        if status is None:
            unknown.append(told.code)
        scans.append(
            Scan(
                external_id=f"{told.time.isoformat()} {told.code}",
                event_name=status.event if status else None,
                event_time=told.time,
                raw_code=told.code,
                raw_text=told.text,
            )
        )
    return Reading(scans=tuple(scans), unknown=tuple(unknown))
'''


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """As much of the repository as the tool and the suite need."""
    leave_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=leave_out)
    shutil.copytree(ROOT / "tools", tmp_path / "tools", ignore=leave_out)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for file in ("integrations/carriers/playing.py", "integrations/carriers/test_contract.py", "support/clocks.py"):
        (tmp_path / "tests" / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "tests" / file, tmp_path / "tests" / file)
    return tmp_path


def run(copy: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=copy,
        env={"PYTHONPATH": f"{copy / 'src'}:{copy}", "PATH": "", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def suite(copy: Path) -> subprocess.CompletedProcess[str]:
    return run(copy, "pytest", "tests/integrations/carriers/test_contract.py", "-k", "bring")


def test_a_new_carrier_needs_its_client_and_mapping_and_nothing_else(copy: Path) -> None:
    made = run(copy, "tools.new_carrier", "bring")
    assert made.returncode == 0, made.stderr
    folder = copy / "src/karla/integrations/carriers/bring"
    assert {file.name for file in folder.iterdir()} >= {"manifest.toml", "client.py", "mapping.py", "adapter.py"}
    before = suite(copy)
    assert before.returncode == 1
    assert "NotImplementedError: Fill in" in before.stdout

    fill(folder / "client.py", "    async def parcel", CLIENT, "from typing import Any\n")
    fill(folder / "mapping.py", "def read", MAPPING, "from datetime import datetime\n\nimport msgspec\n")
    after = suite(copy)
    assert after.returncode == 0, after.stdout
    assert "passed" in after.stdout
    linted = run(copy, "ruff", "check", "--no-cache", "src/karla/integrations/carriers/bring", "--ignore", "D101")
    assert linted.returncode == 0, linted.stdout


def fill(file: Path, hole: str, content: str, imports: str) -> None:
    """Put the content where the hole begins, and add what it imports."""
    told = file.read_text(encoding="utf-8")
    head = told[: told.index(hole)].replace("Calling, Dialect, words_at", "Calling, Dialect, Request, words_at")
    head = head.replace("import Parcel, Reading", "import Parcel, Reading, Scan")
    first = head.index("from karla")
    file.write_text(f"{head[:first]}{imports}\n{head[first:].rstrip()}\n{gap(hole)}{content}", encoding="utf-8")


def gap(hole: str) -> str:
    return "" if hole.startswith(" ") else "\n"


def test_what_is_in_the_way_is_said_at_once(copy: Path) -> None:
    refused = run(copy, "tools.new_carrier", "Acme-Post")
    assert refused.returncode == 1
    assert "other signs than lower-case letters" in refused.stderr
    assert "not in the catalogue of carriers" in refused.stderr
    again = run(copy, "tools.new_carrier", "dhl")
    assert "is there already" in again.stderr
    assert (copy / "src/karla/integrations/registry.py").read_text(encoding="utf-8").count('"dhl",') == 1
