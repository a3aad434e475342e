"""What counts need to know of a file's rows: weights, times, and which are units of work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obskit.names import UNIT_KINDS
from obskit.text import pluralize

NO_TIME = np.iinfo(np.int64).min
COLUMNS = ("timestamp", "event_count", "sample_weight", "kind", "parent_span_id", "duration_ms")
MOST_CLASSES = 255
_CELLS = 1 << 21


@dataclass(frozen=True, eq=False)
class Weights:
    """How many events each row of a file represents.

    Attributes:
        classes: the class of each row; None if there are more than 255 pairs (n, w).
        n: `event_count` (or 1) of each class; int64[K], K <= 255.
        w: `sample_weight` (or 1) of each class; float64[K].
        row_n, row_w: the same per row, if `classes` is None.
        unweighted: rows whose `sample_weight` is null (or not a positive number).
    """

    classes: npt.NDArray[np.uint8] | None
    n: npt.NDArray[np.int64]
    w: npt.NDArray[np.float64]
    row_n: npt.NDArray[np.int64] | None
    row_w: npt.NDArray[np.float64] | None
    unweighted: int

    def rows_n(self) -> npt.NDArray[np.int64]:
        """Return n of each row."""
        if self.classes is not None:
            return self.n[self.classes]
        assert self.row_n is not None
        return self.row_n

    def rows_w(self) -> npt.NDArray[np.float64]:
        """Return w of each row."""
        if self.classes is not None:
            return self.w[self.classes]
        assert self.row_w is not None
        return self.row_w


@dataclass(frozen=True, eq=False)
class Totals:
    """Sums per code, with index 0 for missing: n is the sum of n, w of n*w, w2 of n*w^2."""

    n: npt.NDArray[np.int64]
    w: npt.NDArray[np.float64]
    w2: npt.NDArray[np.float64]


def times(table: pa.Table) -> npt.NDArray[np.int64]:
    """Return each row's timestamp in microseconds since 1970; `NO_TIME` where it is null."""
    if "timestamp" not in table.column_names:
        return np.full(table.num_rows, NO_TIME)
    column = table.column("timestamp").cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    return _numpy(pc.fill_null(column, int(NO_TIME)), np.int64)


