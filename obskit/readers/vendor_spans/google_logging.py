"""Google Cloud Logging: log entries, one per line, or a list as of `gcloud logging read --format=json`.

    {"logName": "projects/shop/logs/run.googleapis.com%2Frequests", "timestamp": "2026-05-04T10:00:00Z",
     "severity": "ERROR", "httpRequest": {"requestMethod": "GET", "status": 500, "latency": "0.25s"},
     "trace": "projects/shop/traces/0af7...", "spanId": "b7ad..."}

An entry with the latency of a request is a request of kind server. Any other entry is a log record: its text
is the `body`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from obskit.readers.batches.row_batcher import MalformedRecord
from obskit.readers.spans.json_documents import CutPoints
from obskit.readers.spans.scalars import optional_text
from obskit.readers.vendor_spans.documents import VendorFormat, reader_of
from obskit.readers.vendor_spans.fields import (
    attributes,
    identifier,
    iso_nanoseconds,
    own_object,
    text_milliseconds,
    url_fields,
    without_nulls,
)

_LOG = re.compile(rb'"logName"\s*:\s*"(?:projects|organizations|folders|billingAccounts)/[^"]+/logs/')
_ENTRY = re.compile(
    rb'"(?:timestamp|receiveTimestamp|insertId|textPayload|jsonPayload|protoPayload|severity)"\s*:'
)
_FIRST = (
    rb'(?=\{\s*"(?:insertId|httpRequest|jsonPayload|labels|logName|textPayload|protoPayload|severity)"\s*:)'
)
_OPENING = re.compile(rb"\s*\[\s*" + _FIRST)
_NEXT = re.compile(rb"(\n  \}|\})\s*,\s*" + _FIRST)
_TRACE = re.compile(r"projects/[^/]+/traces/([0-9a-fA-F]{32})")
_RESOURCE = {
    "cluster_name": "k8s.cluster.name",
    "namespace_name": "k8s.namespace.name",
    "pod_name": "k8s.pod.name",
    "container_name": "k8s.container.name",
    "node_name": "k8s.node.name",
    "service_name": "service.name",
    "module_id": "service.name",
    "function_name": "service.name",
    "revision_name": "service.version",
    "version_id": "service.version",
    "location": "cloud.region",
    "project_id": "cloud.account.id",
}
# Google's word -> OpenTelemetry's number; DEFAULT says nothing.
_SEVERITIES = {
    "DEBUG": 5,
    "INFO": 9,
    "NOTICE": 9,
    "WARNING": 13,
    "ERROR": 17,
    "CRITICAL": 21,
    "ALERT": 21,
    "EMERGENCY": 21,
}
_MESSAGES = ("message", "msg", "log")
_STACKS = ("stack_trace", "stacktrace", "exception")
_OWN = frozenset(
    {"timestamp", "receiveTimestamp", "severity", "httpRequest", "trace", "spanId", "resource"}
    | {"sourceLocation", "textPayload", "jsonPayload", "protoPayload"}
)


class CloudLogging(VendorFormat):
    """Log entries of one file."""

    name = "Google Cloud Logging"
    noun = "entry"

    @classmethod
    def matches(cls, head: bytes) -> bool:
        """Return whether there is an entry: it has the name of its log."""
        return b'"logName"' in head and bool(_LOG.search(head) and _ENTRY.search(head))

    def cut_points(self, data: bytes) -> CutPoints | None:
        """Return where a list can be cut: between two entries."""
        found = _OPENING.match(data)
        return None if found is None else CutPoints(found.end(), _NEXT, b"[", b"]")

    def unwrap(self, document: Any) -> Iterator[Any]:
        """Yield the entries of a list, or of an answer of the API."""
        for item in document if type(document) is list else [document]:
            if type(item) is dict and type(item.get("entries")) is list and "logName" not in item:
                yield from item["entries"]
            else:
                yield item

    def rows(self, record: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the row of an entry."""
        if "logName" not in record:
            raise MalformedRecord("an entry without logName")
        time = iso_nanoseconds(record.get("timestamp"), "timestamp")
        received = iso_nanoseconds(record.get("receiveTimestamp"), "receiveTimestamp")
        first = received if time is None else time
        request = own_object(record, "httpRequest")
        took = text_milliseconds(request.get("latency"))
        source, payload = own_object(record, "sourceLocation"), own_object(record, "jsonPayload")
        row = {
            "timestamp": None if first is None else first // 1000,
            "kind": "event" if took is None else "server",
            "name": _name(record, request, took),
            "duration_ms": took,
            "body": _body(record, payload),
            "severity_text": optional_text(record.get("severity")),
            "severity_number": _SEVERITIES.get(str(record.get("severity")).upper()),
            **_trace(record),
            "code.file.path": optional_text(source.get("file")),
            "code.line.number": source.get("line"),
            "code.function.name": optional_text(source.get("function")),
            "exception.stacktrace": next((payload[n] for n in _STACKS if type(payload.get(n)) is str), None),
        }
        rest = {name: value for name, value in record.items() if name not in _OWN}
        if row["exception.stacktrace"] is not None:
            payload = {name: value for name, value in payload.items() if name not in _STACKS}
        kept = {n: v for n, v in payload.items() if not (n in _MESSAGES and v == row["body"])}
        yield {
            **attributes(rest),
            **attributes({"protoPayload": record.get("protoPayload")}),
            **attributes({"jsonPayload": kept}),
            **_resource(own_object(record, "resource")),
            **_http(request, took),
            **without_nulls(row),
        }


