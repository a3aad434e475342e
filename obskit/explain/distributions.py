"""Each field's distribution in the selection and in the baseline, the most different field first."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from obskit.display import formatting
from obskit.display.result import Result
from obskit.display.tables import SHARE, UNIT, format_cell
from obskit.engine import Scope
from obskit.explain.counted import ALPHA, Counted, count_fields
from obskit.explain.field_choice import choose_fields
from obskit.explain.grouped_rows import SIDES
from obskit.explain.options import ExplainOptions
from obskit.explain.question import resolve
from obskit.explain.singles import Column, bins, interval_condition, is_number
from obskit.explain.weights import row_weights
from obskit.stats.counts import Counts, Floats, share_and_size
from obskit.stats.evidence import lower_bound, upper_bound

TOP = 6  # values of a field that have a bar
QUANTILES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99)
DEFAULTS = ExplainOptions()
Interval = tuple[float, float, float]


@dataclass(frozen=True)
class Bar:
    """One value, interval, or "missing" or "others" of a field.

    Attributes:
        label: the value as text.
        item: its condition as findings carry it; None for "others".
        selected, baseline: the share of the group that has it, with the bounds of its interval; in [0, 1].
    """

    label: str
    item: Mapping[str, Any] | None
    selected: Interval
    baseline: Interval


@dataclass(frozen=True)
class FieldDistribution:
    """The distributions of one field.

    Attributes:
        name: the field.
        difference: share of the selection that would have to change its value to be distributed like the
            baseline (the total variation distance), in [0, 1].
        difference_low: what of the difference is beyond chance, all fields and bars considered; 0 if nothing.
        bars: the values, in both groups.
        note: "" or what a reader must know about the field.
    """

    name: str
    difference: float
    difference_low: float
    bars: tuple[Bar, ...]
    note: str = ""


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Distributions(Result):
    """The distributions of all fields, the field with the largest difference beyond chance first.

    Attributes:
        fields: one entry per field.
        selected, baseline: the number of events in both groups.

    Example:
        found = events.distributions("duration_ms > 500", where="http.route = '/book'")
        found.fields[0].name
    """

    fields: tuple[FieldDistribution, ...] = ()
    selected: float = 0.0
    baseline: float = 0.0


def distributions(scope: Scope, selection: Any, options: ExplainOptions = DEFAULTS) -> Distributions:
    """Compare each field's distribution in the selection with that in the baseline.

    The intervals hold together: with a chance of 95%, all bounds of all fields are right. Rows of one trace
    are taken to repeat each other entirely, so differences between rows of the same trace count for less than
    they may be worth.

    Args:
        scope: the events.
        selection: condition for the outcome; at least one event.
        options: what to compare with, as for `explain`.
    Returns:
        Distributions, shares weighted.
    Raises:
        EmptySelection: the selection or the baseline has no events.
        InvalidArgument, UnknownField, UnknownFunction, ConditionError: as `explain`.
        Cancelled: `options.cancelled` returned true.
    Source: Clopper and Pearson (1934) for the bounds, with the effective sample size of `stats.evidence`;
        Bonferroni over all values that occur.
    """
    question = resolve(scope, selection, options)
    counted = count_fields(question, choose_fields(question))
    level = math.log(ALPHA / (4 * max(1, _possible_bars(counted))))
    effects = {side: _design_effect(counted, side) for side in SIDES}
    found = [
        _distribution(counted, column, level, effects, name in _described(counted))
        for name, column in counted.columns.items()
    ]
    ordered = tuple(sorted(found, key=lambda one: (-one.difference_low, -one.difference, one.name)))
    totals = counted.full.totals
    notes = ["all intervals hold together with a chance of 95%"]
    if max(effects.values()) > 1.01:
        notes.append("events of one trace count as one")
    return Distributions(
        kind="distributions",
        table=_table(ordered),
        query=question.call.replace(".explain(", ".distributions(", 1).replace(", history=None", "", 1),
        dataset={"rows": scope.dataset.rows, "fingerprint": scope.dataset.fingerprint},
        notes=tuple(dict.fromkeys((*scope.notes, *notes))),
        fields=ordered,
        selected=float(totals["selected"].w[0]),
        baseline=float(totals["baseline"].w[0]),
    )


def _described(counted: Counted) -> frozenset[str]:
    return frozenset(condition.field for condition in counted.singles.descriptive)


def _possible_bars(counted: Counted) -> int:
    """Return how many values and intervals could have had a bar: the number of tests."""
    found = 0
    for column in counted.columns.values():
        seen = int(np.count_nonzero(column.selected.n + column.baseline.n))
        found += len(QUANTILES) + 1 if is_number(column.codes) else seen + 1
    return found


def _design_effect(counted: Counted, side: str) -> float:
    """Return the variance of shares if all rows of a cluster are equal, divided by that of single rows."""
    name = counted.question.cluster
    if name is None or name not in counted.question.scope.dataset.schema.names:
        return 1.0
    ids = counted.question.scope.dataset.codes.numbers(name)
    each = np.zeros(max((int(number.max(initial=0)) for number in ids), default=0) + 1)
    together = apart = 0.0
    for segment, rows in zip(counted.full.segments, counted.full.all_row_numbers(side), strict=True):
        n, w = row_weights(segment, rows)
        own = ids[segment.file][rows]
        each += np.bincount(own, n * w, minlength=len(each))
        alone = own == 0  # without a trace, a row is an observation of its own
        together += float((n * w * w)[alone].sum())
        apart += float((n * w * w).sum())
    together += float((each[1:] ** 2).sum())
    return max(1.0, together / apart) if apart > 0 else 1.0


def _distribution(
    counted: Counted, column: Column, level: float, effects: Mapping[str, float], described: bool
) -> FieldDistribution:
    labels, items, members = _bars(column, counted)
    whole = {side: counted.full.totals[side] for side in SIDES}
    own = {"selected": column.selected, "baseline": column.baseline}
    bounds = {
        side: _intervals(_sums(own[side], members), whole[side], level, effects[side]) for side in SIDES
    }
    (p1, low1, high1), (p0, low0, high0) = bounds["selected"], bounds["baseline"]
    up = float(np.maximum(low1 - high0, 0).sum())
    down = float(np.maximum(low0 - high1, 0).sum())
    bars = tuple(
        Bar(labels[at], items[at], *(_at(bounds[side], at) for side in SIDES)) for at in range(len(labels))
    )
    return FieldDistribution(
        column.codes.name,
        difference=float(np.abs(p1 - p0).sum() / 2),
        difference_low=min(max(up, down), 1.0),
        bars=bars,
        note="describes the outcome" if described else "",
    )


def _at(bounds: tuple[Floats, Floats, Floats], at: int) -> Interval:
    share, low, high = (float(values[at]) for values in bounds)
    return share, low, high


def _intervals(part: Counts, whole: Counts, level: float, effect: float) -> tuple[Floats, Floats, Floats]:
    share = np.clip(part.w / max(float(whole.w[0]), 1e-300), 0.0, 1.0)
    low = lower_bound(*share_and_size(part, whole, effect, side="low"), level)
    high = upper_bound(*share_and_size(part, whole, effect, side="high"), level)
    return share, np.minimum(low, share), np.maximum(high, share)


def _sums(counts: Counts, members: list[np.ndarray[Any, Any]]) -> Counts:
    return Counts(
        *(np.array([values[at].sum() for at in members], float) for values in (counts.n, counts.w, counts.w2))
    )


def _bars(
    column: Column, counted: Counted
) -> tuple[list[str], list[Mapping[str, Any] | None], list[np.ndarray[Any, Any]]]:
    """Return the labels, the conditions and the codes of a field's bars."""
    codes = column.codes
    seen = column.selected.n + column.baseline.n
    labels: list[str] = []
    items: list[Mapping[str, Any] | None] = []
    members: list[np.ndarray[Any, Any]] = []

    def add(label: str, item: Mapping[str, Any] | None, at: Any) -> None:
        labels.append(label)
        items.append(item)
        members.append(np.asarray(at, np.int64))

    if codes.kind == "flag":
        add(
            "has a value",
            {"field": codes.name, "op": "between", "low": None, "high": None},
            range(1, codes.size),
        )
    elif is_number(codes):
        for start, end in _cut(column):
            condition = interval_condition(codes, start, end)
            add(_interval_label(condition.spec), condition.spec, condition.codes)
        rest = np.setdiff1d(np.flatnonzero(seen[1:]) + 1, np.concatenate([np.zeros(0, np.int64), *members]))
        if len(rest):
            add("not a number", None, rest)
    else:
        _add_values(column, counted, add)
    if seen[0] > 0:
        add("(missing)", {"field": codes.name, "op": "missing"}, [0])
    return labels, items, members


