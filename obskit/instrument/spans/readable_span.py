"""Spans for OpenTelemetry's processors: a `ReadableSpan` from the redacted row, and the OTLP processor."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from typing import Any

import orjson
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanContext, Status, StatusCode, TraceState

from obskit.errors import MissingDependency
from obskit.instrument.spans.event_span import EventSpan

_GRPC = "opentelemetry.exporter.otlp.proto.grpc.trace_exporter"
_HTTP = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
_PRIMITIVES = (str, bool, int, float)


def readable(span: EventSpan, row: dict[str, Any], resource: Resource, clock: int) -> ReadableSpan:
    """Build the span that processors get for one that has ended.

    Args:
        span: gives ids, times and status.
        row: its flat, redacted row; other values do not leave the process.
        resource: the service's resource.
        clock: `time.perf_counter_ns()` of the end.

    Returns:
        The span, as the SDK's processors and exporters expect it.
    """
    attributes = {}
    for name in span.fields:
        value = row.get(f"attributes.{name}")  # a field with the name of one of our columns
        if value is None:
            value = row.get(name)
        if value is not None:
            attributes[name] = otlp_value(value)
    prefixes = tuple(f"{name}." for name, value in span.fields.items() if _is_map(value))
    if prefixes:
        attributes |= {n: otlp_value(v) for n, v in row.items() if n.startswith(prefixes) and v is not None}
    span_events = [
        Event(item["name"], _parse_attributes(item["attributes"]), given[1])
        for item, given in zip(row.get("events") or (), span.span_events or (), strict=False)
    ]
    links = [
        Link(_with_trace_state(link.context, item.get("trace_state")), _parse_attributes(item["attributes"]))
        for item, link in zip(row.get("links") or (), span.links_ or (), strict=False)
    ]
    context = span.get_span_context()
    code = StatusCode[span.status_code]
    parent = span.parent
    if parent is None and span.local is not None:
        parent = span.local.get_span_context()
    state = row.get("trace_state")
    if state != (span.verdict.state_text or None):  # redaction changed it
        context, parent = _with_trace_state(context, state), parent and _with_trace_state(parent, state)
    return ReadableSpan(
        name=str(row["name"]),
        context=context,
        parent=parent,
        resource=resource,
        attributes=attributes,
        events=span_events,
        links=links,
        kind=span.kind,
        status=Status(code, row.get("status_message") if code is StatusCode.ERROR else None),
        start_time=span.started,
        end_time=span.started + span.duration_ns(clock),
        instrumentation_scope=span.scope,
    )


def _is_map(value: Any) -> bool:
    try:
        return isinstance(value, Mapping)
    except Exception:  # a value whose own attributes raise
        return False


def _with_trace_state(context: SpanContext, state: str | None) -> SpanContext:
    """Return the context with another trace state, given as its header text."""
    parsed = TraceState.from_header([state]) if state else None
    return SpanContext(context.trace_id, context.span_id, context.is_remote, context.trace_flags, parsed)


def otlp_value(value: Any) -> Any:
    """Convert a value to one that OTLP has: a primitive, a list of primitives of one type, else JSON text."""
    if isinstance(value, _PRIMITIVES):
        return value
    alike = isinstance(value, list | tuple) and len({type(item) for item in value}) <= 1
    if alike and (not value or isinstance(value[0], _PRIMITIVES)):
        return tuple(value)
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _parse_attributes(text: str) -> dict[str, Any]:
    return {name: otlp_value(value) for name, value in orjson.loads(text).items() if value is not None}


def otlp_configured() -> bool:
    """Return whether the environment names an OTLP endpoint for traces."""
    return bool(
        os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    )


def otlp_processor(endpoint: str | None, protocol: str | None) -> SpanProcessor:
    """Create OpenTelemetry's batch processor with its OTLP exporter.

    Args:
        endpoint: URL; None for OpenTelemetry's own variables.
        protocol: "http/protobuf" or "grpc"; None for OpenTelemetry's own variables.

    Returns:
        The processor.

    Raises:
        MissingDependency: the exporters are not installed.
    """
    names = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
    wanted = protocol or next((os.environ[name] for name in names if os.environ.get(name)), "http/protobuf")
    grpc = wanted == "grpc"
    try:
        module = importlib.import_module(_GRPC if grpc else _HTTP)
    except ImportError as error:
        raise MissingDependency.of("otlp", "sending events by OTLP") from error
    given: dict[str, Any] = {}
    if endpoint is not None:
        given["endpoint"] = (
            endpoint
            if grpc or endpoint.rstrip("/").endswith("/v1/traces")
            else f"{endpoint.rstrip('/')}/v1/traces"
        )
        if grpc:
            given["insecure"] = endpoint.startswith("http://") or "://" not in endpoint
    return BatchSpanProcessor(module.OTLPSpanExporter(**given))
