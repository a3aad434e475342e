"""`RowSet`: some rows of a dataset, tested and weighed by their codes, without a statement.

Triage asks dozens of small questions about the same rows: which of them are in a slice, which failed, which
are of one trace. A statement for each would take longer to compile than to answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obskit.dataset import FieldCodes
from obskit.engine import Condition, Scope, format_condition

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Items = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class RowSet:
    """Rows of a scope, in the order of the dataset.

    Attributes:
        scope: the scope.
        at: per file of the dataset, the positions of the rows, ascending.
    """

    scope: Scope
    at: tuple[Ints, ...]

    @classmethod
    def of(cls, scope: Scope) -> RowSet:
        """Return all rows of a scope."""
        return cls(scope, tuple(np.flatnonzero(mask.true) for mask in scope.masks(None)))

    def __len__(self) -> int:
        return sum(map(len, self.at))

    def kept(self, inside: Bools) -> RowSet:
        """Return the rows for which an array, with one value per row, is true."""
        ends = np.cumsum([len(at) for at in self.at])[:-1]
        parts = zip(self.at, np.split(inside, ends), strict=True)
        return RowSet(self.scope, tuple(at[part] for at, part in parts))

    def at_places(self, places: Ints) -> RowSet:
        """Return the rows at some places, ascending."""
        inside = np.zeros(len(self), bool)
        inside[places] = True
        return self.kept(inside)

    @cached_property
    def traces(self) -> Ints | None:
        """A number for the trace of each row; None if there are no traces.

        A row without a trace has a negative number of its own.
        """
        if "trace_id" not in self.scope.dataset.schema.names:
            return None
        number = self.gather(self.scope.dataset.codes.numbers("trace_id")).astype(np.int64)
        return np.where(number > 0, number, -1 - np.arange(len(number)))

    @cached_property
    def positions(self) -> Ints:
        """The position of each row in the whole dataset."""
        starts = np.cumsum([0, *(file.rows for file in self.scope.dataset.files)])
        return np.concatenate([at + start for at, start in zip(self.at, starts, strict=False)])

    @cached_property
    def times(self) -> Ints:
        """The time of each row in microseconds since 1970; `NO_TIME` where it is null."""
        return self.gather(self.scope.dataset.codes.times())

    @cached_property
    def weights(self) -> Floats:
        """Observations, weight and squared weight of each row; (3, R)."""
        stored = self.scope.dataset.codes.weights()
        n = self.gather([one.rows_n() for one in stored]).astype(np.float64)
        w = self.gather([one.rows_w() for one in stored])
        return np.array([n, n * w, n * w * w])

    def gather(self, arrays: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """Return the values of these rows from arrays with one value per row of each file."""
        return np.concatenate([array[at] for array, at in zip(arrays, self.at, strict=True)])

    def first_of(self, names: Sequence[str]) -> tuple[list[Any], Ints]:
        """Return the distinct values of the first of some fields that has one on each row.

        Args:
            names: the fields.

        Returns:
            The values, and per row the index of its value; -1 without a value, -2 if it is a rare one.
        """
        ids: dict[Any, int] = {}
        out = np.full(len(self), -1)
        for name in names:
            codes = self.scope.codes(name)
            number = np.full(codes.size, -2)
            number[0] = -1
            if codes.kind == "value":
                number[1:] = [ids.setdefault(value, len(ids)) for value in codes.values.to_pylist()]
            if codes.rare_code is not None:
                number[codes.rare_code] = -2
            own = number[self.gather([codes.codes(file) for file in range(len(codes.parts))])]
            out = np.where(out == -1, own, out)
        return list(ids), out

    def has(self, name: str) -> bool:
        """Whether the rows have a field, stored or derived."""
        return name in self.scope.schema.names

    def number(self, name: str) -> Floats:
        """Return a field of numbers; NaN where it is null."""
        if name in self.scope.dataset.schema.names:
            chunks = [batch.column(0) for batch in self.scope.dataset.batches([name])]
            column = pa.chunked_array(chunks, self.scope.dataset.schema.field(name).type)
        else:
            column = self.scope.run(self.scope.all_rows(()).select(name)).table.column(0)
        return np.asarray(column.cast(pa.float64()).to_numpy()[self.positions], np.float64)

    def true_of(self, condition: str | Condition) -> Bools:
        """Return for which rows a condition is true."""
        masks = self.scope.masks(self.scope.condition(condition))
        return self.gather([mask.true for mask in masks])

    def meet(self, items: Items) -> Bools:
        """Return which rows meet all items; `format_condition` says what items are.

        Cost: one look at the codes of each item's field; a mask where codes can't tell.
        """
        out = np.ones(len(self), bool)
        for item in items:
            out &= self._meets(item)
        return out

    def _meets(self, item: Mapping[str, Any]) -> Bools:
        name = item["field"]
        stored = self.scope.dataset.schema
        wanted = _wanted_codes(self.scope.codes(name), item) if name in stored.names else None
        if wanted is None:
            return self.true_of(format_condition([item]))
        parts = zip(self.scope.codes(name).parts, self.at, strict=True)
        return np.concatenate(
            [(wanted if remap is None else wanted[remap])[codes[at]] for (codes, remap), at in parts]
        )


def _wanted_codes(codes: FieldCodes, item: Mapping[str, Any]) -> Bools | None:
    """Return which codes meet an item; None if the codes of rows that meet it have other rows as well."""
    wanted = np.zeros(codes.size, bool)
    if item["op"] == "missing":
        wanted[0] = True
        return wanted
    if item["op"] == "between":
        return _codes_between(codes, item.get("low"), item.get("high"))
    if item["op"] not in ("=", "in") or codes.kind != "value":
        return None
    values = [item["value"]] if item["op"] == "=" else list(item["values"])
    kind = str if pa.types.is_string(codes.type) else bool if pa.types.is_boolean(codes.type) else None
    if kind is None or not all(type(value) is kind for value in values):
        return None
    found = pc.index_in(pa.array(values, codes.values.type), value_set=codes.values)
    known = found.drop_null().to_numpy() + 1
    if codes.rare_code is not None and (found.null_count or codes.rare_code in known):
        return None
    wanted[known] = True
    return wanted


def _codes_between(codes: FieldCodes, low: float | None, high: float | None) -> Bools | None:
    """Return the codes of the numbers in a range; None if the range divides the numbers of a code."""
    numbers = pa.types.is_floating(codes.type) or pa.types.is_integer(codes.type)
    if not numbers or codes.lo is None or codes.hi is None or np.isnan(codes.lo + codes.hi).any():
        return None
    least, most = (-np.inf if low is None else low), (np.inf if high is None else high)
    inside = (codes.lo >= least) & (codes.hi <= most)
    if (inside != ((codes.hi >= least) & (codes.lo <= most))).any():
        return None
    return np.concatenate([[False], inside])


class TraceIds:
    """Which rows of a dataset are of the same trace.

    Args:
        scope: any scope of the dataset.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    @property
    def exist(self) -> bool:
        """Whether the events have traces."""
        return "trace_id" in self._scope.dataset.schema.names

    def of(self, rows: RowSet) -> tuple[Ints, Bools]:
        """Return a number for the trace of each row, and which rows have one; `exist` must be true."""
        numbers, known = self._all
        return numbers[rows.positions], known[rows.positions]

    @cached_property
    def _all(self) -> tuple[Ints, Bools]:
        def build(table: ir.Table) -> ir.Table:
            trace: Any = table["trace_id"]
            return table.select(trace=trace.hash(), known=trace.notnull())

        found = Scope(self._scope.dataset, self._scope.engine).run(build).table
        numbers = found.column("trace").to_numpy().astype(np.int64)
        return numbers, found.column("known").to_numpy(zero_copy_only=False).astype(bool)
