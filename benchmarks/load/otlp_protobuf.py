"""OTLP protobuf, as the Collector's file exporter writes it: each request after its length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.load import made
from benchmarks.load.contest import Format
from benchmarks.load.otlp_json import Lists


def make(folder: Path) -> Path:
    """Write the spans."""
    path = folder / "otlp.pb"
    with path.open("wb") as file:
        for request in made.requests():
            ids = []
            for group in request["resourceSpans"][0]["scopeSpans"]:
                for span in group["spans"]:
                    ids.append([bytes.fromhex(span.pop(n)) for n in ("traceId", "spanId", "parentSpanId")])
            message = json_format.ParseDict(request, ExportTraceServiceRequest())
            for span, found in zip(message.resource_spans[0].scope_spans[0].spans, ids, strict=True):
                span.trace_id, span.span_id, span.parent_span_id = found
            data = message.SerializeToString()
            file.write(len(data).to_bytes(4, "big") + data)
    return path


def by_upb(path: Path) -> int:
    """Read with protobuf's own library (upb) into lists."""
    lists, data, at = Lists(), path.read_bytes(), 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        request = ExportTraceServiceRequest.FromString(data[at + 4 : at + 4 + size])
        at += 4 + size
        for resource in request.resource_spans:
            shared = list(_pairs(resource.resource.attributes))
            for group in resource.scope_spans:
                for span in group.spans:
                    start = span.start_time_unix_nano
                    own = (
                        ("timestamp", start // 1000),
                        ("duration_ms", (span.end_time_unix_nano - start) / 1e6),
                        ("name", span.name),
                        ("kind", span.kind),
                        ("trace_id", span.trace_id.hex()),
                        ("span_id", span.span_id.hex()),
                        ("parent_span_id", span.parent_span_id.hex()),
                        ("status_code", span.status.code),
                    )
                    lists.add((*own, *shared, *_pairs(span.attributes)))
    return lists.table().num_rows


def _pairs(items: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    for item in items:
        value = item.value
        yield item.key, getattr(value, value.WhichOneof("value"))


FORMATS = (Format("otlp-protobuf", make, {"upb to lists": by_upb}, ("upb to lists",), 3),)
