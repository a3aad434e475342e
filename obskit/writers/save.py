"""Write a scope's rows to one file, or as a Dataset."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import ibis.expr.types as ir
import pyarrow as pa

from obskit.dataset import write as write_dataset
from obskit.dataset import write_atomically
from obskit.engine import Scope
from obskit.errors import EmptySelection, InvalidArgument
from obskit.schema import LoadReport, cast
from obskit.text import pluralize, safe
from obskit.writers.formats import COMPRESSIONS, DATASET, FORMATS, format_of
from obskit.writers.notes import WriteNotes

ROWS = 16_384
"""Most rows in memory at a time."""

TRACES = 200_000
"""Most rows to sort at a time, for formats that need the spans of a trace together; one pass each."""

STDOUT = "-"
"""The name of stdout on the command line; never of a file."""

Progress = Callable[[str, int, int], object]


@dataclass(frozen=True)
class Written:
    """What was written, and in the notes what the format could not hold exactly."""

    path: Path
    format: str
    rows: int
    fields: int
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the result as values that JSON can hold."""
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
        what = f"wrote {rows} with {fields} to {self.path} ({self.format})"
        return "\n".join(map(safe, [what, *(f"note: {note}" for note in self.notes)]))


def write(
    scope: Scope,
    out: str | os.PathLike[str],
    *,
    format: str | None = None,
    fields: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Written:
    """Write the rows of a scope, completely or not at all.

    Args:
        scope: the rows.
        out: a file that does not exist yet; for a Dataset a folder that is new, empty, or a Dataset to
            replace.
        format: "dataset" or a key of `FORMATS`; by default as the suffix says, and a Dataset without a
            suffix.
        fields: fields to write, in any order; all by default.
        progress: called as ("writing rows", rows so far, rows).

    Returns:
        Written; its notes say what the format cannot hold exactly.

    Raises:
        InvalidArgument: `out` already exists or overlaps the source, or the format is unknown.
        EmptySelection: there are no rows to write.
        UnknownField: one of `fields` does not exist.
        DatasetError: `out` is a folder with something else in it.
        StorageFull: the disk is full; nothing is left behind.

    Cost: one pass over the rows (for Jaeger one per 200,000 rows), in memory that does not depend on their
        number: one row group of the dataset.
    """
    target = Path(out).expanduser().absolute()
    if str(out) == STDOUT:
        raise InvalidArgument(
            "'-' is not the name of a file or folder",
            hint="give a name; obskit convert --out - prints JSON lines",
        )
    chosen = format_of(target, format)
    names = chosen_fields(scope, fields)
    schema = pa.schema([scope.schema.field(name) for name in names])
    rows = scope.extent[0]
    if not rows:
        raise EmptySelection(f"no rows to write to {target}", hint="widen the condition or the time range")
    _check_apart(target, scope.dataset.path)
    if chosen is None:
        return _write_dataset(scope, target, schema, progress)
    notes = WriteNotes()
    batches = _count_rows(_batches(scope, schema, chosen.by_trace), notes, rows, progress)
    with write_atomically(target) as path:
        if chosen.save is not None:
            chosen.save(path, batches, schema)
        if chosen.encode is not None:
            _write_pieces(path, _compression_of(target), chosen.encode(batches, notes))
    return Written(target, chosen.name, notes.rows, len(schema), notes.lines())


def write_stream(
    scope: Scope,
    file: BinaryIO,
    *,
    format: str = "jsonl",
    fields: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Written:
    """Write the rows of a scope to an open stream, such as stdout, while they are read.

    Args:
        scope: the rows.
        file: takes bytes.
        format: "jsonl", "otlp-json" or "jaeger".
        fields: fields to write, in any order; all by default.
        progress: called as ("writing rows", rows so far, rows).

    Returns:
        Written, with the path `-`.

    Raises:
        InvalidArgument: the format is unknown, or cannot be written piece by piece.
        EmptySelection: there are no rows to write.
        UnknownField: one of `fields` does not exist.

    Cost: as `write`.
    """
    chosen = None if format == DATASET else format_of(Path(STDOUT), format)
    if chosen is None or chosen.encode is None:
        streams = ", ".join(name for name, each in FORMATS.items() if each.encode is not None)
        raise InvalidArgument(
            f"{format} cannot be written to stdout (-)",
            hint=f"name a file or folder, or use one of {streams}",
        )
    schema = pa.schema([scope.schema.field(name) for name in chosen_fields(scope, fields)])
    rows = scope.extent[0]
    if not rows:
        raise EmptySelection("no rows to write to stdout", hint="widen the condition or the time range")
    notes = WriteNotes()
    batches = _count_rows(_batches(scope, schema, chosen.by_trace), notes, rows, progress)
    for piece in chosen.encode(batches, notes):
        file.write(piece)
    return Written(Path(STDOUT), chosen.name, notes.rows, len(schema), notes.lines())


def chosen_fields(scope: Scope, fields: Sequence[str] | None) -> list[str]:
    """Return the fields to write, in the order of the schema.

    Args:
        scope: the rows.
        fields: names in any order; None for all.

    Returns:
        Their names in the data.

    Raises:
        UnknownField: one of them does not exist.
        InvalidArgument: there are none.
    """
    if fields is None:
        return list(scope.schema.names)
    wanted = {scope.resolve(name) for name in fields}
    if not wanted:
        raise InvalidArgument("no fields to write", hint="leave out fields= to write all of them")
    return [name for name in scope.schema.names if name in wanted]


def _check_apart(target: Path, source: Path) -> None:
    if target == source or target in source.parents or source in target.parents:
        raise InvalidArgument(
            f"the output {target} overlaps the input {source}", hint="write to another folder"
        )


def _batches(scope: Scope, schema: pa.Schema, by_trace: bool) -> Iterator[pa.RecordBatch]:
    """Yield the rows in the dataset's order, or trace by trace, in as many passes as keep each sort small."""
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


def _count_rows(
    batches: Iterator[pa.RecordBatch], notes: WriteNotes, rows: int, progress: Progress | None
) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        notes.count_batch(batch)
        yield batch
        if progress is not None:
            progress("writing rows", notes.rows, rows)


def _compression_of(target: Path) -> str | None:
    return next((name for suffix, name in COMPRESSIONS.items() if target.name.lower().endswith(suffix)), None)


def _write_pieces(path: Path, compression: str | None, pieces: Iterator[bytes]) -> None:
    with pa.OSFile(str(path), "wb") as file:
        if compression is None:
            for piece in pieces:
                file.write(piece)
            return
        with pa.CompressedOutputStream(file, compression) as compressed:
            for piece in pieces:
                compressed.write(piece)


def _write_dataset(scope: Scope, target: Path, schema: pa.Schema, progress: Progress | None) -> Written:
    notes = WriteNotes()
    rows = scope.extent[0]
    report = LoadReport(rows_read=rows, notes=[f"written from dataset {scope.dataset.fingerprint}"])
    if scope.where is not None:
        report.note(f"narrowed to: {scope.where.text}")
    batches = _count_rows(_batches(scope, schema, by_trace=False), notes, rows, progress)
    made = write_dataset(batches, lambda: schema, target, report, by_hour=True)
    return Written(made.path, DATASET, notes.rows, len(schema), notes.lines())
