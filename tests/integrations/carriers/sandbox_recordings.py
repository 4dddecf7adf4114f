"""`python -m tests.integrations.carriers.sandbox_recordings` writes the recordings of the sandbox anew, as listed."""

import csv
from pathlib import Path

from karla.integrations.carriers.contract import Parcel
from karla.integrations.carriers.sandbox import grammar, telling
from tests.integrations.carriers.playing import PLACED
from tests.support.clocks import NOON

FOLDER = Path(telling.__file__).parent / "recordings"


def main() -> None:
    for row in csv.DictReader((FOLDER / "index.csv").read_text(encoding="utf-8").splitlines()):
        parcel = Parcel(
            tracking_number=row["number"],
            destination_country=row["country"],
            destination_postal_code=row["postal_code"],
            language=row["language"],
        )
        body = telling.answer(grammar.parse(row["number"]), parcel, PLACED, NOON)
        if body is None:
            raise SystemExit(f"Nothing is told of {row['number']} by then.")
        (FOLDER / row["file"]).write_bytes(body)


if __name__ == "__main__":
    main()
