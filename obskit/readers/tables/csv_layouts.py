"""Tables of known programs, whose columns have units that only the program's documentation tells.

    Date,Service,Resource,Duration,...              Datadog's list of spans: Duration in nanoseconds
    timestamp,appName,name,duration,...             New Relic's transactions: duration in seconds
    traceID,spanID,...,startTime,duration,...       Grafana's table of a trace: both in milliseconds
    timestamp [UTC],...,itemType,operation_Id       Application Insights: duration in milliseconds
    timeStamp,elapsed,label,responseCode,...        JMeter's results
    metric_name,timestamp,metric_value,...          k6's points

Without such a header the columns are fields under their own names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.batches.row_batcher import BATCH_TYPES, RowBatcher
from obskit.readers.load_tests import jmeter_columns, k6_columns
from obskit.readers.tables.columns import Columns, whole_numbers
from obskit.readers.vendor_spans.app_insights import ApplicationInsights
from obskit.schema import NAMED, FileReport


@dataclass(frozen=True)
class CsvLayout:
    """How to read the table of a program.

    Attributes:
        convert: turns a batch of text columns into one with names and units of events.
        styled: whether its dates and numbers are in the style of a country.
    """

    convert: Callable[[pa.RecordBatch, FileReport], pa.RecordBatch]
    styled: bool = False


def layout_of(names: Sequence[str], rows: Sequence[Sequence[str]]) -> CsvLayout | None:
    """Return the layout of a table of a known program.

    Args:
        names: of its columns.
        rows: the first rows.

    Returns:
        The layout; None if each row is an event with its own names already.

    Example:
        print(layout_of(["status", "took"], []))
    """
    known = set(names)
    if jmeter_columns.matches(known):
        return CsvLayout(jmeter_columns.convert)
    if k6_columns.matches(known):
        return CsvLayout(k6_columns.convert)
    if {
        "traceID",
        "spanID",
        "parentSpanID",
        "operationName",
        "serviceName",
        "startTime",
        "duration",
    } <= known:
        return CsvLayout(_grafana)
    plain = {name.removesuffix(" [UTC]") for name in names}
    if {"itemType", "operation_Id", "timestamp"} <= plain or {
        "Type",
        "OperationId",
        "TimeGenerated",
    } <= plain:
        return CsvLayout(_app_insights, styled=True)
    upper = {name.upper(): name for name in names}
    if {"DATE", "SERVICE", "RESOURCE", "DURATION"} <= upper.keys():
        at = list(names).index(upper["DURATION"])
        if whole_numbers([row[at] for row in rows]):
            return CsvLayout(_datadog)
    if {"timestamp", "appName", "name", "duration"} <= known:
        at = list(names).index("name")
        if rows and all(row[at].startswith(("WebTransaction/", "OtherTransaction/")) for row in rows):
            return CsvLayout(_newrelic)
    return None


def _grafana(batch: pa.RecordBatch, _report: FileReport) -> pa.RecordBatch:
    columns = Columns(batch)
    columns.rename("traceID", "trace_id")
    columns.rename("spanID", "span_id")
    columns.rename("parentSpanID", "parent_span_id")
    columns.rename("operationName", "name")
    columns.rename("serviceName", "service.name")
    columns.time("startTime", 1000.0)
    columns.duration("duration", 1.0)
    if "statusCode" in columns:  # a status of OTLP, as a number
        codes = columns["statusCode"]
        fits = pc.is_in(codes, pa.array(["0", "1", "2"]))
        if pc.all(pc.or_(fits, pc.is_null(codes)), min_count=0).as_py():
            columns.rename("statusCode", "status_code")
            columns.rename("statusMessage", "status_message")
    return columns.batch()


def _app_insights(batch: pa.RecordBatch, report: FileReport) -> pa.RecordBatch:
    """Read the items of a query's answer that was saved as CSV."""
    items, batcher = ApplicationInsights(report), RowBatcher(dict(NAMED), BATCH_TYPES)
    for row in batch.to_pylist():
        item = {name.removesuffix(" [UTC]"): value for name, value in row.items() if value is not None}
        for name in _INSIGHTS_TIMES & item.keys():
            if _ISO.match(item[name]) is None:  # day or month first: a note says so
                item[f"{name}_text"] = item.pop(name)
        for name in _INSIGHTS_NUMBERS & item.keys():
            try:
                item[name] = float(item[name])
            except ValueError:
                item[f"{name}_text"] = item.pop(name)
        for made in items.parse_rows(item, ""):
            batcher.add(made)
    items.odd.note(report)
    return batcher.take()


_INSIGHTS_NUMBERS = frozenset({"duration", "itemCount", "DurationMs", "ItemCount"})
_INSIGHTS_TIMES = frozenset({"timestamp", "TimeGenerated"})
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]")


def _datadog(batch: pa.RecordBatch, _report: FileReport) -> pa.RecordBatch:
    columns = Columns(batch)
    for name in batch.schema.names:
        upper = name.upper()
        if upper == "DURATION":
            columns.duration(name, 1e-6)
        elif (target := _DATADOG.get(upper)) is not None:
            columns.rename(name, target)
    return columns.batch()


_DATADOG = {
    "DATE": "timestamp",
    "SERVICE": "service.name",
    "RESOURCE": "name",
    "METHOD": "http.request.method",
    "STATUS CODE": "http.response.status_code",
    "STATUS_CODE": "http.response.status_code",
    "HOST": "host.name",
    "ENV": "deployment.environment.name",
    "TRACE ID": "trace_id",
    "SPAN ID": "span_id",
}


def _newrelic(batch: pa.RecordBatch, _report: FileReport) -> pa.RecordBatch:
    columns = Columns(batch)
    columns.rename("appName", "service.name")
    columns.rename("httpResponseCode", "http.response.status_code")
    columns.rename("traceId", "trace_id")
    columns.rename("guid", "span_id")
    columns.rename("host", "host.name")
    columns.duration("duration", 1000.0)
    web = pc.starts_with(columns["name"], "WebTransaction/")
    columns["kind"] = pc.if_else(web, "server", pa.scalar(None, pa.string()))
    return columns.batch()
