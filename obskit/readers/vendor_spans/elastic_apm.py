"""Elastic APM: documents of transactions, spans and errors, as Elasticsearch has them or as agents send them.

    {"hits": {"hits": [{"_source": DOCUMENT}, ...]}}         an answer of the search API
    {"_index": "apm-...", "_source": DOCUMENT}               a line of elasticdump
    {"metadata": {...}}, {"transaction": {...}}, ...         lines that an agent sends to the server

A transaction or span is a span; its duration is in microseconds in a document, in milliseconds from an agent.
An error is a log record below its span. `event.outcome` says whether a span failed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from obskit.readers.batches.row_batcher import MalformedRecord
from obskit.readers.spans.json_documents import CutPoints
from obskit.readers.spans.scalars import optional_text
from obskit.readers.vendor_spans.documents import METRICS, VendorFormat, reader_of
from obskit.readers.vendor_spans.elastic_intake import document_of
from obskit.readers.vendor_spans.fields import (
    KINDS,
    attributes,
    identifier,
    iso_nanoseconds,
    number,
    objects,
    own_object,
    whole_number,
    without_nulls,
)
from obskit.schema import FileReport

_EVENT = rb'"event"\s*:\s*"(?:transaction|span|error)"'
_DOCUMENT = re.compile(rb'"processor"\s*:\s*\{[^{}]*' + _EVENT)
_FIELDS = re.compile(rb'"processor\.event"\s*:\s*\[?\s*"(?:transaction|span|error)"')
_DURATION = re.compile(rb'"(?:transaction|span)"\s*:\s*\{(?:[^{}]|\{[^{}]*\})*"duration"\s*:\s*\{\s*"us"\s*:')
_METADATA = re.compile(rb'^\{\s*"metadata"\s*:\s*\{')
_INTAKE = re.compile(rb'(?m)^\{\s*"(?:transaction|span|error)"\s*:\s*\{')
_OPENING = re.compile(rb'\s*\{[^\[\]]*"hits"\s*:\s*\[\s*(?=\{\s*"_index"\s*:)')
_NEXT = re.compile(rb'(\})\s*,\s*(?=\{\s*"_index"\s*:)')
_MILLISECOND = 1_000_000
_RENAMED = {
    "client.ip": "client.address",
    "source.ip": "client.address",
    "url.domain": "server.address",
    "http.response.body.bytes": "http.response.body.size",
    "http.request.body.bytes": "http.request.body.size",
    "host.hostname": "host.name",
    "kubernetes.pod.name": "k8s.pod.name",
    "kubernetes.namespace": "k8s.namespace.name",
    "kubernetes.node.name": "k8s.node.name",
    "kubernetes.container.name": "k8s.container.name",
    "span.db.statement": "db.query.text",
    "service.environment": "deployment.environment.name",
    "service.node.name": "service.instance.id",
}
_NOT_KEPT = frozenset({"@timestamp", "timestamp", "trace", "parent", "processor"})
_CLIENT_TYPES = frozenset({"external", "db", "storage", "cache", "http", "ext"})


class ElasticApm(VendorFormat):
    """Documents of one file, and the metadata of the agent that sent the lines since."""

    name = "Elastic APM"
    noun = "document"

    def __init__(self, report: FileReport) -> None:
        super().__init__(report)
        self._metadata: dict[str, Any] = {}

    @classmethod
    def matches(cls, head: bytes) -> bool:
        """Return whether there is a document of the APM server, or a line of an agent."""
        if b'"transaction"' not in head and b'"span"' not in head and b'"error"' not in head:
            return False
        if _DOCUMENT.search(head) or _FIELDS.search(head) or _DURATION.search(head):
            return True
        return bool(_METADATA.match(head) and _INTAKE.search(head))

    def cut_points(self, data: bytes) -> CutPoints | None:
        """Return where an answer of the search API can be cut: between its hits."""
        found = _OPENING.match(data)
        return None if found is None else CutPoints(found.end(), _NEXT, b'{"hits":{"hits":[', b"]}}")

    def unwrap(self, document: Any) -> Iterator[Any]:
        """Yield the documents in an answer of the search API, or in other wraps."""
        waiting = [document]
        while waiting:
            item = waiting.pop()
            if type(item) is list:
                waiting.extend(reversed(item))
            elif type(item) is not dict:
                yield item
            elif type(item.get("hits")) in (dict, list):
                waiting.append(item["hits"])
            elif type(item.get("responses")) is list:
                waiting.append(item["responses"])
            elif type(item.get("_source")) is dict:
                yield item["_source"]
            elif type(item.get("fields")) is dict:
                yield _nested(item["fields"])
            elif item.keys() <= {"total", "max_score"}:
                continue  # a search that found nothing
            else:
                yield item

    def rows(self, record: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the row of a document."""
        if len(record) == 1:  # a line of an agent
            kind, content = next(iter(record.items()))
            if kind == "metadata" and type(content) is dict:
                self._metadata = content
                return
            if kind in ("metricset", "metricsets"):
                raise MalformedRecord(METRICS)
            if kind not in ("transaction", "span", "error") or type(content) is not dict:
                raise MalformedRecord("not a transaction, span or error")
            record = document_of(kind, content, self._metadata)
        event = own_object(record, "processor").get("event") or _guess(record)
        if event == "metric":
            raise MalformedRecord(METRICS)
        if event == "error":
            yield self._error(record)
        elif event in ("transaction", "span") and own_object(record, event).get("id") is not None:
            yield self._span(record, event)
        else:
            raise MalformedRecord("not a transaction, span or error")

    def _span(self, record: dict[str, Any], what: str) -> dict[str, Any]:
        own = own_object(record, what)
        start = _time(record)
        duration = own_object(own, "duration").get("us")
        took = None if duration is None else number(duration, f"{what}.duration.us") / 1000
        if start is not None and (took is None or took < 0):
            self.odd.times(start, None if took is None else start - 1)
            took = None
        failed = own_object(record, "event").get("outcome") == "failure"
        trace = own_object(record, "trace").get("id")
        row = {
            "timestamp": None if start is None else start // 1000,
            "duration_ms": took,
            "name": optional_text(own.get("name")),
            "kind": _kind(record, own, what),
            "trace_id": identifier(trace, 32),
            "span_id": identifier(own.get("id"), 16),
            "parent_span_id": identifier(own_object(record, "parent").get("id"), 16),
            "status_code": "ERROR" if failed else "UNSET",
            "sample_weight": _weight(own.get("representative_count")),
            "links": [
                (
                    identifier(own_object(link, "trace").get("id"), 32),
                    identifier(own_object(link, "span").get("id"), 16),
                    None,
                    None,
                )
                for link in objects(own, "links")
            ]
            or None,
        }
        taken = ("duration", "id", "name", "representative_count", "links")
        kept = {name: value for name, value in own.items() if name not in taken}
        return {**_rest(record, what, kept), **without_nulls(row)}

    def _error(self, record: dict[str, Any]) -> dict[str, Any]:
        error, start = own_object(record, "error"), _time(record)
        exception = next(iter(objects(error, "exception")), own_object(error, "exception"))
        log = own_object(error, "log")
        parent = own_object(record, "parent").get("id") or own_object(record, "transaction").get("id")
        said = optional_text(exception.get("message")) or optional_text(log.get("message"))
        trace = own_object(record, "trace").get("id")
        row = {
            "timestamp": None if start is None else start // 1000,
            "kind": "event",
            "body": optional_text(log.get("message")) or said,
            "severity_text": optional_text(log.get("level")) or "ERROR",
            "trace_id": identifier(trace, 32),
            "span_id": identifier(parent, 16),
            "exception.type": optional_text(exception.get("type")),
            "exception.message": optional_text(exception.get("message")),
            "exception.stacktrace": optional_text(error.get("stack_trace")) or _stack(exception),
        }
        taken = ("exception", "log", "stack_trace")
        kept = {name: value for name, value in error.items() if name not in taken}
        return {**_rest(record, "error", kept), **without_nulls(row)}


