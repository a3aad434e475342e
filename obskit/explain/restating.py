"""Fields that say the selection in other words: a part of the duration, a timer of another layer, a status.

They are found by how they go with the outcome, not by their names:

- Where the selection is about a number (`duration_ms > 500`): a field whose numbers rise and fall with it in
  the selection, in the baseline, and in every slice that matters. A number that causes the outcome from some
  limit on doesn't: on either side of the limit it says nothing.
- Where it is about failures: a field whose numbers are nearly the duration, which is part of how they failed.
- A field whose values decide the outcome, as a status does. So does a version that takes all failures and
  nothing else. Such a field is kept as a cause unless everything speaks for a status: the other events have
  mostly one value, no field with many values (a pod, a customer) decides the outcome too, and another
  condition has the outcome more often without deciding it. With history, failures had these values before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from obskit.explain.bit_rows import every
from obskit.explain.counted import Counted
from obskit.explain.field_choice import SEVERITY
from obskit.explain.grouped_rows import SIDES, FieldCondition, GroupedRows
from obskit.explain.ranks import correlation
from obskit.explain.singles import Column, is_number
from obskit.explain.weights import Rows, word_count
from obskit.names import describes_error
from obskit.stats.counts import share
from obskit.stats.evidence import rates

# So strong is the rank correlation with the outcome's number in one of the groups, or in both.
IN_ONE, IN_BOTH = 0.8, 0.5
# So strong is that of a field that is nearly the duration, where the selection is about something else.
NEARLY = 0.95
# Rows of each group, and fields to slice them by: enough to tell such correlations from none.
MOST_ROWS, LEAST_ROWS, MOST_SLICERS = 2_000, 50, 8
# A value decides the outcome if so many of its events have it; a field, if such values cover so much of it.
PURE, COVERED = 0.98, 0.95
# A status of what went well: this share of the baseline.
ONE_VALUE = 0.5
# A value that decides the outcome has so many selected events on average; ids that occur once decide nothing.
LEAST_EVENTS = 10
# Fewer earlier events with the outcome than this say nothing, nor do fewer outside a condition.
LEAST_EARLIER = LEAST_ELSEWHERE = 20
DECIDES = "its values say whether an event is selected, whatever else holds"
# The rate of the outcome where a condition does not decide it.
UNDECIDED = 0.9


def restating_fields(counted: Counted, conditions: Sequence[FieldCondition]) -> dict[str, str]:
    """Return the fields that restate the selection, and why.

    Args:
        counted: the question with its fields counted.
        conditions: single conditions that could be causes.
    Returns:
        Field -> reason. Empty where the options name the fields to look at.
    """
    if counted.question.options.fields is not None or not conditions:
        return {}
    selected, baseline = counted.counts(conditions)
    whole = counted.full.totals["selected"], counted.full.totals["baseline"]
    value = counted.scores(conditions)
    strongest = [int(at) for at in np.argsort(-value, kind="stable") if value[at] > 0]
    telling = list(dict.fromkeys(conditions[at].field for at in strongest))
    numbers = [name for name in telling if is_number(counted.columns[name].codes)]
    measures = _measures(counted) if numbers else {}
    reasons: dict[str, str] = {}
    if measures:
        rows = _SomeRows(counted.full)
        slicers = [name for name in telling if name not in numbers][:MOST_SLICERS]
        for measure, limits in measures.items():
            moving = [name for name in numbers if _moves_along(rows, name, measure, slicers, limits)]
            reasons |= dict.fromkeys(moving, f"rises and falls with {measure} in every slice")
    deciding = [name for name in telling if name not in reasons and _decides(counted.columns[name])]
    if deciding and all(_has_one_value(counted.columns[name]) for name in deciding):
        shares = share(selected, whole[0]), share(baseline, whole[1])
        inside, _ = rates(*shares, float(whole[0].w[0]), float(whole[1].w[0]))
        others = [
            at
            for at in strongest
            if conditions[at].field not in deciding
            and conditions[at].field not in reasons
            and inside[at] < UNDECIDED
            and whole[0].n[0] - selected.n[at] >= LEAST_ELSEWHERE
        ]
        for name in deciding:
            before = _decided_earlier(counted, name)
            if before or (before is None and others):
                reasons[name] = DECIDES
    return reasons


def is_restating(condition: FieldCondition, reasons: Mapping[str, str]) -> bool:
    """Return whether a condition restates the selection: one on a value of such a field.

    Whether a number is there at all may be a cause: only some requests have that part.
    """
    reason = reasons.get(condition.field)
    if reason is None:
        return False
    open_ended = condition.spec.get("low") is None and condition.spec.get("high") is None
    presence = condition.spec["op"] == "missing" or (condition.spec["op"] == "between" and open_ended)
    return not (presence and reason != DECIDES)


def _measures(counted: Counted) -> dict[str, tuple[float, float]]:
    """Return the numbers that the selection is about, and how strong a correlation with each must be.

    How long a failure took is a part of how it failed. So is a number that is nearly the duration.
    """
    scope, fields = counted.question.scope, counted.question.selection.fields
    names = sorted(fields & set(scope.schema.names))
    out = {name: (IN_ONE, IN_BOTH) for name in names if is_number(scope.codes(name))}
    failed = any(describes_error(name) or name in SEVERITY for name in fields)
    if failed and "duration_ms" in scope.schema.names and is_number(scope.codes("duration_ms")):
        out["duration_ms"] = (NEARLY, NEARLY)
    return out


class _SomeRows:
    """A few rows of both groups, spread evenly."""

    def __init__(self, full: GroupedRows) -> None:
        self._full = full
        self._rows: dict[str, list[tuple[int, Rows]]] = {}
        self._values: dict[tuple[str, str], Rows] = {}
        for group in SIDES:
            bits = full.members(group)
            step = max(int(np.bitwise_count(bits).sum()) // MOST_ROWS, 1)
            self._rows[group] = []
            start = 0
            for segment in full.segments:
                stop = start + word_count(segment.length)
                rows = every(bits[start:stop], step)
                start = stop
                self._rows[group].append((segment.file, rows if segment.rows is None else segment.rows[rows]))

    def values(self, group: str, name: str) -> Rows:
        """Return a field's code in each row of a group."""
        if (group, name) in self._values:
            return self._values[group, name]
        codes = self._full.codes(name)
        parts = [np.zeros(0, dtype=np.int64)]
        for file, rows in self._rows[group]:
            local, remap = codes.parts[file]
            found = local.take(rows)
            parts.append((found if remap is None else remap.take(found)).astype(np.int64))
        self._values[group, name] = np.concatenate(parts)
        return self._values[group, name]


