"""Count the values of fields in stretches of time: from codes, or by a statement where they are too many."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset import NO_TIME, FieldCodes, Weights
from obskit.engine import Scope, time_literal
from obskit.names import DRIFT, EXCEPTION_FINGERPRINT, TEMPLATE
from obskit.query.terms import row_count, sample_weight
from obskit.stats.counts import Floats
from obskit.triage.messages_shifts import FEWEST, TimeGrid

MOST_VALUES = 50_000  # of a field that is not coded value by value, the most frequent ones
MOST_CELLS = 1 << 20  # of a value, a stretch and a class of weights; with more, weights are added up
MOST_DENSE = 1_000  # values of a dense field
DENSE = 0.5  # share of the rows that have a value of a dense field
PER_SIDE = 24  # stretches on each side of a moment that the caller chose
PER_GAP = 4  # stretches between two moments
LAST_GAP = 16  # the same after the last moment: what has just begun is seen in few stretches
Ints = npt.NDArray[np.int64]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Identify a row or a message, or say that it failed, which triage itself reports.
_NOT_DENSE = frozenset(
    {"timestamp", "trace_id", "span_id", "parent_span_id", "trace_state", "sample_weight", "event_count"}
    | {"error", "status_code", "severity_text", "body", TEMPLATE, EXCEPTION_FINGERPRINT, *DRIFT}
)


@dataclass(frozen=True)
class Stretches:
    """Stretches of time between the first and the last row.

    Attributes:
        edges: the beginning of each stretch but the first, in microseconds since 1970; ascending.
        moments: the moments to compare at, ascending; each is an edge.
        preferred: whether each moment is a deployment.
        ends: the times of the first row and just after the last, in the same unit.
    """

    edges: tuple[int, ...]
    moments: tuple[datetime, ...]
    preferred: tuple[bool, ...]
    ends: tuple[int, int]

    @property
    def seconds(self) -> Floats:
        """The length of each stretch; (C,)."""
        return np.diff(np.array([self.ends[0], *self.edges, self.ends[1]], np.float64)) / 1e6

    @property
    def cells(self) -> list[int]:
        """For each moment, the index of the first stretch after it."""
        return [self.edges.index(_micros(moment)) + 1 for moment in self.moments]

    def grid(self, counts: Floats, whole: Floats, squares: Floats) -> TimeGrid:
        """Return counts as a grid.

        Args:
            counts: events of each value in each stretch; (V, C).
            whole: all events in each stretch; (C,).
            squares: the sum of weight times events of each value; (V,).

        Returns:
            The grid; one observation represents events by Kish's formula.
        """
        unit = np.maximum(squares / np.maximum(counts.sum(axis=1), 1e-300), 1.0)
        return TimeGrid(counts, whole, unit, self.cells, self.preferred)


@dataclass(frozen=True, eq=False)
class ValueCounts:
    """The values of a field, their counts over time, and the statements that ran.

    Attributes:
        field: the field.
        values: its values.
        grid: their counts; the whole is all rows, or all rows with a message.
        sql: the statements.
        everything: all rows over time, where the whole is only some of them; (C,).
    """

    field: str
    values: list[Any]
    grid: TimeGrid
    sql: tuple[str, ...] = ()
    everything: Floats | None = None


def stretches(
    first: datetime,
    last: datetime,
    moments: Sequence[datetime],
    deployed: Sequence[datetime],
    *,
    chosen: bool,
) -> Stretches:
    """Divide a time span at moments and in between.

    Args:
        first: the time of the first row.
        last: the time of the last row.
        moments: the moments.
        deployed: those of the moments that are deployments.
        chosen: whether the caller chose the moment; then the scatter is measured in more stretches.

    Returns:
        The stretches; moments outside of the span are left out.
    """
    inside = sorted({moment for moment in moments if first < moment <= last})
    bounds = [_micros(first), *map(_micros, inside), _micros(last) + 1]
    parts = PER_SIDE if chosen else PER_GAP
    edges: set[int] = set()
    for low, high in itertools.pairwise(bounds):
        if not chosen and high == bounds[-1]:
            parts = LAST_GAP
        edges.update(low + (high - low) * part // parts for part in range(parts))
    edges.discard(bounds[0])
    preferred = tuple(moment in set(deployed) for moment in inside)
    return Stretches(tuple(sorted(edges)), tuple(inside), preferred, (bounds[0], bounds[-1]))


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


class _Part:
    """The rows of one file that count, with what does not depend on the field that is counted.

    Args:
        at: their positions.
        times: of each row of the file.
        weights: how many events each row represents.
        edges: of the stretches.
    """

    def __init__(self, at: Ints, times: Ints, weights: Weights, edges: Ints) -> None:
        self.at = at
        self._weights, self._size = weights, len(edges) + 1
        self._all = len(at) == len(times)
        self._cell = np.searchsorted(edges, times[at], side="right")
        self._by_class: Ints | None = None
        if weights.classes is not None:
            self._by_class = self._cell * len(weights.n) + weights.classes[at]

    def sums(self, codes: npt.NDArray[Any], size: int) -> tuple[Floats, Floats]:
        """Add up the weight of each code per stretch, and its squared weight.

        Args:
            codes: one per row of the file, in 0..size-1.
            size: the number of codes.

        Returns:
            Arrays of (size, stretches) and (size,).
        """
        picked = codes if self._all else codes[self.at]
        n, w = self._weights.n, self._weights.w
        kinds, cells = len(n), size * self._size
        if self._by_class is not None and kinds * cells <= MOST_CELLS:
            cell = np.multiply(picked, self._size * kinds, dtype=np.int64)
            cell += self._by_class
            found = (
                np.bincount(cell, minlength=cells * kinds).reshape(size, self._size, kinds).astype(np.float64)
            )
            return found @ (n * w), found.sum(axis=1) @ (n * w * w)
        n, w = self._weights.rows_n()[self.at].astype(np.float64), self._weights.rows_w()[self.at]
        cell = np.multiply(picked, self._size, dtype=np.int64)
        cell += self._cell
        weight = np.bincount(cell, n * w, cells).reshape(size, self._size)
        squares = np.bincount(picked, n * w * w, size)
        return np.asarray(weight, np.float64), np.asarray(squares, np.float64)


class CodedRows:
    """The rows of a scope, each in its stretch of time, to count coded fields with.

    Args:
        scope: the rows; those without a time are left out.
        time: the stretches.
    """

    def __init__(self, scope: Scope, time: Stretches) -> None:
        self._scope, self._time = scope, time
        codes = scope.dataset.codes
        masks = None if scope.where is None else scope.masks(None)
        edges, self._size = np.array(time.edges, np.int64), len(time.edges) + 1
        self.whole = np.zeros(self._size)
        self._files = []
        for file, (times, weights) in enumerate(zip(codes.times(), codes.weights(), strict=True)):
            rows = times != NO_TIME
            if masks is not None:
                rows &= masks[file].true
            part = _Part(np.flatnonzero(rows), times, weights, edges)
            self._files.append(part)
            self.whole += part.sums(np.zeros(len(times), np.uint8), 1)[0][0]

    def count(self, coded: FieldCodes, *, among_all: bool) -> ValueCounts:
        """Count the values of a field.

        Args:
            coded: its codes, value by value.
            among_all: whether shares are of all rows, else of those that have the field.

        Returns:
            The counts.
        """
        counts, squares = np.zeros((coded.size, self._size)), np.zeros(coded.size)
        for file, part in enumerate(self._files):
            w, w2 = part.sums(coded.codes(file), coded.size)
            counts += w
            squares += w2
        grid = counts[1:]
        whole = self.whole if among_all else grid.sum(axis=0)
        return ValueCounts(coded.name, coded.values.to_pylist(), self._time.grid(grid, whole, squares[1:]))

    def owners(self, field: str, owner: str) -> list[tuple[Any, ...]]:
        """Return, for each value of a field, the values of another field on its rows.

        Args:
            field: a coded field with at most `MOST_DENSE` values.
            owner: the other field, such as `service.name`.

        Returns:
            The values of `owner`, in the order of the field's values; none at all if `owner` has too many.
        """
        coded = self._scope.codes(field)
        if owner not in self._scope.dataset.schema.names:
            return [()] * (coded.size - 1)
        owners = self._scope.codes(owner)
        if not _by_value(owners) or owners.size > MOST_DENSE + 1:
            return [()] * (coded.size - 1)
        rows = np.zeros(coded.size * owners.size, np.int64)
        for file, part in enumerate(self._files):
            pairs = coded.codes(file)[part.at].astype(np.int64) * owners.size + owners.codes(file)[part.at]
            rows += np.bincount(pairs, minlength=len(rows))
        seen = rows.reshape(coded.size, owners.size)[1:, 1:] > 0
        values = owners.values.to_pylist()
        return [tuple(values[at] for at in np.flatnonzero(own)) for own in seen]


def count_messages(scope: Scope, field: str, rows: CodedRows, time: Stretches) -> ValueCounts:
    """Count the messages or exceptions of a scope.

    Args:
        scope: the rows.
        field: `log.record.template` or `obskit.exception.fingerprint`.
        rows: the same rows by stretch.
        time: the stretches.

    Returns:
        The counts. Messages are a share of the rows with a message and of all rows, exceptions of all rows.

    Cost: one pass over the codes; two statements where the values are too many for codes of their own.
    """
    stored = field in scope.dataset.schema.names
    if stored and _by_value(scope.codes(field)):
        found = rows.count(scope.codes(field), among_all=field != TEMPLATE)
    else:
        found = _by_statement(scope, field, time)
    return dataclasses.replace(found, everything=rows.whole) if field == TEMPLATE else found


def _by_value(coded: FieldCodes) -> bool:
    return coded.kind == "value" and coded.rare_code is None and coded.size <= MOST_VALUES


def _by_statement(scope: Scope, field: str, time: Stretches) -> ValueCounts:
    """Count the values that have at least `FEWEST` events, at most `MOST_VALUES`."""

    def in_cells(table: ir.Table, *, present: bool) -> ir.Table:
        moment: Any = table["timestamp"]
        cell: Any = ibis.literal(0, type="int32")
        for edge in time.edges:
            cell = cell + (moment >= time_literal(_EPOCH + timedelta(microseconds=edge))).ifelse(1, 0)
        n: Any = row_count(table).cast("float64")
        weight: Any = sample_weight(table).cast("float64")
        rows = table.mutate(value=table[field], cell=cell, sum_w=n * weight, sum_w2=n * weight * weight)
        rows = rows.filter(rows["timestamp"].notnull())
        return rows.filter(rows["value"].notnull()) if present else rows

    def by_value(table: ir.Table) -> ir.Table:
        rows = in_cells(table, present=True)
        sums = rows.group_by("value").aggregate(w=rows["sum_w"].sum())
        frequent = sums.filter(sums["w"] >= FEWEST)
        frequent = frequent.order_by([frequent["w"].desc(), frequent["value"]]).limit(MOST_VALUES)
        kept = rows.semi_join(frequent, "value")
        return kept.group_by(["value", "cell"]).aggregate(w=kept["sum_w"].sum(), w2=kept["sum_w2"].sum())

    def whole(table: ir.Table) -> ir.Table:
        rows = in_cells(table, present=field == TEMPLATE)
        return rows.group_by("cell").aggregate(w=rows["sum_w"].sum())

    found, totals = scope.run(by_value), scope.run(whole)
    size = len(time.edges) + 1
    all_events = np.zeros(size)
    all_events[totals.table["cell"].to_numpy()] = totals.table["w"].to_numpy()
    coded = found.table["value"].combine_chunks().dictionary_encode()
    rows, cells = coded.indices.to_numpy().astype(np.int64), found.table["cell"].to_numpy().astype(np.int64)
    counts = np.zeros((len(coded.dictionary), size))
    np.add.at(counts, (rows, cells), found.table["w"].to_numpy())
    squares = np.zeros(len(counts))
    np.add.at(squares, rows, found.table["w2"].to_numpy())
    grid = time.grid(counts, all_events, squares)
    return ValueCounts(field, coded.dictionary.to_pylist(), grid, (found.sql, totals.sql))


def count_dense(scope: Scope, rows: CodedRows) -> list[ValueCounts]:
    """Count the values of the fields of text or flags that at least half of the rows have.

    Args:
        scope: the rows.
        rows: the same rows by stretch.

    Returns:
        The counts of fields with at most `MOST_DENSE` values.

    Cost: one pass over the codes of each field.
    """
    names = [
        item.name
        for item in scope.dataset.schema
        if item.name not in _NOT_DENSE and (pa.types.is_string(item.type) or pa.types.is_boolean(item.type))
    ]
    scope.dataset.codes.ensure(names)
    least, out = DENSE * rows.whole.sum(), []
    for name in names:
        coded = scope.codes(name)
        if _by_value(coded) and coded.size <= MOST_DENSE + 1 and coded.totals["all"].w[1:].sum() >= least:
            found = rows.count(coded, among_all=True)
            if found.grid.counts.sum() >= least > 0:
                out.append(found)
    return out
