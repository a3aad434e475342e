"""Each row's span and parent, and each span's self time, critical time and depth, over a whole dataset.

They are made when first asked for, and stored with the dataset. A trace may be in several files, so what is
stored belongs to one list of files, in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset.manifest import DataFile
from obskit.dataset.span_ends import SpanEnds, read_ends
from obskit.dataset.span_parents import MISSING, ROOT, find_parents, places
from obskit.dataset.trace_order import TraceOrder
from obskit.stats.span_times import critical_path, self_times

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Arrays = dict[str, Array]
Keep = Callable[[str, int, Callable[[], list[Arrays]]], list[Arrays]]

_RULES = 1
"""Version of the rules for what is stored; what is stored with another version is made again."""

_MICROSECOND = 1000  # ns
_SPAN, _COPY = 1, 2  # bits


class SpanForest:
    """The spans of a dataset as trees. Arrays have one entry per row, in the order of the files.

    Args:
        files: the files of a dataset with a field `trace_id`.
        names: the fields of the dataset.
        trace: the number of each row's trace, per file, from 1; 0 without a trace.
        keep: given a name, a version and a function, returns the arrays per file that it stored before, or
            else what the function returns.

    Attributes:
        trace: number of the row's trace, from 1; 0 without one.
        traces: how many traces there are.
        span: whether the row is a span: it is in a trace and is neither a log record nor a link nor a copy.
        copy: whether the row repeats a span (id, name, kind, times).
        parent: row of a span's parent, which a copy has too; of any other row, the span that it belongs to;
            or ROOT or MISSING.

    Cost: about 2 million spans per CPU-second, and as many for their times.
    """

    def __init__(
        self,
        files: Sequence[DataFile],
        names: Sequence[str],
        trace: Sequence[npt.NDArray[np.uint32]],
        keep: Keep,
    ) -> None:
        self._files, self._names, self._keep = files, names, keep
        self.trace: Ints = np.concatenate([np.zeros(0, np.int64), *trace])
        self.traces = int(self.trace.max(initial=0))
        found = _whole(keep("spans", _RULES, self._find))
        self.parent: Ints = found["parent"].astype(np.int64)
        self.span: Bools = found["flags"] & _SPAN > 0
        self.copy: Bools = found["flags"] & _COPY > 0
        self._depth: npt.NDArray[np.int32] = found["depth"]

    def _find(self) -> list[Arrays]:
        found = find_parents(self._files, self._names, self.trace, self._order, self._ends)
        flags = found.span * np.uint8(_SPAN) | found.copy * np.uint8(_COPY)
        return self._by_file({"parent": found.parent.astype(np.int32), "depth": found.depth, "flags": flags})

    def _by_file(self, arrays: Arrays) -> list[Arrays]:
        cuts = np.cumsum([file.rows for file in self._files])[:-1]
        parts = {name: np.split(values, cuts) for name, values in arrays.items()}
        return [{name: parts[name][at] for name in parts} for at in range(len(self._files))]

    @cached_property
    def _order(self) -> TraceOrder:
        return TraceOrder(self.trace, self.traces)

    @cached_property
    def _ends(self) -> SpanEnds:
        return read_ends(self._files, self._names)

    @property
    def start(self) -> Ints:
        """When each row began, in ns from about the median start, which may be negative; 0 if unknown."""
        return self._ends.start

    @property
    def end(self) -> Ints:
        """When each row ended, likewise."""
        return self._ends.end

    @cached_property
    def timed(self) -> Bools:
        """Whether a span's start and duration are known, and within 73 years of the median start."""
        return self._ends.timed & self.span

    @cached_property
    def rows(self) -> Ints:
        """The rows that are spans."""
        return np.flatnonzero(self.span)

    def of_spans(self, values: Array) -> Array:
        """Return those values, given one per row, that belong to `rows`."""
        return values if len(self.rows) == len(values) else values[self.rows]

    @property
    def depth(self) -> npt.NDArray[np.int32]:
        """For each of `rows`, the number of its ancestors."""
        return self.of_spans(self._depth)

    @cached_property
    def inner_parent(self) -> Ints:
        """For each of `rows`, the position of its parent in `rows`; negative without one."""
        if len(self.rows) == len(self.span):
            return self.parent
        position = np.cumsum(self.span) - 1
        above = self.parent[self.rows]
        return np.where(above >= 0, position[np.maximum(above, 0)], above)

    @property
    def self_ns(self) -> Floats:
        """For each of `rows`, its self time in ns; NaN if its times or those of a child are unknown."""
        return self.of_spans(self._times["self"])

    @property
    def critical_ns(self) -> Floats:
        """For each of `rows`, its ns on the critical path; NaN if a span of the trace has no times."""
        return self.of_spans(self._times["critical"])

    @cached_property
    def _times(self) -> Arrays:
        """Self time and critical time of every row; NaN if it is not a span."""
        return _whole(self._keep("span-times", _RULES, self._measure))

    def _measure(self) -> list[Arrays]:
        own, critical = np.full(len(self.span), np.nan), np.full(len(self.span), np.nan)
        place = np.empty(len(self.span), np.int32)

        def of_piece(rows: Ints) -> None:
            rows = rows[self.span[rows]]
            parent = places(rows, self.parent, place)
            start, end = self.start[rows], self.end[rows]
            own[rows] = self_times(start, end, parent)
            critical[rows] = _critical_times(start, end, parent)
            untimed = np.flatnonzero(~self.timed[rows])
            if len(untimed):
                own[rows[untimed]] = np.nan
                above = parent[untimed]
                own[rows[above[above >= 0]]] = np.nan
                critical[rows[np.isin(self.trace[rows], self.trace[rows[untimed]])]] = np.nan

        _ = self.timed  # read once, before there are two threads
        self._order.each_piece(of_piece)
        return self._by_file({"self": own, "critical": critical})

    @cached_property
    def roots(self) -> Ints:
        """For each trace number, the row of its only root; ROOT if there is none, MISSING for several."""
        out = np.full(self.traces + 1, ROOT)
        tops = self.rows[self.parent[self.rows] == ROOT]
        out[self.trace[tops]] = tops
        several = np.bincount(self.trace[tops], minlength=self.traces + 1) > 1
        out[several] = MISSING
        out[0] = ROOT
        return out

    def column(self, name: str) -> pa.Array:
        """Return a field of each row that comes from its place in the tree, with nulls.

        Args:
            name: "obskit.self_ms", "obskit.critical_ms" or "obskit.depth".

        Returns:
            One value per row; null if the row is not a span.
        """
        if name == "obskit.depth":
            return pa.array(self._depth.astype(np.int64), mask=~self.span)
        times = self._times["self" if name == "obskit.self_ms" else "critical"]
        return pa.array(times / 1e6, mask=np.isnan(times))


def _whole(parts: list[Arrays]) -> Arrays:
    """Return the arrays of all files, which may be mapped, as one each."""
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _critical_times(start: Ints, end: Ints, parent: Ints) -> Ints:
    # Stored starts are cut to whole µs. If ends were not, a span could seem to end after the next one
    # began, by less than 1 µs, and the path would pass it by.
    whole = np.maximum(end // _MICROSECOND * _MICROSECOND, start)
    return critical_path(start, whole, parent).time + np.where(parent < 0, end - whole, 0)
