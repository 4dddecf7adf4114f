"""Writes `docs/reference` from the code: run `make docs`. A test fails when a page is stale."""

import sys
from collections.abc import Iterator, Sequence
from inspect import cleandoc
from pathlib import Path, PurePath
from typing import Any

import msgspec
import typer
from msgspec import inspect as mi

from docs.raised import Raised, errors_raised, fault_words
from karla.entrypoints.api.app import litestar_app
from karla.entrypoints.api.faults import body_of
from karla.entrypoints.api.openapi.document import document
from karla.entrypoints.api.resources import RESOURCES
from karla.entrypoints.cli.program import app as command_line
from karla.infra.errors import Fault, Invalid
from karla.infra.settings import Settings, variable_of
from karla.vocabulary.events import (
    ALL_DELIVERED,
    CATALOGUE,
    CLAIM_ACTIONS,
    CLAIM_GROUPS,
    FORWARD_GROUPS,
    RETURN_GROUPS,
    EventKind,
    Notice,
    Phase,
)

REFERENCE = Path(__file__).parent / "reference"

Table = Sequence[Sequence[str]]


def pages() -> dict[str, str]:
    """Every page by its file name."""
    told = document(litestar_app([*RESOURCES]), "https://karla.example.com")
    written = {
        "settings.md": "\n".join(_settings()),
        "events.md": "\n".join(_events(told)),
        "api.md": "\n".join(_api(told)),
        "errors.md": "\n".join(_errors()),
        "cli.md": "\n".join(_cli()),
    }
    return {name: f"{_NOTE}\n{text.strip()}\n" for name, text in written.items()}


_NOTE = "<!-- Written by `make docs` from the code. A change here is lost; change the code. -->\n"


def _table(head: Sequence[str], rows: Table) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join('---' for _ in head)}|"
    for row in rows:
        cells = (cell.replace("|", "\\|").replace("\n", " ") for cell in row)
        yield f"| {' | '.join(cells)} |"
    yield ""


_SETTINGS = """# Settings

Every setting is an environment variable. An empty one counts as absent; one that can't be used stops Karla at its
start, with a line that names all of them. The options of the command line win over them.
"""


def _settings() -> Iterator[str]:
    yield _SETTINGS
    fields = msgspec.structs.fields(Settings)
    rows = [
        (f"`{variable_of(field.name)}`", _kind(mi.type_info(field.type)), _default(field.default), _meaning(field.type))
        for field in fields
    ]
    yield from _table(("variable", "value", "default", "meaning"), rows)


def _plain(info: mi.Type) -> mi.Type:
    while isinstance(info, mi.Metadata):
        info = info.type
    if isinstance(info, mi.UnionType):
        return _plain(next(part for part in info.types if not isinstance(part, mi.NoneType)))
    return info


def _kind(info: mi.Type) -> str:
    match _plain(info):
        case mi.BoolType():
            return "`true` or `false`"
        case mi.IntType() | mi.FloatType() as number:
            return _bounded("integer" if isinstance(number, mi.IntType) else "number", number)
        case mi.LiteralType(values=words):
            return ", ".join(f"`{word}`" for word in words)
        case mi.StrType(pattern=str(pattern)) if pattern.startswith("^("):
            return ", ".join(f"`{word}`" for word in pattern.strip("^()$").split("|"))
        case mi.StrType(min_length=least):
            return f"text of at least {least} characters" if least else "text"
    return "path"


def _bounded(kind: str, number: mi.IntType | mi.FloatType) -> str:
    if number.ge is not None and number.le is not None:
        return f"{kind}, {number.ge} to {number.le}"
    if number.ge is not None:
        return f"{kind}, at least {number.ge}"
    return f"{kind}, above {number.gt:g}" if number.gt is not None else kind


def _default(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, float):
        return f"`{value:g}`"
    return f"`./{value}`" if isinstance(value, PurePath) else f"`{value}`"


def _meaning(type_: Any) -> str:
    schema = msgspec.json.schema(type_, schema_hook=lambda _: {"type": "string"})
    told = [schema, *schema.get("anyOf", ())]
    return next((str(part["description"]) for part in told if "description" in part), "")


