"""`sample`: random rows; `traces`: a list of traces."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from obskit.display.result import Result
from obskit.display.tables import MS, UNIT
from obskit.engine import Scope
from obskit.errors import InvalidArgument
from obskit.query.arguments import whole_number
from obskit.query.output import dataset_of, format_call, join_statements, merge_notes

FIRST = ("timestamp", "duration_ms", "name", "service.name", "http.route", "error", "trace_id", "span_id")
NO_TRACES = "if a column of another name holds it, load with mapping= (--mapping FILE.json)"


def with_units(table: pa.Table, **units: bytes) -> pa.Table:
    """Return the table with the units of its columns in their metadata, for display."""
    units = {"duration_ms": MS, **units}
    fields = [f.with_metadata({UNIT: units[f.name]}) if f.name in units else f for f in table.schema]
    return table.cast(pa.schema(fields))


def sample(scope: Scope, n: int = 10, seed: int = 0) -> Result:
    """Return random rows; the same seed returns the same rows.

    Args:
        scope: the rows to draw from.
        n: the number of rows.
        seed: selects another sample.

    Returns:
        At most `n` rows with all fields, the common ones first.

    Raises:
        InvalidArgument: n is not a whole number of at least 1.

    Cost: one scan of the fields that identify a row; all fields only of the rows that are drawn.
    """
    n = whole_number(n, "n", "events.sample(10)")
    names = [name for name in FIRST if name in scope.schema.names]
    names += [name for name in scope.schema.names if name not in names]

    def build(table: ir.Table) -> ir.Table:
        # Order by a hash of the seed and of what identifies the row: the same rows on every run.
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

    output = scope.run(build)
    return Result(
        kind="sample",
        table=with_units(output.table),
        query=format_call("sample", n, scope=scope, seed=seed),
        sql=join_statements(scope, [output.sql]),
        dataset=dataset_of(scope),
        notes=merge_notes(scope.notes),
    )


def traces(scope: Scope, limit: int = 20) -> Result:
    """List traces, the longest first.

    Args:
        scope: the rows; their spans are counted.
        limit: the most traces.

    Returns:
        One row per trace: spans, errors, the time of its first span, the duration of its longest span, and
        the name of its root.

    Raises:
        InvalidArgument: the events have no trace ids, or `limit` is not a whole number of at least 1.
    """
    limit = whole_number(limit, "limit", "events.traces(limit=10)")
    if "trace_id" not in scope.schema.names:
        raise InvalidArgument("the events have no trace_id", hint=NO_TRACES)

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

    output = scope.run(build)
    return Result(
        kind="traces",
        table=with_units(output.table),
        query=format_call("traces", limit, scope=scope),
        sql=join_statements(scope, [output.sql]),
        dataset=dataset_of(scope),
        notes=merge_notes(
            scope.notes,
            ["only spans that the condition selects are counted"] if scope.where is not None else [],
        ),
    )
