"""`karla carriers` as someone at a terminal, or a program behind a pipe, sees it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from karla.entrypoints.cli.carriers import matches
from karla.entrypoints.cli.program import app

CASES = Path(__file__).parents[1] / "support" / "carrier_cases.jsonl"
UPS = '{"tracking_number": "1Z999AA10123456784", "country": "DE"}'


def answers(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_every_case_of_the_evaluation_is_answered_right_in_its_order() -> None:
    told = CliRunner().invoke(app, ["carriers", "match"], input=CASES.read_bytes())
    assert (told.exit_code, told.stderr) == (0, "")
    cases = [json.loads(line) for line in CASES.read_text().splitlines()]
    found = answers(told.stdout)
    assert all(set(answer) == {"reference", "confidence", "reasons"} for answer in found)
    for case, answer in zip(cases, found, strict=True):
        assert answer["reference"] in case.get("accept", [case["expect"]]), case


def test_it_needs_no_database_and_no_settings() -> None:
    command = [sys.executable, "-m", "karla", "carriers", "match"]
    environment = {"KARLA_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}
    done = subprocess.run(command, input=UPS, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert answers(done.stdout)[0]["reference"] == "ups"


def test_a_bad_line_is_told_of_by_its_number_and_the_others_are_answered() -> None:
    lines = [
        UPS,
        "nonsense",
        "",
        '{"tracking_number": 5, "country": "Germany"}',
        "[]",
        '{"tracking_company": "own fleet", "unknown": 1, "country": null}',
    ]
    told = CliRunner().invoke(app, ["carriers", "match"], input="\n".join(lines))
    assert told.exit_code == 1
    assert [answer["reference"] for answer in answers(told.stdout)] == ["ups", None]
    first, second, third = told.stderr.splitlines()
    assert first.startswith("line 2: ")
    assert second.startswith("line 4: tracking_number: ")
    assert "; country: " in second
    assert third.startswith("line 5: ")


def test_it_answers_each_line_before_it_reads_the_next() -> None:
    read = 0

    def lines() -> Iterator[bytes]:
        nonlocal read
        for _ in range(3):
            read += 1
            yield UPS.encode()

    found = matches(lines())
    next(found)
    assert read == 1


def test_a_file_with_a_byte_order_mark_and_windows_lines_is_read() -> None:
    told = CliRunner().invoke(app, ["carriers", "match"], input=b"\xef\xbb\xbf" + UPS.encode() + b"\r\n\r\n")
    assert (told.exit_code, answers(told.stdout)[0]["reference"]) == (0, "ups")


def test_no_input_is_no_output() -> None:
    told = CliRunner().invoke(app, ["carriers", "match"], input="")
    assert (told.exit_code, told.stdout) == (0, "")


def test_carriers_are_listed_by_name_country_and_kind() -> None:
    told = CliRunner().invoke(app, ["carriers", "list", "hermes", "--country", "de", "--kind", "parcel"])
    head, *rows = told.stdout.splitlines()
    assert head.split() == ["reference", "name", "country", "kind"]
    assert [row.split()[0] for row in rows] == ["hrs"]