_EVENTS = """# Events

{shipments} events of shipments in {phases} phases, {claims} of claims, and {notices} of the shop's own webhooks. A
webhook subscribes by the beginning of a ref (`shipments`, `shipments/delivered`), by [a group](#groups), or by `*` to
all but those of webhooks; [the guide](../guides/webhooks.md) tells how deliveries go. An example of every payload is
under `webhooks` of `/public/openapi.json`, which `/docs` shows.

A parcel on its way back to the merchant (`direction` is `customer_merchant`) has the same events under the group on
the way back, and so have the events of the phases `return_…` on any parcel. The filter `{all_delivered}`
matches every handover of a parcel on its way to the customer: {handovers}.
It is no event of its own.

An event without a group notifies nobody: it stands on the timeline and in the journal. *Flag* says how
well things go, *owner* who can solve the problem. *Draft*: a parcel without a tracking number may have the event too.
"""


def _events(told: dict[str, Any]) -> Iterator[str]:
    yield _EVENTS.format(
        shipments=len(CATALOGUE),
        phases=len(Phase),
        claims=len(CLAIM_ACTIONS),
        notices=len(Notice),
        all_delivered=ALL_DELIVERED,
        handovers=", ".join(f"`{kind.name}`" for kind in CATALOGUE.values() if kind.handover),
    )
    descriptions = {tag["name"]: tag["description"] for tag in told["tags"]}
    for phase in Phase:
        kinds = [kind for kind in CATALOGUE.values() if kind.phase == phase]
        yield f"## {phase}\n"
        yield f"{descriptions[_operation(told, kinds[0].ref)['tags'][0]]}\n"
        yield from _table(("ref", "group", "group on the way back", "flag", "owner", "draft"), event_rows(kinds))
    yield "## claims\n"
    yield "What customers report about what they got.\n"
    yield from _table(("ref", "group"), [(f"`claims/{action}`", f"`claim_{action}`") for action in CLAIM_ACTIONS])
    yield "## webhooks\n"
    yield f"{descriptions[_operation(told, Notice.FAILING.ref)['tags'][0]]}\n"
    yield from _table(("ref", "group", "when"), [_notice_row(told, notice) for notice in Notice])
    yield _GROUPS
    yield from _table(("group", "what it matches"), [*group_rows()])
    yield from _SIGNATURE.splitlines()


def _operation(told: dict[str, Any], ref: str) -> dict[str, Any]:
    """What the OpenAPI document says of an event."""
    operation: dict[str, Any] = told["webhooks"][ref]["post"]
    return operation


def _notice_row(told: dict[str, Any], notice: Notice) -> tuple[str, ...]:
    when = _operation(told, notice.ref)["description"].removesuffix(f" Group `{notice.group}`.")
    return f"`{notice.ref}`", f"`{notice.group}`", when


_GROUPS = """## Groups

Every group that a webhook can subscribe to, with the events that belong to it. A name stands twice where its group
depends on the way that the parcel travels.
"""


def group_rows() -> Iterator[tuple[str, str]]:
    """Each group, and the names that belong to it."""
    matched = {group: [kind.name for kind in CATALOGUE.values() if kind.group == group] for group in FORWARD_GROUPS}
    matched[ALL_DELIVERED] = [kind.name for kind in CATALOGUE.values() if kind.handover]
    matched |= {
        group: [kind.name for kind in CATALOGUE.values() if kind.return_group == group] for group in RETURN_GROUPS
    }
    matched |= {group: [f"claims/{action}"] for group, action in zip(CLAIM_GROUPS, CLAIM_ACTIONS, strict=True)}
    matched |= {notice.group: [notice.ref] for notice in Notice}
    for group, names in matched.items():
        yield f"`{group}`", ", ".join(f"`{name}`" for name in names)


def event_rows(kinds: Sequence[EventKind]) -> Table:
    """The rows of one phase."""
    return [
        (
            f"`{kind.ref}`",
            f"`{kind.group}`" if kind.group else "",
            f"`{kind.return_group}`" if kind.return_group else "",
            str(kind.flag),
            str(kind.owner) if kind.owner != "none" else "",
            "yes" if kind.draft else "",
        )
        for kind in kinds
    ]


_SIGNATURE = """## Verify a delivery

`Karla-Signature: t=<unix seconds>,v1=<hex>` is made over the raw body, before anything parses it:

```python
import hashlib, hmac, time

def genuine(header: str, body: bytes, secret: str) -> bool:
    parts = [part.partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    if not times or abs(time.time() - int(times[0])) > 300:
        return False
    expected = hmac.new(secret.encode(), times[0].encode() + b"." + body, hashlib.sha256).hexdigest()
    return any(hmac.compare_digest(expected, value) for name, _, value in parts if name == "v1")
```

The headers `webhook-id`, `webhook-timestamp` and `webhook-signature` are those of Standard Webhooks: any of its
libraries can check them instead. `webhook-id` is the event's id and stays the same over all attempts.
"""


