"""`karla backup` and `karla restore` as an operator uses them: on a live instance, and when something is wrong."""

import asyncio
import gzip
import io
import itertools
import os
import re
import shutil
import signal
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import psycopg
import pytest
from psycopg import sql

from karla.infra.backup import BackupError, checked
from karla.infra.backup.rebuilding import rebuilt
from karla.infra.instance import held
from karla.infra.migrations import folder, migrate
from tests.conftest import with_database
from tests.support.images import PNG
from tests.support.karla import ShopClient
from tests.support.places import Place
from tests.support.waiting import until

Places: TypeAlias = Callable[[], Place]
Members: TypeAlias = dict[str, bytes]

NUMBERS = itertools.count(1)
GZIP_HEADER = 10
# So many that copying them takes a while.
PRODUCTS = 100_000
COPYING = "select 1 from pg_stat_progress_copy where datname = current_database() and tuples_processed > 5000"
SESSIONS = "select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"


@pytest.fixture(scope="module")
def place(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    """Makes places with an empty database, whose owner is no superuser."""
    owner, made = f"karla_owner_{os.getpid()}", []

    def make() -> Place:
        made.append(name := f"karla_backup_{os.getpid()}_{next(NUMBERS)}")
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            statement = sql.SQL("create database {} owner {}")
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(owner)))
        url = re.sub("//([^@/]*@)?", f"//{owner}:word@", with_database(postgres_url, name), count=1)
        return Place(url, tmp_path_factory.mktemp("data"))

    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(sql.SQL("create role {} login password 'word'").format(sql.Identifier(owner)))
    yield make
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        for name in made:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
        connection.execute(sql.SQL("drop role {}").format(sql.Identifier(owner)))


@pytest.fixture(scope="module")
def filled(place: Places) -> Place:
    """One shop with many products, and an event of long ago in a partition of its own."""
    source = place()
    migrate(source.url)
    source.execute(
        "select set_config('karla.everywhere', 'on', false)",
        "insert into organisations values (gen_random_uuid(), 'org', 'Org', '2026-01-01Z')",
        r"""insert into shops (id, organisation_id, slug, name, created_at, updated_at)
            select gen_random_uuid(), id, 'shop', E'A\tshop\n\\of „names“', '2026-01-01Z', '2026-01-01Z'
            from organisations""",
        f"""insert into products (shop_id, product_id, variant_id, title, translations, created_at, updated_at)
            select id, n::text, 'v', repeat('title ', 10), '{{}}', '2026-01-01Z', '2026-01-01Z'
            from shops, generate_series(1, {PRODUCTS}) n""",  # noqa: S608 - a number
        "create table events_2025_01 partition of events for values from ('2025-01-01Z') to ('2025-02-01Z')",
        r"""insert into events (shop_id, triggered_at, id, source, ref, event_name, payload)
            select id, '2025-01-15Z', gen_random_uuid(), 's', 'r', 'e', '\x00ff5c0a' from shops""",
    )
    return source


