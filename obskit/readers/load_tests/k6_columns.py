"""Columns of k6's points as CSV (`k6 run --out csv=results.csv`).

    metric_name,timestamp,metric_value,check,error,error_code,...,method,name,...,status,...,url,...
    http_req_duration,1777888800,250.5,,,,...,POST,http://shop.example/cart,...     one request of 250.5 ms
    vus,1777888800,5,...                                                           left out, counted

The time of a point is when the request ended; it is written in seconds, so starts are only as exact as that.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.tables.columns import Columns
from obskit.schema import FileReport

DURATION = "http_req_duration"
OTHERS = "points of k6 other than http_req_duration are not requests, and are left out"

_TEXTS = {
    "method": "http.request.method",
    "status": "http.response.status_code",
    "url": "url.full",
    "error": "error.message",
    "error_code": "error.type",
    "proto": "k6.protocol",
    "scenario": "k6.scenario",
    "group": "k6.group",
    "expected_response": "k6.expected_response",
}


def matches(names: AbstractSet[str]) -> bool:
    """Return whether a table has k6's columns.

    Args:
        names: of its columns.

    Returns:
        Whether they are k6's.

    Example:
        print(matches({"metric_name", "timestamp", "metric_value", "status", "url"}))
    """
    return {"metric_name", "timestamp", "metric_value"} <= names and bool(
        {"url", "scenario", "status"} & names
    )


def convert(batch: pa.RecordBatch, report: FileReport) -> pa.RecordBatch:
    """Return the requests of a batch of points.

    Args:
        batch: with text columns under k6's names.
        report: receives the note about other points.

    Returns:
        The batch with the names of events.

    Example:
        import pyarrow as pa

        from obskit.schema import FileReport, LoadReport

        row = {"metric_name": ["vus"], "timestamp": ["1777888800"], "metric_value": ["5"], "url": [None]}
        print(convert(pa.RecordBatch.from_pydict(row), FileReport(LoadReport(), "a.csv")).num_rows)
    """
    requests = pc.fill_null(pc.equal(batch.column("metric_name"), DURATION), False)
    kept = batch.filter(requests)
    if kept.num_rows < batch.num_rows:
        report.note(OTHERS)
    columns = Columns(kept)
    columns.drop("metric_name")
    took = columns.numbers("metric_value")
    ends = columns.numbers("timestamp")
    columns.drop("timestamp")
    columns.drop("metric_value")
    columns["duration_ms"] = took
    starts = pc.round(pc.subtract(pc.multiply(ends, 1e6), pc.multiply(pc.fill_null(took, 0.0), 1e3)))
    usual = pc.less(pc.abs(starts), 9e18)
    starts = pc.cast(pc.if_else(usual, starts, pa.scalar(None, pa.float64())), pa.int64())
    columns["timestamp"] = pc.cast(starts, pa.timestamp("us", "UTC"))
    for name, target in _TEXTS.items():
        columns.rename(name, target)
    if "k6.expected_response" in columns:
        failed = pc.equal(columns["k6.expected_response"], "false")
        columns["status_code"] = pc.if_else(pc.fill_null(failed, False), "ERROR", "UNSET")
    columns["kind"] = pa.repeat("client", kept.num_rows)
    return columns.batch()
