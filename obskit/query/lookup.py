"""Rows and counts looked up: `sample`, `impact`, `traces`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from obskit.engine import Scope
from obskit.errors import BadCall
from obskit.figures.result import Result
from obskit.figures.tables import UNIT, format_cell
from obskit.names import printable
from obskit.query.answer import call, dataset_of, merged, statements, weight_note
from obskit.query.asking import resolve
from obskit.query.terms import per_row, row_weight

FIRST = ("timestamp", "duration_ms", "name", "service.name", "http.route", "error", "trace_id", "span_id")


def with_units(table: pa.Table, **units: bytes) -> pa.Table:
    """Return the table with the units of its columns written down for display."""
    units = {"duration_ms": b"ms", **units}
    fields = [f.with_metadata({UNIT: units[f.name]}) if f.name in units else f for f in table.schema]
    return table.cast(pa.schema(fields))


def sample(scope: Scope, n: int = 10, seed: int = 0) -> Result:
    """Draw rows at random: the same seed, the same rows.

    Raises:
        BadCall: n is not a whole number of at least 1.
    Cost: one scan of the row numbers; the rows drawn are read whole.
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise BadCall(f"sample({n!r})", hint="a whole number of at least 1")
    names = [name for name in FIRST if name in scope.schema.names]
    names += [name for name in scope.schema.names if name not in names]

    def build(table: ir.Table) -> ir.Table:
        # A hash of what a row is and the seed: no state, and the same on every engine that has the hash.
        keys = [c for c in ("span_id", "trace_id", "timestamp", "duration_ms", "name") if c in table.columns]
        text: Any = ibis.literal(str(seed))
        for key in keys or table.columns[:3]:
            text = text + "|" + table[key].cast("string").fill_null("")
        return (
            table.select(*names).order_by(text.hash()).limit(n)
            if not keys
            else (
                table.mutate(**{"obskit.draw": text.hash()}).order_by("obskit.draw").limit(n).select(*names)
            )
        )

    answer = scope.run(build)
    return Result(
        kind="sample",
        table=with_units(answer.table),
        query=call("sample", n, scope=scope, seed=seed),
        sql=statements(scope, [answer.sql]),
        dataset=dataset_of(scope),
        notes=merged(scope.notes),
    )


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Impact(Result):
    """How many an outcome hit."""

    by: str
    affected: int
    total: int
    lower_bound: bool

    def __str__(self) -> str:
        least = "at least " if self.lower_bound else ""
        share = f" ({100 * self.affected / self.total:.3g}%)" if self.total else ""
        row = self.table.to_pylist()[0]
        first, last = format_cell(row["first"]), format_cell(row["last"])
        lines = [f"{least}{self.affected:,} of {self.total:,} {self.by}{share}, from {first} to {last}"]
        return "\n".join(map(printable, [*lines, *self.footer()]))

    __repr__ = __str__


def impact(scope: Scope, selection: Any, by: str = "user.id") -> Impact:
    """Count how many (users, customers, ...) a selection hit.

    Args:
        scope: who is counted at all.
        selection: the outcome.
        by: the field that tells them apart; rows without it are counted apart.
    Returns:
        Impact: distinct values on selected rows, of all, first and last time. Where rows are sampled both
        numbers are lower bounds, and say so.
    """
    chosen = scope.condition(selection)
    field = resolve(scope, by)
    if pa.types.is_nested(scope.schema.field(field).type):
        raise BadCall(
            f"{field} is a list, which tells nobody apart", hint="a field of one value, such as user.id"
        )

    def build(table: ir.Table) -> ir.Table:
        true: Any = per_row(chosen.to_ibis(table), table)
        wanted: dict[str, Any] = {
            "affected": table[field].nunique(where=true),
            "total": table[field].nunique(),
            "events": true.ifelse(row_weight(table), 0).sum(),
            "without": (true & table[field].isnull()).sum(),
            "rows": true.sum(),
        }
        for name, function in (("first", "min"), ("last", "max")):
            wanted[name] = (
                getattr(table["timestamp"], function)(where=true)
                if "timestamp" in table.columns
                else ibis.null("timestamp('UTC')")
            )
        wanted["sampled"] = (
            (table["sample_weight"] > 1).sum()
            if "sample_weight" in table.columns
            else ibis.literal(0, "int64")
        )
        return table.aggregate(**wanted)

    answer = scope.run(build)
    row = {
        key: 0 if value is None and key not in ("first", "last") else value
        for key, value in answer.table.to_pylist()[0].items()
    }
    sampled = bool(row["sampled"])
    notes = [*scope.notes, *chosen.notes]
    if sampled:
        notes.append(f"events are sampled: {row['affected']:,} is a lower bound, for of some no row was kept")
    if row["without"]:
        notes.append(f"{row['without']:,} of {row['rows']:,} selected rows have no {field}")
    table = pa.table(
        {
            "affected": pa.array([row["affected"]], pa.int64()),
            "total": pa.array([row["total"]], pa.int64()),
            "share": pa.array([row["affected"] / row["total"] if row["total"] else None], pa.float64()),
            "events": pa.array([row["events"]], pa.float64()),
            "first": pa.array([row["first"]], pa.timestamp("us", "UTC")),
            "last": pa.array([row["last"]], pa.timestamp("us", "UTC")),
        }
    )
    return Impact(
        kind="impact",
        table=with_units(table, share=b"share"),
        query=call("impact", chosen.text, scope=scope, by=by),
        sql=statements(scope, [answer.sql]),
        dataset=dataset_of(scope),
        notes=merged(notes, weight_note(None, 0)),
        by=field,
        affected=int(row["affected"]),
        total=int(row["total"]),
        lower_bound=sampled,
    )


def traces(scope: Scope, limit: int = 20) -> Result:
    """List traces, the longest first: spans, errors, begin, length and the name of the root.

    Raises:
        BadCall: the events have no trace ids.
    """
    if "trace_id" not in scope.schema.names:
        raise BadCall("the events have no trace_id", hint="sample(10) shows what they have")

    def build(table: ir.Table) -> ir.Table:
        there = table.filter(table["trace_id"].notnull())
        wanted: dict[str, Any] = {"spans": there.count()}
        if "error" in there.columns:
            wanted["errors"] = there["error"].ifelse(1, 0).sum().fill_null(0)
        if "timestamp" in there.columns:
            wanted["timestamp"] = there["timestamp"].min()
        if "duration_ms" in there.columns:
            wanted["duration_ms"] = there["duration_ms"].max()
        if "name" in there.columns and "parent_span_id" in there.columns:
            wanted["root"] = there["name"].max(where=there["parent_span_id"].isnull())
        found = there.group_by("trace_id").aggregate(**wanted)
        return found.order_by(
            [ibis.desc("duration_ms" if "duration_ms" in wanted else "spans"), "trace_id"]
        ).limit(limit)

    answer = scope.run(build)
    return Result(
        kind="traces",
        table=with_units(answer.table),
        query=call("traces", limit, scope=scope),
        sql=statements(scope, [answer.sql]),
        dataset=dataset_of(scope),
        notes=merged(
            scope.notes, ["spans counted are those of this scope"] if scope.where is not None else []
        ),
    )
