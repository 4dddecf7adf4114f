"""The DHL guide, followed line by line against `karla standin dhl`."""

import itertools
import json
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from karla.infra.ports import free_port
from karla.integrations import registry
from karla.integrations.contract import Kind
from tests.support.waiting import until

GUIDE = (Path(__file__).resolve().parents[3] / "docs/guides/carriers/dhl.md").read_text(encoding="utf-8")
KNOWN, TOLD = "00340434161094000014", "00340434161012345678"
BLOCKS = [*re.findall(r"```(\w+)\n(.*?)\n```", GUIDE, re.DOTALL), ("", "")]
STEPS = [
    (command, awaited if kind == "json" else None)
    for (shell, command), (kind, awaited) in itertools.pairwise(BLOCKS)
    if shell == "sh" and command.startswith("curl")
]
CONTROLS = re.findall(r"^\| `(curl [^`]+)`", GUIDE, re.MULTILINE)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    found = free_port()
    output = tmp_path_factory.mktemp("standin") / "output"
    with output.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "karla", "standin", "dhl", "--port", str(found)], stdout=file, stderr=file
        )
    until(lambda: "Numbers that it knows" in output.read_text(), "the stand-in to listen")
    yield found
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    told = output.read_text()
    assert "api_key = demo-key" in told
    assert "GET /track/shipments  → 401" in told
    assert re.search(r"\d+ requests received", told)


def run(command: str, port: int) -> httpx.Response:
    """What a `curl -s` of the guide does, in as much of its language as the guide uses."""
    words = shlex.split(command.replace("9100", str(port)))
    assert words[:2] == ["curl", "-s"]
    (url,) = (word for word in words if word.startswith("http"))
    options = dict(itertools.pairwise(words))
    headers = dict([options["-H"].split(": ", 1)]) if "-H" in options else {}
    content = options.get("-d")
    return httpx.request("GET" if content is None else "POST", url, headers=headers, content=content)


def ask(port: int, number: str = KNOWN) -> httpx.Response:
    url = f"http://127.0.0.1:{port}/track/shipments"
    return httpx.get(url, params={"trackingNumber": number}, headers={"DHL-API-Key": "demo-key"})


def test_the_guide_has_steps() -> None:
    assert len(STEPS) >= 4
    assert len(CONTROLS) >= 5


def test_each_call_of_the_guide_answers_as_it_says(port: int) -> None:
    for command, awaited in STEPS:
        told = run(command, port).json()
        if awaited:
            assert told == json.loads(awaited)
        else:
            assert told["shipments"][0]["id"] == KNOWN


def test_a_played_number_goes_from_recording_to_recording(port: int) -> None:
    run(next(command for command, _ in STEPS if "_standin/play" in command), port)
    told = [ask(port, TOLD).json()["shipments"][0] for _ in range(5)]
    codes = [one["status"]["statusCode"] for one in told]
    assert codes == ["pre-transit", "transit", "transit", "delivered", "delivered"]
    assert {one["id"] for one in told} == {TOLD}


def test_the_stand_in_misbehaves_as_the_guide_says_and_is_well_again(port: int) -> None:
    busy, down, good, journal = (
        next(one for one in CONTROLS if f"_standin/{verb}" in one) for verb in ("busy", "answer", "good", "journal")
    )
    run(busy, port)
    assert [ask(port).status_code for _ in range(4)] == [429, 429, 429, 200]
    run(down, port)
    assert [ask(port).status_code for _ in range(2)] == [503, 503]
    run(good, port)
    assert ask(port).status_code == 200
    assert run(journal, port).json()[-1] == {
        "method": "GET",
        "path": "/track/shipments",
        "query": {"trackingNumber": KNOWN},
        "status": 200,
    }


@pytest.mark.parametrize("order", ['{"number": "1", "recordings": ["none.json"]}', '{"number": "1"}', "[]", "no JSON"])
def test_an_order_that_is_wrong_is_said_so(port: int, order: str) -> None:
    assert run(f"curl -s http://127.0.0.1:9100/_standin/play -d '{order}'", port).status_code == 400


def test_a_verb_that_is_none_is_answered_by_those_that_are(port: int) -> None:
    refused = run("curl -s http://127.0.0.1:9100/_standin/dance -d {}", port)
    assert refused.status_code == 404
    assert "POST one of answer, busy, cut, good, hang, play, slow" in refused.text


def test_the_guide_names_every_field_of_the_form() -> None:
    about = registry.manifest(Kind.CARRIERS, "dhl")
    assert [field.name for field in about.credentials if f"| {field.label} | `{field.name}` |" not in GUIDE] == []
