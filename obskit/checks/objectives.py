"""Service level objectives: how much of the error budget is left, how fast it burns, and when it runs out.

    [[objective]]
    name = "book answers"
    where = "http.route = '/book'"
    good = "not error and duration_ms < 500"
    objective = 0.995                         # share of good events
    window = "30d"
    burn = [{ long = "1h", short = "5m", max = 14.4 }]

With an objective of 99.5%, 0.5% of the events may be bad: that is the budget. A burn rate of 1 uses it up in
exactly one window; 14.4 uses 2% of a budget of 30 days in an hour. An objective is violated if the budget is
used up, or if it burns too fast in both windows of a pair. The short window ends the alarm soon after the
failure ends. Source: Beyer et al., The Site Reliability Workbook (2018), chapter 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from obskit.checks.burn import Burn, BurnRate, burn_of
from obskit.checks.events_in import last, scope_of
from obskit.checks.options import Options
from obskit.checks.outcome import Outcome, Word
from obskit.checks.sampled import sampled_share
from obskit.display import formatting
from obskit.engine import Scope
from obskit.query import query

_NEARLY = 0.99  # of a window that the data covers: it begins and ends with an event
KEYS = ("where", "good", "objective", "window", "burn", "population", "at_least")


@dataclass(frozen=True)
class Counts:
    """Events in a window, weighted.

    Attributes:
        good, bad: how many events are good and bad.
        unknown: of how many the condition is null.
        rows: how many rows these are.
        notes: of the query that counted them.
    """

    good: float
    bad: float
    unknown: float
    rows: int
    notes: tuple[str, ...] = ()

    @property
    def total(self) -> float:
        """Good and bad events."""
        return self.good + self.bad

    def burn(self, objective: float) -> float | None:
        """The share of bad events, as a multiple of what the objective allows; None without events."""
        return self.bad / self.total / (1 - objective) if self.total else None


@dataclass(frozen=True)
class Objective:
    """An objective of the file.

    Attributes:
        name: its name.
        where: which events it is about; None for all.
        good: the condition of a good event.
        objective: the share of good events that is promised, in (0, 1).
        window: over how long.
        burn: the pairs of windows.
        population: "units" or "all".
        at_least: with fewer events there is no data.
    """

    name: str
    where: str | None
    good: str
    objective: float
    window: timedelta
    burn: tuple[Burn, ...]
    population: str
    at_least: float

    def run(self, scope: Scope) -> Sequence[Outcome]:
        """Return the outcome.

        Args:
            scope: the events.

        Returns:
            One outcome.

        Raises:
            ConditionError, UnknownField, UnknownFunction: a condition is not valid.

        Cost: one statement per window.
        """
        notes: list[str] = []
        events = scope_of(scope, self.where, self.population, notes)
        condition = events.condition(self.good)
        good = condition.text
        within = last(events, self.window)
        whole = _count(within, good)
        if scope.newest is None or whole.total < max(self.at_least, 1e-9):
            return [self._no_data(whole, notes)]
        rates = [
            BurnRate(
                pair,
                _count(last(events, pair.long_length), good).burn(self.objective),
                _count(last(events, pair.short_length), good).burn(self.objective),
            )
            for pair in self.burn
        ]
        bad = whole.bad / whole.total
        left = 1 - bad / (1 - self.objective)
        word: Word = "violated" if left < 0 or any(rate.too_fast for rate in rates) else "ok"
        covered = _covered(scope, self.window)
        runs_out = None
        if covered is None:
            runs_out = self._runs_out(left, rates[0].long if rates else None)
        else:
            length = formatting.duration(1000 * covered.total_seconds())
            notes.append(f"{self.name}: the data covers {length} of the window")
        sampled = sampled_share(within, condition)
        if sampled is not None:
            low, high = map(formatting.share, sampled)
            text = f"{self.name}: the events are sampled; the share of good ones is between {low} and {high}"
            notes.append(f"warning: {text}" if sampled[0] < self.objective <= sampled[1] else text)
        if whole.unknown:
            count = formatting.count(whole.unknown)
            notes.append(f"{self.name}: good is null for {count} events; they are neither good nor bad")
        numbers = {
            "good": whole.good,
            "bad": whole.bad,
            "unknown": whole.unknown,
            "rows": whole.rows,
            "objective": self.objective,
            "budget_left": left,
            "burn": [rate.to_dict() for rate in rates],
            "sampled": None if sampled is None else list(sampled),
            "runs_out_in_s": None if runs_out is None else runs_out.total_seconds(),
        }
        return [
            Outcome(
                self.name,
                "objective",
                "",
                word,
                formatting.share(1 - bad),
                f"at least {formatting.share(self.objective)}",
                _sentence(whole, left, rates, runs_out),
                numbers,
                (*notes, *whole.notes),
            )
        ]

    def _no_data(self, whole: Counts, notes: Sequence[str]) -> Outcome:
        counted = formatting.count(whole.total)
        return Outcome(
            self.name,
            "objective",
            "",
            "no data",
            "",
            f"at least {formatting.share(self.objective)}",
            f"There is no data: the window has {counted} events with a time, of at least {self.at_least:g}.",
            {"good": whole.good, "bad": whole.bad, "rows": whole.rows, "objective": self.objective},
            (*notes, *whole.notes),
        )

    def _runs_out(self, left: float, rate: float | None) -> timedelta | None:
        """Return after how long the budget is used up at a burn rate; None if it is not, or already is."""
        if left < 0 or not rate:
            return None
        try:
            return left * self.window / rate
        except OverflowError:
            return None


def _sentence(whole: Counts, left: float, rates: Sequence[BurnRate], runs_out: timedelta | None) -> str:
    parts = [f"{formatting.count(whole.bad)} of {formatting.count(whole.total)} events are bad"]
    parts.append(
        f"{formatting.share(left)} of the error budget is left"
        if left >= 0
        else f"the error budget is used up {1 - left:.3g} times"
    )
    parts += [rate.describe() for rate in rates]
    if runs_out is not None and rates:
        seconds = runs_out.total_seconds()
        days = seconds / 86_400
        length = f"{days:,.3g} days" if days >= 2 else formatting.duration(1000 * seconds)
        parts.append(f"at the rate of the last {rates[0].pair.long} it runs out in {length}")
    return "; ".join(parts) + "."


def _count(scope: Scope, good: str) -> Counts:
    counts = (f"count({good}) as good", f"count(not ({good})) as bad", "count() as events")
    found = query(scope, *counts, "rows() as row_count")
    row = found.table.to_pylist()[0]
    ok, bad = float(row["good"]), float(row["bad"])
    return Counts(ok, bad, max(0.0, float(row["events"]) - ok - bad), int(row["row_count"]), found.notes)


def _covered(scope: Scope, window: timedelta) -> timedelta | None:
    """Return how much of a window the data covers; None if it is all of it."""
    oldest, newest = scope.dataset.span
    if oldest is None or newest is None or newest - oldest >= _NEARLY * window:
        return None
    covered: timedelta = newest - oldest
    return covered


def parse(options: Options) -> Objective:
    """Return an objective from its entry in the file; raises InvalidArgument."""
    options.only(KEYS)
    window = options.length("window", "30d")
    return Objective(
        options.name,
        options.text("where"),
        str(options.text("good", needed=True)),
        options.share("objective"),
        window or timedelta(days=30),
        burn_of(options),
        options.choice("population", ("units", "all")),
        options.number("at_least", 1) or 0,
    )
