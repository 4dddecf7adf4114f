"""What the pages for operators tell them to type or to watch is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from karla.entrypoints.cli.program import app
from karla.infra.telemetry import REGISTRY
from tests.architecture.source import ROOT, Offence, verdict
from tests.architecture.test_second_lock import ISOLATED

RUNBOOKS = sorted((ROOT / "docs/runbooks").glob("*.md"))
PAGES = [
    *RUNBOOKS,
    *(ROOT / f"docs/guides/{name}.md" for name in ("self-hosting", "upgrading")),
    ROOT / "SECURITY.md",
    ROOT / "deploy/compose/README.md",
]
METRICS = {
    name
    for family in REGISTRY.collect()
    for name in (
        [f"{family.name}_total"]
        if family.type == "counter"
        else [
            family.name,
            *(f"{family.name}_{part}" for part in ("bucket", "count", "sum") if family.type == "histogram"),
        ]
    )
}


def commands_of(page: Path) -> list[str]:
    """What follows `karla` in code: a sentence about Karla is no command."""
    text = page.read_text(encoding="utf-8")
    code = [*re.findall(r"```\w*\n(.*?)```", text, re.DOTALL), *re.findall(r"`([^`\n]+)`", text)]
    typed = re.compile(r"(?:^|[/ ])karla(?:-entrypoint)? ([a-z]+(?: [^|;#>\n]*)?)$", re.MULTILINE)
    lines = (re.split(r" [|;#>]", line)[0] for block in code for line in block.splitlines())
    return [words for line in lines for words in typed.findall(line.rstrip())]


def unknown(typed: str) -> Iterator[str]:
    """What no karla has: the command, or options of it."""
    words = typed.split()
    command = typer.main.get_command(app)
    while isinstance(command, TyperGroup) and words:
        found = command.commands.get(words.pop(0))
        if found is None:
            yield typed
            return
        command = found
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    yield from (f"{typed}: {word}" for word in words if word.startswith("--") and word not in known)


def test_every_command_is_one() -> None:
    typed = [(page, words) for page in PAGES for words in commands_of(page)]
    assert len(typed) > 30
    found = [Offence(f"{page.relative_to(ROOT)}", fault) for page, words in typed for fault in unknown(words)]
    verdict(found, {}, "No karla knows this command:")


def test_every_metric_is_one() -> None:
    named = re.compile(r"`[^`]*?`")
    found = [
        Offence(f"{page.relative_to(ROOT)}", name)
        for page in PAGES
        for code in named.findall(page.read_text(encoding="utf-8"))
        for name in re.findall(r"\bkarla_[a-z_]+[a-z]", code)
        if name not in METRICS
    ]
    verdict(found, {}, "No process tells this metric:")


def test_the_secret_key_is_never_replaced_alone() -> None:
    """Whoever follows the page keeps all connections: the old key stays until everything is encrypted anew."""
    page = (ROOT / "docs/runbooks/key-leaked.md").read_text(encoding="utf-8")
    steps = page.partition("## The secret key, changed without a loss")[2].partition("\n## ")[0]
    order = [
        "Keep the old key",
        "the old one as `KARLA_PREVIOUS_SECRET_KEYS`",
        "`karla connections reseal`",
        "_KEYS` away",
    ]
    places = [steps.index(words) for words in order]
    assert "nothing is signed or encrypted with it" not in page
    assert places == sorted(places)


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=lambda path: path.stem)
def test_every_runbook_is_found_from_the_guide(runbook: Path) -> None:
    pages = [ROOT / "docs/guides/self-hosting.md", ROOT / "SECURITY.md"]
    assert any(f"runbooks/{runbook.name}" in page.read_text(encoding="utf-8") for page in pages)


def test_security_speaks_of_this_version() -> None:
    version = re.search(r'^version = "(\d+\.\d+)\.', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert f"| {version[1]}.x | gets security fixes |" in text
    for matter in ("**Connections.**", "**Pushes**", "**Rates.**", "`KARLA_SECRET_KEY`"):
        assert matter in text


def test_the_page_on_citus_has_a_place_for_every_table_of_a_shop() -> None:
    placed = set(re.findall(r"['`](\w+)['`]", (ROOT / "docs/guides/citus.md").read_text(encoding="utf-8")))
    assert {"orders", "deliveries", "page_visits"} <= ISOLATED
    assert ISOLATED - placed == set()
