"""The sandbox's tracking numbers: taken apart into a story, or answered with all that is wrong with them."""

import difflib
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from enum import Enum, auto
from functools import lru_cache

import msgspec

from karla.integrations.carriers.sandbox.stories import CODES, STORIES, Ready

PREFIX = "SBX"
LONGEST = 60
LONGEST_STORY = timedelta(days=400)

_FORM = "SBX-STORY-SUFFIX or SBX-STEPS-SUFFIX, such as SBX-DELIVERED-1 or SBX-A.4H.T.D-1"
_AMOUNT = r"(?P<amount>\d{1,3})(?P<unit>[MHD])"
_UNITS = {"M": timedelta(minutes=1), "H": timedelta(hours=1), "D": timedelta(days=1)}
_CLOCK = re.compile(r"(?P<hour>[01]\d|2[0-3])(?P<minute>[0-5]\d)")
_UNKNOWN_CODE = re.compile(r"X\d{1,2}")
_FOREIGN = re.compile(r"[^A-Z0-9.-]")
_LONGEST_CODE = 3


class Verb(Enum):
    """What a step does."""

    SCAN = auto()
    AGAIN = auto()
    WAIT = auto()
    UNTIL = auto()
    PROMISE = auto()
    BACK = auto()
    MISTAKE = auto()


_TIMED = (
    (Verb.WAIT, re.compile(_AMOUNT)),
    (Verb.PROMISE, re.compile(f"E{_AMOUNT}")),
    (Verb.BACK, re.compile(f"B{_AMOUNT}")),
)
_MARKS = (Verb.BACK, Verb.MISTAKE)
"""Steps that say something of the scan behind them."""
_WAITS = (Verb.WAIT, Verb.UNTIL)


class Step(msgspec.Struct, frozen=True):
    """One step of a story.

    `word` is how it is written: of a scan its code. `amount` is how long a wait is, how far ahead the delivery is
    promised, how far back a scan is dated, or of `UNTIL` the time of day, counted from midnight.
    """

    verb: Verb
    word: str
    amount: timedelta = timedelta()


class Story(msgspec.Struct, frozen=True):
    """What a number stands for: `ready` is None for one of its own making; `suffix` may be empty."""

    number: str
    steps: tuple[Step, ...]
    suffix: str
    ready: Ready | None = None


class NumberInvalid(ValueError):
    """A number of the sandbox that tells no story; the message names every fault."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(faults))


def normalised(number: str) -> str:
    """As the sandbox writes it: without blanks, in upper case."""
    return "".join(number.split()).upper()


def is_sandboxes(number: str) -> bool:
    """Whether it is one of the sandbox's, be it a good one or not."""
    return normalised(number).startswith(PREFIX)


@lru_cache(maxsize=4096)
def parse(number: str) -> Story:
    """The story of a number, however it is typed; NumberInvalid."""
    told = normalised(number)
    prefix, first_hyphen, rest = told.partition("-")
    head, second_hyphen, suffix = rest.partition("-")
    faults = [*_faults_of_signs(told)]
    if prefix != PREFIX or not first_hyphen or not head:
        raise NumberInvalid([*faults, f"is not of the form {_FORM}"])
    if second_hyphen:
        faults += _faults_of_suffix(suffix)
    ready = STORIES.get(head)
    if ready is None and _is_meant_as_a_name(head):
        raise NumberInvalid([*faults, _no_story(head)])
    steps = _steps(ready.steps if ready else head, faults)
    if faults:
        raise NumberInvalid(faults)
    return Story(told, steps, suffix, ready)


def _faults_of_signs(told: str) -> Iterator[str]:
    if len(told) > LONGEST:
        yield f"has {len(told)} characters, and {LONGEST} are the most"
    if foreign := sorted({*_FOREIGN.findall(told)}):
        yield f"has {' '.join(foreign)}, and only letters, digits, dots and hyphens may stand in it"


def _faults_of_suffix(suffix: str) -> Iterator[str]:
    if "." in suffix:
        yield "has a dot in its suffix, where letters, digits and hyphens may stand"
    if not suffix or not all(suffix.split("-")):
        yield "has a hyphen with nothing behind it"


def _is_meant_as_a_name(head: str) -> bool:
    return "." not in head and len(head) > _LONGEST_CODE and _step(head) is None


def _no_story(name: str) -> str:
    near = difflib.get_close_matches(name, STORIES, n=3, cutoff=0.6)
    return f"there is no story {name}" + (
        f"; did you mean {' or '.join(near)}?" if near else f", and {_FORM} is awaited"
    )


def _steps(text: str, faults: list[str]) -> tuple[Step, ...]:
    """Every step; one that is none is taken for a scan, so that what is wrong beside it is found too."""
    steps = []
    for place, word in enumerate(text.split("."), 1):
        step = _step(word)
        if step is None:
            faults.append(f"step {place} {_misread(word)}")
        steps.append(step or Step(Verb.SCAN, word))
    faults += _faults_of_sense(steps)
    return tuple(steps)


def _step(word: str) -> Step | None:
    if word in CODES or _UNKNOWN_CODE.fullmatch(word):
        return Step(Verb.SCAN, word)
    if word in ("N", "M"):
        return Step(Verb.AGAIN if word == "N" else Verb.MISTAKE, word)
    if time := _CLOCK.fullmatch(word):
        return Step(Verb.UNTIL, word, timedelta(hours=int(time["hour"]), minutes=int(time["minute"])))
    for verb, pattern in _TIMED:
        if found := pattern.fullmatch(word):
            return Step(verb, word, int(found["amount"]) * _UNITS[found["unit"]])
    return None


def _misread(word: str) -> str:
    """What is wrong with a step that is none."""
    if not word:
        return "is empty: two dots side by side, or one at an end"
    if re.fullmatch(r"[EB]?\d+[MHD]", word):
        return f"({word}) has more than three digits"
    if re.fullmatch(r"\d{4}", word):
        return f"({word}) is no time of day from 0000 to 2359"
    if word.isdecimal():
        return f"({word}) is neither a time of day such as 0730 nor a wait such as {word[:3]}H"
    family = [code for code in CODES if code[0] == word[0]]
    return f"({word}) is none" + (f"; the codes that begin with {word[0]} are {', '.join(family)}" if family else "")


def _faults_of_sense(steps: Sequence[Step]) -> Iterator[str]:
    scans = [place for place, step in enumerate(steps) if step.verb is Verb.SCAN]
    if not scans:
        yield "has no scan"
        return
    if sum((step.amount for step in steps if step.verb is Verb.WAIT), timedelta()) > LONGEST_STORY:
        yield f"waits for more than {LONGEST_STORY.days} days"
    for place, step in enumerate(steps):
        following = steps[place + 1].verb if place + 1 < len(steps) else None
        if step.verb is Verb.AGAIN and place < scans[0]:
            yield f"step {place + 1} ({step.word}) repeats a scan, and there is none before it"
        if step.verb in _MARKS and following not in (Verb.SCAN, *_MARKS):
            yield f"step {place + 1} ({step.word}) must stand right before a scan"
        if step.verb in _WAITS and all(later.verb in _WAITS for later in steps[place:]):
            yield f"step {place + 1} ({step.word}) is a wait for nothing"
