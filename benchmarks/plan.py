"""How long a benchmark may take: whole, or just long enough to see that it runs."""

from typing import NamedTuple, TypeVar

Value = TypeVar("Value")


class Plan(NamedTuple):
    """What the command line asked for; `events` is the count of a long run, where one is given."""

    quick: bool = False
    events: int | None = None

    @property
    def rounds(self) -> int:
        """Alternating rounds that count; one more comes first to warm everything up."""
        return self.of(5, 1)

    def of(self, whole: Value, quick: Value) -> Value:
        """The one that fits."""
        return quick if self.quick else whole
