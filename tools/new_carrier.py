"""`make new-carrier NAME=…`: the folder of a new carrier, on the registry's list; client and mapping are to fill in."""

import argparse
import difflib
import re
import sys
from pathlib import Path

from karla.vocabulary.carriers.catalogue import CARRIERS

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "tools/carrier_template"
SUFFIX = ".template"
_SLUG = re.compile(r"[a-z][a-z0-9_]*")
_LIST = re.compile(r"(    Kind\.CARRIERS: \[\n(?:        \"\w+\",\n)*)")


class Mistaken(Exception):
    """The new carrier can't be made; the message says why."""


def make(root: Path, slug: str, carrier: str) -> Path:
    """Make and register the folder, and return it; Mistaken where something is in the way."""
    folder = root / "src/karla/integrations/carriers" / slug
    registry = root / "src/karla/integrations/registry.py"
    if faults := [*_faults(folder, slug, carrier)]:
        raise Mistaken("\n".join(faults))
    listed, count = _LIST.subn(rf'\1        "{slug}",\n', registry.read_text(encoding="utf-8"), count=1)
    if not count:
        raise Mistaken(f"{registry} has no list of carriers of the form that is looked for.")
    words = {"__slug__": slug, "__carrier__": carrier, "__name__": CARRIERS[carrier].name}
    for source in sorted(TEMPLATE.rglob(f"*{SUFFIX}")):
        target = folder / source.relative_to(TEMPLATE).as_posix().removesuffix(SUFFIX)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_filled(source.read_text(encoding="utf-8"), words), encoding="utf-8")
    registry.write_text(listed, encoding="utf-8")
    return folder


def _faults(folder: Path, slug: str, carrier: str) -> list[str]:
    faults = []
    if not _SLUG.fullmatch(slug):
        faults.append(f"{slug!r} has other signs than lower-case letters, digits and underscores.")
    if folder.exists():
        faults.append(f"{folder} is there already.")
    if carrier not in CARRIERS:
        near = ", ".join(difflib.get_close_matches(carrier, CARRIERS, n=3)) or "`karla carriers match` helps"
        faults.append(f"{carrier!r} is not in the catalogue of carriers (near: {near}). Give CARRIER=reference.")
    return faults


def _filled(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def main() -> None:
    """Read the command line, make the folder, and say what is next."""
    parser = argparse.ArgumentParser(prog="make new-carrier", description=__doc__)
    parser.add_argument("name", help="the folder's name: lower-case letters, digits, underscores")
    parser.add_argument("--carrier", default="", help="the reference in Karla's catalogue, where it isn't the name")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    given = parser.parse_args()
    try:
        folder = make(given.root, given.name, given.carrier or given.name)
    except Mistaken as mistaken:
        sys.exit(str(mistaken))
    print(f"Made {folder.relative_to(given.root)}, and put it on the registry's list. Next:")
    print("  1. client.py: how a parcel is asked for, as the provider documents it.")
    print("  2. mapping.py and statuses.csv: what its answers say.")
    print("  3. recordings/, standin.py, manifest.toml and setup.md: as the provider really is.")
    print(f'  4. make test ARGS="tests/integrations/carriers/test_contract.py -k {given.name}"')


if __name__ == "__main__":
    main()
