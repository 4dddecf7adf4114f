"""How much the relay takes on at once."""

from karla.domain.subscribers.records.relaying import Batch

WHOLE = Batch(events=500, deliveries=2_000)
"""Some 50 ms of work: so long the event of a shop that has no other waits for those of one that has thousands."""


def smaller(batch: Batch) -> Batch:
    """Half of it, for one that took too long; never less than one event."""
    return Batch(max(batch.events // 2, 1), max(batch.deliveries // 2, 1))


def larger(batch: Batch) -> Batch:
    """Twice as much, after one that went well; never more than the whole."""
    return Batch(min(batch.events * 2, WHOLE.events), min(batch.deliveries * 2, WHOLE.deliveries))
