"""How much of what providers say Karla's mappings understand, and what the catalogue of carriers has."""

import asyncio
import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path

import msgspec

from benchmarks.comparison import paragraph, table
from benchmarks.plan import Plan
from benchmarks.results import Section
from karla.integrations import registry
from karla.integrations.carriers.contract import Parcel, Reading, Scan
from karla.integrations.contract import Kind, Manifest
from karla.integrations.standins import Recording, Recordings
from karla.vocabulary.carriers import CARRIERS
from karla.vocabulary.events import CATALOGUE

_TOLD_BY_TESTS = Path(__file__).parent.parent / "tests" / "integrations" / "carriers"
_NO_EVENT = "-"
# Recordings whose names begin so have scans with codes of our own making, to see that these stay unknown.
_INVENTED = "unknown"
_LANGUAGES_NAMED = 2


class Told(msgspec.Struct, frozen=True):
    """What became of scans: an event, known to say nothing, unknown."""

    mapped: int = 0
    nothing: int = 0
    unknown: int = 0

    def __add__(self, other: "Told") -> "Told":
        return Told(self.mapped + other.mapped, self.nothing + other.nothing, self.unknown + other.unknown)

    @property
    def scans(self) -> int:
        """All of them."""
        return self.mapped + self.nothing + self.unknown

    @property
    def known(self) -> str:
        """The share that the table knows."""
        return f"{100 * (self.scans - self.unknown) / self.scans:.1f} %" if self.scans else "–"


