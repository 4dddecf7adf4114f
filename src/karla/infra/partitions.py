"""Partitions by time of what grows without end: made ahead, and dropped when their time is over."""

from datetime import timedelta

from karla.infra.work import Work

_AHEAD = timedelta(days=92)


async def make_partitions(work: Work) -> int:
    """Make those of the next three months that aren't there yet; how many."""
    await _be_patient(work)
    made: int = await work.connection.fetchval("select karla_make_partitions($1)", work.now + _AHEAD)
    return made


async def drop_partitions(work: Work, kept: timedelta) -> int:
    """Drop those that hold nothing but what is older than `kept`; how many."""
    await _be_patient(work)
    dropped: int = await work.connection.fetchval("select karla_drop_partitions($1)", work.now - kept)
    return dropped


async def _be_patient(work: Work) -> None:
    """Rather try another time than let everybody queue up behind a lock that doesn't come.

    Sooner than PostgreSQL looks for deadlocks: it would end one of those who wait.
    """
    await work.connection.execute("set local lock_timeout = '800ms'")
