"""Any query with a bound: each group's value must keep it.

[[query]]
name = "p99 of each route"
calculate = "p99(duration_ms)"
where = "kind = 'server'"
by = ["http.route"]
window = "1h"
max = 800                    # or min, or both
at_least = 50                # groups with fewer rows have no data
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from obskit.checks.events_in import last, scope_of
from obskit.checks.options import Options
from obskit.checks.outcome import Outcome, Word, bound_text, within
from obskit.display import formatting
from obskit.engine import Scope
from obskit.query import query
from obskit.text import pluralize

KEYS = ("calculate", "where", "by", "window", "max", "min", "at_least", "population")
MOST_GROUPS = 1000


@dataclass(frozen=True)
class Bound:
    """A query of the file, and its bounds.

    Attributes:
        name: its name.
        calculate: what to calculate, as in `query`.
        where: which events; None for all.
        by: fields to group by.
        window: over how long before the newest event; None for all of the time.
        low, high: the bounds; one of them may be None.
        at_least: groups with fewer rows have no data.
        population: "units" or "all".
    """

    name: str
    calculate: str
    where: str | None
    by: tuple[str, ...]
    window: timedelta | None
    low: float | None
    high: float | None
    at_least: float
    population: str

    def run(self, scope: Scope) -> Sequence[Outcome]:
        """Return the outcome of each group.

        Args:
            scope: the events.

        Returns:
            One outcome per group, the worst first; one without data if there is no group.

        Raises:
            ConditionError, UnknownField, UnknownFunction: the query is not valid.
        """
        notes: list[str] = []
        events = last(scope_of(scope, self.where, self.population, notes), self.window)
        worst = "value desc" if self.high is not None else "value"
        found = query(
            events,
            f"{self.calculate} as value",
            "rows() as row_count",
            by=self.by,
            order=worst if self.by else None,
            limit=MOST_GROUPS if self.by else None,
        )
        rows = found.table.to_pylist()
        notes += found.notes
        if len(rows) == MOST_GROUPS:
            notes.append(f"{self.name}: only {MOST_GROUPS:,} groups are looked at")
        outcomes = [
            self._outcome(self._item(row), row["value"], int(row["row_count"]), notes) for row in rows
        ]
        order = ("violated", "no data", "ok")
        return sorted(outcomes, key=lambda one: order.index(one.word)) or [self._outcome("", None, 0, notes)]

    def _item(self, row: Mapping[str, Any]) -> str:
        return " ".join("(missing)" if row[name] is None else str(row[name]) for name in self.by)

    def _outcome(self, item: str, value: object, rows: int, notes: Sequence[str]) -> Outcome:
        known = tuple(notes)
        number = float(value) if isinstance(value, (int, float)) else None
        bound = bound_text(self.low, self.high)
        numbers = {"value": number, "rows": rows, "min": self.low, "max": self.high}
        about = f" of {item}" if item else ""
        if number is None or rows < max(1, self.at_least):
            seen = f"{pluralize(rows, 'row')} of at least {max(1, self.at_least):g}"
            sentence = f"There is no data: {self.calculate}{about} rests on {seen}."
            return Outcome(self.name, "query", item, "no data", "", bound, sentence, numbers, known)
        word: Word = "ok" if within(number, self.low, self.high) else "violated"
        shown = formatting.number(number)
        over = pluralize(rows, "row")
        sentence = f"{self.calculate}{about} is {shown} over {over}; it must be {bound}."
        return Outcome(self.name, "query", item, word, shown, bound, sentence, numbers, known)


def parse(options: Options) -> Bound:
    """Return a query with a bound from its entry in the file; raises InvalidArgument."""
    options.only(KEYS)
    low, high = options.number("min"), options.number("max")
    if low is None and high is None:
        raise options.error("it has neither max nor min", "max = 800")
    if low is not None and high is not None and low > high:
        raise options.error(f"min must not be above max, got {low:g} and {high:g}", "min = 1, max = 800")
    calculate = str(options.text("calculate", needed=True))
    return Bound(
        options.name,
        calculate,
        options.text("where"),
        options.names("by"),
        options.length("window"),
        low,
        high,
        options.number("at_least", 1) or 0,
        options.choice("population", ("units", "all")),
    )
