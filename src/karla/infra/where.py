"""Conditions of a statement that is put together from what is asked."""


class Where:
    """Conditions that are wanted, joined by `and`: PostgreSQL plans each set of them by itself."""

    def __init__(self, condition: str, value: object) -> None:
        self.values: list[object] = []
        self._conditions: list[str] = []
        self.add(condition, value)

    def add(self, condition: str, *values: object | None) -> None:
        """Demand `condition`, with a `{}` for each value; if one of them is None, demand nothing."""
        if all(value is not None for value in values):
            self._conditions.append(condition.format(*map(self.value, values)))

    def value(self, value: object) -> str:
        """The place of a value in the statement."""
        self.values.append(value)
        return f"${len(self.values)}"

    @property
    def sql(self) -> str:
        """The conditions, joined."""
        return " and ".join(self._conditions)