def _moves_along(
    rows: _SomeRows, name: str, measure: str, slicers: Sequence[str], limits: tuple[float, float]
) -> bool:
    """Return whether a field's numbers go with the outcome's number in both groups and in every slice."""
    in_one, in_both = limits
    found: list[float] = []
    for group in SIDES:
        value, number = rows.values(group, name), rows.values(group, measure)
        has = (value > 0) & (number > 0)
        # a strong correlation in one group is enough, so a weak one in the first leaves that to the second
        limit = in_both if all(one >= in_both for one in found) else in_one
        least = correlation(value[has], number[has]) if np.count_nonzero(has) >= LEAST_ROWS else 0.0
        for other in slicers:
            if least < limit:
                break
            least = min(least, correlation(value[has], number[has], rows.values(group, other)[has]))
        if least >= in_one:
            return True
        found.append(least)
    return min(found) >= in_both


def _decides(column: Column) -> bool:
    """Return whether nearly all of the selection has values that nearly only the selection has.

    Numbers are left out: a limit above which all events fail is a cause.
    """
    if is_number(column.codes):
        return False
    selected, every = column.selected.w, column.selected.w + column.baseline.w
    pure = (selected > 0) & (selected >= PURE * every)
    if column.codes.rare_code is not None:
        pure[column.codes.rare_code] = False
    if selected[pure].sum() < COVERED * selected.sum():
        return False
    return bool(column.selected.n[pure].sum() >= LEAST_EVENTS * np.count_nonzero(pure))


def _has_one_value(column: Column) -> bool:
    return bool(column.baseline.w.max() >= ONE_VALUE * column.baseline.w.sum())


def _decided_earlier(counted: Counted, name: str) -> bool | None:
    """Return whether the values that decide the outcome now did so earlier; None where that isn't known."""
    if "history" not in counted.full.groups:
        return None
    column = counted.columns[name]
    pure = column.selected.w >= PURE * (column.selected.w + column.baseline.w)
    pure &= column.selected.w > 0
    earlier = counted.full.tally("history_selected", name)
    if earlier.n.sum() < LEAST_EARLIER:
        return None
    every = counted.full.tally("history", name)
    hits = earlier.w[pure].sum()
    return bool(hits >= COVERED * earlier.w.sum() and hits >= PURE * every.w[pure].sum())
