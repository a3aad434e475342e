"""The rows of a waterfall: the spans of one trace, or of two traces of a similar shape next to each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from obskit.display.trace.model import TraceModel

Indexes = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TraceRows:
    """One entry per row, parents before children.

    Attributes:
        here: index of the span in the trace; -1 if only the other trace has it.
        there: index of the span in the other trace; -1 if it has none.
        parents: row of each row's parent; -1 without one.
        depths: 0 for a row without a parent.
    """

    here: Indexes
    there: Indexes
    parents: Indexes
    depths: Indexes

    def __len__(self) -> int:
        return len(self.here)


def trace_rows(model: TraceModel, other: TraceModel | None = None) -> TraceRows:
    """Return the rows of a trace, with the spans of another one next to those that they correspond to.

    Two spans correspond if their parents do, and they are the n-th child of the same service, name and kind,
    in order of start.

    Args:
        model: the trace.
        other: the trace to compare with.
    Returns:
        TraceRows; each span of both traces once. A row that only the other trace has comes at the place that
        its start has among its siblings, in ms from the start of each trace.
    """
    if other is None:
        return TraceRows(np.arange(len(model)), np.full(len(model), -1), model.parents, model.depths)
    below, below_other = _children(model), _children(other)
    here: list[int] = []
    there: list[int] = []
    parents: list[int] = []
    depths: list[int] = []
    stack = [
        (pair, -1, 0) for pair in reversed(_matched(model, below.get(-1, []), other, below_other.get(-1, [])))
    ]
    while stack:
        (a, b), parent, depth = stack.pop()
        row = len(here)
        here.append(a)
        there.append(b)
        parents.append(parent)
        depths.append(depth)
        inner = _matched(
            model, below.get(a, []) if a >= 0 else [], other, below_other.get(b, []) if b >= 0 else []
        )
        stack.extend((pair, row, depth + 1) for pair in reversed(inner))
    return TraceRows(*(np.array(values, dtype=np.int64) for values in (here, there, parents, depths)))


def _children(model: TraceModel) -> dict[int, list[int]]:
    out: dict[int, list[int]] = {}
    for span, parent in enumerate(model.parents.tolist()):
        out.setdefault(parent, []).append(span)
    return out


def _matched(a: TraceModel, some: list[int], b: TraceModel, others: list[int]) -> list[tuple[int, int]]:
    waiting: dict[tuple[str, str, str], list[int]] = {}
    for span in reversed(others):
        waiting.setdefault((b.services[span], b.names[span], b.kinds[span]), []).append(span)
    pairs = []
    for span in some:
        same = waiting.get((a.services[span], a.names[span], a.kinds[span]))
        pairs.append((span, same.pop() if same else -1))
    alone = [(-1, span) for rest in waiting.values() for span in rest]

    def start(pair: tuple[int, int]) -> float:
        model, span = (a, pair[0]) if pair[0] >= 0 else (b, pair[1])
        at = float(model.starts[span] + model.shifts[span] - model.low_ms)
        return at if at == at else np.inf

    return sorted(pairs + alone, key=start) if alone else pairs