@pytest.fixture(scope="module")
def backup(filled: Place, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The backup of that."""
    file = tmp_path_factory.mktemp("backups") / "karla.tar.gz"
    filled.run("backup", "-o", file)
    return file


@pytest.fixture(scope="module")
def little(place: Places, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of an organisation and nothing else."""
    source, file = place(), tmp_path_factory.mktemp("backups") / "small.tar.gz"
    migrate(source.url)
    source.execute("insert into organisations values (gen_random_uuid(), 'small', 'Small', '2026-01-01Z')")
    source.run("backup", "-o", file)
    return file


@pytest.fixture
def small(little: Path, tmp_path: Path) -> Path:
    """A copy of that, to be spoilt."""
    return Path(shutil.copy(little, tmp_path / "small.tar.gz"))


@pytest.fixture(scope="module")
def empty(place: Places) -> Place:
    """A place for tests that leave it empty."""
    return place()


def unpacked(file: Path) -> Members:
    with tarfile.open(file) as tar:
        return {entry.name: content.read() for entry in tar if (content := tar.extractfile(entry))}


def packed(file: Path, members: Members) -> Path:
    with tarfile.open(file, "w:gz") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return file


def order(number: int) -> dict[str, Any]:
    members = {"order_number": f"B{number}", "address": {"zip_code": "10119"}}
    return {"id": f"B{number}", "order": members, "trackings": [{"tracking_number": f"BACK{number:05d}"}]}


async def place_orders(shop: ShopClient, numbers: Iterator[int], stop: asyncio.Event) -> None:
    while not stop.is_set():
        (await shop.put("/orders", order(next(numbers)))).raise_for_status()


async def read(shop: ShopClient, numbers: range) -> list[Any]:
    return [(await shop.get(f"/orders/B{number}")).raise_for_status().json() for number in numbers]


async def test_a_live_instance_comes_back_as_it_was_at_one_moment(place: Places, tmp_path: Path) -> None:
    source, target, file = place(), place(), tmp_path / "karla.tar.gz"
    migrate(source.url)
    async with source.karla() as karla:
        shop = await karla.shop()
        await shop.post("/webhooks", {"url": "https://shop.example.com/hook"})
        upload = await shop.call("POST", "/images/logo", files={"image": ("logo.png", PNG)})
        address = upload.raise_for_status().json()["url"]
        numbers, stop = itertools.count(), asyncio.Event()
        for _ in range(40):
            (await shop.put("/orders", order(next(numbers)))).raise_for_status()
        await karla.drain()
        before = await read(shop, range(40))
        picture = (await karla.http.get(address)).content
        traffic = [asyncio.create_task(place_orders(shop, numbers, stop)) for _ in range(4)]
        summary = await asyncio.to_thread(source.run, "backup", "-o", file)
        stop.set()
        await asyncio.gather(*traffic)
        accepted = next(numbers)

    restored = await asyncio.to_thread(target.run, "restore", file)
    assert restored["rows"] == summary["rows"] == target.counts()
    assert restored["objects"] == summary["objects"] == 1
    # Orders came in while it was made; it has all of an order, or nothing.
    assert 40 <= summary["rows"]["orders"] <= accepted
    assert summary["rows"]["shipments"] == summary["rows"]["orders"]
    half = "select 1 from orders o where not exists (select from events e where e.order_id = o.id)"
    assert target.rows(half) == []

    async with target.karla() as karla:
        mine = ShopClient(karla.http, shop.shop, shop.username, shop.key)
        assert await read(mine, range(40)) == before
        assert (await karla.http.get(address)).content == picture
        (await mine.put("/orders", order(accepted))).raise_for_status()
        ((newest, last),) = target.rows("select (select max(id) from outbox), (select max(position) from deliveries)")
        assert newest > last, "what is told from now on comes after what was told"


def test_every_row_comes_back_to_the_letter(filled: Place, place: Places, backup: Path) -> None:
    target = place()
    summary = target.run("restore", backup)
    assert target.fingerprints() == filled.fingerprints()
    assert target.rows("select count(*), min(payload) from events_2025_01") == [(1, b"\x00\xff\\\n")]
    assert summary["rows"]["products"] == PRODUCTS
    assert migrate(target.url) == []
    constraints = "select conname, pg_get_constraintdef(oid) from pg_constraint where conname !~ 'yoyo' order by 1, 2"
    forced = "select relname, relforcerowsecurity from pg_class where relkind in ('r', 'p') order by 1"
    assert target.rows(constraints) == filled.rows(constraints)
    assert target.rows(forced) == filled.rows(forced)
    again = backup.with_name("again.tar.gz")
    target.run("backup", "-o", again)
    assert {k: v for k, v in unpacked(again).items() if k != "about.json"} == {
        k: v for k, v in unpacked(backup).items() if k != "about.json"
    }


def test_an_older_schema_is_brought_up_to_date(place: Places, tmp_path: Path) -> None:
    source, target, file = place(), place(), tmp_path / "old.tar.gz"
    names = [path.stem for path in sorted(folder().glob("*.sql")) if "rollback" not in path.stem]
    with rebuilt(source.url, names[:4], force=False) as connection:
        connection.execute("insert into organisations values (gen_random_uuid(), 'old', 'Old', '2026-01-01Z')")
    assert source.run("backup", "-o", file)["schema"] == names[3]
    assert target.run("restore", file)["migrated"] == names[4:]
    assert target.rows("select slug from organisations") == [("old",)]


def test_a_database_that_holds_data_is_replaced_only_by_force(filled: Place, place: Places, small: Path) -> None:
    target = place()
    migrate(target.url)  # so that it has tables, and rows that migrations put there
    target.run("restore", small)
    before = target.fingerprints()
    assert "holds data already (in organisations)" in target.refused("restore", small)
    assert target.fingerprints() == before
    target.execute("insert into organisations values (gen_random_uuid(), 'new', 'New', '2026-01-01Z')")
    target.run("restore", small, "--force")
    assert target.fingerprints() == before


def cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-2000])


