"""A receiver in a thread, requests to send it, and what it has kept."""

from __future__ import annotations

import dataclasses
import http.client
import json
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

PROTOBUF, JSON = "application/x-protobuf", "application/json"


def traces(*names: str, size: int = 0) -> Any:
    """A request of spans, each with an attribute of `size` characters."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "shop"
    scope = resource.scope_spans.add()
    for number, name in enumerate(names, 1):
        span = scope.spans.add(
            trace_id=bytes(15) + b"\1",
            span_id=number.to_bytes(8, "big"),
            name=name,
            start_time_unix_nano=1_777_888_800_000_000_000,
            end_time_unix_nano=1_777_888_800_001_000_000,
        )
        span.attributes.add(key="pad").value.string_value = "x" * size
    return request


def as_json(*names: str) -> dict[str, Any]:
    """The same as JSON."""
    spans = [
        {
            "traceId": f"{1:032X}",
            "spanId": f"{number:016x}",
            "name": name,
            "startTimeUnixNano": "1777888800000000000",
            "endTimeUnixNano": 1777888800001000000,
        }
        for number, name in enumerate(names, 1)
    ]
    return {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}


def kept(folder: Path) -> list[str]:
    """The names of all spans and the bodies of all log records in a folder's segments, sorted."""
    found: list[str] = []
    for path in folder.glob("*.otlp"):
        data, at = path.read_bytes(), 0
        while at < len(data):
            (size,) = struct.unpack_from(">I", data, at)
            message = data[at + 4 : at + 4 + size]
            assert len(message) == size, "torn"
            at += 4 + size
            if path.name.startswith("traces"):
                request = ExportTraceServiceRequest.FromString(message)
                found += [s.name for r in request.resource_spans for c in r.scope_spans for s in c.spans]
            else:
                logs = ExportLogsServiceRequest.FromString(message)
                records = [x for r in logs.resource_logs for c in r.scope_logs for x in c.log_records]
                found += [record.body.string_value for record in records]
    for path in folder.glob("*.jsonl"):
        for line in path.read_text().splitlines():
            request = json.loads(line)
            found += [
                s["name"] for r in request["resourceSpans"] for c in r["scopeSpans"] for s in c["spans"]
            ]
    return sorted(found)


@dataclasses.dataclass
class Receiver:
    """A receiver in a thread of this process."""

    folder: Path
    said: list[str]
    stop: Callable[[], str]

    def port(self, of: str = "OTLP/HTTP") -> int:
        (line,) = [line for line in self.said if line.startswith(f"{of} on")]
        return int(line.split("(")[0].strip().rpartition(":")[2])

    def post(
        self, body: Any, path: str = "/v1/traces", method: str = "POST", kind: str = PROTOBUF, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """One request over a connection of its own: status, headers, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port(), timeout=20)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, {"content-type": kind, **given})
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    def raw(self, *pieces: bytes, timeout: float = 20) -> bytes:
        """Send bytes as they are; what comes back until the other side closes."""
        with socket.create_connection(("127.0.0.1", self.port()), timeout=timeout) as connection:
            for piece in pieces:
                connection.sendall(piece)
            answer = b""
            while piece := connection.recv(65_536):
                answer += piece
            return answer
