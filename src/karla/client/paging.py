"""How lists are read: each as a generator of calls that is told of every page. No I/O."""

from collections.abc import Generator, Iterable, Iterator, Mapping
from itertools import islice
from typing import Generic, TypeAlias, TypeVar

import msgspec

from karla.client.calls import Call

T = TypeVar("T")

PER_PAGE = 100


class Page(msgspec.Struct, Generic[T], frozen=True):
    """What one call of a list answered."""

    items: list[T]
    headers: Mapping[str, str]


Pages: TypeAlias = Generator[Call[list[T]], Page[T], None]


def numbered(call: Call[list[T]]) -> Pages[T]:
    """Page after page; one that is not full is the last."""
    per_page = call.query.get("per_page", PER_PAGE)
    number = 1
    while True:
        page = yield call.asking(per_page=per_page, page=number)
        if len(page.items) < per_page:
            return
        number += 1


def by_cursor(call: Call[list[T]]) -> Pages[T]:
    """As far as each page names a next one."""
    asked = call if "per_page" in call.query else call.asking(per_page=PER_PAGE)
    while True:
        page = yield asked
        cursor = page.headers.get("karla-next-cursor")
        if cursor is None:
            return
        asked = asked.asking(cursor=cursor)


def one_by_one(calls: Iterable[Call[list[T]]]) -> Pages[T]:
    """Whatever they answer."""
    # Pages are sent to whoever yields calls; a generator takes them, which not every iterable does.
    yield from (call for call in calls)


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of that many, and the rest."""
    source = iter(items)
    while chunk := list(islice(source, size)):
        yield chunk
