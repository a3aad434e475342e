"""Numbers of a sample, cut as all rows of the table that it was taken from are cut.

Intervals of a number begin and end at quantiles, between two values that occur. A sample of the rows has
other quantiles and values than the table, so it would find other intervals. The table's histogram, with the
smallest and the largest value of each cell, makes them those of all rows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset import FieldCodes
from obskit.dataset.encoder import middles
from obskit.engine import Scope
from obskit.explain.grouped_rows import SIDES
from obskit.explain.singles import Column
from obskit.stats.buckets import buckets
from obskit.stats.counts import Counts, Floats


@dataclass(frozen=True)
class Histogram:
    """The values of a number in all rows of a table, one entry per cell and group of rows.

    Attributes:
        cells: the log bucket of the values, or the value itself where the field is coded by value.
        lo, hi: the smallest and the largest value.
        groups: name of the group, or "" for rows that are not compared.
        counts: n, n·w and n·w², an array of 3 x entries.
        by_bucket: whether the cells are buckets although the sample's are values: the table has too many.
    """

    cells: npt.NDArray[np.int64]
    lo: Floats
    hi: Floats
    groups: npt.NDArray[np.str_]
    counts: Floats
    by_bucket: bool = False


@dataclass(frozen=True, eq=False)
class WideScope(Scope):
    """A sample of a table, of which some fields have codes for the values of the whole table.

    Attributes:
        wide: those codes, by the name of the field.
    """

    wide: Mapping[str, FieldCodes] = dataclasses.field(default_factory=dict)

    def codes(self, field: str) -> FieldCodes:
        """Return the codes of a field; raises what `Scope.codes` does."""
        found = self.wide.get(field)
        return super().codes(field) if found is None else found


def wide_scope(scope: Scope, wide: Mapping[str, FieldCodes]) -> WideScope:
    """Return a scope whose fields have these codes."""
    kept = {field.name: getattr(scope, field.name) for field in dataclasses.fields(Scope)}
    return WideScope(**kept, wide=wide)


def wide_codes(codes: FieldCodes, histogram: Histogram) -> FieldCodes:
    """Return the codes of a number's rows in the sample, with an entry for each cell of the table.

    Args:
        codes: the codes of the sample; "numeric", or integers by value.
        histogram: the table's cells.

    Returns:
        The codes. Their totals are empty: those of the sample say nothing about the table.
    """
    codes = _bucketed(codes) if histogram.by_bucket and codes.kind != "numeric" else codes
    own = codes.bucket if codes.kind == "numeric" else codes.values.to_numpy(zero_copy_only=False)
    known = np.asarray(own, np.int64)
    cells = np.unique(np.concatenate([known, histogram.cells]))
    place = np.zeros(codes.size, np.int32)
    place[1:] = np.searchsorted(cells, known) + 1
    parts: list[tuple[npt.NDArray[Any], npt.NDArray[np.int32] | None]] = [
        (local, place if remap is None else place[remap]) for local, remap in codes.parts
    ]
    if codes.kind != "numeric":
        return dataclasses.replace(codes, values=pa.array(cells, pa.int64()), parts=parts, totals={})
    lo, hi = np.full(len(cells), np.inf), np.full(len(cells), -np.inf)
    at = np.searchsorted(cells, histogram.cells)
    with np.errstate(invalid="ignore"):  # the cell of NaN
        np.minimum.at(lo, at, histogram.lo)
        np.maximum.at(hi, at, histogram.hi)
    if codes.lo is not None and codes.hi is not None:  # rows that came after the histogram was made
        new = ~np.isin(known, histogram.cells)
        lo[place[1:][new] - 1], hi[place[1:][new] - 1] = codes.lo[new], codes.hi[new]
    bucket = cells.astype(np.int32)
    return dataclasses.replace(
        codes, values=middles(bucket), lo=lo, hi=hi, bucket=bucket, parts=parts, totals={}
    )


def _bucketed(codes: FieldCodes) -> FieldCodes:
    """Return the codes of integers by value as codes of their buckets."""
    values = codes.values.to_numpy(zero_copy_only=False).astype(np.float64)
    bucket, at = np.unique(buckets(values), return_inverse=True)
    place = np.concatenate([[0], at + 1]).astype(np.int32)
    lo, hi = np.full(len(bucket), np.inf), np.full(len(bucket), -np.inf)
    np.minimum.at(lo, at, values)
    np.maximum.at(hi, at, values)
    parts: list[tuple[npt.NDArray[Any], npt.NDArray[np.int32] | None]] = [
        (local, place if remap is None else place[remap]) for local, remap in codes.parts
    ]
    return dataclasses.replace(
        codes, kind="numeric", values=middles(bucket), lo=lo, hi=hi, bucket=bucket, parts=parts, totals={}
    )


def wide_column(codes: FieldCodes, histogram: Histogram, totals: Mapping[str, Counts]) -> Column:
    """Return the exact counts of a field in both groups.

    Args:
        codes: what `wide_codes` returned.
        histogram: the table's cells.
        totals: the exact size of each group.

    Returns:
        The counts of each code; what has no cell is missing.
    """
    own = codes.bucket if codes.kind == "numeric" else codes.values.to_numpy(zero_copy_only=False)
    at = np.searchsorted(np.asarray(own, np.int64), histogram.cells) + 1
    sides = []
    for group in SIDES:
        mine = histogram.groups == group
        counts = np.zeros((3, codes.size))
        for row in range(3):
            np.add.at(counts[row], at[mine], histogram.counts[row, mine])
        whole = totals[group]
        counts[:, 0] = np.maximum([whole.n[0], whole.w[0], whole.w2[0]] - counts.sum(axis=1), 0.0)
        sides.append(Counts(*counts))
    return Column(codes, *sides)
