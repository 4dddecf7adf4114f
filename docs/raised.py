"""Reads from the source which errors it raises: their statuses, keys and messages, and the words of faults."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from karla.infra import errors
from karla.infra.errors import KarlaError
from karla.infra.validation import words

SOURCE = Path(__file__).parents[1] / "src"

# Errors whose key is no literal where they are made, by file and call: the keys that it can be.
COMPUTED: Mapping[str, tuple[str | None, ...]] = {
    "karla/infra/validation/words.py::Invalid(key)": ("zip_code_invalid", "carrier_reference_invalid", None),
    "karla/domain/tenants/rules.py::Invalid(faults[0].type)": ("duplicate", "shop_not_found"),
    "karla/entrypoints/api/faults.py::KarlaError(key)": (),  # those of its table, which is read below
}
# Their errors are told to the belt, not to a caller.
_INTEGRATIONS = "karla/integrations/"
_ROUTING = ("karla/entrypoints/api/faults.py", "_ROUTING")
_EXAMPLES = "karla/entrypoints/api/openapi/"


class Raised(msgspec.Struct, frozen=True):
    """One key under one status, with everything that is said under it."""

    status: int
    key: str
    messages: tuple[str, ...]


def errors_raised() -> list[Raised]:
    """Every error that a caller may see, by status and key; LookupError for a key that can't be read."""
    said: dict[tuple[int, str], dict[str, None]] = {}
    for place, tree in _modules():
        if place.startswith(_INTEGRATIONS):
            continue
        for status, key, message in (*_raised_in(tree, place), *_routed_in(tree, place)):
            said.setdefault((status, key), {})[message] = None
    return [Raised(status, key, tuple(messages)) for (status, key), messages in sorted(said.items())]


def fault_words() -> list[tuple[str, str]]:
    """Every word for what is wrong with a value, with one sentence that is said with it."""
    known = {word: f"Must be {text}" for word, text in reversed(words.TYPE_WORDS.values())}
    known |= dict(reversed(words.FORMATS.values()))
    known |= words.SENTENCES | {"pattern": "Must have the documented form"}
    known |= dict([words.at_least("character", 1), words.at_most("character", 255), words.one_of(["en", "de"])])
    for _, tree in _modules():
        for call in _calls(tree, {"Fault"}):
            word = _text(_argument(call, 2, "type"))
            if word:
                known.setdefault(word, _text(_argument(call, 1, "msg")) or "")
    return sorted(known.items())


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        place = path.relative_to(SOURCE).as_posix()
        if not place.startswith(_EXAMPLES):
            yield place, ast.parse(path.read_text(encoding="utf-8"))


_CLASSES: Mapping[str, type[KarlaError]] = {
    name: cls for name, cls in vars(errors).items() if isinstance(cls, type) and issubclass(cls, KarlaError)
}


def _calls(tree: ast.AST, names: Mapping[str, object] | set[str]) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield node


def _raised_in(tree: ast.AST, place: str) -> Iterator[tuple[int, str, str]]:
    variables = {_named(node): _text(node.value) for node in ast.walk(tree) if isinstance(node, ast.Assign)}
    for call in _calls(tree, _CLASSES):
        cls = _CLASSES[ast.unparse(call.func)]
        given = _argument(call, 1, "message")
        message = _text(given) or (given and variables.get(ast.unparse(given))) or cls.default_message
        for key in _keys(call, place):
            yield cls.status, key or cls.default_key, message
    for node in ast.walk(tree):  # `raise Forbidden` without a call
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Name) and node.exc.id in _CLASSES:
            cls = _CLASSES[node.exc.id]
            yield cls.status, cls.default_key, cls.default_message


def _keys(call: ast.Call, place: str) -> tuple[str | None, ...]:
    given = _argument(call, 0, "key")
    if given is None or isinstance(given, ast.Constant):
        return (_text(given),)
    computed = f"{place}::{ast.unparse(call.func)}({ast.unparse(given)})"
    if computed not in COMPUTED:
        raise LookupError(f"{computed} makes its key: name the keys in COMPUTED of docs/raised.py")
    return COMPUTED[computed]


def _routed_in(tree: ast.Module, place: str) -> Iterator[tuple[int, str, str]]:
    """The errors of the framework, which stand in a table."""
    path, name = _ROUTING
    if place != path:
        return
    (table,) = (node.value for node in tree.body if isinstance(node, ast.Assign) and _named(node) == name)
    for status, (key, message) in ast.literal_eval(table).items():
        yield status, key, message


def _named(assignment: ast.Assign) -> str:
    return ast.unparse(assignment.targets[0])


def _argument(call: ast.Call, position: int, name: str) -> ast.expr | None:
    if len(call.args) > position:
        return call.args[position]
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _text(node: ast.expr | None) -> str | None:
    """What a literal says; `…` stands for what an f-string puts in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        text = "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        return text if any(map(str.isalpha, text)) else None
    return None
