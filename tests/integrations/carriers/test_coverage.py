"""What the benchmarks `coverage` and `poller` count is what there is."""

import csv
from importlib.resources import files

import msgspec
import pytest

from benchmarks.carrier import Counting, Counts, credentials, number
from benchmarks.coverage import covered, run
from benchmarks.plan import Plan
from karla.infra.clock import SystemClock
from karla.infra.http import Egress
from karla.infra.http.standin import Asked
from karla.integrations import registry
from karla.integrations.carriers.contract import Parcel, Raw
from karla.integrations.contract import Kind
from karla.integrations.standins import Recordings
from karla.vocabulary.carriers import CARRIERS
from karla.vocabulary.events import CATALOGUE

SLUGS = registry.slugs(Kind.CARRIERS)


@pytest.mark.parametrize("slug", SLUGS)
def test_the_figures_of_a_provider_add_up(slug: str) -> None:
    package = registry.package(Kind.CARRIERS, slug)
    rows = [*csv.DictReader(files(package).joinpath("statuses.csv").read_text(encoding="utf-8").splitlines())]
    scans = [name for one in Recordings(package).all.values() for name in one.events]
    one = covered(slug)
    assert one.matching("code") + one.matching("text", "regex") == len(rows)
    assert one.having(event=True) + one.having(event=False) == len(rows)
    assert one.told.scans + one.invented == len(scans)
    assert one.told.nothing == scans.count("-")
    assert one.told.unknown + one.invented == scans.count("?")
    assert one.events <= CATALOGUE.keys()


@pytest.mark.parametrize("slug", SLUGS)
def test_every_scan_of_a_recording_is_known_unless_it_was_invented(slug: str) -> None:
    one = covered(slug)
    assert one.told.unknown == 0
    assert one.told.known == "100.0 %"
    assert one.invented > 0, "no recording shows that an unknown code stays unknown"


async def test_the_section_has_a_row_for_each_provider_and_counts_the_catalogue() -> None:
    text = (await run(Plan())).text
    for slug in SLUGS:
        assert text.count(f"\n| {slug} |") == 2
    assert "0 are missing in its table" in text
    assert f"\n| {len(CARRIERS):,} |" in text


async def test_the_provider_of_the_poller_counts_what_it_was_asked() -> None:
    counting = Counting(port=0, parcels=2, wait=0.0)
    server = counting.server
    await server.up()
    async with Egress(allow_private=True) as egress:
        account = registry.carrier("postat", credentials(server.url), egress, SystemClock())
        answers = [(await account.track([Parcel(tracking_number=number(place))]))[0] for place in (0, 1, 1)]
        counts, held, _, after = [
            (await egress.post(f"{server.url}/_standin/{verb}", b"", {})).excerpt
            for verb in ("counts", "requests", "forget", "counts")
        ]
    await server.close()
    assert all(isinstance(answer, Raw) for answer in answers)
    told = msgspec.json.decode(counts, type=Counts)
    assert (told.answers, told.distinct, told.refused, told.most_at_once) == (3, 2, 0, 1)
    assert told.per_second > 0
    bodies = [asked.body for asked in msgspec.json.decode(held, type=list[Asked])]
    assert [number(place).encode() in body for place, body in zip((0, 1, 1), bodies, strict=True)] == [True] * 3
    assert msgspec.json.decode(after, type=Counts) == Counts()
