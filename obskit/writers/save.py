"""Write a scope's rows into one file, or as a Dataset."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from obskit.dataset import write as write_dataset
from obskit.dataset import write_atomically
from obskit.engine import Scope
from obskit.errors import EmptySelection, InvalidArgument
from obskit.schema import LoadReport, cast
from obskit.text import pluralize, safe
from obskit.writers.formats import DATASET, PACKED, format_of
from obskit.writers.notes import Told

ROWS = 16_384
"""Rows that are held at once."""

TRACES = 200_000
"""Rows that are sorted at once, where a format wants the spans of a trace together; a pass for so many."""

Progress = Callable[[str, int, int], object]


@dataclass(frozen=True)
class Written:
    """What was written, and what the format could not hold as it was."""

    path: Path
    format: str
    rows: int
    fields: int
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-safe values."""
        return {
            "kind": "written",
            "path": str(self.path),
            "format": self.format,
            "rows": self.rows,
            "fields": self.fields,
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        rows, fields = pluralize(self.rows, "event"), pluralize(self.fields, "field")
        what = f"{rows} of {fields} in {self.path}, {self.format}"
        return "\n".join(map(safe, [what, *(f"note: {note}" for note in self.notes)]))


def write(
    scope: Scope,
    out: str | os.PathLike[str],
    *,
    format: str | None = None,
    fields: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Written:
    """Write the rows of a scope, whole or not at all.

    Args:
        scope: which rows.
        out: a file that is not there yet; for a Dataset a folder that is new, empty, or one of ours.
        format: "dataset" or a key of `FORMATS`; by default what the suffix tells, else a Dataset.
        fields: which fields, in any order; all by default.
        progress: called as ("writing rows", rows so far, rows).
    Returns:
        Written; its notes say what the format cannot hold as it was.
    Raises:
        InvalidArgument: `out` is there already, or holds what is to be read; the suffix tells no format.
        EmptySelection: there is no row to write.
        UnknownField: of `fields`.
        DatasetError: `out` is a folder of something else.
        StorageFull: the disk is full; nothing is left behind.
    Cost: one pass over the rows (for Jaeger one for every 200,000 of them), in memory that does not grow with
        their number: a row group of the dataset is held.
    """
    target = Path(out).expanduser().absolute()
    chosen = format_of(target, format)
    names = _fields(scope, fields)
    schema = pa.schema([scope.schema.field(name) for name in names])
    rows = scope.extent[0]
    if not rows:
        raise EmptySelection(f"no row to write to {target}", hint="widen the condition or the window of time")
    _keep_apart(target, scope.dataset.path)
    if chosen is None:
        return _dataset(scope, target, schema, progress)
    told = Told()
    batches = _told(_batches(scope, schema, chosen.by_trace), told, rows, progress)
    with write_atomically(target) as path:
        if chosen.save is not None:
            chosen.save(path, batches, schema)
        if chosen.encode is not None:
            _encoded(path, _packing(target), chosen.encode(batches, told))
    return Written(target, chosen.name, told.rows, len(schema), told.lines())


def _fields(scope: Scope, fields: Sequence[str] | None) -> list[str]:
    """Return the fields that are meant, in the order of the schema."""
    if fields is None:
        return list(scope.schema.names)
    wanted = {scope.resolve(name) for name in fields}
    if not wanted:
        raise InvalidArgument("no field to write", hint="leave out fields, for all of them")
    return [name for name in scope.schema.names if name in wanted]


def _keep_apart(target: Path, source: Path) -> None:
    if target == source or target in source.parents or source in target.parents:
        raise InvalidArgument(f"{target} holds what is to be read: {source}", hint="write elsewhere")


def _batches(scope: Scope, schema: pa.Schema, by_trace: bool) -> Iterator[pa.RecordBatch]:
    """Give the rows in the dataset's order; trace by trace in as many passes as keep each sort small."""
    if not by_trace or "trace_id" not in scope.schema.names:
        batches = scope.batches(schema.names, ROWS)
    else:
        batches = _by_trace(scope, schema)
    for batch in batches:
        yield cast(batch, schema)


def _by_trace(scope: Scope, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    passes = -(-scope.extent[0] // TRACES)
    for number in range(passes):

        def build(table: ir.Table, number: int = number) -> ir.Table:
            key = table["trace_id"].fill_null("")
            if passes > 1:
                table = table.filter((key.hash() % passes).abs() == number)
            return table.order_by([key, table["timestamp"]]).select(*schema.names)

        yield from scope.run(build).table.to_batches(ROWS)


def _told(
    batches: Iterator[pa.RecordBatch], told: Told, rows: int, progress: Progress | None
) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        told.batch(batch)
        yield batch
        if progress is not None:
            progress("writing rows", told.rows, rows)


def _packing(target: Path) -> str | None:
    return next((name for suffix, name in PACKED.items() if target.name.lower().endswith(suffix)), None)


def _encoded(path: Path, packing: str | None, pieces: Iterator[bytes]) -> None:
    with pa.OSFile(str(path), "wb") as file:
        if packing is None:
            for piece in pieces:
                file.write(piece)
            return
        with pa.CompressedOutputStream(file, packing) as packed:
            for piece in pieces:
                packed.write(piece)


def _dataset(scope: Scope, target: Path, schema: pa.Schema, progress: Progress | None) -> Written:
    told = Told()
    rows = scope.extent[0]
    report = LoadReport(rows_read=rows, notes=[f"written from dataset {scope.dataset.fingerprint}"])
    if scope.where is not None:
        report.note(f"narrowed to: {scope.where.text}")
    batches = _told(_batches(scope, schema, by_trace=False), told, rows, progress)
    made = write_dataset(batches, lambda: schema, target, report)
    return Written(made.path, DATASET, told.rows, len(schema), told.lines())
