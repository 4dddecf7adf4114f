"""Who counts as a visitor, and what counts make a rate."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final

from crawlerdetect import CrawlerDetect  # type: ignore[import-untyped]

OWN_CLIENT: Final = "karla-python/"
"""How a server begins to call itself that reports what its shoppers do."""

_AGENT_AT_MOST = 256
_CRAWLERS: Final = CrawlerDetect()
_PREFETCHING = re.compile(r"\b(prefetch|prerender|preview)\b", re.IGNORECASE)
_PURPOSES: Final = ("sec-purpose", "purpose", "x-purpose", "x-moz")


def counts(headers: Mapping[str, str]) -> bool:
    """Whether a request with these headers (names in lower case) is of a person who looks at a page.

    Neither programs nor browsers that load ahead what nobody may ever see.
    """
    if any(_PREFETCHING.search(headers.get(name, "")) for name in _PURPOSES):
        return False
    agent = headers.get("user-agent", "").strip()[:_AGENT_AT_MOST]
    return bool(agent) and (agent.startswith(OWN_CLIENT) or not _is_crawler(agent))


@lru_cache(maxsize=4096)
def _is_crawler(agent: str) -> bool:
    return bool(_CRAWLERS.is_crawler(agent))


def rate(part: int, whole: int) -> float | None:
    """The share, 0 to 1; None where there was nothing to have a share of."""
    return round(min(part / whole, 1.0), 4) if whole else None


def days_between(since: datetime, until: datetime) -> list[date]:
    """The days in UTC, which both times are in, that the span touches; `until` is not in it."""
    first, last = since.date(), (until - timedelta(microseconds=1)).date()
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
