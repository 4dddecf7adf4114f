"""At a release: keeps this version's files as they are, so that later ones still serve them."""

import sys
from pathlib import Path

from karla.entrypoints.sdk.files import INTEGRITY, VERSIONS, contents, current


def freeze(its_version: str, versions: Path = VERSIONS) -> Path:
    """The folder with the files. FileExistsError for a version that has one: released files don't change."""
    found = contents(its_version, versions=versions)
    assert found is not None, "the current version is made from the source"  # noqa: S101
    folder = versions / its_version
    folder.mkdir(parents=True)
    for name, content in found.items():
        if name != INTEGRITY:
            (folder / name).write_bytes(content)
    return folder


if __name__ == "__main__":
    sys.stdout.write(f"{freeze(current())}\n")
