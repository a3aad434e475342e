"""Find the operation in which the traces of each slow finding spend more time than normal ones.

A sample of traces of each side is read whole, once for all findings, and compared like those of
`events.traces().compare`, without log records.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obskit.dataset import write
from obskit.engine import Scope
from obskit.errors import StorageFull
from obskit.explain import Explanation
from obskit.schema import LoadReport
from obskit.traces.difference import find_difference
from obskit.traces.spans import TraceSpans, spans_of
from obskit.triage.result import MOST_FINDINGS, Cause
from obskit.triage.sampled_traces import NEEDED, NumberedTraces, Sample, Side, StoredTraces
from obskit.triage.time_spent import TimeSpent

SLOW_TRACES = 100
NORMAL_TRACES = 300
LEAST_TRACES = 5
"""With fewer traces on a side, nothing is said."""

MOST_ROWS = 200_000
"""Rows of the sampled traces; with more, fewer traces are compared."""

Bools = npt.NDArray[np.bool_]
_Question = tuple[Side, Side]


def add_time_spent(scope: Scope, causes: Sequence[Cause]) -> tuple[Cause, ...]:
    """Return the outcomes, the slow ones with the operation in which the time of each finding goes.

    Args:
        scope: the events.
        causes: the outcomes that got worse, with their explanations.

    Returns:
        The outcomes in the same order. If nothing sets the slow events of one apart, all are compared.

    Cost: see `sampled_traces`, once for all outcomes; then a comparison of at most 400 traces per finding.
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
        Side(finding.selected_condition, SLOW_TRACES, finding.selected)
        for finding in shown
        if finding.selected_condition is not None  # it is None in refinements only
    ]
    if not shown:
        slow = [Side(events[0], SLOW_TRACES, found.selection["events"])]
    normal = Side(events[1], NORMAL_TRACES, found.baseline["events"])
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
    if scope.sampled or not every or not set(scope.dataset.schema.names) >= NEEDED:
        return [[] for _ in questions]
    answers = iter(_compare(scope, every))
    return [[next(answers) for _ in each] for each in questions]


def _compare(scope: Scope, questions: Sequence[_Question]) -> list[TimeSpent | None]:
    """Answer the questions; None where a side has too few traces, or the traces have a single operation."""
    sides = list(dict.fromkeys(side for question in questions for side in question))
    traces = NumberedTraces.of(scope, sides) or StoredTraces(scope)
    samples = dict(zip(sides, traces.sample(sides), strict=True))
    table = traces.read(samples, MOST_ROWS + 1)
    while table.num_rows > MOST_ROWS:  # some are missing
        samples = {side: Sample(one.ids[: len(one.ids) // 2], False) for side, one in samples.items()}
        table = traces.read(samples, MOST_ROWS + 1)
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
