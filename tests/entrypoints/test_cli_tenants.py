"""`karla shop`, `karla key` and `karla member`, as one who operates a Karla types them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from typer.testing import CliRunner

from karla.entrypoints.cli.program import app
from karla.infra.embedded_postgres import EmbeddedPostgres
from karla.infra.errors import KarlaError
from karla.infra.ports import free_port
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

    def list(self, *arguments: str) -> list[dict[str, Any]]:
        listed = self.json(*arguments)
        assert isinstance(listed, list)
        return listed

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
    assert list(made) == ["username", "key", "uuid", "expires_at"]
    assert (made["username"], made["expires_at"]) == (slug, None)
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
    assert listed[1]["uuid"] == made["uuid"]
    assert [(key["last_used_at"], key["requests_per_minute"]) for key in listed] == [(None, None)] * 2
    assert made["key"] not in str(listed)
    assert "is revoked" in cli.run("key", "revoke", listed[1]["uuid"], "--org", organisation)
    table = cli.run("key", "list", "--org", organisation)
    for shown in ("bi[b]", "viewer of every shop", f"admin of {slug}", "never", "active", "revoked 2"):
        assert shown in table


def test_a_key_ends_when_it_is_told_to(cli: Cli) -> None:
    slug, organisation = unique("shop"), unique("org")
    cli.run("shop", "create", slug, "--org", organisation)
    create = ("key", "create", "--org", organisation, "--shop", slug, "--role", "viewer")
    shown = cli.run(*create, "--expires", "2100-01-01T01:00:00+01:00", "--requests-per-minute", "60")
    assert "expires    2100-01-01 00:00 UTC" in shown
    (listed,) = cli.list("key", "list", "--org", organisation)
    assert (listed["expires_at"], listed["requests_per_minute"]) == ("2100-01-01T00:00:00+00:00", 60)
    assert "until 2100-01-01 00:00" in cli.run("key", "list", "--org", organisation)
    refused = cli.process(*create, "--expires", "2020-01-01", "--requests-per-minute", "60001")
    assert (refused.returncode, refused.stderr) == (
        1,
        "karla: A key can't expire before it is made. No key may make more than 60000 requests a minute here.\n",
    )


def test_a_key_is_rotated(cli: Cli) -> None:
    slug, organisation = unique("shop"), unique("org")
    cli.run("shop", "create", slug, "--org", organisation)
    made = cli.json("key", "create", "--org", organisation, "--shop", slug, "--role", "editor", "--username", "erp")
    assert isinstance(made, dict)
    rotate = ("key", "rotate", made["uuid"], "--org", organisation)
    successor = cli.json(*rotate, "--overlap-hours", "0")
    assert isinstance(successor, dict)
    assert successor["username"] == "erp"
    assert successor["key"] != made["key"]
    new, old = cli.list("key", "list", "--org", organisation)
    assert (new["uuid"], new["shops"]) == (successor["uuid"], [{"shop_slug": slug, "role": "editor"}])
    assert (old["replaced_by"], old["expires_at"]) == (new["uuid"], new["created_at"])
    assert "expired 2" in cli.run("key", "list", "--org", organisation)
    again = cli.process(*rotate)
    assert (again.returncode, again.stderr) == (1, f"karla: The key is replaced already, by {new['uuid']}.\n")


def test_nothing_is_cut_off_where_no_screen_is(cli: Cli) -> None:
    slug, organisation = unique("shop"), unique("org")
    cli.run("shop", "create", slug, "--org", organisation, "--name", "A name of many words " * 9)
    listed = cli.process("shop", "list", "--org", organisation, COLUMNS="")
    assert [line.split()[:2] for line in listed.stdout.splitlines()[1:]] == [[organisation, slug]]


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


async def test_a_shop_made_here_has_a_tracking_page(karla: Karla, cli: Cli) -> None:
    slug, organisation = unique("shop"), unique("org")
    assert cli.process("shop", "create", slug, "--org", organisation, "--name", "Nordlicht").returncode == 0
    seen = await karla.http.get(f"/v1/shops/{slug}/storefront/shop")
    assert (seen.status_code, seen.json()["name"]) == (200, "Nordlicht")


async def test_a_key_made_here_opens_the_api_at_once(karla: Karla, cli: Cli) -> None:
    slug, organisation = unique("shop"), unique("org")

    async def get(username: str, key: str) -> httpx.Response:
        return await karla.http.get(f"/v1/shops/{slug}", headers={"Authorization": basic(username, key)})

    assert cli.process("shop", "create", slug, "--org", organisation).returncode == 0
    made = cli.process("key", "create", "--org", organisation, "--shop", slug, "--role", "viewer", "--json")
    told = json.loads(made.stdout)
    assert (await get(told["username"], told["key"])).status_code == 200


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


NOBODY = "postgresql://karla:secret@127.0.0.1:1/karla"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (NOBODY, "The database at 127.0.0.1:1 can't be reached: Connection refused."),
        ("postgresql:///karla?host=/tmp/no-such", "The database at /tmp/no-such can't be reached: No such file"),
        ("karla:secret@127.0.0.1/karla", "KARLA_DATABASE_URL: Expected postgresql://"),
        ("postgresql://karla:secret@127.0.0.1:port/karla", "KARLA_DATABASE_URL: Expected postgresql://"),
    ],
)
@pytest.mark.parametrize("command", ["serve", "work"])
def test_a_part_without_a_database_ends_with_one_line(cli: Cli, command: str, url: str, words: str) -> None:
    done = cli.process(command, KARLA_DATABASE_URL=url, KARLA_PORT=str(free_port()))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"karla: {words}")
    assert done.stderr.count("\n") == 1
    assert "secret" not in done.stderr


@pytest.mark.parametrize("command", ["shop list", "migrate"])
def test_a_command_without_a_database_ends_with_one_line(cli: Cli, command: str) -> None:
    for url, words in ((NOBODY, "connection failed"), ("karla:secret@x/y", "KARLA_DATABASE_URL: Expected")):
        done = cli.process(*command.split(), KARLA_DATABASE_URL=url)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"karla: {words}")
        assert done.stderr.count("\n") == 1
        assert "secret" not in done.stderr


def test_an_address_of_another_kind_is_named_with_every_other_fault(cli: Cli) -> None:
    done = cli.process("serve", KARLA_DATABASE_URL="mysql://karla:secret@127.0.0.1/karla", KARLA_PORT="many")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("karla: KARLA_DATABASE_URL: Expected postgresql://")
    assert "; KARLA_PORT: " in done.stderr
    assert "secret" not in done.stderr


def test_an_object_store_of_no_known_kind_is_told_before_anything_starts(cli: Cli) -> None:
    done = cli.process("serve", KARLA_OBJECT_STORE_URL="ftp://x", KARLA_PORT=str(free_port()))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("karla: KARLA_OBJECT_STORE_URL: ")
    assert done.stderr.count("\n") == 1


def test_so_is_an_address_to_leave_from_that_the_machine_does_not_have(cli: Cli) -> None:
    done = cli.process("serve", KARLA_EGRESS_SOURCE_ADDRESS="203.0.113.7", KARLA_PORT=str(free_port()))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "karla: KARLA_EGRESS_SOURCE_ADDRESS: this machine does not have the address 203.0.113.7\n"


def test_a_data_directory_that_is_none_is_told(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = cli.process("up", "--data-dir", str(tmp_path / "file"), KARLA_PORT=str(free_port()))
    assert (done.returncode, done.stderr) == (1, f"karla: {tmp_path}/file: File exists\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("shop lst", "No such command 'lst'. Did you mean 'list'? `karla shop --help` tells more."),
        ("shop list --ogr x", "No such option: --ogr (Possible options: --org). `karla shop list --help` tells more."),
        ("key rotate nope --org x", "'nope' is no uuid; `karla key list` tells them."),
        ("key revoke nope --org x", "'nope' is no uuid; `karla key list` tells them."),
        ("key create --org x --shop y --role owner", "'owner' is not one of 'viewer', 'editor', 'admin'."),
        ("key create --org x --shop y --role viewer --expires soon", "'soon' is no time. Give one such as 2026-03-16"),
    ],
)
def test_words_that_do_not_fit_are_told_in_one_line(cli: Cli, words: str, told: str) -> None:
    done = cli.process(*words.split(), COLUMNS="40")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("karla: ")
    assert told in done.stderr
    assert "Value error" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_group_without_a_command_shows_its_help(cli: Cli) -> None:
    done = cli.process("key")
    assert (done.returncode, done.stderr) == (2, "")
    assert "rotate" in done.stdout


def test_the_first_command_of_a_new_karla_prepares_its_database(cli: Cli, tmp_path: Path) -> None:
    where = ("--data-dir", str(tmp_path / "fresh"))
    made = cli.process("shop", "create", "linen", "--org", "acme", "--json", *where, KARLA_DATABASE_URL="")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["slug"] == "linen"
    taken = cli.process("shop", "create", "linen", "--org", "other", *where, KARLA_DATABASE_URL="")
    assert (taken.returncode, taken.stderr) == (1, "karla: A shop with the slug 'linen' exists already.\n")
    EmbeddedPostgres.remove(tmp_path / "fresh")
