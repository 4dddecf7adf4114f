"""The object store keeps what it is given, and says clearly what it can't do."""

from datetime import timedelta
from pathlib import Path

import pytest

from karla.infra.clock import SystemClock
from karla.infra.storage import ObjectMissing, ObjectStore, StoreUnavailable


@pytest.fixture(params=["folder", "file url", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    url = {"folder": None, "file url": f"file://{tmp_path}/by url", "memory": "memory:///"}[request.param]
    return ObjectStore.open(url, tmp_path / "not" / "there yet")


async def test_what_is_put_can_be_got_and_deleted(store: ObjectStore) -> None:
    await store.put("images/a.png", b"\x89PNG", "image/png")
    assert await store.get("images/a.png") == b"\x89PNG"

    await store.put("images/a.png", b"", "image/png")
    assert await store.get("images/a.png") == b""

    await store.delete("images/a.png")
    with pytest.raises(ObjectMissing):
        await store.get("images/a.png")


async def test_what_is_old_is_found_below_its_folder(store: ObjectStore) -> None:
    now = SystemClock().now()
    for key in ("pictures/a/1", "pictures/b/2", "images/3"):
        await store.put(key, b"x", "image/png")
    assert sorted(await store.older_than(now + timedelta(hours=1), "pictures")) == ["pictures/a/1", "pictures/b/2"]
    assert len(await store.older_than(now + timedelta(hours=1), "pictures", limit=1)) == 1
    assert await store.older_than(now - timedelta(hours=1), "pictures") == []
    assert await store.older_than(now, "nothing") == []


async def test_deleting_what_is_not_there_is_no_error(store: ObjectStore) -> None:
    await store.delete("images/never.png")


@pytest.mark.parametrize("url", ["nonsense", "gopher://somewhere/x", "s3://"])
def test_a_url_of_no_known_kind_is_refused_at_the_start(url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        ObjectStore.open(url, tmp_path)


async def test_a_key_leads_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    store = ObjectStore.open(None, tmp_path / "objects")
    with pytest.raises(StoreUnavailable):
        await store.get("../secret")


async def test_a_store_that_refuses_says_so(tmp_path: Path) -> None:
    store = ObjectStore.open(None, tmp_path / "objects")
    (tmp_path / "objects" / "images").write_text("a file where a folder is needed")
    with pytest.raises(StoreUnavailable) as raised:
        await store.put("images/a.png", b"x", "image/png")
    assert "\n" not in str(raised.value)
