"""Whose turn it is, where only one of many processes may be at something."""

from karla.infra.work import Work


async def is_our_turn(work: Work, name: str) -> bool:
    """Whether what is called `name` is this transaction's until its end; not while it is another one's."""
    ours: bool = await work.connection.fetchval(
        "select pg_try_advisory_xact_lock(hashtextextended('turn of ' || $1, 0))", name
    )
    return ours
