"""Find each span's parent, and the span of each log record, over all files of a dataset.

Ids are joined as 64-bit keys within whole traces. A parent may be in another file than its children; one that
is in no file is known to be missing, and never replaced by another span.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obskit.dataset.manifest import DataFile
from obskit.dataset.parts import open_part, read_columns
from obskit.dataset.span_ends import SpanEnds
from obskit.dataset.span_keys import id_numbers, mix_bits
from obskit.dataset.text_numbers import text_numbers
from obskit.dataset.trace_order import TraceOrder
from obskit.names import CALLING_KINDS, NOT_SPAN_KINDS, UNIT_KINDS
from obskit.stats.span_times import cut_cycles, depths

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Keys = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int32]

ROOT = -1
"""Parent of a span that names none, and of a record outside any span."""

MISSING = -2
"""Parent of a span whose parent is in no file, or is the span itself."""


class SpanParents(NamedTuple):
    """How spans hang together. One entry per row.

    Attributes:
        span: whether the row is a span: it is in a trace and is neither a log record nor a link nor a copy.
        copy: whether it repeats a span (id, name, kind, times).
        parent: row of a span's parent, which a copy has too; of any other row, the span that it belongs to;
            or ROOT or MISSING.
        depth: number of a span's ancestors; 0 for other rows.
    """

    span: Bools
    copy: Bools
    parent: Ints
    depth: Numbers


def find_parents(
    files: Sequence[DataFile], names: Sequence[str], trace: Ints, order: TraceOrder, ends: SpanEnds
) -> SpanParents:
    """Find each span's parent.

    Args:
        files: the files of a dataset.
        names: its fields; those that are not there are null on every row.
        trace: the number of each row's trace; 0 without one.
        order: the rows trace by trace.
        ends: when each row began and ended.

    Returns:
        SpanParents. Spans that are their own ancestors have the parent MISSING.

    Cost: reads three columns; about 2 million spans per CPU-second.
    """
    join = _Join(files, names, trace, ends)
    found = order.each_piece(join.piece)
    none = [np.zeros(0, np.int64)]
    again = np.concatenate(none + [rows for rows, _ in found])
    first = np.concatenate(none + [rows for _, rows in found])
    copied = np.zeros(len(again), bool)
    if len(again):
        copied = join.repeats(again, first)
        join.span[again[copied]] = False
        join.sides(again[~copied], first[~copied])
    span, parent = join.span, join.parent
    depth, place = np.zeros(len(trace), np.int32), np.empty(len(trace), np.int32)

    def measure(rows: Ints) -> None:
        rows = rows[span[rows]]
        above = places(rows, parent, place)
        levels = depths(above)
        if (levels < 0).any():
            above, cyclic = cut_cycles(above)
            parent[rows[cyclic]] = MISSING
            levels = depths(above)
        depth[rows] = levels

    order.each_piece(measure)
    parent[again[copied]] = parent[first[copied]]
    copy = np.zeros(len(trace), bool)
    copy[again[copied]] = True
    return SpanParents(span, copy, parent, depth)


def places(rows: Ints, parent: Ints, place: Numbers) -> Ints:
    """Return the parents of the spans of whole traces as positions among them.

    Args:
        rows: the spans.
        parent: of every row of the dataset.
        place: scratch array, one number per row of the dataset; only those of `rows` are used.

    Returns:
        One position in `rows` per span; negative without a parent.
    """
    place[rows] = np.arange(len(rows))
    above = parent[rows]
    return np.where(above >= 0, place[np.maximum(above, 0)], above)


class _Join:
    """The columns of a dataset that joining needs, and what has been found: `span` and `parent`."""

    def __init__(self, files: Sequence[DataFile], names: Sequence[str], trace: Ints, ends: SpanEnds) -> None:
        self._files, self._names, self._trace, self._ends = files, names, trace, ends
        self._own, self._has_own = self._ids("span_id")
        self._above, self._has_above = self._ids("parent_span_id")
        self._kind, kinds = self._texts("kind")
        self._kinds = np.array(["", *kinds.to_pylist()], object)
        self.span = ~self._of_kind(NOT_SPAN_KINDS) & ((self._kind > 0) | ends.lasting) & (trace > 0)
        self.parent = np.full(len(trace), ROOT)

    def _ids(self, name: str) -> tuple[Keys, Bools]:
        """Return the ids of a field as numbers, and which rows have one."""
        numbers, known = np.zeros(len(self._trace), np.uint64), np.zeros(len(self._trace), bool)
        low = 0
        for file in self._files if name in self._names else ():
            column = read_columns(open_part(file), [name], threads=True).column(0)
            rest = slice(low, low := low + file.rows)
            numbers[rest], known[rest] = id_numbers(column), pc.is_valid(column).to_numpy()
        return numbers, known

    def _texts(self, name: str) -> tuple[Numbers, pa.Array]:
        if name not in self._names:
            return np.zeros(len(self._trace), np.int32), pa.array([], pa.string())
        return text_numbers(self._files, name)

    def _of_kind(self, kinds: Sequence[str], rows: Ints | slice = slice(None)) -> Bools:
        """Return which rows are of one of some kinds."""
        of_kind: Bools = np.isin(self._kinds, kinds)[self._kind[rows]]
        return of_kind

    def piece(self, rows: Ints) -> tuple[Ints, Ints]:
        """Set the parents of the rows of whole traces; of what is not a span, the span that it belongs to.

        Args:
            rows: in the order of their traces; those of a trace in ascending order.

        Returns:
            The spans that have the id of an earlier one, and the first with it.
        """
        span = self.span[rows]
        salt = mix_bits(self._trace[rows].astype(np.uint64))
        own, has_own = self._own[rows], self._has_own[rows]
        above = np.where(span, self._above[rows], own)
        named = np.flatnonzero(np.where(span, self._has_above[rows], has_own))
        keyed = np.flatnonzero(span & has_own)
        first, found = _look_up(mix_bits(own ^ salt)[keyed], mix_bits(above ^ salt)[named])
        self.parent[rows[named]] = MISSING
        there = found >= 0
        self.parent[rows[named[there]]] = rows[keyed[found[there]]]
        again = np.flatnonzero(first != np.arange(len(first)))
        return rows[keyed[again]], rows[keyed[first[again]]]

    def repeats(self, again: Ints, first: Ints) -> Bools:
        """Return which rows repeat the first span with their id, as an exporter that tries again sends it."""
        same = np.ones(len(again), bool)
        for values in (self._ends.start, self._ends.end, self._kind, self._above, self._has_above):
            same &= values[again] == values[first]
        if same.any():
            name, _ = self._texts("name")
            same &= name[again] == name[first]
        return same

    def sides(self, again: Ints, first: Ints) -> None:
        """Put the server below the client where two sides of a call share an id, as in Zipkin.

        A child of that id belongs to the side of its own service, else to the server. Of other spans that
        share an id, the first is the parent.
        """
        heads, of_again = np.unique(first, return_inverse=True)
        rows = np.concatenate([heads, again])
        of = np.concatenate([np.arange(len(heads)), of_again])
        no_row = len(self.parent)
        client, server = np.full(len(heads), no_row), np.full(len(heads), no_row)
        for side, kinds in ((client, CALLING_KINDS), (server, UNIT_KINDS)):
            of_side = self._of_kind(kinds, rows)
            np.minimum.at(side, of[of_side], rows[of_side])
        shared = (client < no_row) & (server < no_row)
        if not shared.any():
            return
        heads, client, server = heads[shared], client[shared], server[shared]
        call = np.full(no_row, -1, np.int32)
        call[heads] = np.arange(len(heads))
        below = np.flatnonzero((self.parent >= 0) & (call[np.maximum(self.parent, 0)] >= 0))
        at = call[self.parent[below]]
        service, _ = self._texts("service.name")
        mine, of_client, of_server = service[below], service[client[at]], service[server[at]]
        to_client = (mine > 0) & (mine == of_client) & (mine != of_server) & (below != client[at])
        self.parent[below] = np.where(to_client, client[at], server[at])
        self.parent[server] = client


def _look_up(own: Keys, wanted: Keys) -> tuple[Ints, Ints]:
    """Return where each key of `own`, and each of `wanted`, first occurs in `own`; -1 where it does not."""
    codes = pa.array(np.concatenate([own, wanted])).dictionary_encode().indices.to_numpy()
    first = np.full(int(codes.max(initial=-1)) + 1, -1)
    first[codes[: len(own)][::-1]] = np.arange(len(own))[::-1]
    return first[codes[: len(own)]], first[codes[len(own) :]]
