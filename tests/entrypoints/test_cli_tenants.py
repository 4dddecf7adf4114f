"""`karla shop`, `karla key` and `karla member`, as one who operates a Karla types them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from typer.testing import CliRunner

from karla.entrypoints.cli.program import app
from karla.infra.embedded_postgres import EmbeddedPostgres
from karla.infra.errors import KarlaError
from tests.support.karla import Karla, basic


class Cli:
    """The command on the database of the test."""

    def __init__(self, url: str, data_dir: Path) -> None:
        self._environment = {"KARLA_DATABASE_URL": url, "KARLA_DATA_DIR": str(data_dir), "COLUMNS": "200"}

    def run(self, *arguments: str) -> str:
        result = CliRunner().invoke(app, arguments, env=self._environment, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *arguments: str) -> object:
        return json.loads(self.run(*arguments, "--json"))

    def process(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "karla", *arguments],
            env={**os.environ, **self._environment, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def cli(database_url: str, tmp_path: Path) -> Cli:
    return Cli(database_url, tmp_path)


def unique(name: str) -> str:
    return f"{name}-{uuid4().hex[:8]}"


def test_a_shop_is_created_with_its_organisation(cli: Cli) -> None:
    slug, organisation = unique("shop"), unique("org")
    made = cli.json("shop", "create", slug, "--org", organisation, "--name", "Nordlicht")
    assert isinstance(made, dict)
    assert list(made) == ["slug", "uuid", "org"]
    assert (made["slug"], made["org"]) == (slug, organisation)
    assert UUID(made["uuid"]).version == 4
    assert cli.json("shop", "list", "--org", organisation) == [made | {"name": "Nordlicht"}]
    cli.run("shop", "create", f"{slug}-b", "--org", organisation)
    listed = cli.run("shop", "list")
    assert f"{slug}-b" in listed
    assert "Nordlicht" in listed
    assert cli.run("shop", "list", "--org", "no-such-org") == "There are no shops yet.\n"


def test_a_key_is_created_listed_and_revoked(cli: Cli) -> None:
    slug, organisation = unique("shop"), unique("org")
    cli.run("shop", "create", slug, "--org", organisation)
    made = cli.json("key", "create", "--org", organisation, "--shop", slug, "--role", "admin")
    assert isinstance(made, dict)
    assert list(made) == ["username", "key"]
    assert made["username"] == slug
    assert made["key"].startswith("karla_")
    named = cli.run("key", "create", "--org", organisation, "--shop", "*", "--role", "viewer", "--username", "bi[b]")
    assert "bi[b]" in named
    assert "karla_" in named
    listed = cli.json("key", "list", "--org", organisation)
    assert isinstance(listed, list)
    assert [(key["username"], key["shops"]) for key in listed] == [
        ("bi[b]", [{"shop_slug": "*", "role": "viewer"}]),
        (slug, [{"shop_slug": slug, "role": "admin"}]),
    ]
    assert [(key["last_used_at"], key["requests_per_minute"]) for key in listed] == [(None, None)] * 2
    assert made["key"] not in str(listed)
    assert "is revoked" in cli.run("key", "revoke", listed[1]["uuid"], "--org", organisation)
    table = cli.run("key", "list", "--org", organisation)
    for shown in ("bi[b]", "viewer of every shop", f"admin of {slug}", "never", "active", "revoked 2"):
        assert shown in table


def test_a_key_for_several_shops(cli: Cli) -> None:
    slugs, organisation = [unique("shop"), unique("shop")], unique("org")
    for slug in slugs:
        cli.run("shop", "create", slug, "--org", organisation)
    shops = [part for slug in slugs for part in ("--shop", slug)]
    made = cli.json("key", "create", "--org", organisation, *shops, "--role", "editor")
    assert isinstance(made, dict)
    assert made["username"] == organisation


def test_a_member_is_added(cli: Cli) -> None:
    slug, organisation = unique("shop"), unique("org")
    cli.run("shop", "create", slug, "--org", organisation)
    member = ("member", "add", "--org", organisation, "--email", "Ops@Acme.example")
    assert cli.run(*member) == f"ops@acme.example is a member of {organisation} (no shop yet).\n"
    assert cli.json(*member, "--shop", slug) == {"email_id": "ops@acme.example", "org": organisation, "shops": [slug]}


async def test_a_key_made_here_opens_the_api_at_once(karla: Karla, cli: Cli) -> None:
    slug, organisation = unique("shop"), unique("org")

    async def get(username: str, key: str) -> httpx.Response:
        return await karla.http.get(f"/v1/shops/{slug}", headers={"Authorization": basic(username, key)})

    assert cli.process("shop", "create", slug, "--org", organisation).returncode == 0
    made = cli.process("key", "create", "--org", organisation, "--shop", slug, "--role", "viewer", "--json")
    assert (await get(**json.loads(made.stdout))).status_code == 200


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("shop", "create", "Not a slug", "--org", "acme"), "The slug 'Not a slug' is not a slug"),
        (("shop", "create", "linen", "--org", "A C"), "The organization 'A C' is not a slug"),
        (("shop", "create", "api", "--org", "acme"), "The slug 'api' is reserved for Karla itself."),
        (("key", "list", "--org", "no-such-org"), "The requested organisation does not exist."),
        (("key", "revoke", str(uuid4()), "--org", "no-such-org"), "The requested organisation does not exist."),
        (("member", "add", "--org", "no-such-org", "--email", "a@b.example"), "The requested organisation does not"),
    ],
)
def test_a_refusal_says_what_is_wrong(cli: Cli, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(KarlaError) as refused:
        cli.run(*arguments)
    assert refused.value.message.startswith(message)


def test_a_failure_is_told_without_a_trace(cli: Cli) -> None:
    done = cli.process("shop", "list", KARLA_DATABASE_URL="postgresql://karla@127.0.0.1:1/karla")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("karla: connection failed")
    assert "Traceback" not in done.stderr


def test_the_first_command_of_a_new_karla_prepares_its_database(cli: Cli, tmp_path: Path) -> None:
    where = ("--data-dir", str(tmp_path / "fresh"))
    made = cli.process("shop", "create", "linen", "--org", "acme", "--json", *where, KARLA_DATABASE_URL="")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["slug"] == "linen"
    taken = cli.process("shop", "create", "linen", "--org", "other", *where, KARLA_DATABASE_URL="")
    assert (taken.returncode, taken.stderr) == (1, "karla: A shop with the slug 'linen' exists already.\n")
    EmbeddedPostgres.remove(tmp_path / "fresh")