def _add_values(column: Column, counted: Counted, add: Any) -> None:
    codes = column.codes
    totals = counted.full.totals
    common = column.selected.w / max(float(totals["selected"].w[0]), 1e-300)
    common = common + column.baseline.w / max(float(totals["baseline"].w[0]), 1e-300)
    common[0] = 0.0
    if codes.rare_code is not None:
        common[codes.rare_code] = 0.0
    top = [int(at) for at in np.argsort(-common, kind="stable")[:TOP] if common[at] > 0]
    for code in top:
        value = codes.values[code - 1].as_py()
        add(
            "''" if value == "" else format_cell(value),
            {"field": codes.name, "op": "=", "value": value},
            [code],
        )
    seen = column.selected.n + column.baseline.n
    rest = np.setdiff1d(np.flatnonzero(seen[1:]) + 1, np.array(top, np.int64))
    if len(rest):
        add(f"{len(rest):,} others", None, rest)


def _cut(column: Column) -> list[tuple[int, int]]:
    """Return at most a dozen runs of a number field's entries, at quantiles of both groups together."""
    starts = bins(column)
    if not len(starts):
        return []
    weight = (column.selected.n + column.baseline.n)[1:]
    before = np.concatenate([[0.0], np.cumsum(weight)])[starts]
    wanted = np.searchsorted(before, np.array(QUANTILES) * weight.sum(), side="left")
    chosen = np.unique(starts[np.minimum(wanted, len(starts) - 1)])
    ends = np.append(chosen[1:], column.codes.size - 1)
    return [
        (int(start), int(end)) for start, end in zip(chosen, ends, strict=True) if weight[start:end].sum() > 0
    ]


