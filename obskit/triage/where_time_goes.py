"""Find the operation in which the traces of each slow finding spend more time than normal ones.

A sample of traces of each side is read whole, once for all findings, and compared like those of
`events.traces().compare`, without log records.
"""

from __future__ import annotations

import dataclasses
import functools
import operator
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obskit.dataset import write
from obskit.engine import Scope
from obskit.errors import StorageFull
from obskit.explain import Explanation
from obskit.query.terms import per_row
from obskit.schema import LoadReport
from obskit.traces.difference import find_difference
from obskit.traces.spans import TraceSpans, spans_of
from obskit.triage.result import MOST_FINDINGS, Cause
from obskit.triage.time_spent import TimeSpent

SLOW_TRACES = 100
NORMAL_TRACES = 300
LEAST_TRACES = 5
"""With fewer traces on a side, nothing is said."""

MOST_ROWS = 200_000
"""Rows of the sampled traces; with more, fewer traces are compared."""

_SPARE = 8  # times as many traces are looked at as are compared, as some events are of the same trace

_NEEDED = {"trace_id", "span_id", "parent_span_id", "timestamp", "duration_ms"}
_FIELDS = (*sorted(_NEEDED), "kind", "name", "service.name", "error")
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Side:
    """Events whose traces are one side of a comparison.

    Attributes:
        condition: true for these events.
        most: the most traces to compare.
        rows: about how many such events there are.
    """

    condition: str
    most: int
    rows: int

    @property
    def step(self) -> int:
        """Of so many traces one is looked at, so that a statement returns few of them."""
        return max(1, self.rows // (_SPARE * self.most))


@dataclass(frozen=True)
class _Sample:
    """Ids of traces, and whether these are all."""

    ids: pa.Array
    whole: bool


_Question = tuple[_Side, _Side]


def add_time_spent(scope: Scope, causes: Sequence[Cause]) -> tuple[Cause, ...]:
    """Return the outcomes, the slow ones with the operation in which the time of each finding goes.

    Args:
        scope: the events.
        causes: the outcomes that got worse, with their explanations.

    Returns:
        The outcomes in the same order. If nothing sets the slow events of one apart, all are compared.

    Cost: two statements for all outcomes; then a comparison of at most 400 traces per finding.
    """
    slow = [cause for cause in causes if cause.outcome == "slow"]
    answers = iter(_answers(scope, [_questions(cause.explanation, _events_of(cause)) for cause in slow]))
    out = []
    for cause in causes:
        if cause.outcome == "slow" and (spent := next(answers)):
            explanation = _with_notes(cause.explanation, spent)
            cause = dataclasses.replace(cause, explanation=explanation, time_spent=tuple(spent))
        out.append(cause)
    return tuple(out)


def explain_time_spent(scope: Scope, explanation: Explanation) -> Explanation:
    """Return an explanation of slow events, the notes of its first findings with where the time goes.

    Args:
        scope: the events.
        explanation: of events that are slow.

    Returns:
        The same findings; those of which too few traces are known are as they were.

    Cost: as `add_time_spent`, for one outcome.
    """
    if not explanation.findings:
        return explanation
    (spent,) = _answers(scope, [_questions(explanation, None)])
    return _with_notes(explanation, spent)


def _events_of(cause: Cause) -> tuple[str, str]:
    return f"({cause.where}) and ({cause.selection})", f"({cause.where}) and not ({cause.selection})"


def _questions(found: Explanation, events: tuple[str, str] | None) -> list[_Question]:
    """Return the slow and the normal side of each finding that is shown.

    Args:
        found: the explanation.
        events: conditions of all slow and of all normal events; by default those that were compared.
    """
    shown = found.findings[:MOST_FINDINGS]
    if events is None:
        compared = shown[0].compared_condition
        rest = f"not ({found.selection['condition']})"
        events = "", rest if compared is None else f"({compared}) and {rest}"
    slow = [
        _Side(finding.selected_condition, SLOW_TRACES, finding.selected)
        for finding in shown
        if finding.selected_condition is not None  # it is None in refinements only
    ]
    if not shown:
        slow = [_Side(events[0], SLOW_TRACES, found.selection["events"])]
    normal = _Side(events[1], NORMAL_TRACES, found.baseline["events"])
    return [(one, normal) for one in slow]


def _with_notes(found: Explanation, spent: Sequence[TimeSpent | None]) -> Explanation:
    """Return an explanation with the answers in the notes of its findings, which all views show."""
    if not any(spent):
        return found
    findings = list(found.findings)
    for at, (finding, answer) in enumerate(zip(findings, spent, strict=False)):
        if answer is not None:
            note = "; ".join(filter(None, [finding.note, answer.describe()]))
            findings[at] = dataclasses.replace(finding, note=note)
    return dataclasses.replace(found, findings=tuple(findings))


def _answers(scope: Scope, questions: Sequence[Sequence[_Question]]) -> list[list[TimeSpent | None]]:
    """Answer the questions about each outcome, all together; nothing where events have no spans."""
    every = [question for each in questions for question in each]
    if scope.sampled or not every or not set(scope.dataset.schema.names) >= _NEEDED:
        return [[] for _ in questions]
    answers = iter(_compare(scope, every))
    return [[next(answers) for _ in each] for each in questions]


def _compare(scope: Scope, questions: Sequence[_Question]) -> list[TimeSpent | None]:
    """Answer the questions; None where a side has too few traces, or the traces have a single operation."""
    sides = list(dict.fromkeys(side for question in questions for side in question))
    samples = dict(zip(sides, _sample_traces(scope, sides), strict=True))
    table = _read_traces(scope, samples)
    while table.num_rows > MOST_ROWS:  # some are missing
        samples = {side: _Sample(one.ids[: len(one.ids) // 2], False) for side, one in samples.items()}
        table = _read_traces(scope, samples)
    if not table.num_rows:
        return [None] * len(questions)
    try:
        with tempfile.TemporaryDirectory(prefix="obskit-traces-") as folder:
            at = Path(folder) / "sample"
            spans = spans_of(write(iter(table.to_batches()), lambda: table.schema, at, LoadReport()))
            ids = spans.dataset.arrow(["trace_id"]).column(0).take(pa.array(np.maximum(spans.first_row, 0)))
    except (OSError, StorageFull):  # no room for temporary files: the other answers don't need any
        return [None] * len(questions)
    chosen = {
        side: pc.is_in(ids, value_set=one.ids).to_numpy() & (spans.first_row >= 0)
        for side, one in samples.items()
    }
    return [
        _answer(spans, chosen[slow], chosen[normal], samples[slow].whole and samples[normal].whole)
        for slow, normal in questions
    ]


def _answer(spans: TraceSpans, slow: Bools, normal: Bools, whole: bool) -> TimeSpent | None:
    normal = normal & ~slow
    sizes = int(slow.sum()), int(normal.sum())
    if min(sizes) < LEAST_TRACES or len(np.unique(spans.operation[slow[spans.trace]])) < 2:
        return None
    return TimeSpent(find_difference(spans, slow, normal), *sizes, not whole)


def _sample_traces(scope: Scope, sides: Sequence[_Side]) -> list[_Sample]:
    """Return for each side traces that have such an event: those with the smallest hashes of their ids.

    Cost: one statement.
    """
    read = [scope.condition(side.condition) for side in sides]

    def build(table: ir.Table) -> ir.Table:
        trace: Any = table["trace_id"]
        # Few columns: a statement over all of them takes long to compile.
        rows = table.select(
            trace=trace,
            key=trace.hash(),
            **{
                f"in{at}": per_row(condition.to_ibis(table), table).fill_null(False)
                for at, condition in enumerate(read)
            },
        )
        flags = {f"in{at}": rows[f"in{at}"] & (rows.key % side.step == 0) for at, side in enumerate(sides)}
        rows = rows.mutate(**flags)
        rows = rows.filter(rows.trace.notnull() & functools.reduce(operator.or_, [rows[f] for f in flags]))
        return rows.group_by(["trace", "key"]).aggregate(**{flag: rows[flag].any() for flag in flags})

    table = scope.run(build).table.sort_by("key")
    out = []
    for at, side in enumerate(sides):
        ids = table.column("trace").filter(table.column(f"in{at}")).combine_chunks()
        out.append(_Sample(ids[: side.most], side.step == 1 and len(ids) <= side.most))
    return out


def _read_traces(scope: Scope, samples: Mapping[_Side, _Sample]) -> pa.Table:
    """Return all rows of the sampled traces, or one more than `MOST_ROWS` of them.

    Cost: one statement.
    """
    ids = pc.unique(pa.concat_arrays([sample.ids for sample in samples.values()])).to_pylist()
    names = [name for name in _FIELDS if name in scope.dataset.schema.names]

    def build(table: ir.Table) -> ir.Table:
        return table.select(*names).filter(lambda rows: rows.trace_id.isin(ids)).limit(MOST_ROWS + 1)

    return dataclasses.replace(scope, where=None).run(build).table
