"""Google Cloud Trace: traces of API v1, and spans of API v2.

    {"traceId": "0af7...", "spans": [{"spanId": "12", "kind": "RPC_SERVER", "name": "/cart",
     "startTime": "2026-05-04T10:00:00Z", "endTime": ..., "labels": {"/http/status_code": "500"}}]}      v1
    {"spans": [{"name": "projects/shop/traces/0af7.../spans/b7ad...", "displayName": {"value": "GET"},
     "attributes": {"attributeMap": {"/http/status_code": {"intValue": "500"}}}, ...}]}                  v2

Span ids of v1 are decimal and become hex. Labels of Google's own libraries get OpenTelemetry's names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from obskit.readers.batches.row_batcher import MalformedRecord, attribute_name
from obskit.readers.spans.scalars import optional_text
from obskit.readers.vendor_spans.documents import VendorFormat, reader_of
from obskit.readers.vendor_spans.fields import (
    KINDS,
    decimal_id,
    identifier,
    iso_nanoseconds,
    objects,
    own_object,
    without_nulls,
)
from obskit.schema.types import json_text

_V1_ID = re.compile(rb'"spanId"\s*:\s*"?\d{1,20}"?\s*[,}]')
_V1_TIME = re.compile(rb'"startTime"\s*:\s*"\d{4}-')
_V1_TRACE = re.compile(rb'"traceId"\s*:\s*"[0-9a-f]{32}"')
_V1_SPANS = re.compile(rb'"spans"\s*:\s*\[')
_V2 = re.compile(rb'"name"\s*:\s*"projects/[^"/]+/traces/[0-9a-f]{32}/spans/[0-9a-f]{16}"')
_V2_NAME = re.compile(r"projects/[^/]+/traces/([0-9a-f]{32})/spans/([0-9a-f]{16})")
_LABELS = {
    "/http/method": "http.request.method",
    "/http/status_code": "http.response.status_code",
    "/http/url": "url.full",
    "/http/path": "url.path",
    "/http/route": "http.route",
    "/http/host": "server.address",
    "/http/user_agent": "user_agent.original",
    "/http/client_protocol": "network.protocol.version",
    "/http/response/size": "http.response.body.size",
    "/http/request/size": "http.request.body.size",
    "/error/message": "exception.message",
    "/error/name": "exception.type",
    "/stacktrace": "exception.stacktrace",
    "g.co/gae/app/module": "service.name",
    "g.co/gae/app/version": "service.version",
}


class CloudTrace(VendorFormat):
    """Spans of one file."""

    name = "Google Cloud Trace"

    @classmethod
    def matches(cls, head: bytes) -> bool:
        """Return whether there is a span of API v2, or a trace of API v1."""
        if _V2.search(head):
            return True
        v1 = (_V1_ID, _V1_TIME, _V1_TRACE, _V1_SPANS)
        return b'"startTime"' in head and all(pattern.search(head) for pattern in v1)

    def unwrap(self, document: Any) -> Iterator[Any]:
        """Yield the spans of traces; each gets the id of its trace."""
        waiting = [document]
        while waiting:
            item = waiting.pop()
            if type(item) is list:
                waiting.extend(reversed(item))
            elif type(item) is dict and type(item.get("traces")) is list:
                waiting.append(item["traces"])
            elif type(item) is dict and type(item.get("spans")) is list:
                for span in item["spans"]:
                    given = type(span) is dict and "traceId" in item
                    yield {**span, "traceId": item["traceId"]} if given else span
            else:
                yield item

    def rows(self, record: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the row of a span."""
        if record.get("spanId") is None or record.get("startTime") is None:
            raise MalformedRecord("a span needs spanId and startTime")
        start = iso_nanoseconds(record["startTime"], "startTime")
        end = iso_nanoseconds(record.get("endTime"), "endTime")
        times = self.odd.times(start, end)
        found = _V2_NAME.fullmatch(str(record.get("name")))
        yield {**_v1(record), **times} if found is None else {**_v2(record, found), **times}


def _v1(record: dict[str, Any]) -> dict[str, Any]:
    labels = own_object(record, "labels")
    row = {
        "name": optional_text(record.get("name")),
        "kind": _kind(record.get("kind")),
        "trace_id": identifier(record.get("traceId"), 32),
        "span_id": decimal_id(record["spanId"], 16),
        "parent_span_id": decimal_id(record.get("parentSpanId"), 16),
        "status_code": "UNSET",
    }
    return {**_named(labels), **without_nulls(row)}


def _v2(record: dict[str, Any], found: re.Match[str]) -> dict[str, Any]:
    status, code = own_object(record, "status"), own_object(record, "status").get("code")
    events = objects(own_object(record, "timeEvents"), "timeEvent")
    row = {
        "name": _text(record.get("displayName")),
        "kind": _kind(record.get("spanKind")),
        "trace_id": found[1],
        "span_id": found[2],
        "parent_span_id": identifier(record.get("parentSpanId"), 16),
        # A code of google.rpc: 0 is OK, and its absence says nothing.
        "status_code": "ERROR" if code not in (None, 0) else "UNSET",
        "status_message": optional_text(status.get("message")),
        "events": [_event(event) for event in events] or None,
        "links": [
            (identifier(link.get("traceId"), 32), identifier(link.get("spanId"), 16), None, None)
            for link in objects(own_object(record, "links"), "link")
        ]
        or None,
    }
    return {**_named(_values(own_object(record, "attributes"))), **without_nulls(row)}


def _values(attributes: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of API v2: {"a": {"intValue": "1"}} becomes {"a": 1}."""
    out: dict[str, Any] = {}
    for name, value in own_object(attributes, "attributeMap").items():
        if type(value) is not dict:
            out[name] = value
        elif "intValue" in value:
            text = str(value["intValue"])
            out[name] = int(text) if re.fullmatch(r"-?\d{1,18}", text, re.ASCII) else text
        elif "boolValue" in value:
            out[name] = value["boolValue"]
        else:
            out[name] = _text(value.get("stringValue"))
    return out


def _named(labels: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in labels.items():
        if type(value) in (dict, list):
            value = json_text(value)
        if name == "/http/client_protocol":
            value = str(value).partition("/")[2] or value
        if value is not None:
            out[_LABELS.get(name) or attribute_name(name)] = value
    return out


def _text(value: Any) -> str | None:
    """Return a text that Google may have cut: {"value": "GET", "truncatedByteCount": 0}."""
    return optional_text(value.get("value") if type(value) is dict else value)


def _kind(value: Any) -> str | None:
    word = str(value or "").removeprefix("RPC_").removeprefix("SPAN_KIND_").lower()
    return word if word in KINDS else None


def _event(event: dict[str, Any]) -> tuple[int | None, str | None, str | None]:
    time = iso_nanoseconds(event.get("time"), "time")
    note = own_object(event, "annotation")
    pairs = _values(own_object(note, "attributes"))
    name = _text(note.get("description")) or ("message" if "messageEvent" in event else None)
    return None if time is None else time // 1000, name, json_text(pairs) if pairs else None


READER = reader_of(CloudTrace)
