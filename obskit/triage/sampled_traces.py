"""Sample traces that have certain events, the same ones each time, and read all of their rows.

Where the conditions of the events can be answered from memory, only the ids of spans are read from the files.
Otherwise the engine runs a statement for the sample and one for the rows; both ways give the same traces.
"""

from __future__ import annotations

import dataclasses
import functools
import operator
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obskit.dataset import NO_TIME, Dataset
from obskit.engine import RowPicker, Scope, check_rows
from obskit.query.terms import per_row

SPARE = 8
"""Times as many traces are looked at as are compared, as some events are of the same trace."""

NEEDED = {"trace_id", "span_id", "parent_span_id", "timestamp", "duration_ms"}
_FIELDS = (*sorted(NEEDED), "kind", "name", "service.name", "error")
_THREADS = 2
_KEYS = "keys of traces"
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Side:
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
        """Of so many traces one is looked at, so that few are compared by their keys."""
        return max(1, self.rows // (SPARE * self.most))


@dataclass(frozen=True)
class Sample:
    """Ids of traces, and whether these are all."""

    ids: pa.Array
    whole: bool


Samples = Mapping[Side, Sample]


class StoredTraces:
    """Samples traces by statements of the engine, and reads them.

    Args:
        scope: the events.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def sample(self, sides: Sequence[Side]) -> list[Sample]:
        """Return for each side traces that have such an event: those with the smallest hashes of their ids.

        Args:
            sides: which events, at least one side.

        Returns:
            One sample per side.

        Cost: one statement.
        """
        read = [self._scope.condition(side.condition) for side in sides]

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
            flags = {
                f"in{at}": rows[f"in{at}"] & (rows.key % side.step == 0) for at, side in enumerate(sides)
            }
            rows = rows.mutate(**flags)
            any_side = functools.reduce(operator.or_, [rows[flag] for flag in flags])
            rows = rows.filter(rows.trace.notnull() & any_side)
            return rows.group_by(["trace", "key"]).aggregate(**{flag: rows[flag].any() for flag in flags})

        table = self._scope.run(build).table.sort_by("key")
        out = []
        for at, side in enumerate(sides):
            ids = table.column("trace").filter(table.column(f"in{at}")).combine_chunks()
            out.append(_first(ids, side))
        return out

    def read(self, samples: Samples, most: int) -> pa.Table:
        """Return all rows of the sampled traces, whatever the scope's condition says of them.

        Args:
            samples: the traces.
            most: the most rows to return.

        Returns:
            What a comparison of traces needs of these rows, in any order.

        Cost: one statement.
        """
        ids = _every_id(samples).to_pylist()
        names = _fields(self._scope.dataset)

        def build(table: ir.Table) -> ir.Table:
            return table.select(*names).filter(lambda rows: rows.trace_id.isin(ids)).limit(most)

        return dataclasses.replace(self._scope, where=None).run(build).table


class NumberedTraces:
    """Samples the same traces from what is in memory, and reads only the ids of their spans.

    The id of a trace is its number in the dataset, as text: nobody sees it.

    Args:
        scope: the events.
        pickers: of the events of each side.
    """

    def __init__(self, scope: Scope, pickers: Mapping[Side, RowPicker]) -> None:
        self._scope, self._pickers = scope, pickers
        self._numbers = scope.dataset.codes.numbers("trace_id")

    @classmethod
    def of(cls, scope: Scope, sides: Sequence[Side]) -> NumberedTraces | None:
        """Return the traces of a scope; None if the condition of a side cannot be answered from memory."""
        if not scope.dataset.local:
            return None
        pickers: dict[Side, RowPicker] = {}
        for side in sides:
            picker = RowPicker.of(scope, scope.condition(side.condition))
            if picker is None:
                return None
            pickers[side] = picker
        return cls(scope, pickers)

    def sample(self, sides: Sequence[Side]) -> list[Sample]:
        """Return what `StoredTraces.sample` does, with other ids.

        Args:
            sides: which events.

        Returns:
            One sample per side.

        Cost: the first time for a dataset, a statement that hashes all ids of traces.
        """
        keys = _keys_of_traces(self._scope, self._numbers)
        out = []
        for side in sides:
            looked_at = keys % side.step == 0
            looked_at[0] = False  # rows without a trace
            picker, found = self._pickers[side], np.zeros(len(keys), dtype=bool)
            for file, (first, last) in enumerate(picker.ranges):
                numbers = self._numbers[file][first:last]
                rows = picker.pick(file, first + np.flatnonzero(looked_at[numbers]))
                found[self._numbers[file][rows]] = True
            traces = np.flatnonzero(found)
            traces = traces[np.argsort(keys[traces], kind="stable")]
            out.append(_first(pa.array(traces).cast(pa.string()), side))
        return out

    def read(self, samples: Samples, most: int) -> pa.Table:
        """Return what `StoredTraces.read` does, with other ids of traces.

        Args:
            samples: the traces.
            most: the most rows to return.

        Returns:
            The rows, in the order of the dataset.

        Cost: reads two columns of the row groups that the traces are in.
        """
        wanted = np.zeros(_size(self._numbers), dtype=bool)
        wanted[_every_id(samples).cast(pa.int64()).to_numpy()] = True
        rows, left = [], most
        for own in self._numbers:
            rows.append(np.flatnonzero(wanted[own])[:left])
            left -= len(rows[-1])
        dataset = self._scope.dataset
        columns = {name: self._column(name, rows) for name in _fields(dataset)}
        unread = [name for name, column in columns.items() if column is None]
        columns |= zip(unread, _read(dataset, rows, unread).columns, strict=True)
        return pa.table(columns)

    def _column(self, name: str, rows: Sequence[Ints]) -> pa.ChunkedArray | None:
        """Return the values of a field on some rows of each file; None if they are not in memory."""
        if name == "trace_id":
            numbers = [own[at] for own, at in zip(self._numbers, rows, strict=True)]
            return pa.chunked_array([pa.array(np.concatenate(numbers)).cast(pa.string())])
        dataset = self._scope.dataset
        kind = dataset.schema.field(name).type
        if name == "timestamp" and kind == pa.timestamp("us", "UTC"):
            began = np.concatenate([own[at] for own, at in zip(dataset.codes.times(), rows, strict=True)])
            return pa.chunked_array([pa.array(began, mask=began == NO_TIME).cast(kind)])
        if name == "duration_ms":
            held = self._scope.engine.held_columns([name])
            if held is None:
                return None
            parts = [
                column.take(pa.array(at)) for column, at in zip(held[name], rows, strict=True) if len(at)
            ]
            chunks = [chunk for part in parts for chunk in part.chunks]
            return pa.chunked_array(chunks, kind)
        codes = dataset.codes.known(name)
        if codes is None or codes.kind != "value" or codes.rare_code is not None:
            return None
        parts = []
        for (local, remap), at in zip(codes.parts, rows, strict=True):
            parts.append((local[at] if remap is None else remap[local[at]]).astype(np.int64))
        code = np.concatenate(parts)
        return pa.chunked_array([codes.values.take(pa.array(code - 1, mask=code == 0))]).cast(kind)


def _first(ids: pa.Array, side: Side) -> Sample:
    """Return the sample of a side, given the ids of its traces in ascending order of their keys."""
    return Sample(ids[: side.most], side.step == 1 and len(ids) <= side.most)


def _every_id(samples: Samples) -> pa.Array:
    return pc.unique(pa.concat_arrays([sample.ids for sample in samples.values()]))


def _fields(dataset: Dataset) -> list[str]:
    return [name for name in _FIELDS if name in dataset.schema.names]


def _keys_of_traces(scope: Scope, numbers: Sequence[npt.NDArray[np.uint32]]) -> Ints:
    """Return the hash of the id of each trace, by its number, as the engine makes it; kept in memory."""
    kept: Ints | None = scope.dataset.kept.get(_KEYS)
    if kept is None:

        def build(table: ir.Table) -> ir.Table:
            trace: Any = table["trace_id"]
            return table.select(key=trace.hash())

        column = scope.everything.run(build).table.column("key").to_numpy()
        check_rows(len(column), sum(map(len, numbers)))
        kept = np.zeros(_size(numbers), dtype=np.int64)
        kept[np.concatenate([np.zeros(0, dtype=np.uint32), *numbers])] = column
        scope.dataset.kept[_KEYS] = kept
    return kept


def _size(numbers: Sequence[npt.NDArray[np.uint32]]) -> int:
    """Return the number of traces, and one for the rows without a trace."""
    return max((int(own.max(initial=0)) for own in numbers), default=0) + 1


def _read(dataset: Dataset, rows: Sequence[Ints], names: Sequence[str]) -> pa.Table:
    """Read some columns of some rows of each file, in the order of the files."""
    schema = pa.schema([dataset.schema.field(name) for name in names])
    files = [file for file, at in enumerate(rows) if len(at)]
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="obskit-traces") as pool:
        parts = pool.map(lambda file: dataset.take(file, rows[file], names), files)
        return pa.concat_tables([schema.empty_table(), *parts])
