"""`otel_traces` and `otel_logs` of the OpenTelemetry Collector's ClickHouse exporter, read in place."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir

from obskit.readers.clickhouse import is_export
from obskit.remote.model import TIME, Model, Run, add_maps

__all__ = ["is_export", "otel_model"]

_OWN = {
    "TraceId": "trace_id",
    "SpanId": "span_id",
    "ParentSpanId": "parent_span_id",
    "TraceState": "trace_state",
    "SpanName": "name",
    "EventName": "name",
    "StatusMessage": "status_message",
    "SeverityText": "severity_text",
    "Body": "body",
}
_LEVELS = ("ResourceAttributes", "ScopeAttributes", "SpanAttributes", "LogAttributes")
_AFTER_MAPS = {
    "ServiceName": "service.name",
    "ScopeName": "otel.scope.name",
    "ScopeVersion": "otel.scope.version",
}


def otel_model(source: ir.Table, run: Run) -> Model:
    """Return the fields of a table of the exporter, with each attribute of its maps as a field.

    Args:
        source: the table.
        run: runs a statement.

    Returns:
        The fields. Empty text means that a value is missing, as the exporter writes it.
    """
    model, names = Model(), source.columns
    at: Any = source["Timestamp"]
    model.add("timestamp", at if at.type().copy(nullable=True) == TIME else at.cast(TIME))
    if "Duration" in names:
        model.add("duration_ms", source["Duration"].cast("float64") / 1e6)
    for column, name in _OWN.items():
        if column in names:
            model.add(name, _filled(source[column]))
    if "SpanKind" in names:
        kind: Any = source["SpanKind"].cast("string").lower().replace("span_kind_", "")
        model.add("kind", kind.nullif("").nullif("unspecified"))
    else:
        model.add("kind", ibis.literal("event"))
    if "StatusCode" in names:
        model.add(
            "status_code", _filled(source["StatusCode"].cast("string").upper().replace("STATUS_CODE_", ""))
        )
    if "SeverityNumber" in names:
        model.add("severity_number", source["SeverityNumber"].cast("int32").nullif(0))
    present = [name for name in _LEVELS if name in names]
    add_maps(model, source, run, [[(name, source[name], "") for name in present]])
    for column, name in _AFTER_MAPS.items():
        if column in names:
            model.parts.setdefault(name, []).append(_filled(source[column]))
    nested = sorted({name.partition(".")[0] for name in names if name.startswith(("Events.", "Links."))})
    nested += [name for name in ("Events", "Links") if name in names and name not in nested]
    if nested:
        model.notes.append(f"{' and '.join(nested).lower()} inside spans are not read from there")
    return model


def _filled(value: Any) -> Any:
    return value.cast("string").nullif("")
