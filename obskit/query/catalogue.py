"""`fields`: what the events have, without reading them all: from codes where made, else from a sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obskit.dataset import FieldCodes, Totals, encode, merge
from obskit.display import formatting as words
from obskit.display.result import Result
from obskit.display.tables import MS, SHARE, UNIT, WRITTEN, format_cell, html_table, text_table
from obskit.engine import Scope
from obskit.query.lookup import with_units
from obskit.query.output import call, dataset_of, merged, statements
from obskit.query.terms import middles
from obskit.text import pluralize, safe

ALL = "all rows"
SAMPLE_ROWS = 20_000
SMALL_ROWS = 100_000  # up to so pluralize, all of them are read
STRETCHES = 4  # of rows, that a sample is made of
TOP = 5
Counts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_WORDS = {"string": "string", "double": "float", "bool": "bool", "int64": "int", "int32": "int"}


class Fields(Result):
    """The fields; its table has what programs need, what people see is `shown`."""

    @property
    def shown(self) -> pa.Table:
        """The table for people: a lower bound as `>= 109`, without the columns for programs."""
        rows = zip(self.table["values"].to_pylist(), self.table["at_least"].to_pylist(), strict=True)
        values = ["-" if n is None else f"{'>= ' if least else ''}{format_cell(n)}" for n, least in rows]
        field = pa.field("values", pa.string(), metadata={UNIT: WRITTEN})
        # What does not apply is a dash: null would be a value that the events lack.
        top = self.table["top"].fill_null("-")
        columns = [
            self.table["field"],
            self.table["type"],
            self.table["fill"],
            pa.array(values, pa.string()),
            top,
        ]
        schema = self.table.schema
        return pa.Table.from_arrays(
            columns, schema=pa.schema([*list(schema)[:3], field, schema.field("top")])
        )

    def __str__(self) -> str:
        return "\n".join([text_table(self.shown), *map(safe, self.footer())])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html_table(self.shown, caption=self.footer(), most=len(self))


@dataclass(frozen=True)
class _Row:
    """What is known of one field."""

    filled: float
    distinct: int | None
    least: bool  # `distinct` is a lower bound
    top: str | None
    source: str


@dataclass(frozen=True)
class _Read:
    """Rows that were read to count on: a table a file, and what they are."""

    tables: list[pa.Table]
    label: str
    sql: str = ""


def type_word(kind: pa.DataType) -> str:
    """Return a type as people say it."""
    if pa.types.is_timestamp(kind):
        return "time"
    if pa.types.is_list(kind):
        return f"list of {type_word(kind.value_type)}"
    return "struct" if pa.types.is_struct(kind) else _WORDS.get(str(kind), str(kind))


def fields(scope: Scope, names: Sequence[str] | None = None) -> Fields:
    """List the fields: type, rows that have a value, fill, how many values, the commonest ones.

    Rows are counted as they stand, without weights; the numbers are the same from codes and from rows.

    Args:
        scope: the rows.
        names: only these fields.
    Returns:
        A row a field; `source` says whether it was counted over all rows or over a sample, `at_least` whether
        `values` is a lower bound. `dataset["scope_rows"]` is how many rows the scope has.
    Cost: nothing is scanned for coded fields; of the others, all of at most 100,000 rows are read, else
        20,000; a scope's condition is evaluated once.
    """
    only = None if names is None else set(names)
    wanted = [name for name in scope.schema.names if only is None or name in only]
    stored = set(scope.dataset.schema.names)
    coded = [n for n in wanted if scope.where is None and n in stored and _coded(scope, n)]
    known = {name: _of_codes(scope.codes(name), _rows_of(scope, name), ALL) for name in coded}
    masks = None if scope.where is None else [mask.true for mask in scope.masks(None)]
    total = scope.dataset.rows if masks is None else sum(int(mask.sum()) for mask in masks)
    rest = [name for name in wanted if name not in known]
    sql, notes = [], list(scope.notes)
    for some in ([n for n in rest if n in stored], [n for n in rest if n not in stored]):
        if not some:
            continue
        read = _stored(scope, some, masks, total) if some[0] in stored else _derived(scope, some, total)
        known |= {name: _of_rows(scope, name, read) for name in some}
        sql.append(read.sql)
        if read.label != ALL:
            what = f"{pluralize(len(some), 'field is', 'fields are')} not counted yet"
            notes.append(f"{what}: fill and values are those of {read.label}")
    listed = [known[name] for name in wanted]
    table = pa.table(
        {
            "field": pa.array(wanted, pa.string()),
            "type": pa.array([type_word(scope.schema.field(n).type) for n in wanted], pa.string()),
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
        query=call("fields", scope=scope, names=list(names) if names else None),
        sql=statements(scope, sql),
        dataset={**dataset_of(scope), "scope_rows": total},
        notes=merged(notes),
    )


def _coded(scope: Scope, name: str) -> bool:
    """Whether codes say all that rows do: they are made, and the field is no time, which they do not tell."""
    return not pa.types.is_timestamp(scope.schema.field(name).type) and scope.dataset.codes.ready(name)


def _rows_of(scope: Scope, name: str) -> Counts:
    """Return how many rows each code of a field is on."""
    codes = scope.codes(name)
    # Without folded events a row is one event, and those are counted already.
    return _counted(codes) if "event_count" in scope.dataset.schema.names else codes.totals["all"].n


def _counted(codes: FieldCodes) -> Counts:
    out = np.zeros(codes.size, np.int64)
    for part, remap in codes.parts:
        local = np.bincount(part, minlength=codes.size if remap is None else len(remap))
        np.add.at(out, np.arange(len(local)) if remap is None else remap, local)
    return out


def _stored(scope: Scope, names: list[str], masks: list[Mask] | None, total: int) -> _Read:
    """Read all rows where they are few, else a sample from the whole of them."""
    dataset = scope.dataset
    sizes = [file.rows for file in dataset.files]
    if dataset.rows <= SMALL_ROWS or total <= SAMPLE_ROWS:
        chosen, label = [_matching(sizes, masks, at) for at in range(len(sizes))], ALL
    else:
        chosen = _spread(sizes, masks, total)
        label = f"a sample of {sum(map(len, chosen)):,} rows"
    tables = [dataset.take(at, rows, names) for at, rows in enumerate(chosen) if len(rows)]
    empty = pa.schema([dataset.schema.field(name) for name in names]).empty_table()
    return _Read(tables or [empty], label)


def _matching(sizes: list[int], masks: list[Mask] | None, file: int) -> Counts:
    return np.arange(sizes[file]) if masks is None else np.flatnonzero(masks[file])


def _spread(sizes: list[int], masks: list[Mask] | None, total: int) -> list[Counts]:
    """Return rows of each file: a few stretches, evenly in the rows of the scope; each costs a read."""
    each = SAMPLE_ROWS // STRETCHES
    starts = [total * (2 * at + 1) // (2 * STRETCHES) - each // 2 for at in range(STRETCHES)]
    out, before = [], 0
    for file in range(len(sizes)):
        rows = _matching(sizes, masks, file)
        out.append(np.concatenate([rows[max(0, at - before) : max(0, at + each - before)] for at in starts]))
        before += len(rows)
    return out


def _derived(scope: Scope, names: list[str], total: int) -> _Read:
    """Compute fields that are not stored, on the first rows alone where there are many."""
    most = SMALL_ROWS if scope.dataset.rows <= SMALL_ROWS else SAMPLE_ROWS
    answer = scope.run(lambda t: t.select(*names).limit(most))
    label = ALL if total <= most else f"the first {answer.table.num_rows:,} rows"
    return _Read([answer.table], label, answer.sql)


def _of_rows(scope: Scope, name: str, read: _Read) -> _Row:
    """Count a field on rows, coded as a file's are: so the numbers are those of its codes."""
    kind = scope.schema.field(name).type
    columns = [table.column(name) for table in read.tables]
    if pa.types.is_timestamp(kind):
        return _of_times(pa.chunked_array([c for column in columns for c in column.chunks], kind), read.label)
    parts = [encode(column) for column in columns]
    sums = []
    for part in parts:  # weights are not asked for
        none = np.zeros(len(part.values) + 1)
        sums.append(dict.fromkeys(("all", "units"), Totals(none.astype(np.int64), none, none)))
    codes = merge(name, kind, parts, sums)
    return _of_codes(codes, _counted(codes), read.label)


