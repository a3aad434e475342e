"""`fields`: what the events have, without reading them all: from codes where made, else from a sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from obskit.dataset import FieldCodes
from obskit.engine import Scope
from obskit.figures import words
from obskit.figures.result import Result
from obskit.figures.tables import UNIT, format_cell
from obskit.query.answer import call, dataset_of, merged, statements
from obskit.query.terms import middles

SAMPLE_ROWS = 20_000
SMALL_ROWS = 100_000  # up to so many, all of them are read
TOP = 5
_WORDS = {"string": "string", "double": "float", "bool": "bool", "int64": "int", "int32": "int"}


@dataclass(frozen=True)
class _Row:
    """What is known of one field."""

    filled: float
    distinct: int | None
    least: bool  # `distinct` is a lower bound
    top: list[tuple[Any, float]]  # value, share of the rows that have one
    span: str | None
    source: str


def type_word(kind: pa.DataType) -> str:
    """Return a type as people say it."""
    if pa.types.is_timestamp(kind):
        return "time"
    if pa.types.is_list(kind):
        return f"list of {type_word(kind.value_type)}"
    return "struct" if pa.types.is_struct(kind) else _WORDS.get(str(kind), str(kind))


def fields(scope: Scope, names: Sequence[str] | None = None) -> Result:
    """List the fields: type, rows that have a value, fill, how many values, the commonest ones.

    Args:
        scope: the rows.
        names: only these fields.
    Returns:
        A row a field; `source` says whether it was counted over all rows or over a sample.
    Cost: nothing is scanned for coded fields; for the others, at most 20,000 rows are read.
    """
    only = None if names is None else set(names)
    wanted = [name for name in scope.schema.names if only is None or name in only]
    whole = scope.where is None
    coded = [n for n in wanted if whole and n in scope.dataset.schema.names and scope.dataset.codes.ready(n)]
    known = {name: _from_codes(scope.codes(name)) for name in coded}
    rest = [name for name in wanted if name not in known]
    sql, notes = "", list(scope.notes)
    if rest:
        rows, label, sql, total = _rows(scope, rest)
        known |= {name: _from_rows(rows.column(name), label, _unit(name)) for name in rest}
        if label != "all rows":
            notes.append(
                f"{len(rest)} fields are not counted yet: their fill and values are those of a {label}"
            )
    else:
        total = scope.dataset.rows
    listed = [known[name] for name in wanted]
    table = pa.table(
        {
            "field": pa.array(wanted, pa.string()),
            "type": pa.array([type_word(scope.schema.field(n).type) for n in wanted], pa.string()),
            "fill": pa.array([row.filled for row in listed], pa.float64()),
            "values": pa.array([row.distinct for row in listed], pa.int64()),
            "at_least": pa.array([row.least for row in listed], pa.bool_()),
            "top": pa.array(
                [_top(row, scope.schema.field(n).type) for n, row in zip(wanted, listed, strict=True)],
                pa.string(),
            ),
            "source": pa.array([row.source for row in listed], pa.string()),
        }
    )
    shares = table.schema.get_field_index("fill")
    table = table.cast(table.schema.set(shares, table.schema.field(shares).with_metadata({UNIT: b"share"})))
    return Result(
        kind="fields",
        table=table,
        query=call("fields", scope=scope, names=list(names) if names else None),
        sql=statements(scope, [sql]),
        dataset={**dataset_of(scope), "scope_rows": total},
        notes=merged(notes),
    )


def _rows(scope: Scope, names: list[str]) -> tuple[pa.Table, str, str, int | None]:
    """Return rows to count on, what they are, the statement, and how many rows the scope has if known."""
    stored = all(name in scope.dataset.schema.names for name in names)
    if scope.where is None and stored:
        if scope.dataset.rows <= SMALL_ROWS:
            return scope.dataset.arrow(names), "all rows", "", scope.dataset.rows
        files = scope.dataset.files
        # From the middle of at most two files: the first rows of a day are not like the others.
        picked = sorted({len(files) // 4, len(files) * 3 // 4} & set(range(len(files)))) or [0]
        each = SAMPLE_ROWS // len(picked)
        parts = []
        for at in picked:
            start = max(0, files[at].rows // 2 - each // 2)
            rows = np.arange(start, min(files[at].rows, start + each))
            parts.append(scope.dataset.take(at, rows, names))
        table = pa.concat_tables(parts)
        return table, f"sample of {table.num_rows:,} rows", "", scope.dataset.rows
    answer = scope.run(lambda t: t.select(*names).limit(SAMPLE_ROWS))
    small = answer.table.num_rows < SAMPLE_ROWS
    label = "all rows" if small else f"sample of {answer.table.num_rows:,} rows"
    return answer.table, label, answer.sql, answer.table.num_rows if small else None


def _from_codes(codes: FieldCodes) -> _Row:
    totals = codes.totals["all"]
    count = totals.n.astype(np.float64)
    everything = count.sum()
    filled = float(1 - count[0] / everything) if everything else 0.0
    inside = totals.w[1:]
    if codes.kind == "numeric":
        return _Row(filled, None, False, [], _span(codes, inside), "all rows")
    there = inside > 0
    if codes.kind == "flag":
        return _Row(filled, None, False, [], None, "all rows")
    rare = codes.rare_code
    order = np.argsort(-inside, kind="stable")[: TOP + 1]
    top = [
        (codes.values[int(at)].as_py(), float(inside[at] / inside.sum()))
        for at in order
        if inside[at] > 0 and int(at) + 1 != rare
    ][:TOP]
    return _Row(filled, int(there.sum()), rare is not None, top, None, "all rows")


def _quoted(value: Any) -> str:
    return "''" if value == "" else str(value)  # an integer as it is: 200, 8080, no thousands


def _unit(name: str) -> bytes | None:
    return b"ms" if name == "duration_ms" else None


def _span(codes: FieldCodes, weight: Any) -> str | None:
    if codes.lo is None or codes.hi is None or codes.bucket is None or not len(codes.lo):
        return None
    fine = np.isfinite(codes.lo) & np.isfinite(codes.hi) & (weight > 0)
    if not fine.any():
        return None
    running = np.cumsum(weight[fine])
    at = int(np.searchsorted(running, running[-1] / 2))
    middle = float(middles(codes.bucket[fine][at : at + 1])[0])
    unit = _unit(codes.name)
    low, high = float(codes.lo[fine].min()), float(codes.hi[fine].max())
    return f"{format_cell(low, unit)} … {format_cell(middle, unit)} … {format_cell(high, unit)}"


def _from_rows(column: pa.ChunkedArray, label: str, unit: bytes | None) -> _Row:
    rows = len(column)
    filled = 1 - column.null_count / rows if rows else 0.0
    kind = column.type
    some = column.drop_null()
    if not len(some) or pa.types.is_nested(kind):
        return _Row(filled, None, False, [], None, label)
    sampled = label != "all rows"
    if pa.types.is_timestamp(kind):
        ends = pc.min_max(some)
        return _Row(
            filled,
            None,
            False,
            [],
            f"{format_cell(ends['min'].as_py())} … {format_cell(ends['max'].as_py())}",
            label,
        )
    counts = pc.value_counts(some.combine_chunks())
    if pa.types.is_floating(kind):
        values = some.to_numpy()
        values = values[np.isfinite(values)]
        if not len(values):
            return _Row(filled, None, False, [], None, label)
        parts = [float(values.min()), float(np.median(values)), float(values.max())]
        span = " … ".join(format_cell(part, unit) for part in parts)
        return _Row(filled, None, False, [], span, label)
    number = counts.field("counts").to_numpy(zero_copy_only=False)
    order = np.argsort(-number, kind="stable")[:TOP]
    values = counts.field("values")
    top = [(values[int(at)].as_py(), float(number[at] / len(some))) for at in order]
    return _Row(filled, len(counts), sampled, top, None, label)


def _top(row: _Row, kind: pa.DataType) -> str | None:
    if row.span is not None:
        return row.span
    if not row.top:
        return None
    if row.distinct and row.distinct > 50 and row.top[0][1] < 0.001:
        return f"{format_cell(row.top[0][0])}, …"
    plain = pa.types.is_integer(kind)
    return ", ".join(
        f"{_quoted(value) if plain or value == '' else format_cell(value)} {words.share(share)}"
        for value, share in row.top
    )


__all__ = ["fields", "type_word"]