def weights(table: pa.Table) -> Weights:
    """Return the weights of the rows of a table that has some of `COLUMNS`."""
    rows = table.num_rows
    n = np.ones(rows, np.int64)
    if "event_count" in table.column_names:
        n = _numpy(pc.fill_null(table.column("event_count").cast(pa.int64()), 1), np.int64)
        n = np.where(n > 0, n, 1)
    w, unweighted = np.ones(rows), rows
    if "sample_weight" in table.column_names:
        w = _numpy(pc.fill_null(table.column("sample_weight").cast(pa.float64()), np.nan), np.float64)
        known = np.isfinite(w) & (w > 0)
        w, unweighted = np.where(known, w, 1.0), int(rows - known.sum())
    n_codes, n_values = _small_codes(n)
    w_codes, w_values = _small_codes(w)
    if n_codes is not None and w_codes is not None:
        pair, classes = _small_codes(n_codes.astype(np.int64) * len(w_values) + w_codes)
        if pair is not None:
            at = classes.astype(np.int64)
            return Weights(
                pair.astype(np.uint8),
                n_values[at // len(w_values)],
                w_values[at % len(w_values)],
                None,
                None,
                unweighted,
            )
    return Weights(None, np.zeros(0, np.int64), np.zeros(0), n, w, unweighted)


def units(table: pa.Table) -> npt.NDArray[np.bool_]:
    """Return which rows are units of work: server and consumer spans, and roots that have a duration."""
    mask = np.zeros(table.num_rows, bool)
    if "kind" in table.column_names:
        is_unit = pc.is_in(table.column("kind"), value_set=pa.array(UNIT_KINDS))
        mask |= _numpy(pc.fill_null(is_unit, False), np.bool_)
    if "duration_ms" in table.column_names:
        root = pc.is_valid(table.column("duration_ms"))
        if "parent_span_id" in table.column_names:
            root = pc.and_(root, pc.is_null(table.column("parent_span_id")))
        mask |= _numpy(root, np.bool_)
    return mask


def clusters(column: pa.ChunkedArray) -> npt.NDArray[np.uint32]:
    """Number the distinct values of a column from 1; 0 is null."""
    index = column.combine_chunks().dictionary_encode().indices
    return _numpy(pc.fill_null(index.cast(pa.int64()), -1), np.int64).__add__(1).astype(np.uint32)


def weight_note(unweighted: int | None, rows: int) -> list[str]:
    """Return a note about rows without a sample weight, if there are any.

    Args:
        unweighted: number of counted rows without a sample weight; None if the data has no weights at all.
        rows: number of rows counted.

    Returns:
        One note, or none; a warning where some rows have a weight and some do not.
    """
    if not unweighted or not rows:
        return []
    have = "has" if unweighted == 1 else "have"
    text = f"{unweighted:,} of {pluralize(rows, 'row')} {have} no sample weight, counted as 1"
    mixed = unweighted < rows
    return [f"warning: {text}; known and unknown weights are mixed" if mixed else text]


class Counter:
    """Adds up the weights of one file's rows per code, for all rows and for units of work.

    Args:
        weights: weights of the rows.
        units: which rows are units of work.
    """

    def __init__(self, weights: Weights, units: npt.NDArray[np.bool_]) -> None:
        self._weights = weights
        self._units = units
        self._cells = 2 * len(weights.n)  # one per class of weights, for units and for others
        self._row: npt.NDArray[np.intp] | None = None
        if weights.classes is not None:
            self._row = np.multiply(weights.classes, 2, dtype=np.intp)
            self._row += units
            self._all = np.bincount(self._row, minlength=self._cells)

    def totals(self, codes: npt.NDArray[Any], entries: int) -> tuple[Totals, Totals]:
        """Return the totals of all rows and of the units.

        Args:
            codes: one per row of the file, in 0..entries.
            entries: number of entries.

        Returns:
            Totals of all rows, and of the units.

        Cost: one bincount over the rows that have a value if rows have few classes of weights; otherwise six
            over all rows.
        """
        size = entries + 1
        if self._row is not None and size * self._cells <= max(_CELLS, 4 * len(codes)):
            return self._by_class(codes, size)
        n, w = self._weights.rows_n().astype(np.float64), self._weights.rows_w()
        units = self._units
        return _sums(codes, size, n, w), _sums(codes[units], size, n[units], w[units])

    def _by_class(self, codes: npt.NDArray[Any], size: int) -> tuple[Totals, Totals]:
        assert self._row is not None
        # Most fields are missing on most rows: count the rows that have a value, and subtract.
        sparse = np.count_nonzero(codes) < len(codes) / 4
        some = np.flatnonzero(codes) if sparse else slice(None)
        cell = np.multiply(codes[some], self._cells, dtype=np.intp)
        cell += self._row[some]
        counts = np.bincount(cell, minlength=size * self._cells).reshape(size, self._cells)
        if sparse:
            counts[0] = self._all - counts.sum(axis=0)
        n, w = self._weights.n, self._weights.w
        by_class = counts.reshape(size, len(n), 2)
        first, second = (
            Totals(c @ n, c.astype(float) @ (n * w), c.astype(float) @ (n * w * w))
            for c in (by_class.sum(axis=2), by_class[:, :, 1])
        )
        return first, second


def _sums(
    codes: npt.NDArray[Any], size: int, n: npt.NDArray[np.float64], w: npt.NDArray[np.float64]
) -> Totals:
    at = codes.astype(np.intp)
    count, once, twice = (
        np.asarray(np.bincount(at, x, minlength=size), np.float64) for x in (n, n * w, n * w * w)
    )
    return Totals(np.rint(count).astype(np.int64), once, twice)


def _small_codes(values: npt.NDArray[Any]) -> tuple[npt.NDArray[np.uint8] | None, npt.NDArray[Any]]:
    """Return 8-bit codes and the distinct values; no codes if there are more than `MOST_CLASSES`."""
    if len(values) and (values == values[0]).all():
        return np.zeros(len(values), np.uint8), values[:1]
    hashed = pa.array(values).dictionary_encode()
    if len(hashed.dictionary) > MOST_CLASSES:
        return None, values[:0]
    distinct = hashed.dictionary.to_numpy(zero_copy_only=False)
    return hashed.indices.to_numpy().astype(np.uint8), distinct


def _numpy(column: pa.ChunkedArray, dtype: Any) -> npt.NDArray[Any]:
    out: npt.NDArray[Any] = column.to_numpy().astype(dtype, copy=False)
    return out