_API = """# API

What each call takes and answers is in `/public/openapi.json` (OpenAPI 3.1), which `/docs` shows. *Who* is the least
role that a key needs. What can go wrong is in [errors.md](errors.md).
"""


def _api(told: dict[str, Any]) -> Iterator[str]:
    yield _API
    by_tag: dict[str, list[tuple[str, ...]]] = {}
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            who = _WHO[operation["x-karla-access"]["of"]].format(**operation["x-karla-access"])
            row = (f"`{method.upper()}`", f"`{path}`", operation["summary"], who, f"`{operation['operationId']}`")
            by_tag.setdefault(operation["tags"][0], []).append(row)
    for tag in told["tags"]:
        if tag["name"] in by_tag:
            yield f"## {tag['name']}\n"
            yield f"{tag['description']}\n"
            yield from _table(("method", "path", "does", "who", "operation id"), by_tag[tag["name"]])


_WHO = {
    "nobody": "everyone",
    "key": "any key",
    "shop": "{role} in the shop",
    "organisation": "{role} in the organisation",
    "shopper": "shoppers, by {level}",
}


def _errors() -> Iterator[str]:
    found = errors_raised()
    example = Invalid(
        "zip_code_invalid",
        "The zip code is not valid.",
        [Fault(("body", "order", "address", "zip_code"), "Must be a string", "string_type")],
    )
    yield "# Errors\n"
    yield "Every answer from 400 up has this body. `key` and `type` are stable, `message` and `msg` are for people.\n"
    yield "```json"
    body = msgspec.json.encode(body_of(example, "0b8f4a53-5c0e-4a5e-9a35-4f0a8a1f2c77"))
    yield msgspec.json.format(body, indent=2).decode()
    yield "```\n"
    yield "`errors` names every fault of the request by its place. Repeat a 5xx or a 429 later, never another 4xx.\n"
    yield "## Keys\n"
    yield from _table(("status", "key", "message"), [_error_row(one) for one in found])
    yield "## Words of a fault\n"
    yield "The `type` of each of `errors`.\n"
    yield from _table(("type", "such as"), [(f"`{word}`", sentence) for word, sentence in fault_words()])


def _error_row(raised: Raised) -> tuple[str, str, str]:
    return str(raised.status), f"`{raised.key}`", " / ".join(raised.messages)


_COMMANDS = """# Command line

`karla COMMAND --help` tells the same. With `--json` the output is for programs. What fails ends with one line on
standard error and code 1, and words that don't fit with one and code 2.
"""


def _cli() -> Iterator[str]:
    root = typer.main.get_command(command_line)
    yield _COMMANDS
    for words, command in verbs(root):
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        options = [p for p in command.params if p.param_type_name == "option"]
        yield f"## `{' '.join(['karla', *words, *map(_argument, arguments)])}`\n"
        yield f"{cleandoc(command.help or '')}\n"
        rows = [(f"`{_argument(p)}`", _flag_default(p), str(p.help or "")) for p in arguments]
        rows += [(", ".join(f"`{flag}`" for flag in p.opts), _flag_default(p), str(p.help or "")) for p in options]
        if rows:
            yield from _table(("option", "default", "meaning"), rows)


def verbs(command: Any, *before: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that does something, by the words that call it."""
    if not hasattr(command, "commands"):
        yield before, command
        return
    for name, inner in command.commands.items():
        if not inner.hidden:
            yield from verbs(inner, *before, name)


def _argument(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper())


def _flag_default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    if isinstance(parameter.show_default, str):
        return parameter.show_default
    if parameter.default in (None, False, ()) or not parameter.show_default:
        return ""
    return f"`{parameter.default}`"


def main() -> None:
    """Write the pages, and take away those that are none any more."""
    REFERENCE.mkdir(exist_ok=True)
    written = pages()
    for stale in REFERENCE.glob("*.md"):
        if stale.name not in written:
            stale.unlink()
    for name, text in written.items():
        (REFERENCE / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{REFERENCE.name}/{name}\n")


if __name__ == "__main__":
    main()
