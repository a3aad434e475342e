"""`traces`: a list of traces; and the units of columns."""

from __future__ import annotations

import dataclasses
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

_OF_TRACES = ("trace_id", "error", "timestamp", "duration_ms", "name", "parent_span_id")
WHOLE_TRACES = "each trace is shown whole: `matching` is the number of its spans that the condition selects"
NO_TRACES = "if a column of another name holds it, load with mapping= (--mapping FILE.json)"


def with_units(table: pa.Table, **units: bytes) -> pa.Table:
    """Return the table with the units of its columns in their metadata, for display."""
    units = {"duration_ms": MS, **units}
    fields = [f.with_metadata({UNIT: units[f.name]}) if f.name in units else f for f in table.schema]
    return table.cast(pa.schema(fields))


def traces(scope: Scope, limit: int = 20) -> Result:
    """List traces, the longest first.

    Each trace is taken as a whole, also where the scope selects only some of its spans.

    Args:
        scope: the rows; traces with at least one of them are listed.
        limit: the most traces.

    Returns:
        One row per trace: spans, errors, the time of its first span, the duration of its longest span, and
        the name of its root. If the scope has a condition, `matching` is the number of spans it selects.

    Raises:
        InvalidArgument: the events have no trace ids, or `limit` is not a whole number of at least 1.
    """
    limit = whole_number(limit, "limit", "events.traces(limit=10)")
    if "trace_id" not in scope.schema.names:
        raise InvalidArgument("the events have no trace_id", hint=NO_TRACES)

    narrowed = scope.where is not None
    whole = dataclasses.replace(scope, where=None)

    def build(table: ir.Table) -> ir.Table:
        there = table.filter(table["trace_id"].notnull())
        there = there.select(*(name for name in _OF_TRACES if name in table.columns))
        if narrowed:
            chosen = scope.table.filter(scope.table["trace_id"].notnull())
            chosen = chosen.group_by("trace_id").aggregate(matching=chosen.count())
            there = there.inner_join(chosen, "trace_id")
        wanted: dict[str, Any] = {"spans": there.count()}
        if "error" in there.columns:
            wanted["errors"] = there["error"].ifelse(1, 0).sum().fill_null(0)
        if "timestamp" in there.columns:
            wanted["timestamp"] = there["timestamp"].min()
        if "duration_ms" in there.columns:
            wanted["duration_ms"] = there["duration_ms"].max()
        if "name" in there.columns and "parent_span_id" in there.columns:
            wanted["root"] = there["name"].max(where=there["parent_span_id"].isnull())
        if narrowed:
            wanted["matching"] = there["matching"].max()
        found = there.group_by("trace_id").aggregate(**wanted)
        return found.order_by(
            [ibis.desc("duration_ms" if "duration_ms" in wanted else "spans"), "trace_id"]
        ).limit(limit)

    output = whole.run(build)
    return Result(
        kind="traces",
        table=with_units(output.table),
        query=format_call("traces", limit, scope=scope),
        sql=join_statements(scope, [output.sql]),
        dataset=dataset_of(scope),
        notes=merge_notes(
            scope.notes,
            [WHOLE_TRACES] if narrowed else [],
        ),
    )
