"""AWS X-Ray: segment documents, one per line or in the answer of `aws xray batch-get-traces`.

    {"name": "shop", "id": "3fee...", "trace_id": "1-69f86f60-6ea9...", "start_time": 1777888800.0,
     "end_time": 1777888800.4, "fault": true, "subsegments": [{"name": "DynamoDB", "namespace": "aws", ...}]}

A segment and each of its subsegments is a span. `fault` (5xx) and `throttle` (429) are errors; `error` is a
mistake of the client (4xx), which is not one: it is kept as `aws.xray.error`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson

from obskit.readers.batches.row_batcher import DEPTH_LIMIT, MalformedRecord, TooDeep
from obskit.readers.spans.json_documents import CutPoints
from obskit.readers.spans.scalars import optional_text
from obskit.readers.vendor_spans.documents import VendorFormat, reader_of
from obskit.readers.vendor_spans.fields import (
    attributes,
    identifier,
    objects,
    own_object,
    second_nanoseconds,
    url_fields,
    without_nulls,
)
from obskit.schema.types import json_text

_SEGMENT = re.compile(rb'"trace_id"\s*:\s*"1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24}"')
_START = re.compile(rb'"start_time"\s*:\s*"?\d')
_WRAP = re.compile(rb'^\s*\{\s*"(?:Traces|Segments|UnprocessedTraceIds|NextToken)"\s*:')
_DOCUMENT = re.compile(rb'"Document"\s*:\s*"\{')
_SUMMARIES = re.compile(rb'^\s*\{[^\[]*"TraceSummaries"\s*:\s*\[')
_OPENING = re.compile(rb'\s*\{\s*"Traces"\s*:\s*\[\s*(?=\{\s*"Id"\s*:\s*"1-)')
_NEXT = re.compile(rb'(\})\s*,\s*(?=\{\s*"Id"\s*:\s*"1-)')
_TRACE_ID = re.compile(r"1-([0-9a-fA-F]{8})-([0-9a-fA-F]{24})")
_CLIENTS = ("aws", "remote")
_OWN = frozenset(
    {"id", "name", "trace_id", "parent_id", "start_time", "end_time", "subsegments", "type", "http", "cause"}
    | {"fault", "error", "throttle", "annotations", "metadata", "aws", "sql", "service", "links", "user"}
)
_SQL = {"sanitized_query": "db.query.text", "database_type": "db.system.name"}


class XRay(VendorFormat):
    """Segments of one file."""

    name = "AWS X-Ray"
    noun = "segment"

    @classmethod
    def matches(cls, head: bytes) -> bool:
        """Return whether there is a segment, or an answer with segments or summaries of traces."""
        if b'"1-' not in head:
            return False
        if _SEGMENT.search(head) and _START.search(head):
            return True
        return bool(_SUMMARIES.search(head) or (_WRAP.match(head) and _DOCUMENT.search(head)))

    def cut_points(self, data: bytes) -> CutPoints | None:
        """Return where an answer can be cut: between traces."""
        found = _OPENING.match(data)
        return None if found is None else CutPoints(found.end(), _NEXT, b'{"Traces":[', b"]}")

    def unwrap(self, document: Any) -> Iterator[Any]:
        """Yield the segments of an answer; the first line of what SDKs send to the daemon is no segment."""
        for item in document if type(document) is list else [document]:
            if type(item) is not dict:
                yield item
            elif "TraceSummaries" in item:
                raise MalformedRecord(
                    "summaries of traces have no segments: export them by `aws xray batch-get-traces`"
                )
            elif "Traces" in item or "Segments" in item:
                traces = objects(item, "Traces") if "Traces" in item else [item]
                for trace in traces:
                    for segment in objects(trace, "Segments"):
                        yield _parsed(segment.get("Document"))
            elif "Document" in item:
                yield _parsed(item["Document"])
            elif item.keys() == {"format", "version"}:
                continue
            else:
                yield item

    def rows(self, record: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the rows of a segment: its own, and one for each subsegment."""
        trace = _trace_id(record.get("trace_id"))
        service = None if record.get("type") == "subsegment" else optional_text(record.get("name"))
        waiting: list[tuple[dict[str, Any], str | None, int]] = [(record, None, 0)]
        while waiting:
            item, parent, depth = waiting.pop()
            if depth > DEPTH_LIMIT:
                raise TooDeep
            try:
                row = self._row(item, trace, parent)
            except MalformedRecord as error:
                if not depth:
                    raise
                self.reject(self.place, str(error))
                continue
            if service is not None:
                row.setdefault("service.name", service)
            yield row
            inner = objects(item, "subsegments")
            waiting.extend((one, row["span_id"], depth + 1) for one in reversed(inner))

    def _row(self, item: dict[str, Any], trace: str | None, parent: str | None) -> dict[str, Any]:
        own = identifier(item.get("id"), 16)
        if own is None or item.get("start_time") is None:
            raise MalformedRecord("a segment needs id and start_time")
        start = second_nanoseconds(item["start_time"], "start_time")
        end = second_nanoseconds(item.get("end_time"), "end_time")
        failed = item.get("fault") is True or item.get("throttle") is True
        row = {
            **self.odd.times(start, end),
            "name": optional_text(item.get("name")),
            "kind": _kind(item, parent),
            "trace_id": trace or _trace_id(item.get("trace_id")),
            "span_id": own,
            "parent_span_id": identifier(item.get("parent_id"), 16) or parent,
            "status_code": "ERROR" if failed else "UNSET",
            "links": [_link(link) for link in objects(item, "links")] or None,
            "user.id": optional_text(item.get("user")),
        }
        service = own_object(item, "service")
        rest = {name: value for name, value in item.items() if name not in _OWN}
        flags = {name: True for name in ("error", "throttle") if item.get(name) is True}
        return {
            **attributes(rest, "aws.xray."),
            **attributes(flags, "aws.xray."),
            **attributes(service, "service."),
            **attributes(item.get("aws"), "aws."),
            **attributes(item.get("metadata"), "aws.xray.metadata."),
            **attributes(item.get("annotations")),
            **_sql(own_object(item, "sql")),
            **_http(own_object(item, "http")),
            **_exception(item, failed),
            **without_nulls(row),
        }


