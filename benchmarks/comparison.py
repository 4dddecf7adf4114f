"""Contenders in turn, round after round, so that a drift of the machine's speed hits all alike."""

import statistics
import textwrap
from collections.abc import Awaitable, Callable, Mapping, Sequence

from benchmarks.plan import Plan


class Comparison:
    """A figure a round of each contender."""

    def __init__(self, samples: Mapping[str, Sequence[float]]) -> None:
        self._samples = samples

    def median(self, name: str) -> float:
        """The middle one of a contender's figures."""
        return statistics.median(self._samples[name])

    def ratio(self, name: str, base: str) -> str:
        """The middle one of the rounds' own ratios, and in brackets the least and the greatest."""
        rounds = self._ratios(name, base)
        return f"**{statistics.median(rounds):.2f}** ({rounds[0]:.2f} – {rounds[-1]:.2f})"

    def middle(self, name: str, base: str) -> float:
        """The middle one alone."""
        return statistics.median(self._ratios(name, base))

    def _ratios(self, name: str, base: str) -> list[float]:
        # Contenders take turns: what slows the machine down for a minute slows down both of a round, and not
        # necessarily both of the rounds that have their medians.
        return sorted(a / b for a, b in zip(self._samples[name], self._samples[base], strict=True))


async def compare(plan: Plan, contenders: Mapping[str, Callable[[], Awaitable[float]]], unit: str) -> Comparison:
    """Let each have its turn, in every round; the first of a whole run only warms up."""
    samples: dict[str, list[float]] = {name: [] for name in contenders}
    width = max(len(name) for name in contenders)
    for number in range(plan.of(0, 1), plan.rounds + 1):
        for name, contender in contenders.items():
            figure = await contender()
            if number:
                samples[name].append(figure)
            print(f"  {number or 'warm'}  {name:{width}}  {figure:10,.1f} {unit}", flush=True)
    return Comparison(samples)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table."""
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


def paragraph(*sentences: str) -> str:
    """Text in lines as they stand in results.md."""
    return textwrap.fill(" ".join(sentences), 118, break_on_hyphens=False, break_long_words=False)
