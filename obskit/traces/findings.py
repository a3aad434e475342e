"""Turn scores into rows of a table and into sentences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.display import formatting
from obskit.display.tables import MS, SHARE, UNIT, WRITTEN
from obskit.text import pluralize
from obskit.traces.scores import CallScores, ChildScores, Scores, ServiceScore, Sides, TimeScores
from obskit.traces.spans import TraceSpans
from obskit.traces.tables import EPSILON_MS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Row = dict[str, Any]

LEAST = 1.0  # nats; a row with less is not listed
MOST = 200

_SCHEMA = pa.schema(
    [
        ("service", pa.string()),
        ("operation", pa.string()),
        ("child", pa.string()),
        ("what", pa.string()),
        pa.field("before", pa.float64(), metadata={UNIT: WRITTEN}),
        pa.field("now", pa.float64(), metadata={UNIT: WRITTEN}),
        ("unit", pa.string()),
        ("ratio", pa.float64()),
        ("ratio_low", pa.float64()),
        ("ratio_high", pa.float64()),
        ("calls_before", pa.float64()),
        ("calls_now", pa.float64()),
        pa.field("excess_ms", pa.float64(), metadata={UNIT: MS}),
        pa.field("excess_share", pa.float64(), metadata={UNIT: SHARE}),
        pa.field("critical_share", pa.float64(), metadata={UNIT: SHARE}),
        ("traces", pa.int64()),
        ("evidence", pa.float64()),
        ("beyond_chance", pa.bool_()),
    ]
)


def rows_of(spans: TraceSpans, scores: Scores, sides: Sides) -> list[Row]:
    """Return one row per component that differs: those of the services with most evidence first.

    Args:
        spans: the spans of the dataset.
        scores: what `score` returned.
        sides: the traces that were compared.

    Returns:
        Rows with the columns of `TraceComparison`, and `at`, the component.
    """
    names = _Names(spans)
    rank = {score.service: -score.evidence for score in scores.services}
    rows = _time_rows(names, scores.own, sides, "self time", rank)
    rows += _time_rows(names, scores.network, sides, "network", rank)
    excess = sum(row["excess_ms"] for row in rows if row["excess_ms"] > 0)
    for row in rows:
        row["excess_share"] = max(0.0, row["excess_ms"]) / excess if excess > 0 else 0.0
    rows = [row for row in rows if row["evidence"] >= LEAST]
    rows += _child_rows(names, scores.spans, sides, "child spans", names.operation)
    rows += _call_rows(names, scores.calls)
    if scores.logs is not None:
        templates = spans.records[2]
        rows += _child_rows(names, scores.logs, sides, "logs", lambda at: templates[at])
    rows.sort(key=lambda row: (rank.get(row["of"], 0.0), -row["evidence"], row["operation"], row["child"]))
    return rows[:MOST]


def table_of(rows: list[Row]) -> pa.Table:
    """Return the rows as a table."""
    columns = {
        name: pa.array([row.get(name) for row in rows], _SCHEMA.field(name).type) for name in _SCHEMA.names
    }
    return pa.table(columns, _SCHEMA)


def sentences_of(
    spans: TraceSpans, rows: list[Row], services: tuple[ServiceScore, ...], slow: int, normal: int
) -> tuple[str, ...]:
    """Return what differs in words: up to three services, each with its strongest component.

    Args:
        spans: the spans of the dataset.
        rows: what `rows_of` returned.
        services: the services in descending order of evidence.
        slow: number of slow traces.
        normal: number of normal traces.

    Returns:
        Sentences; the first says so if nothing differs beyond chance.
    """
    found = [score for score in services if score.beyond and score.evidence >= LEAST][:3]
    lead = []
    if not found:
        lead = [
            f"No service differs beyond chance between {pluralize(slow, 'slow trace')} and "
            f"{pluralize(normal, 'normal one')}."
        ]
        found = [score for score in services if score.evidence >= LEAST][:1]
    said: list[Row] = []
    for score in found:
        of = [row for row in rows if row["of"] == score.service or score.service in row["ends"]]
        if of:
            hedge = "" if score.beyond else "Most evidence, but within chance: "
            strongest = max(of, key=lambda row: row["evidence"])
            if strongest in said:  # an edge, of the service at its other end
                continue
            said.append(strongest)
            lead.append(f"{hedge}{spans.services[score.service]}: {_sentence(strongest, slow)}")
    return tuple(lead)


def services_table(spans: TraceSpans, services: tuple[ServiceScore, ...]) -> pa.Table:
    """Return the services with their evidence, the greatest first."""
    return pa.table(
        {
            "service": pa.array([spans.services[score.service] for score in services], pa.string()),
            "evidence": pa.array([score.evidence for score in services], pa.float64()),
            "what": pa.array([score.family for score in services], pa.string()),
            "beyond_chance": pa.array([score.beyond for score in services], pa.bool_()),
        }
    )


class _Names:
    """Services and names of operations."""

    def __init__(self, spans: TraceSpans) -> None:
        self.spans = spans

    def operation(self, at: int) -> str:
        """Return the service and name of an operation."""
        return " ".join(self.spans.operations[at])

    def row(self, operation: int, what: str, child: str = "") -> Row:
        """Return the beginning of a row about an operation."""
        service, name = self.spans.operations[operation]
        of = int(self.spans.service_of[operation])
        return {"service": service, "operation": name, "child": child, "what": what, "of": of, "ends": (of,)}


def _time_rows(
    names: _Names, scores: TimeScores, sides: Sides, what: str, rank: dict[int, float]
) -> list[Row]:
    times, shift = scores.times, scores.shift
    size = len(times.key)
    totals, calls, critical = [], [], []
    for side in (sides.slow, sides.normal):
        there = side[times.trace]
        of = times.component[there]
        totals.append(np.bincount(of, times.total[there], minlength=size))
        calls.append(np.bincount(of, times.calls[there], minlength=size))
        critical.append(np.bincount(of, times.critical[there], minlength=size))
    slow, normal = max(1, int(sides.slow.sum())), max(1, int(sides.normal.sum()))
    usual = totals[1] / np.maximum(calls[1], 1)
    excess = (totals[0] - calls[0] * usual) / slow
    on_path = np.clip(critical[0] / np.maximum(totals[0], 1e-12), 0, 1)
    low, high = shift.interval()
    before, now = (np.maximum(np.exp(mean) - EPSILON_MS, 0) for mean in reversed(shift.mean))
    rows = []
    for at in np.flatnonzero(np.isfinite(shift.error) & ((scores.evidence > 0) | (excess > 0))):
        first, second = map(int, times.key[at])
        row = names.row(first, what)
        if second >= 0:
            row = _edge(names, first, second, rank)
        row |= {
            "before": float(before[at]),
            "now": float(now[at]),
            "unit": "ms",
            "ratio": float(np.exp(shift.difference[at])),
            "ratio_low": float(low[at]),
            "ratio_high": float(high[at]),
            "calls_before": float(calls[1][at] / normal),
            "calls_now": float(calls[0][at] / slow),
            "excess_ms": float(excess[at]),
            "critical_share": float(on_path[at]),
            "traces": int(shift.traces[0][at]),
            "evidence": float(scores.evidence[at]),
            "beyond_chance": bool(scores.beyond[at]),
        }
        rows.append({**row, "at": int(at)})
    return rows


def _edge(names: _Names, caller: int, callee: int, rank: dict[int, float]) -> Row:
    """Return the beginning of a row about calls: of the service that has more evidence."""
    row = names.row(caller, "network", names.operation(callee))
    ends = (row["of"], int(names.spans.service_of[callee]))
    of = min(reversed(ends), key=lambda end: rank.get(end, 0.0))
    return {**row, "of": of, "ends": ends}


def _child_rows(
    names: _Names, scores: ChildScores, sides: Sides, what: str, name: Callable[[int], str]
) -> list[Row]:
    children = scores.children
    there = sides.slow[children.trace]
    traces = np.bincount(children.pair[there], minlength=len(children.parent))
    slow, normal = (np.asarray(each) for each in scores.share)
    (ratio, low, high) = _share_ratio(slow * scores.of[0], scores.of[0], normal * scores.of[1], scores.of[1])
    rows = []
    for at in np.flatnonzero(scores.evidence >= LEAST):
        row = names.row(int(children.parent[at]), what, name(int(children.child[at])))
        row |= {
            "before": float(normal[at]),
            "now": float(slow[at]),
            "unit": "share",
            "ratio": float(ratio[at]),
            "ratio_low": float(low[at]),
            "ratio_high": float(high[at]),
            "traces": int(traces[at]),
            "evidence": float(scores.evidence[at]),
            "beyond_chance": bool(scores.beyond[at]),
        }
        rows.append({**row, "at": int(at)})
    return rows


def _call_rows(names: _Names, scores: CallScores) -> list[Row]:
    children, shift = scores.children, scores.shift
    low, high = shift.interval()
    rows = []
    for at in np.flatnonzero(scores.evidence >= LEAST):
        row = names.row(int(children.parent[at]), "calls", names.operation(int(children.child[at])))
        row |= {
            "before": float(np.exp(shift.mean[1][at])),
            "now": float(np.exp(shift.mean[0][at])),
            "unit": "calls",
            "ratio": float(np.exp(shift.difference[at])),
            "ratio_low": float(low[at]),
            "ratio_high": float(high[at]),
            "traces": int(shift.traces[0][at]),
            "evidence": float(scores.evidence[at]),
            "beyond_chance": bool(scores.beyond[at]),
        }
        rows.append({**row, "at": int(at)})
    return rows


def _share_ratio(hits1: Floats, of1: Floats, hits2: Floats, of2: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the ratio of two shares and its 95% interval; half a success is added on each side.

    Source: Katz et al., Obtaining confidence intervals for the risk ratio in cohort studies (1978).
    """
    share1, share2 = ((hits + 0.5) / (of + 1) for hits, of in ((hits1, of1), (hits2, of2)))
    spread = 1 / (hits1 + 0.5) - 1 / (of1 + 1) + 1 / (hits2 + 0.5) - 1 / (of2 + 1)
    reach = 1.96 * np.sqrt(np.maximum(spread, 0))
    middle = np.log(share1 / share2)
    return np.exp(middle), np.exp(middle - reach), np.exp(middle + reach)