def _trace(record: dict[str, Any]) -> dict[str, Any]:
    text = optional_text(record.get("trace"))
    found = _TRACE.fullmatch(text) if text else None
    return {
        "trace_id": identifier(found[1] if found else text, 32),
        "span_id": identifier(record.get("spanId"), 16),
    }


def _name(record: dict[str, Any], request: dict[str, Any], took: float | None) -> str | None:
    if took is not None:
        return optional_text(request.get("requestMethod")) or "HTTP"
    return optional_text(own_object(record, "protoPayload").get("methodName"))


def _body(record: dict[str, Any], payload: dict[str, Any]) -> str | None:
    text = record.get("textPayload")
    if text is None:
        text = next((payload[name] for name in _MESSAGES if type(payload.get(name)) is str), None)
    if text is None:
        text = own_object(own_object(record, "protoPayload"), "status").get("message")
    return optional_text(text)


def _resource(resource: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = attributes({"resource": {"type": resource.get("type")}})
    for name, value in own_object(resource, "labels").items():
        known = _RESOURCE.get(name)
        if known is not None and known not in out and value:
            out[known] = optional_text(value)
        elif value is not None:
            out.update(attributes({name: value}, "resource.labels."))
    return out


def _http(request: dict[str, Any], took: float | None) -> dict[str, Any]:
    """Return the fields of a request; sizes are digits."""
    if not request:
        return {}
    protocol = str(request.get("protocol") or "").partition("/")[2]
    known = {
        "http.request.method": optional_text(request.get("requestMethod")),
        **url_fields(request.get("requestUrl")),
        "http.response.status_code": request.get("status"),
        "http.request.body.size": _size(request.get("requestSize")),
        "http.response.body.size": _size(request.get("responseSize")),
        "user_agent.original": optional_text(request.get("userAgent")),
        "client.address": optional_text(request.get("remoteIp")),
        "network.local.address": optional_text(request.get("serverIp")),
        "network.protocol.version": protocol or None,
    }
    taken = {"requestMethod", "requestUrl", "status", "requestSize", "responseSize", "userAgent", "remoteIp"}
    taken |= {"serverIp", "protocol"} | ({"latency"} if took is not None else set())
    rest = {name: value for name, value in request.items() if name not in taken}
    return {**attributes(rest, "httpRequest."), **without_nulls(known)}


def _size(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


READER = reader_of(CloudLogging)
