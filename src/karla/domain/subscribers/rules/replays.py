"""Which replays make sense."""

from collections.abc import Iterator

from karla.domain.subscribers.records.deliveries import DeliveryStatus
from karla.domain.subscribers.records.replays import ReplayCriteria, ReplaySource, ReplayStatus
from karla.infra.errors import Fault, Invalid
from karla.vocabulary.filters import filter_problem

REPLAYED_AT_MOST = 100_000
"""Deliveries of one replay: more would keep a transaction open for too long."""

_SETTLED = (DeliveryStatus.DELIVERED, DeliveryStatus.FAILED, DeliveryStatus.CANCELLED)
_OF_THE_JOURNAL = (ReplayStatus.FAILED, ReplayStatus.ALL)


def demand_sensible(criteria: ReplayCriteria) -> None:
    """Invalid with every fault of the filters, the time range and what is combined."""
    if faults := [*faults_of(criteria)]:
        raise Invalid("replay_invalid", "What is to be replayed is not valid.", faults)


def faults_of(criteria: ReplayCriteria) -> Iterator[Fault]:
    """All that is wrong with the filters, the time range and what is combined."""
    for place, written in enumerate(criteria.events or ()):
        if problem := filter_problem(written):
            yield Fault(("body", "events", place), problem, "filter_invalid")
    if criteria.since and criteria.until and criteria.until <= criteria.since:
        yield Fault(("body", "until"), "Must be later than since", "range_empty")
    if criteria.source is ReplaySource.JOURNAL:
        if criteria.status not in _OF_THE_JOURNAL:
            sentence = f"With the source journal, must be one of {', '.join(_OF_THE_JOURNAL)}"
            yield Fault(("body", "status"), sentence, "status_invalid")
        if criteria.since is None:
            yield Fault(("body", "since"), "Field required with the source journal", "missing")


def replayed_statuses(status: ReplayStatus) -> tuple[DeliveryStatus, ...]:
    """The statuses of deliveries that are sent again."""
    return _SETTLED if status is ReplayStatus.ALL else (DeliveryStatus(status.value),)


def passed_over(status: ReplayStatus) -> tuple[DeliveryStatus, ...]:
    """The statuses of deliveries that keep their event from being taken out of the journal once more."""
    sent = () if status is ReplayStatus.ALL else (DeliveryStatus.DELIVERED,)
    return (DeliveryStatus.PENDING, *sent)
