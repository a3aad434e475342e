"""`fields`: describe the fields of events, from codes where they exist, else from the rows or a sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obskit.dataset import Encoded, FieldCodes, Totals, encode, find_common, merge
from obskit.display import formatting
from obskit.display.result import Result
from obskit.display.tables import MS, SHARE, UNIT, WRITTEN, format_cell, html_table, text_table
from obskit.engine import Scope, drawn
from obskit.query.lookup import with_units
from obskit.query.output import dataset_of, format_call, join_statements, merge_notes
from obskit.query.terms import middles
from obskit.query.usefulness import by_usefulness
from obskit.text import pluralize, safe

ALL_ROWS = "all rows"
SAMPLE_ROWS = 20_000
SMALL_ROWS = 100_000  # up to this many rows, all are read
SAMPLE_BLOCKS = 4  # of consecutive rows in a sample
TOP = 5
Counts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_TYPE_WORDS = {"string": "string", "double": "float", "bool": "bool", "int64": "int", "int32": "int"}


class Fields(Result):
    """The fields of events. `table` is for programs, `shown` for people."""

    @property
    def shown(self) -> pa.Table:
        """The table for people: a lower bound is written as `>= 109`."""
        rows = zip(self.table["values"].to_pylist(), self.table["at_least"].to_pylist(), strict=True)
        values = [None if n is None else f"{'>= ' if least else ''}{format_cell(n)}" for n, least in rows]
        field = pa.field("values", pa.string(), metadata={UNIT: WRITTEN})
        columns = [
            self.table["field"],
            self.table["type"],
            self.table["fill"],
            pa.array(values, pa.string()),
            self.table["top"],
        ]
        schema = self.table.schema
        return pa.Table.from_arrays(
            columns, schema=pa.schema([*list(schema)[:3], field, schema.field("top")])
        )

    def most_useful(self, most: int) -> pa.Table:
        """Return `shown` with only the fields that tell most about an event, those first."""
        names = self.table["field"].to_pylist()
        rows = [names.index(name) for name in by_usefulness(names)[:most]]
        return self.shown.take(pa.array(rows, pa.int64()))

    def __str__(self) -> str:
        return "\n".join([text_table(self.shown), *map(safe, self.footer())])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html_table(self.shown, caption=self.footer(), most=len(self))


@dataclass(frozen=True)
class _FieldSummary:
    """One row of the table."""

    filled: float
    distinct: int | None
    least: bool  # whether `distinct` is a lower bound
    top: str | None
    source: str


@dataclass(frozen=True)
class _RowsRead:
    """The rows that were read, as one table per file, and which rows they are."""

    tables: list[pa.Table]
    label: str
    sql: str = ""


def type_word(kind: pa.DataType) -> str:
    """Return the name of a type for people, such as "time" or "list of string"."""
    if pa.types.is_timestamp(kind):
        return "time"
    if pa.types.is_list(kind):
        return f"list of {type_word(kind.value_type)}"
    return "struct" if pa.types.is_struct(kind) else _TYPE_WORDS.get(str(kind), str(kind))


def fields(scope: Scope, names: Sequence[str] | None = None) -> Fields:
    """List fields with their type, fill, number of distinct values and most common values.

    Rows are counted without weights.

    Args:
        scope: the rows.
        names: only these fields, in this order; by default all.

    Returns:
        One row per field. `fill` is the share of rows with a value, `values` the number of distinct values,
        `at_least` whether that is a lower bound, `source` which rows were counted. `dataset["scope_rows"]` is
        the number of rows in the scope.

    Raises:
        UnknownField: no field has one of the names; the hint has the nearest names.

    Cost: nothing is read for coded fields; for the others all rows if there are at most 100,000, else 20,000.
        The condition of the scope is evaluated once.
    """
    if isinstance(names, str):
        names = [names]
    wanted = (
        list(scope.schema.names)
        if names is None
        else list(dict.fromkeys(scope.resolve(name) for name in names))
    )
    stored = set(scope.dataset.schema.names)
    local = scope.dataset.local
    coded = [n for n in wanted if local and scope.where is None and n in stored and _has_codes(scope, n)]
    known = {
        name: _summarize_codes(scope.codes(name), _rows_per_code(scope, name), ALL_ROWS) for name in coded
    }
    masks = None if scope.where is None or not local else [mask.true for mask in scope.masks(None)]
    total = scope.extent[0] if masks is None else sum(int(mask.sum()) for mask in masks)
    rest = [name for name in wanted if name not in known]
    sql, notes = [], list(scope.notes)
    for some in ([n for n in rest if n in stored], [n for n in rest if n not in stored]):
        if not some:
            continue
        if not local:
            read = _read_elsewhere(scope, some, total)
        elif some[0] in stored:
            read = _read_stored(scope, some, masks, total)
        else:
            read = _read_derived(scope, some, total)
        known |= {name: _summarize_rows(scope, name, read) for name in some}
        sql.append(read.sql)
        if read.label != ALL_ROWS:
            notes.append(f"fill and values of {pluralize(len(some), 'field')} are from {read.label}")
    computed = [name for name in scope.known.names if name not in scope.schema.names]
    if names is None and computed:
        notes.append(
            "computed from whole traces when a condition, query or fields= names them: " + ", ".join(computed)
        )
    listed = [known[name] for name in wanted]
    table = pa.table(
        {
            "field": pa.array(wanted, pa.string()),
            "type": pa.array([type_word(scope.known.field(n).type) for n in wanted], pa.string()),
            "fill": pa.array([row.filled for row in listed], pa.float64()),
            "values": pa.array([row.distinct for row in listed], pa.int64()),
            "at_least": pa.array([row.least for row in listed], pa.bool_()),
            "top": pa.array([row.top for row in listed], pa.string()),
            "source": pa.array([row.source for row in listed], pa.string()),
        }
    )
    return Fields(
        kind="fields",
        table=with_units(table, fill=SHARE),
        query=format_call("fields", scope=scope, names=list(names) if names else None),
        sql=join_statements(scope, sql),
        dataset={**dataset_of(scope), "scope_rows": total},
        notes=merge_notes(notes),
    )


def _has_codes(scope: Scope, name: str) -> bool:
    """Return whether the codes of a field exist and hold all of its values, which those of times do not."""
    return not pa.types.is_timestamp(scope.known.field(name).type) and scope.dataset.codes.ready(name)


def _rows_per_code(scope: Scope, name: str) -> Counts:
    """Return the number of rows with each code of a field."""
    codes = scope.codes(name)
    # Without `event_count` a row is one event, and the totals have those.
    return _count_codes(codes) if "event_count" in scope.dataset.schema.names else codes.totals["all"].n


def _count_codes(codes: FieldCodes) -> Counts:
    out = np.zeros(codes.size, np.int64)
    for part, remap in codes.parts:
        local = np.bincount(part, minlength=codes.size if remap is None else len(remap))
        np.add.at(out, np.arange(len(local)) if remap is None else remap, local)
    return out


def _read_stored(scope: Scope, names: list[str], masks: list[Mask] | None, total: int) -> _RowsRead:
    """Read all rows if they are few, else a sample."""
    dataset = scope.dataset
    sizes = [file.rows for file in dataset.files]
    if dataset.rows <= SMALL_ROWS or total <= SAMPLE_ROWS:
        chosen, label = [_matching_rows(sizes, masks, at) for at in range(len(sizes))], ALL_ROWS
    else:
        chosen = _sample_rows(sizes, masks, total)
        label = f"a sample of {sum(map(len, chosen)):,} rows"
    tables = [dataset.take(at, rows, names) for at, rows in enumerate(chosen) if len(rows)]
    empty = pa.schema([dataset.schema.field(name) for name in names]).empty_table()
    return _RowsRead(tables or [empty], label)


def _matching_rows(sizes: list[int], masks: list[Mask] | None, file: int) -> Counts:
    return np.arange(sizes[file]) if masks is None else np.flatnonzero(masks[file])


def _sample_rows(sizes: list[int], masks: list[Mask] | None, total: int) -> list[Counts]:
    """Return a few blocks of rows, spread evenly over the scope; each block costs a read."""
    each = SAMPLE_ROWS // SAMPLE_BLOCKS
    starts = [total * (2 * at + 1) // (2 * SAMPLE_BLOCKS) - each // 2 for at in range(SAMPLE_BLOCKS)]
    out, before = [], 0
    for file in range(len(sizes)):
        rows = _matching_rows(sizes, masks, file)
        out.append(np.concatenate([rows[max(0, at - before) : max(0, at + each - before)] for at in starts]))
        before += len(rows)
    return out


def _read_elsewhere(scope: Scope, names: list[str], total: int) -> _RowsRead:
    """Read all rows of a table elsewhere if they are few, else whole traces drawn by a hash."""
    if total <= SAMPLE_ROWS:
        output = scope.run(lambda t: t.select(*names))
        return _RowsRead([output.table], ALL_ROWS, output.sql)
    share = SAMPLE_ROWS / total
    output = scope.run(lambda t: t.filter(drawn(t, share)).select(*names).limit(2 * SAMPLE_ROWS))
    return _RowsRead([output.table], f"a sample of {output.table.num_rows:,} rows", output.sql)


def _read_derived(scope: Scope, names: list[str], total: int) -> _RowsRead:
    """Compute derived fields, of the first rows only if there are many."""
    most = SMALL_ROWS if scope.dataset.rows <= SMALL_ROWS else SAMPLE_ROWS
    output = scope.run(lambda t: t.select(*names).limit(most))
    label = ALL_ROWS if total <= most else f"the first {output.table.num_rows:,} rows"
    return _RowsRead([output.table], label, output.sql)


def _summarize_rows(scope: Scope, name: str, read: _RowsRead) -> _FieldSummary:
    """Summarize a field from rows; they are coded first, so that the numbers equal those from codes."""
    kind = scope.known.field(name).type
    columns = [table.column(name) for table in read.tables]
    if pa.types.is_timestamp(kind):
        return _summarize_times(
            pa.chunked_array([c for column in columns for c in column.chunks], kind), read.label
        )
    parts = [encode(column) for column in columns]
    sums = list(map(_no_totals, parts))
    common = find_common(
        parts, sums, columns.__getitem__, lambda _, part: _no_totals(part), lambda make: make()
    )
    codes = merge(name, kind, parts, sums, common)
    return _summarize_codes(codes, _count_codes(codes), read.label)


def _no_totals(part: Encoded) -> dict[str, Totals]:
    """Return totals of zero: weights are not needed."""
    none = np.zeros(len(part.values) + 1)
    return dict.fromkeys(("all", "units"), Totals(none.astype(np.int64), none, none))


def _summarize_times(column: pa.ChunkedArray, label: str) -> _FieldSummary:
    filled = 1 - column.null_count / len(column) if len(column) else 0.0
    ends = pc.min_max(column).as_py()
    span = None if ends["min"] is None else f"{formatting.time(ends['min'])} … {formatting.time(ends['max'])}"
    return _FieldSummary(filled, None, False, span, label)


def _summarize_codes(codes: FieldCodes, rows: Counts, label: str) -> _FieldSummary:
    everything = int(rows.sum())
    filled = float(1 - rows[0] / everything) if everything else 0.0
    inside = rows[1:]
    if codes.kind == "flag":
        return _FieldSummary(filled, None, False, None, label)
    least = codes.distinct is not None and (codes.at_least or label != ALL_ROWS)
    if codes.kind == "numeric":
        return _FieldSummary(filled, codes.distinct, least, _format_span(codes, inside), label)
    # Sort equal counts by value, because the dictionary has no order.
    fifth = np.partition(inside, -TOP)[-TOP] if len(inside) > TOP else 0
    likely = [at for at in np.flatnonzero(inside >= max(1, fifth)) if at + 1 != codes.rare_code]
    values = codes.values.take(pa.array(likely, pa.int64())).to_pylist()
    ranked = sorted(
        zip(inside[likely].tolist(), values, strict=True), key=lambda pair: (-pair[0], str(pair[1]))
    )
    top = [(value, n / inside.sum()) for n, value in ranked[:TOP]]
    return _FieldSummary(filled, codes.distinct, least, _format_top(top, codes), label)


def _format_top(top: list[tuple[Any, float]], codes: FieldCodes) -> str | None:
    if not top:
        return None
    # Integers such as 200 and 8080 have no thousands separators.
    shown = [
        str(v) if pa.types.is_integer(codes.type) else "''" if v == "" else format_cell(v) for v, _ in top
    ]
    if codes.distinct and codes.distinct > 50 and top[0][1] < 0.001:
        return f"{shown[0]}, …"
    return ", ".join(f"{text} {formatting.share(share)}" for text, (_, share) in zip(shown, top, strict=True))


def _format_span(codes: FieldCodes, rows: Counts) -> str | None:
    """Write the least, the median (within 1%) and the greatest value."""
    if codes.lo is None or codes.hi is None or codes.bucket is None:
        return None
    fine = np.isfinite(codes.lo) & np.isfinite(codes.hi) & (rows > 0)
    if not fine.any():
        return None
    running = np.cumsum(rows[fine])
    at = int(np.searchsorted(running, running[-1] / 2))
    low, high = float(codes.lo[fine].min()), float(codes.hi[fine].max())
    middle = min(high, max(low, float(middles(codes.bucket[fine][at : at + 1])[0])))
    unit = MS if codes.name == "duration_ms" else None
    return " … ".join(format_cell(value, unit) for value in (low, middle, high))
