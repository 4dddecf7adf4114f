"""What a run came to, as a table for people."""

from collections import Counter

from tests.chaos.crash.kills import Victim
from tests.chaos.crash.run import Run


def table(run: Run) -> str:
    """Kills by kind with their recoveries, the load, and what came of it."""
    lines = [f"{'killed':<26}{'times':>6}  {'recovery: median':>17}{'longest':>9}"]
    for victim in Victim:
        seconds = sorted(kill.recovery for kill in run.killer.kills if kill.victim is victim)
        if seconds:
            lines.append(f"{victim:<26}{len(seconds):>6}{seconds[len(seconds) // 2]:>17.2f} s{seconds[-1]:>7.2f} s")
    lines.append("")
    lines += [f"{name:<44}{value:>10,}" for name, value in _figures(run).items()]
    lines.append(f"{'seconds in all, and until nothing was due':<44}{run.seconds:>10.0f}{run.drain_seconds:>8.0f}")
    lines.append(f"{'seed':<44}{run.seed:>10}")
    return "\n".join(lines)


def _figures(run: Run) -> dict[str, int]:
    taken = Counter((arrival.webhook, arrival.event_id) for arrival in run.subscriber.arrivals if arrival.accepted)
    unavailable = sum(count for status, count in run.caller.answers.items() if status >= 500)
    return {
        "requests sent": run.caller.attempts,
        "  carried out": run.traffic.carried_out,
        "  got no answer, and were sent again": run.caller.silences,
        "  answered 503 while the database was away": unavailable,
        "  told that an earlier answer was lost": run.caller.lost_answers,
        "orders": len(run.state.orders),
        "events": len(run.state.journal),
        "deliveries": sum(len(deliveries) for deliveries in run.state.deliveries.values()),
        "webhook requests": len(run.subscriber.arrivals),
        "  refused by the receiver on purpose": sum(1 for one in run.subscriber.arrivals if not one.accepted),
        "  taken once more (at least once)": sum(taken.values()) - len(taken),
        "  with a bad signature": len(run.subscriber.forgeries),
        "faults": len(run.faults),
    }