class Covered(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one provider.

    `rows` counts the status table's rows by their kind of match and whether they have an event; `events` are those
    of the catalogue that the table or a recording leads to; `invented` counts the unknown scans of recordings that
    are there for having such.
    """

    manifest: Manifest
    rows: Counter[tuple[str, bool]]
    events: frozenset[str]
    recordings: int
    told: Told
    invented: int

    def matching(self, *kinds: str) -> int:
        """How many rows are of these kinds."""
        return sum(count for (kind, _), count in self.rows.items() if kind in kinds)

    def having(self, *, event: bool) -> int:
        """How many rows have an event, or are known to say nothing."""
        return sum(count for (_, has), count in self.rows.items() if has is event)


def covered(slug: str) -> Covered:
    """What a provider's folder says."""
    package = registry.package(Kind.CARRIERS, slug)
    recordings = [one for one in Recordings(package).all.values() if one.events]
    read = [(one, _read(slug, one)) for one in recordings]
    told = sum((_told(reading) for _, reading in read), Told())
    invented = sum(_told(reading).unknown for one, reading in read if one.file.startswith(_INVENTED))
    rows = [*_rows(package)]
    seen = {scan.event_name for _, reading in read for scan in reading.scans if scan.event_name}
    return Covered(
        manifest=registry.manifest(Kind.CARRIERS, slug),
        rows=Counter((kind, event != _NO_EVENT) for kind, event in rows),
        events=frozenset(seen | {event for _, event in rows if event != _NO_EVENT}),
        recordings=len(recordings),
        told=Told(told.mapped, told.nothing, told.unknown - invented),
        invented=invented,
    )


def _rows(package: str) -> Iterator[tuple[str, str]]:
    """Kind of match and event of each row of the status table."""
    text = files(package).joinpath("statuses.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        yield row["match"], row["event"]


def _read(slug: str, recording: Recording) -> Reading:
    parcel = Parcel(
        tracking_number=recording.number,
        carrier_reference=recording.carrier or None,
        destination_country=recording.country or None,
        destination_postal_code=recording.postal_code or None,
        language=recording.language,
    )
    return registry.carrier_mapping(slug)(recording.body, parcel)


def _told(reading: Reading) -> Told:
    mapped = sum(scan.event_name is not None for scan in reading.scans)
    unknown = sum(scan.event_name is None and _is_unknown(scan, reading.unknown) for scan in reading.scans)
    return Told(mapped, len(reading.scans) - mapped - unknown, unknown)


def _is_unknown(scan: Scan, unknown: Sequence[str]) -> bool:
    """Unknown are codes, or the beginnings of texts where there are no codes."""
    return scan.raw_code in unknown or any(scan.raw_text.startswith(one) for one in unknown)


async def run(plan: Plan) -> Section:
    """Of every provider in the registry; nothing is measured, so it is the same each time."""
    await asyncio.sleep(0)
    providers = {slug: covered(slug) for slug in registry.slugs(Kind.CARRIERS)}
    lines = [
        paragraph(
            "Rows of the status tables: codes, and wordings, which are texts or patterns in them. A row without event",
            "is known to say nothing of a parcel's life. Languages are those that a provider answers in; the events",
            f"are of the catalogue's {len(CATALOGUE)}.",
        ),
        "",
        *_tables(providers),
        "",
        paragraph(
            "Every recording, read by the provider's mapping. The invented scans carry codes that no provider has, and",
            "stay unknown as they should; they are left out of the figures before.",
        ),
        "",
        *_scans(providers),
        "",
        *_gaps(providers),
        "",
        *_catalogue(providers),
    ]
    return Section("coverage", "What carriers say, mapped", "\n".join(lines))


def _tables(providers: dict[str, Covered]) -> list[str]:
    head = ["provider", "carriers", "languages", "codes", "wordings", "with an event", "say nothing", "events reached"]
    rows = [
        [
            slug,
            _carriers(one.manifest),
            _languages(one.manifest),
            str(one.matching("code")),
            str(one.matching("text", "regex")),
            str(one.having(event=True)),
            str(one.having(event=False)),
            str(len(one.events)),
        ]
        for slug, one in providers.items()
    ]
    every = [*providers.values()]
    total = [
        f"**{len(every)}**",
        "",
        "",
        *(
            f"{sum(counts):,}"
            for counts in (
                [one.matching("code") for one in every],
                [one.matching("text", "regex") for one in every],
                [one.having(event=True) for one in every],
                [one.having(event=False) for one in every],
            )
        ),
        str(len(_reached(every))),
    ]
    return table(head, [*rows, total])


def _carriers(manifest: Manifest) -> str:
    return "any" if "any_carrier" in manifest.capabilities else str(len(manifest.carriers))


def _languages(manifest: Manifest) -> str:
    count = len(manifest.languages)
    return " ".join(manifest.languages) if count <= _LANGUAGES_NAMED else str(count)


def _reached(providers: Sequence[Covered]) -> frozenset[str]:
    return frozenset().union(*(one.events for one in providers))


def _scans(providers: dict[str, Covered]) -> list[str]:
    head = ["provider", "recordings", "scans", "mapped", "say nothing", "unknown", "known", "invented"]
    every = [*providers.values()]
    rows = [(slug, one.recordings, one.told, one.invented) for slug, one in providers.items()]
    total = (
        f"**{len(every)}**",
        sum(one.recordings for one in every),
        sum((one.told for one in every), Told()),
        sum(one.invented for one in every),
    )
    return table(
        head,
        [
            [
                name,
                str(recordings),
                *(f"{count:,}" for count in (told.scans, told.mapped, told.nothing, told.unknown)),
                told.known,
                str(invented),
            ]
            for name, recordings, told, invented in (*rows, total)
        ],
    )


def _gaps(providers: dict[str, Covered]) -> list[str]:
    """What can be told of completeness: lists of the providers', where they are kept apart from the tables."""
    listed = [f"{slug} {told}" for slug in providers if (told := _told_by_tests(slug))]
    own = [row["code"] for row in _csv(registry.package(Kind.CARRIERS, "sandbox"), "codes.csv")]
    keys = {row["key"] for row in _csv(registry.package(Kind.CARRIERS, "sandbox"), "statuses.csv")}
    missing = [code for code in own if code not in keys]
    return [
        paragraph(
            "No provider's own list of codes is kept apart from its table, so there is nothing to compare that with,",
            f"but for the sandbox: of its {len(own)} codes {len(missing)} are missing in its table.",
            "Beside the recordings, messages with the event that each must lead to are in",
            f"`tests/integrations/carriers`: {', '.join(listed)}.",
        )
    ]


def _csv(package: str, name: str) -> list[dict[str, str]]:
    return [*csv.DictReader(files(package).joinpath(name).read_text(encoding="utf-8").splitlines())]


def _told_by_tests(slug: str) -> int:
    return sum(
        len([*csv.DictReader(file.read_text(encoding="utf-8").splitlines())])
        for file in sorted(_TOLD_BY_TESTS.glob(f"{slug}_*.csv"))
    )


def _catalogue(providers: dict[str, Covered]) -> list[str]:
    own = {reference for one in providers.values() for reference in one.manifest.carriers}
    carriers = [*CARRIERS.values()]
    counts = {
        "carriers": len(carriers),
        "with a provider of their own": len(own),
        "known to AfterShip": sum(bool(one.aftership_slug) for one in carriers),
        "known to 17TRACK": sum(bool(one.seventeentrack_key) for one in carriers),
        "with number patterns": sum(bool(one.number_patterns) for one in carriers),
        "with a check rule": sum(any(check != "-" for check in one.checks) for one in carriers),
        "with a tracking page": sum(bool(one.tracking_url) for one in carriers),
    }
    return table([*counts], [[f"{count:,}" for count in counts.values()]])