def flipped(file: Path) -> None:
    # In gzip's own checksum; elsewhere one in a few hundred unpacks to the same.
    content = bytearray(file.read_bytes())
    content[-8] ^= 0xFF
    file.write_bytes(content)


def changed(file: Path) -> None:
    members = unpacked(file)
    members["tables/organisations/000001.copy"] = members["tables/organisations/000001.copy"].replace(
        b"Small", b"Large"
    )
    packed(file, members)


def without_its_end(file: Path) -> None:
    members = unpacked(file)
    del members["sums.json"]
    packed(file, members)


def no_backup(file: Path) -> None:
    file.write_text("Dear diary")


def another_archive(file: Path) -> None:
    packed(file, {"hello.txt": b"hello"})


def of_a_newer_karla(file: Path) -> None:
    members = unpacked(file)
    about = msgspec.json.decode(members["about.json"])
    about["migrations"].append("9999.what-is-to-come")
    about["karla"] = "99.0"
    packed(file, {**members, "about.json": msgspec.json.encode(about)})


def in_a_newer_form(file: Path) -> None:
    members = unpacked(file)
    packed(file, {**members, "about.json": b'{"format": 99, "karla": "99.0", "new": true}'})


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (cut_off, "is damaged"),
        (flipped, "is damaged"),
        (changed, "is damaged: the checksums differ of organisations"),
        (without_its_end, "is cut off"),
        (no_backup, "is no backup of a Karla"),
        (another_archive, "is no backup of a Karla"),
        (of_a_newer_karla, "has the schema 9999.what-is-to-come of Karla 99.0; this Karla knows the schemas up to"),
        (in_a_newer_form, "was made by Karla 99.0, in a form that this Karla doesn't know"),
    ],
)
def test_what_cant_be_restored_is_refused_and_changes_nothing(
    spoil: Callable[[Path], None], words: str, empty: Place, small: Path
) -> None:
    spoil(small)
    assert words in empty.refused("restore", small)
    assert empty.counts() == {}


def test_whichever_byte_is_damaged_the_file_is_refused(small: Path) -> None:
    sound = small.read_bytes()
    harmless = 0
    # What is before says how it was packed, which changes nothing.
    for place in range(GZIP_HEADER, len(sound)):
        content = bytearray(sound)
        content[place] ^= 0xFF
        small.write_bytes(content)
        try:
            checked(small, lambda _: None)
        except BackupError:
            continue
        harmless += 1
        assert gzip.decompress(content) == gzip.decompress(sound)
    assert harmless < len(sound) // 20


def test_a_restore_that_is_killed_leaves_what_was_there(place: Places, small: Path, backup: Path) -> None:
    target = place()
    target.run("restore", small)
    before = target.fingerprints()
    with subprocess.Popen(target.command("restore", backup, "--force"), env=target.environment) as restoring:
        until(lambda: target.rows(COPYING), "the restore to be in the middle")
        restoring.kill()
    until(lambda: not target.rows(SESSIONS), "its session to end")
    assert target.fingerprints() == before
    target.run("restore", backup, "--force")
    assert target.counts()["products"] == PRODUCTS


