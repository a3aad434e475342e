"""Azure Application Insights: requests, dependencies, exceptions and traces, exported in any of four ways.

    {"time": "...", "Type": "AppRequests", "DurationMs": 250, "Success": false, ...}       diagnostic settings
    {"time": "...", "data": {"baseType": "RequestData", "baseData": {"duration": "00:00:00.25"}}}  SDKs
    {"request": [{"durationMetric": {"value": 2500000}}], "context": {...}}                continuous export
    {"itemType": "request", "duration": 250, "operation_Id": "0af7..."}                    answers of queries

A request is a span of kind server, a dependency one of kind client; `success` false is an error. `itemCount`
says how many events a row stands for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from obskit.readers.batches.row_batcher import MalformedRecord
from obskit.readers.spans.scalars import optional_text
from obskit.readers.vendor_spans.app_insights_shapes import Item, items_of
from obskit.readers.vendor_spans.documents import METRICS, VendorFormat, reader_of
from obskit.readers.vendor_spans.fields import (
    attributes,
    identifier,
    iso_nanoseconds,
    number,
    text_milliseconds,
    url_fields,
    without_nulls,
)

_TABLES = rb"App(?:Requests|Dependencies|Exceptions|Traces|PageViews|Events|AvailabilityResults|Metrics)"
_TABLE = re.compile(rb'"Type"\s*:\s*"' + _TABLES + rb'"')
_ENVELOPE = re.compile(
    rb'"baseType"\s*:\s*"(?:Request|RemoteDependency|Exception|Message|Event|PageView|Availability|Metric)Data"'
)
_EXPORT = re.compile(
    rb'"(?:request|remoteDependency|basicException|message|event|view|availability)"\s*:\s*\['
)
_INTERNAL = re.compile(rb'"internal"\s*:\s*\{\s*"data"\s*:')
_ITEM = re.compile(
    rb'"itemType"\s*:\s*"(?:request|dependency|exception|trace|pageView|customEvent|availabilityResult)"'
)
_ANSWER = re.compile(rb'"tables"\s*:\s*\[\s*\{\s*"name"\s*:\s*"PrimaryResult"')
_ANSWER_COLUMN = re.compile(rb'"(?:itemType|operation_Id|OperationId)"')
_SEVERITIES = (("Verbose", 5), ("Information", 9), ("Warning", 13), ("Error", 17), ("Critical", 21))
_SPANS = {"request": "server", "dependency": "client", "pageView": "internal", "availabilityResult": "client"}
_LOGS = frozenset({"exception", "trace", "customEvent"})
_TRUE, _FALSE = frozenset({"true", "1"}), frozenset({"false", "0"})


class ApplicationInsights(VendorFormat):
    """Items of one file."""

    name = "Application Insights"
    noun = "item"

    @classmethod
    def matches(cls, head: bytes) -> bool:
        """Return whether there is an item in one of the four forms."""
        if _TABLE.search(head) or _ENVELOPE.search(head) or _ITEM.search(head):
            return True
        if _INTERNAL.search(head) and b'"context"' in head and _EXPORT.search(head):
            return True
        return bool(_ANSWER.search(head) and _ANSWER_COLUMN.search(head))

    def unwrap(self, document: Any) -> Iterator[Any]:
        """Yield the items of lists and of answers; the rows of a table get the names of its columns."""
        for item in document if type(document) is list else [document]:
            if type(item) is dict and type(item.get("records")) is list:
                yield from item["records"]
            elif type(item) is dict and type(item.get("tables")) is list:
                for table in item["tables"]:
                    yield from _rows_of(table)
            else:
                yield item

    def rows(self, record: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the row of an item; a record of the continuous export can have several."""
        found = items_of(record)
        if not found:
            raise MalformedRecord("neither a request, a dependency, an exception nor a trace")
        for item in found:
            if item.kind == "metric":
                raise MalformedRecord(METRICS)
            yield self._row(item)

    def _row(self, item: Item) -> dict[str, Any]:
        get = item.fields.get
        time = iso_nanoseconds(get("time"), "time")
        trace = identifier(get("operation"), 32)
        parent = identifier(get("parent"), 16)
        row: dict[str, Any] = {
            "timestamp": None if time is None else time // 1000,
            "trace_id": trace,
            # The parent of the first item of an operation is the operation.
            "parent_span_id": None if parent == trace else parent,
            "name": optional_text(get("name")) or (optional_text(get("operation_name"))),
            "kind": _SPANS.get(item.kind, "event"),
            "sample_weight": _weight(get("weight")),
            "service.name": optional_text(get("role")),
            "service.instance.id": optional_text(get("instance")),
            "service.version": optional_text(get("version")),
            "client.address": optional_text(get("ip")),
            "user.id": optional_text(get("user")),
            "azure.operation.name": optional_text(get("operation_name")),
        }
        if item.kind in _LOGS:
            row |= _log(item, row)
        else:
            row |= self._span(item)
        return {
            **attributes(item.rest),
            **attributes(item.fields.get("measurements")),
            **attributes(item.fields.get("properties")),
            **without_nulls(row),
        }

    def _span(self, item: Item) -> dict[str, Any]:
        get = item.fields.get
        took = _duration(get("duration"))
        if took is not None and took < 0:
            took = None
            self.odd.backwards += 1
        success = str(get("success")).strip().lower()
        return {
            "duration_ms": took,
            "span_id": identifier(get("id"), 16),
            "status_code": "ERROR" if success in _FALSE else "UNSET",
            **_code(item),
            **url_fields(get("url")),
        }