def _interval_label(item: Mapping[str, Any]) -> str:
    def number(value: float) -> str:
        return formatting.duration(value) if item["field"] == "duration_ms" else formatting.number(value)

    if item["op"] == "=":
        return number(item["value"])
    low, high = item["low"], item["high"]
    if low is None and high is None:
        return "any number"
    if low is None:
        return f"up to {number(high)}"
    return f"{number(low)} or more" if high is None else f"{number(low)} – {number(high)}"


def _table(fields: tuple[FieldDistribution, ...]) -> pa.Table:
    rows = [
        {
            "field": field.name,
            "value": bar.label,
            **{
                f"{side}_{name}": getattr(bar, side)[at]
                for side in SIDES
                for at, name in enumerate(("share", "low", "high"))
            },
            "difference": field.difference,
            "difference_low": field.difference_low,
        }
        for field in fields
        for bar in field.bars
    ]
    shares = [f"{side}_{name}" for side in SIDES for name in ("share", "low", "high")]
    schema = pa.schema(
        [
            pa.field("field", pa.string()),
            pa.field("value", pa.string()),
            *(
                pa.field(name, pa.float64(), metadata={UNIT: SHARE})
                for name in (*shares, "difference", "difference_low")
            ),
        ]
    )
    return pa.Table.from_pylist(rows, schema=schema)
