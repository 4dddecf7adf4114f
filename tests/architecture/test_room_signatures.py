"""The first line of a query or command says what it may do: see a scope, or change within a work."""

import ast
from collections.abc import Iterator

from tests.architecture.source import Module, Offence, modules, verdict

QUERY = ["scope: Scope", "connection: Connection"]
COMMAND = ["work: Work"]

NO_SHOP_YET = "asked before a shop is known; sees what everybody may who knows the name or the key"
BY_REACH = "its `reach` says what may be seen: an organisation, or those shops of it that a key administers"
SCOPE_NOT_ASKED = {
    "src/karla/domain/audit/queries.py::organisation_entries": BY_REACH,
    "src/karla/domain/branding/queries.py::image_named": NO_SHOP_YET,
    "src/karla/domain/branding/queries.py::slug_of_host": NO_SHOP_YET,
    "src/karla/domain/subscribers/queries/deliveries.py::backlog": "counts over all shops, for the operator's metrics",
    "src/karla/domain/tenants/queries.py::every_shop": "for the one who operates Karla, at the command line",
    "src/karla/domain/tenants/queries.py::get_key": BY_REACH,
    "src/karla/domain/tenants/queries.py::organisation_id": NO_SHOP_YET,
    "src/karla/domain/tenants/queries.py::principal_by_key": NO_SHOP_YET,
    "src/karla/domain/tenants/queries.py::search_keys": BY_REACH,
    "src/karla/domain/tenants/queries.py::search_members": BY_REACH,
    "src/karla/domain/tenants/queries.py::shop_ref": NO_SHOP_YET,
    "src/karla/domain/tenants/queries.py::shops_by_slug": "within an organisation that the caller has authorised",
}
MADE_ONCE = {
    "src/karla/infra/access.py": "the one place where a Scope is made",
    "src/karla/infra/db.py": "the one place where a Work is made",
}


def part(name: str) -> Iterator[Module]:
    """The files of this part of every room, be it a module or a package."""
    for module in modules("src/karla/domain"):
        if name in module.path.removesuffix(".py").split("/")[4:]:
            yield module


def public(module: Module) -> Iterator[ast.AsyncFunctionDef]:
    for node in module.tree.body:
        if isinstance(node, ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node


def wrong_beginnings(name: str, wanted: list[str]) -> list[Offence]:
    return [
        Offence(f"{module.path}::{function.name}", f"begins with ({', '.join(begin)})")
        for module in part(name)
        for function in public(module)
        if (begin := [ast.unparse(arg) for arg in function.args.args[: len(wanted)]]) != wanted
    ]


def test_queries_begin_with_a_scope() -> None:
    verdict(wrong_beginnings("queries", QUERY), {}, f"A public query begins with ({', '.join(QUERY)}):")


def test_commands_begin_with_a_work() -> None:
    verdict(wrong_beginnings("commands", COMMAND), {}, f"A public command begins with ({', '.join(COMMAND)}):")


def test_queries_ask_their_scope() -> None:
    found = [
        Offence(f"{module.path}::{function.name}", "never reads `scope`")
        for module in part("queries")
        for function in public(module)
        if not any(
            isinstance(n, ast.Name) and n.id == "scope" and isinstance(n.ctx, ast.Load) for n in ast.walk(function)
        )
    ]
    verdict(found, SCOPE_NOT_ASKED, "A query shows rows of its scope alone; another rule needs a reason in the list:")


def test_scope_and_work_are_made_in_one_place() -> None:
    found = [
        Offence(module.path, f"line {node.lineno}")
        for module in modules("src/karla")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Scope", "Work")
    ]
    verdict(found, MADE_ONCE, "Ask infra.access for a Scope and Database.write for a Work:")
