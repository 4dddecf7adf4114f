"""The last release is upgraded to this version and back while a shop works: no call fails, no event is lost."""

from pathlib import Path

from tests.chaos.releases import last_release, unpacked, version
from tests.chaos.upgrade import upgrade

SEED = 20261121


async def test_an_upgrade_under_traffic_and_the_way_back_lose_nothing(tmp_path: Path) -> None:
    wheel = last_release()

    done = await upgrade(unpacked(wheel, tmp_path), SEED)

    print(done.told(f"Karla {version(wheel)}"))
    assert done.faults == []
    assert done.caller.failures == []
    # Where processes are replaced one by one, nobody notices.
    assert done.stopped or (done.caller.silences == 0 and min(done.meanwhile) > 0)