def _sentence(row: Row, slow: int) -> str:
    """Say what a row shows."""
    before, now = row["before"], row["now"]
    of = f"in {row['traces']:,} of {pluralize(slow, 'slow trace')}"
    between = f"{formatting.number(row['ratio_low'])} to {formatting.number(row['ratio_high'])}"
    if row["unit"] == "ms":
        where = "on" if row["critical_share"] >= 0.5 else "mostly off"
        what = (
            f"self time of {row['operation']}"
            if row["what"] == "self time"
            else f"network between {row['service']} {row['operation']} and {row['child']}"
        )
        return (
            f"{what} went from {formatting.duration(before)} to {formatting.duration(now)} per call "
            f"(× {formatting.number(row['ratio'])}, 95% interval {between}) {of}; "
            f"{formatting.duration(row['excess_ms'])} more per trace, {where} the critical path."
        )
    if row["unit"] == "calls":
        return (
            f"{row['operation']} calls {row['child']} {formatting.number(now)} times instead of "
            f"{formatting.number(before)} (× {formatting.number(row['ratio'])}, 95% interval {between}) {of}."
        )
    verb = "logs" if row["what"] == "logs" else "calls"
    return (
        f"{row['operation']} {verb} {row['child']!r} in {formatting.share(now)} of its calls instead of "
        f"{formatting.share(before)}, {of}."
    )
