"""A provider's status table: data beside its mapping, read and checked once."""

import csv
import re
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from typing import TypeVar

import msgspec

from karla.vocabulary.events import CATALOGUE

_COLUMNS = ["match", "key", "event"]
_NO_EVENT = "-"
_TAG = re.compile(r"<[^>]*>")
_PUNCTUATION = re.compile(r"[\s.,;:!?\"'„“”‚‘’()\[\]–—-]+")


class Status(msgspec.Struct, frozen=True):
    """What a provider's code or text stands for; `event` None: known to say nothing of a parcel's life."""

    event: str | None


class StatusTable:
    """`statuses.csv` of a package, with the columns `match`, `key` and `event`.

    `match` is `code` (the key as it is, letter case apart), `text` (a wording: case, punctuation, tags and blanks
    apart) or `regex` (found anywhere in such a wording, the first row wins; written for folded text: small
    letters, one blank between words, no punctuation). `event` is one of the catalogue, or `-`. ValueError names
    every fault.
    """

    def __init__(self, package: str) -> None:
        self._codes: dict[str, Status] = {}
        self._texts: dict[str, Status] = {}
        self._patterns: dict[re.Pattern[str], Status] = {}
        rows = csv.DictReader(files(package).joinpath("statuses.csv").read_text(encoding="utf-8").splitlines())
        faults = [] if rows.fieldnames == _COLUMNS else [f"its columns are not {', '.join(_COLUMNS)}"]
        faults += [f"row {number}: {fault}" for number, row in enumerate(rows, 2) for fault in self._take(row)]
        # Carriers say few things, again and again; what names a street is soon forgotten.
        self._by_wording = lru_cache(maxsize=4096)(self._search)
        if faults:
            raise ValueError("\n".join([f"statuses.csv of {package}:", *faults]))

    @property
    def events(self) -> frozenset[str]:
        """Every event that the table leads to."""
        told = [*self._codes.values(), *self._texts.values(), *self._patterns.values()]
        return frozenset(status.event for status in told if status.event)

    def by_code(self, code: str | None) -> Status | None:
        """None where the table doesn't know the code."""
        return self._codes.get(code.strip().casefold()) if code else None

    def by_text(self, text: str | None) -> Status | None:
        """By its wording, else by the first pattern found in it; None where the table knows neither."""
        return self._by_wording(folded(text)) if text else None

    def _search(self, wording: str) -> Status | None:
        if known := self._texts.get(wording):
            return known
        return next((status for pattern, status in self._patterns.items() if pattern.search(wording)), None)

    def _take(self, row: dict[str, str]) -> Iterator[str]:
        match, key, event = (row.get(column) or "" for column in _COLUMNS)
        if event != _NO_EVENT and event not in CATALOGUE:
            yield f"{event!r} is no event of the catalogue"
        if not key.strip():
            yield "the key is empty"
        status = Status(None if event == _NO_EVENT else event)
        if match == "code":
            yield from _add(self._codes, key.strip().casefold(), status)
        elif match == "text":
            yield from _add(self._texts, folded(key), status)
        elif match == "regex":
            try:
                yield from _add(self._patterns, re.compile(key), status)
            except re.error as error:
                yield f"{key!r} is no pattern: {error}"
        else:
            yield f"{match!r} is none of code, text and regex"


Key = TypeVar("Key", str, re.Pattern[str])


def _add(table: dict[Key, Status], key: Key, status: Status) -> Iterator[str]:
    if key in table:
        yield f"{key!r} is there twice"
    table[key] = status


def folded(text: str) -> str:
    """A wording by its words alone: small letters, one blank between them, no tags, no punctuation."""
    return _PUNCTUATION.sub(" ", _TAG.sub(" ", text)).strip().casefold()
