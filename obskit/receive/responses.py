"""OTLP responses, and the check of the token."""

from __future__ import annotations

import hmac
from typing import Any

import orjson
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from obskit.receive.intake import IngestResponse

PROTOBUF, JSON = "application/x-protobuf", "application/json"
_RESPONSES: dict[str, tuple[Any, str]] = {
    "traces": (ExportTraceServiceResponse, "rejected_spans"),
    "logs": (ExportLogsServiceResponse, "rejected_log_records"),
    "metrics": (ExportMetricsServiceResponse, "rejected_data_points"),
}


def response(signal: str, answer: IngestResponse) -> Any:
    """Return the OTLP response message; it is empty if everything was accepted."""
    make, rejected = _RESPONSES[signal]
    message = make()
    if answer.rejected:
        setattr(message.partial_success, rejected, answer.rejected)
        message.partial_success.error_message = answer.why
    return message


def encoded(message: Any, *, json: bool) -> bytes:
    """Return a message as the bytes of a response body."""
    return orjson.dumps(MessageToDict(message)) if json else bytes(message.SerializeToString())


def authorized(shown: str | None, token: str | None) -> bool:
    """Return whether an `Authorization` header has the token, in constant time."""
    if token is None:
        return True
    scheme, _, given = (shown or "").strip().partition(" ")
    same = hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), token.encode())
    return same and scheme.lower() == "bearer"
