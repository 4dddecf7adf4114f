"""Every table with a shop's rows is behind row-level security, and few may look over all shops."""

import ast
import re

from tests.architecture.source import Offence, modules, verdict
from tests.architecture.test_sql import SCHEMA, TENANT_TABLES

ISOLATED = {
    table
    for statement in re.findall(r"^select karla_isolate\(.*?;", SCHEMA, re.MULTILINE | re.DOTALL)
    for table in re.findall(r"'(\w+)'", statement)
}
# A table that lived for some migrations under another name.
RENAMED = dict(re.findall(r"^alter table (\w+) rename to (\w+);", SCHEMA, re.MULTILINE))

NOT_ISOLATED = {
    "api_key_grants": "read before a shop is known: which ones may this key see?",
    "audit_entries": "an organisation's: an entry outlives its shop, and some concern none",
    "delivery_attempts": "dropped by a later migration",
}
A_PARTITION = re.compile(r"\b(from|join|into|update)\s+\w+_(default|\d{4}_\d{2})\b")

MAY_LOOK_EVERYWHERE = (
    "src/karla/pipeline/",
    "src/karla/entrypoints/cli/",
    "src/karla/main.py",
    "src/karla/infra/access.py",
)


def test_every_tenant_table_is_isolated() -> None:
    assert ISOLATED, "no migration calls karla_isolate"
    found = [
        Offence(table.name, "has a shop_id and no policy")
        for table in TENANT_TABLES
        if not {table.name, RENAMED.get(table.name)} & ISOLATED
    ]
    verdict(found, NOT_ISOLATED, "Its migration says `select karla_isolate('table');`, or there is a reason here:")


def test_only_belt_and_operator_look_everywhere() -> None:
    found = [
        Offence(module.path, f"line {node.lineno}")
        for module in modules("src/karla")
        if not module.path.startswith(MAY_LOOK_EVERYWHERE)
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.alias) and node.name == "EVERYWHERE")
        or (isinstance(node, ast.Attribute) and node.attr == "EVERYWHERE")
        or (isinstance(node, ast.keyword) and node.arg == "everywhere")
    ]
    verdict(found, {}, "A request works under the scope of its caller; all shops are the belt's and the operator's:")


def test_partitions_are_reached_by_their_table() -> None:
    found = [
        Offence(module.path, f"line {node.lineno}")
        for module in modules("src/karla")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and A_PARTITION.search(node.value)
    ]
    verdict(found, {}, "The policy is the table's; a partition has none:")
