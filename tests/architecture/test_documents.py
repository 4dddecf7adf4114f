"""What the documents say is there, is there; and what they tell receivers to do works."""

import re
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from karla.infra.settings import Settings, variable_of
from karla.infra.signing import karla_signature, standard_headers, standard_secret
from tests.architecture.source import ROOT, Offence, verdict

DOCUMENTS = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")})
DECISIONS = sorted(ROOT.glob("docs/decisions/*.md"))
SECRET, OTHER, BODY = "41013bd9-9072-42cd-9902-66da38361be9", "another secret of 16", '{"note":"Zürich"}'.encode()


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def broken_links(document: Path) -> Iterator[str]:
    for link in re.findall(r"\]\(([^)\s]+)\)", text_of(document)):
        if not re.match("[a-z]+:|#", link) and not (document.parent / link.partition("#")[0]).exists():
            yield link


def test_links_lead_somewhere() -> None:
    found = [Offence(f"{d.relative_to(ROOT)}", link) for d in DOCUMENTS for link in broken_links(d)]
    verdict(found, {}, "These links lead nowhere:")


def unfounded(decision: Path, contracts: set[str]) -> Iterator[str]:
    last = text_of(decision).rstrip().splitlines()[-1]
    if not last.startswith("Enforced by: "):
        yield "its last line doesn't begin with `Enforced by: `"
    yield from (f"there is no {path}" for path in re.findall(r"`([\w/.]+/[\w.]+)`", last) if not (ROOT / path).exists())
    yield from (f"there is no contract {name!r}" for name in re.findall(r'"([^"]+)"', last) if name not in contracts)


def test_decisions_say_what_enforces_them() -> None:
    settings = tomllib.loads(text_of(ROOT / "pyproject.toml"))
    contracts = {contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]}
    found = [Offence(decision.name, fault) for decision in DECISIONS for fault in unfounded(decision, contracts)]
    verdict(found, {}, "A decision ends with the tests and contracts that hold it:")


def test_decisions_are_numbered_without_gap() -> None:
    assert [d.name[:5] for d in DECISIONS] == [f"{number:04}-" for number in range(1, len(DECISIONS) + 1)]


def test_the_guide_for_operators_has_every_setting() -> None:
    told = set(re.findall(r"^\| `(KARLA_\w+)`", text_of(ROOT / "docs/guides/self-hosting.md"), re.MULTILINE))
    assert told == {variable_of(field) for field in Settings.__struct_fields__}


@pytest.fixture(scope="module")
def snippets() -> dict[str, Any]:
    """The functions of the webhook guide."""
    names: dict[str, Any] = {}
    for snippet in re.findall(r"```python\n(.*?)```", text_of(ROOT / "docs/guides/webhooks.md"), re.DOTALL):
        exec(snippet, names)  # noqa: S102 - a document of ours
    return names


@pytest.mark.parametrize("secret", [SECRET, "schlüssel-mit-umlaut", "whsec_a2FybGEga2FybGEga2FybGE="])
def test_the_guides_receiver_takes_what_karla_signed_and_nothing_else(snippets: dict[str, Any], secret: str) -> None:
    verified, now = snippets["verified"], int(time.time())
    good = karla_signature([secret], now, BODY)
    assert verified(good, BODY, secret)
    assert verified(karla_signature([OTHER, secret], now, BODY), BODY, secret)
    assert not verified(good, BODY + b" ", secret)
    assert not verified(good, BODY, OTHER)
    assert not verified(karla_signature([secret], now - 400, BODY), BODY, secret)
    assert not any(verified(bad, BODY, secret) for bad in ("", "t=,v1=", good.replace("v1=", "v1=é"), "t=9,v1=9"))


@pytest.mark.parametrize("secret", [SECRET, "schlüssel-mit-umlaut", "whsec_a2FybGEga2FybGEga2FybGE="])
def test_the_guides_way_to_a_standard_library_works(snippets: dict[str, Any], secret: str) -> None:
    headers = standard_headers([secret], "an-id", int(time.time()), BODY)
    assert snippets["payload"](BODY, headers, secret) == {"note": "Zürich"}
    assert Webhook(standard_secret(secret)).verify(BODY, headers) == {"note": "Zürich"}