def _log(item: Item, row: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of an exception, a trace or an event; it belongs to the span that is its parent."""
    get = item.fields.get
    given = str(get("severity"))
    level = int(given) if given in ("0", "1", "2", "3", "4") else None
    severity: tuple[str | None, int | None] = (None, None) if level is None else _SEVERITIES[level]
    out: dict[str, Any] = {
        "span_id": row["parent_span_id"],
        "parent_span_id": None,
        "body": optional_text(get("message")),
        "severity_text": severity[0] or optional_text(get("severity")),
        "severity_number": severity[1],
        "name": optional_text(get("name")),
    }
    if item.kind == "exception":
        out["exception.type"] = optional_text(get("exception_type"))
        out["exception.message"] = optional_text(get("message"))
        out["exception.stacktrace"] = optional_text(get("stack"))
        if out["severity_text"] is None:
            out["severity_text"], out["severity_number"] = "Error", 17
    return out


def _code(item: Item) -> dict[str, Any]:
    """Return a result code as an HTTP status where it is one, else under its own name."""
    text = optional_text(item.fields.get("code"))
    if text is None:
        return {}
    web = item.kind == "request" or str(item.rest.get("type", item.rest.get("DependencyType"))).lower() in (
        "http",
        "http (tracked component)",
        "ajax",
        "fetch",
    )
    is_status = text.isascii() and text.isdigit() and 100 <= int(text) < 600
    return {"http.response.status_code": int(text)} if web and is_status else {"azure.result_code": text}


def _duration(value: Any) -> float | None:
    """Return milliseconds of a number of them, or of .NET's text."""
    if value is None or value == "":
        return None
    if type(value) is str:
        took = text_milliseconds(value)
        if took is None:
            raise MalformedRecord("duration is not a time span")
        return took
    return float(number(value, "duration"))


def _weight(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) and value > 0 else None


def _rows_of(table: Any) -> Iterator[Any]:
    columns = table.get("columns") if type(table) is dict else None
    rows = table.get("rows") if type(table) is dict else None
    if type(columns) is not list or type(rows) is not list:
        raise MalformedRecord("a table without columns and rows")
    names = [column.get("name") if type(column) is dict else None for column in columns]
    for row in rows:
        yield {n: v for n, v in zip(names, row, strict=False) if n} if type(row) is list else row


READER = reader_of(ApplicationInsights)