def test_a_backup_that_is_stopped_leaves_no_file(filled: Place, tmp_path: Path) -> None:
    command = filled.command("backup", "-o", tmp_path / "karla.tar.gz")
    with subprocess.Popen(command, env=filled.environment) as making:
        until(lambda: filled.rows(COPYING), "the backup to be in the middle")
        making.send_signal(signal.SIGTERM)
        assert making.wait(20) == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_restored_below_a_karla_that_runs(empty: Place, small: Path) -> None:
    with held(empty.data_dir, "http://127.0.0.1:8080"):
        line = empty.refused("restore", small)
    assert "running already on http://127.0.0.1:8080" in line
    assert "Stop it first" in line
    with psycopg.connect(empty.url):
        assert "1 other sessions use this database" in empty.refused("restore", small)
    assert empty.counts() == {}


def test_objects_and_the_secret_key_go_along_as_told(place: Places, tmp_path: Path) -> None:
    source, target, bare, file = place(), place(), place(), tmp_path / "karla.tar.gz"
    migrate(source.url)
    (source.data_dir / "objects/a").mkdir(parents=True)
    (source.data_dir / "objects/a/b.webp").write_bytes(PNG)
    assert "There is no secret key" in source.refused("backup", "-o", file, "--with-secret-key")
    (source.data_dir / "secret.key").write_text("k" * 48 + "\n")

    assert source.run("backup", "-o", file, "--without-objects")["objects"] is None
    assert unpacked(file).keys().isdisjoint({"objects/a/b.webp", "secret.key"})
    assert "The secret key is not in it" in bare.told("restore", file)
    assert not (bare.data_dir / "secret.key").exists()

    summary = source.run("backup", "-o", file, "--with-secret-key")
    assert (summary["objects"], summary["object_bytes"], summary["secret_key"]) == (1, len(PNG), True)
    assert file.stat().st_mode & 0o777 == 0o600
    assert "secret key" not in bare.told("restore", file, "--check")
    elsewhere = tmp_path / "store"
    target.run("restore", file, KARLA_OBJECT_STORE_URL=elsewhere.as_uri())
    assert (elsewhere / "a/b.webp").read_bytes() == PNG
    assert (target.data_dir / "secret.key").read_text() == "k" * 48 + "\n"
    assert (target.data_dir / "secret.key").stat().st_mode & 0o777 == 0o600

    (target.data_dir / "secret.key").write_text("another" * 7)
    assert "has another secret key than the backup" in target.refused("restore", file)
    target.run("restore", file, "--force")
    assert (target.data_dir / "secret.key").read_text() == "k" * 48 + "\n"


def test_it_goes_through_a_pipe_and_is_checked_without_a_database(filled: Place, tmp_path: Path) -> None:
    file = tmp_path / "piped.tar.gz"
    with file.open("wb") as target:
        command = filled.command("backup", "--output", "-", "--json")
        done = subprocess.run(command, env=filled.environment, stdout=target, stderr=subprocess.PIPE, check=True)
    told = msgspec.json.decode(done.stderr)
    nowhere = Place("postgresql://127.0.0.1:1/none", tmp_path)
    checked = nowhere.run("restore", file, "--check")
    assert checked["rows"] == told["rows"] == filled.counts()


def test_where_nothing_is_there_is_nothing_to_back_up(empty: Place, tmp_path: Path) -> None:
    assert "no Karla has used this database yet" in empty.refused("backup", "-o", tmp_path / "karla.tar.gz")
    assert list(tmp_path.iterdir()) == []
    line = Place("", tmp_path / "mistyped").refused("backup", "-o", tmp_path / "karla.tar.gz")
    assert "There is no database in" in line
    assert not (tmp_path / "mistyped").exists()