def _parsed(document: Any) -> Any:
    """Return a segment that is given as text; a text that is not JSON as it is."""
    if type(document) is not str:
        return document
    try:
        return orjson.loads(document)
    except orjson.JSONDecodeError:
        return document


def _trace_id(value: Any) -> str | None:
    text = optional_text(value)
    found = _TRACE_ID.fullmatch(text) if text else None
    return (found[1] + found[2]).lower() if found else text


def _kind(item: dict[str, Any], parent: str | None) -> str:
    if item.get("namespace") in _CLIENTS:
        return "client"
    # An inferred segment is what X-Ray concludes about a service that sends none.
    nested = parent is not None or item.get("type") == "subsegment" or item.get("inferred") is True
    return "internal" if nested else "server"


def _link(link: dict[str, Any]) -> tuple[str | None, ...]:
    found = link.get("attributes")
    text = json_text(found) if type(found) is dict and found else None
    return _trace_id(link.get("trace_id")), identifier(link.get("id"), 16), None, text


def _sql(sql: dict[str, Any]) -> dict[str, Any]:
    known = {name: optional_text(sql.get(key)) for key, name in _SQL.items()}
    return without_nulls(known) | attributes({k: v for k, v in sql.items() if k not in _SQL}, "sql.")


def _http(http: dict[str, Any]) -> dict[str, Any]:
    request, response = own_object(http, "request"), own_object(http, "response")
    return without_nulls(
        {
            "http.request.method": optional_text(request.get("method")),
            **url_fields(request.get("url")),
            "client.address": optional_text(request.get("client_ip")),
            "user_agent.original": optional_text(request.get("user_agent")),
            "http.response.status_code": response.get("status"),
            "http.response.body.size": response.get("content_length"),
        }
    )


def _exception(item: dict[str, Any], failed: bool) -> dict[str, Any]:
    """Return the exception of a segment; the last one is the one that it ended with."""
    found = objects(own_object(item, "cause"), "exceptions")
    if not found:
        return {}
    last = found[-1]
    kind = optional_text(last.get("type"))
    stack = [
        f"  at {frame.get('label')} ({frame.get('path')}:{frame.get('line')})"
        for frame in objects(last, "stack")
    ]
    return without_nulls(
        {
            "exception.type": kind,
            "exception.message": optional_text(last.get("message")),
            "exception.stacktrace": "\n".join(stack) or None,
            "error.type": kind if failed else None,
        }
    )


READER = reader_of(XRay)
