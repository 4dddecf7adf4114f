"""Every row belongs to a shop, and every query says which."""

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from tests.architecture.source import SQL, Module, Offence, literals, migrations, modules, verdict

NO_SHOP_COLUMN = {
    "organisations": "stands above the shops",
    "shops": "is the shop: its `id` is every other table's `shop_id`",
    "members": "people of an organisation, who may see several of its shops",
    "api_keys": "belongs to an organisation; what it may see is in api_key_grants",
    "transit_times": "counts of many shops' parcels together, by lane, where they are enough to tell of none",
    "partitioned_tables": "says which tables are partitioned",
    "idempotency_keys": "belongs to an API key, and its answers are readable by that key's holder alone",
}
NOT_KEYED_BY_SHOP = {
    "audit_entries": "belongs to an organisation, outlives its shops, and may concern none or several of them",
    "api_key_grants": "a grant without a shop is for all of them, and no primary key takes a null",
    "outbox": "one queue for all shops, read in the order of its ids and emptied within moments",
}
OVER_ALL_SHOPS: dict[str, str] = {}

SCHEMA = "\n".join(text for name, text in migrations().items() if not name.endswith(".rollback.sql"))


class Table(NamedTuple):
    name: str
    columns: list[str]
    key: list[str]


def tables() -> Iterator[Table]:
    for name, body in re.findall(r"^create table (\w+) \((.*?)^\)", SCHEMA, re.MULTILINE | re.DOTALL):
        columns = re.findall(r"^    (?!primary|unique|foreign|check|constraint)(\w+) ", body, re.MULTILINE)
        whole = re.search(r"^    primary key \((.*?)\)", body, re.MULTILINE)
        single = re.search(r"^    (\w+) .*primary key", body, re.MULTILINE)
        yield Table(name, columns, re.split(r",\s*", whole[1]) if whole else [single[1]] if single else [])


TENANT_TABLES = [table for table in tables() if "shop_id" in table.columns]
# An insert names its shop by itself: the primary key takes no null.
A_TENANT_TABLE = re.compile(rf"\b(from|join|update|using)\s+({'|'.join(t.name for t in TENANT_TABLES)})\b")


def test_every_table_is_read() -> None:
    written = re.findall(r"^\s*create table (?:if not exists )?(\w+)(?! partition of)\b", SCHEMA, re.MULTILINE)
    assert [table.name for table in tables()] == written, "Write `create table name (`, a column a line, and `);`."


def test_tables_belong_to_a_shop() -> None:
    found = [Offence(table.name, "has no shop_id") for table in tables() if "shop_id" not in table.columns]
    verdict(found, NO_SHOP_COLUMN, "A table of a shop's data has a shop_id; another one needs a reason here:")


def test_tenant_tables_are_keyed_by_shop_first() -> None:
    found = [Offence(t.name, f"primary key ({', '.join(t.key)})") for t in TENANT_TABLES if t.key[:1] != ["shop_id"]]
    verdict(
        found, NOT_KEYED_BY_SHOP, "The primary key of a tenant table begins with shop_id, so that it can be spread:"
    )


def unscoped(module: Module) -> Iterator[Offence]:
    for unit in module.tree.body:
        strings = list(literals(unit))
        named = any("shop_id" in literal.text for literal in strings)
        for literal in strings:
            # What an f-string leaves out may come from a string beside it.
            if "shop_id" in literal.text or (literal.interpolated and named):
                continue
            if SQL.search(literal.text) and A_TENANT_TABLE.search(literal.text):
                yield Offence(f"{module.path}::{name_of(unit)}", f"line {literal.line}")


def name_of(unit: ast.stmt) -> str:
    return ast.unparse(unit.targets[0]) if isinstance(unit, ast.Assign) else getattr(unit, "name", "?")


def test_queries_on_tenant_tables_name_the_shop() -> None:
    found = [offence for module in modules("src/karla/domain") for offence in unscoped(module)]
    verdict(found, OVER_ALL_SHOPS, "A statement on a tenant table says which shop it means, by shop_id:")
