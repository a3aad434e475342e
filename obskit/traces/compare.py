"""Compare slow traces with normal ones: services in the order of evidence, and what differs in each."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from obskit.engine import Condition, Scope
from obskit.errors import EmptySelection
from obskit.explain import Finding
from obskit.query.output import dataset_of, merge_notes
from obskit.text import pluralize
from obskit.traces.comparison import TraceComparison
from obskit.traces.findings import rows_of, sentences_of, services_table, table_of
from obskit.traces.rows import take_rows
from obskit.traces.scores import Scores, Sides, score
from obskit.traces.select import read_condition, traces_where, without_start
from obskit.traces.spans import TraceSpans, block_of
from obskit.traces.tables import tables

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

FEW_BLOCKS = 3
FEW_TRACES = 5
_EXAMPLES = 3


def compare(
    scope: Scope,
    spans: TraceSpans,
    where: Condition | None,
    slow: Any,
    normal: Any,
    logs: bool,
    call: str,
) -> TraceComparison:
    """Compare slow traces with normal ones.

    Args:
        scope: the events; its `where` selects traces.
        spans: the spans of its dataset.
        where: a further condition on the traces to compare.
        slow: condition or Finding; traces with a row for which it is true.
        normal: condition; by default all other traces, and those before the time that the scope selects.
        logs: whether to compare log records.
        call: the call that makes the result.

    Returns:
        TraceComparison.

    Raises:
        EmptySelection: one side has no traces.
        ConditionError, UnknownField, UnknownFunction: a condition cannot be parsed.

    Cost: two seconds for half a million spans, once per dataset; then half a second.

    Source: self times and network times per trace with moderated variances (Smyth, 2004), likelihood ratios
        of shares conditioned on the parent's calls, pooled by service.
    """
    chosen = read_condition(scope, slow, "slow")
    selected = traces_where(scope, spans, scope.where, where, chosen)
    if normal is None:
        compared = slow.compared_condition if isinstance(slow, Finding) else None
        within = None if compared is None else without_start(scope, scope.condition(compared))
        rest = traces_where(scope, spans, without_start(scope, scope.where), where, within)
        described = "all others" if within is None else within.text
    else:
        condition = read_condition(scope, normal, "normal")
        rest = traces_where(scope, spans, where, condition)
        described = condition.text
    both = int((rest & selected).sum())
    rest &= ~selected
    for side, name, text in ((selected, "slow", chosen.text), (rest, "normal", described)):
        if not side.any():
            raise EmptySelection(
                f"there is no {name} trace: {text}",
                hint="events.traces() lists the traces; one row that matches is enough",
            )
    sides = Sides(selected, rest, _blocks(spans, selected, rest))
    values = tables(spans, selected | rest, logs)
    scores = score(spans, values, sides)
    rows = rows_of(spans, scores, sides)
    counts = int(selected.sum()), int(rest.sum())
    return TraceComparison(
        kind="trace comparison",
        table=table_of(rows),
        query=call,
        dataset=dataset_of(scope),
        notes=merge_notes(scope.notes, chosen.notes, _notes(spans, sides, scores, both, normal, logs)),
        services=services_table(spans, scores.services),
        sentences=sentences_of(spans, rows, scores.services, *counts),
        slow=_side(spans, selected, chosen.text),
        normal=_side(spans, rest, described),
        examples=_examples(spans, sides, scores, rows),
    )


def _blocks(spans: TraceSpans, slow: Bools, normal: Bools) -> Ints:
    traces = np.flatnonzero(slow | normal)
    block = np.zeros(len(slow), np.int64)
    block[traces] = block_of(spans, traces)
    return block


def _notes(spans: TraceSpans, sides: Sides, scores: Scores, both: int, normal: Any, logs: bool) -> list[str]:
    notes = []
    if both and normal is not None:
        notes.append(
            f"{pluralize(both, 'trace matches', 'traces match')} both conditions and counted as slow"
        )
    if int(min(sides.slow.sum(), sides.normal.sum())) < FEW_TRACES:
        notes.append(
            f"fewer than {FEW_TRACES} traces on a side: the order of services below the first is unreliable"
        )
    if len(np.unique(sides.block[sides.normal])) < FEW_BLOCKS:
        began = spans.trace_start[sides.normal]
        minutes = int(began.max() - began.min()) / 60e9
        some = f"within {FEW_BLOCKS} minutes" if minutes < FEW_BLOCKS else "at one or two times"
        notes.append(
            f"the normal traces began {some}, so variation over time is unknown; "
            "compare with more time to be surer"
        )
    if logs and scores.logs is None and len(spans.records[0]):
        notes.append("log records are not compared: fewer than 30% of the traces of a side have any")
    included = (sides.slow | sides.normal)[spans.trace]
    lost = int((spans.parent[included] < -1).sum())
    if lost:
        notes.append(
            f"{pluralize(lost, 'span has', 'spans have')} a parent that is not in the data: shown as roots"
        )
    untimed = int(np.isnan(spans.duration_ms[included]).sum())
    if untimed:
        notes.append(
            f"{pluralize(untimed, 'span has', 'spans have')} no start or duration, and no time is compared "
            "for them and their parents"
        )
    if "sample_weight" in spans.dataset.schema.names:
        notes.append("each trace counts once, without sample weights")
    return notes


def _side(spans: TraceSpans, side: Bools, condition: str) -> dict[str, Any]:
    length = spans.length_ms[side]
    known = length[~np.isnan(length)]
    median = float(np.median(known)) if len(known) else None
    return {"condition": condition, "traces": int(side.sum()), "duration_ms": median}


def _examples(
    spans: TraceSpans, sides: Sides, scores: Scores, rows: list[dict[str, Any]]
) -> dict[str, list[str]]:
    """Return traces that show the first row: slow ones with the median value, and normal ones too."""
    picked: dict[str, Ints] = {}
    first = rows[0] if rows else None
    for name, side in (("slow", sides.slow), ("normal", sides.normal)):
        traces = np.flatnonzero(side)
        if first is not None and first["what"] in ("self time", "network"):
            times = (scores.own if first["what"] == "self time" else scores.network).times
            there = (times.component == first["at"]) & side[times.trace]
            ranked = times.trace[there][np.argsort(times.value[there], kind="stable")]
            traces = ranked if len(ranked) else traces
        elif first is not None:
            found = scores.logs if first["what"] == "logs" and scores.logs is not None else scores.spans
            there = (found.children.pair == first["at"]) & side[found.children.trace]
            having = found.children.trace[there]
            if first["now"] < first["before"]:  # what is missing cannot be shown
                having = having if name == "normal" else traces
            elif name == "normal":
                having = traces
            traces = having if len(having) else traces
        middle = len(traces) // 2
        begin = max(0, min(middle - 1, len(traces) - _EXAMPLES))
        picked[name] = traces[begin : begin + _EXAMPLES]
    return {name: trace_ids(spans, traces) for name, traces in picked.items()}


def trace_ids(spans: TraceSpans, traces: Ints) -> list[str]:
    """Return the ids of some trace numbers."""
    ids: list[str] = take_rows(spans.dataset, spans.first_row[traces], ["trace_id"])["trace_id"]
    return ids