def _of_times(column: pa.ChunkedArray, label: str) -> _Row:
    filled = 1 - column.null_count / len(column) if len(column) else 0.0
    ends = pc.min_max(column).as_py()
    span = None if ends["min"] is None else f"{words.time(ends['min'])} … {words.time(ends['max'])}"
    return _Row(filled, None, False, span, label)


def _of_codes(codes: FieldCodes, rows: Counts, label: str) -> _Row:
    everything = int(rows.sum())
    filled = float(1 - rows[0] / everything) if everything else 0.0
    inside = rows[1:]
    if codes.kind == "flag":
        return _Row(filled, None, False, None, label)
    least = codes.distinct is not None and (codes.at_least or label != ALL)
    if codes.kind == "numeric":
        return _Row(filled, codes.distinct, least, _span(codes, inside), label)
    # Equal counts stand in the order of their values: the dictionary has none.
    fifth = np.partition(inside, -TOP)[-TOP] if len(inside) > TOP else 0
    likely = [at for at in np.flatnonzero(inside >= max(1, fifth)) if at + 1 != codes.rare_code]
    values = codes.values.take(pa.array(likely, pa.int64())).to_pylist()
    ranked = sorted(
        zip(inside[likely].tolist(), values, strict=True), key=lambda pair: (-pair[0], str(pair[1]))
    )
    top = [(value, n / inside.sum()) for n, value in ranked[:TOP]]
    return _Row(filled, codes.distinct, least, _top(top, codes), label)


def _top(top: list[tuple[Any, float]], codes: FieldCodes) -> str | None:
    if not top:
        return None
    # An integer as it is: 200, 8080, no thousands.
    shown = [
        str(v) if pa.types.is_integer(codes.type) else "''" if v == "" else format_cell(v) for v, _ in top
    ]
    if codes.distinct and codes.distinct > 50 and top[0][1] < 0.001:
        return f"{shown[0]}, …"
    return ", ".join(f"{text} {words.share(share)}" for text, (_, share) in zip(shown, top, strict=True))


def _span(codes: FieldCodes, rows: Counts) -> str | None:
    """Return the least, the middle (within 1%) and the greatest value."""
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
