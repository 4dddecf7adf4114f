"""Writes what a transaction announced into the journal and the outbox."""

from collections.abc import Sequence

from karla.infra.work import Fact, Work


async def announce(work: Work, facts: Sequence[Fact]) -> None:
    """Called by the transaction itself right before its commit."""
