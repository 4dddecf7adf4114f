"""A drawer without a name of its own fills with everything: no such names, and rooms of one shape."""

from pathlib import Path

from tests.architecture.source import ROOMS, ROOT, Offence, verdict

DRAWERS = frozenset(["util", "utils", "common", "helper", "helpers", "misc", "core", "shared", "base", "lib"])
PARTS_OF_A_ROOM = frozenset({"__init__", "records", "rules", "queries", "commands", "reactions"})

FURTHER_PARTS = {
    "src/karla/domain/subscribers/journal.py": "the announcer: not a command, but what each commit of any room calls",
    "src/karla/domain/subscribers/envelope.py": "the wire form of events, a promise with a version of its own",
}


def named(folder: Path) -> list[Path]:
    """Python modules and folders below it."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if "__pycache__" not in path.parts and (path.is_dir() or path.suffix == ".py")
    ]


def key(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_nothing_is_called_after_a_drawer() -> None:
    everything = [path for top in ("src", "tests", "benchmarks") for path in named(ROOT / top)]
    found = [Offence(key(path), "says nothing") for path in everything if DRAWERS & set(path.stem.split("_"))]
    verdict(found, {}, "Find the noun that these hold, or leave it private where it is used:")


def test_rooms_have_the_same_parts() -> None:
    parts = [part for room in ROOMS.iterdir() if room.is_dir() for part in named(room) if part.parent == room]
    found = [Offence(key(part), "no part of a room") for part in parts if part.stem not in PARTS_OF_A_ROOM]
    advice = "A room has records, rules, queries, commands and reactions, each a file or a package:"
    verdict(found, FURTHER_PARTS, advice)


def test_rooms_have_no_loose_files() -> None:
    found = [Offence(key(file), "belongs to no room") for file in ROOMS.glob("*.py") if file.stem != "__init__"]
    verdict(found, {}, "The domain holds rooms only; put this into the room that it is about:")