def _guess(record: dict[str, Any]) -> str | None:
    """Return what a document without `processor.event` is."""
    for what in ("span", "transaction"):
        if own_object(record, what).get("duration") is not None:
            return what
    return "error" if own_object(record, "error").keys() & {"exception", "log"} else None


def _time(record: dict[str, Any]) -> int | None:
    """Return when something began; `timestamp.us` is exact, and `@timestamp` the same in milliseconds."""
    shown = iso_nanoseconds(record.get("@timestamp"), "@timestamp")
    exact = own_object(record, "timestamp").get("us")
    if exact is None:
        return shown
    found = whole_number(exact, "timestamp.us") * 1000
    return found if shown is None or abs(found - shown) < _MILLISECOND else shown


def _weight(count: Any) -> float | None:
    """Return how many events an event stands for; the server writes 0 for events that were not sampled."""
    return float(count) if type(count) in (int, float) and count > 0 else None


def _kind(record: dict[str, Any], own: dict[str, Any], what: str) -> str:
    given = str(own_object(record, "span").get("kind") or own.get("kind") or "").lower()
    if given in KINDS:
        return given
    kind = str(own.get("type") or "")
    if what == "transaction":
        return {"request": "server", "messaging": "consumer"}.get(kind, "internal")
    family = kind.partition(".")[0]
    if family == "messaging":
        return "producer" if own.get("action") == "send" or kind.endswith(".send") else "consumer"
    return "client" if family in _CLIENT_TYPES else "internal"


def _rest(record: dict[str, Any], what: str, kept: dict[str, Any]) -> dict[str, Any]:
    """Return what a document has besides its own columns, under OpenTelemetry's names where it has them."""
    rest = {name: value for name, value in record.items() if name not in _NOT_KEPT and name != what}
    found = attributes({**rest, what: kept})
    out: dict[str, Any] = {}
    for name, value in found.items():
        known = _RENAMED.get(name)
        if known is None or known in found:
            out[name] = value
        else:
            out.setdefault(known, value)
    method = out.get("http.request.method")
    if type(method) is str:
        out["http.request.method"] = method.upper()  # older servers wrote it in lower case
    return out


def _stack(exception: dict[str, Any]) -> str | None:
    lines = []
    for frame in objects(exception, "stacktrace"):
        line = frame.get("lineno", own_object(frame, "line").get("number"))
        where = frame.get("abs_path") or frame.get("filename") or frame.get("classname")
        lines.append(f"  at {frame.get('function')} ({where}:{line})")
    return "\n".join(lines) or None


def _nested(fields: dict[str, Any]) -> dict[str, Any]:
    """Return Kibana's fields, {"trace.id": ["0af7..."]}, in the form of a document."""
    out: dict[str, Any] = {}
    for name, values in fields.items():
        *path, last = name.split(".")
        place = out
        for part in path:
            inner = place.setdefault(part, {})
            if type(inner) is not dict:
                break
            place = inner
        else:
            place[last] = values[0] if type(values) is list and len(values) == 1 else values
    return out


READER = reader_of(ElasticApm)
